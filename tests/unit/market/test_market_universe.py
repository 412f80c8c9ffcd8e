"""Which market is open, which to follow, and what a late or shared name does."""

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    FeesChanged,
    MarketStatusChanged,
)
from kalshi_assistant.domain.time import MINUTE
from kalshi_assistant.market.universe import LINGER, Universe
from tests.support import build
from tests.support.build import CLOSE, OPEN, TICKER, ns


def universe(*facts):
    subject = Universe()
    for fact in facts:
        subject.take(fact)
    return subject


def window(number, at=OPEN, strike=None):
    """The ``number``-th window after the usual one."""
    open_ = OPEN + 900 * number
    return build.listed(at, ticker=f"W{number}", open_=open_, close=open_ + 900, strike=strike)


def test_a_window_is_open_from_its_open_to_just_before_its_close():
    subject = universe(window(0), window(1))
    assert subject.current(ns(OPEN)).ticker == "W0"
    assert subject.current(ns(CLOSE) - 1).ticker == "W0"
    assert subject.current(ns(CLOSE)).ticker == "W1"
    assert subject.current(ns(CLOSE + 900)) is None
    assert subject.upcoming(ns(OPEN)).ticker == "W1"


def test_the_next_window_is_followed_from_the_lead_on_and_the_last_until_it_is_settled():
    subject = universe(window(0), window(1))
    assert subject.follow(ns(CLOSE - 61), MINUTE) == ("W0",)
    assert subject.follow(ns(CLOSE - 60), MINUTE) == ("W0", "W1")
    assert subject.follow(ns(CLOSE + 60), MINUTE) == ("W0", "W1")
    subject.take(build.published(CLOSE + 61, 1, "no", ticker="W0"))
    assert subject.follow(ns(CLOSE + 61), MINUTE) == ("W1",)


def test_a_window_never_settled_is_let_go_after_twenty_minutes():
    subject = universe(window(0))
    assert subject.follow(ns(CLOSE) + LINGER - 1, MINUTE) == ("W0",)
    assert subject.follow(ns(CLOSE) + LINGER, MINUTE) == ()


def test_a_strike_is_due_from_the_open_until_it_comes():
    subject = universe(window(0))
    assert subject.strike_due(ns(OPEN) - 1) == ()
    assert subject.strike_due(ns(OPEN)) == ("W0",)
    subject.take(build.strike_set(OPEN + 1, ticker="W0"))
    assert subject.strike_due(ns(OPEN + 1)) == ()


def test_a_listing_that_lags_does_not_forget_the_strike():
    subject = universe(window(0, strike=5), window(0))
    assert subject.contract("W0").strike == 5


def test_a_name_used_twice_in_the_autumn_hour_means_the_earlier_window_until_that_is_over():
    again = build.listed(OPEN + 1, open_=OPEN + 3_600, close=CLOSE + 3_600)
    subject = universe(build.listed(OPEN), again)
    assert subject.contract(TICKER).close_time == ns(CLOSE)
    later = build.listed(CLOSE + 1, open_=OPEN + 3_600, close=CLOSE + 3_600)
    subject.take(later)
    assert subject.contract(TICKER).close_time == ns(CLOSE + 3_600)


def test_halts_moves_and_fees_reach_the_contract():
    at = ns(OPEN)
    subject = universe(build.listed(OPEN))
    subject.take(MarketStatusChanged(at, at, TICKER, "inactive"))
    subject.take(CloseTimeChanged(at, at, TICKER, ns(CLOSE - 30)))
    terms = FeeTerms("quadratic", 35_000, 0)
    subject.take(FeesChanged(at, at, TICKER.rpartition("-")[0], terms))
    assert subject.status(TICKER) == "inactive"
    assert subject.contract(TICKER).close_time == ns(CLOSE - 30)
    assert subject.contract(TICKER).fees == terms


def test_old_windows_are_forgotten():
    subject = universe(*(window(k, at=OPEN + 900 * k) for k in range(40)))
    assert subject.contract("W0") is None
    assert subject.contract("W39") is not None
