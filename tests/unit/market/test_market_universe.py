"""Which market is open, which to follow, and what a late or shared name does."""

from kalshi_assistant.domain.contract import FeeTerms, PriceRange
from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    FeesChanged,
    GridChanged,
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


LATER = OPEN + 3_600


def autumn_hour():
    """Two windows an hour apart under one ticker, listed together; ``TICKER`` is open."""
    again = build.listed(OPEN, status="initialized", open_=LATER, close=LATER + 900, strike=None)
    return universe(build.listed(OPEN), again)


def test_of_two_windows_with_one_name_both_are_known_from_the_start():
    subject = autumn_hour()
    assert subject.current(ns(OPEN)).close_time == ns(CLOSE)
    assert subject.upcoming(ns(OPEN)).open_time == ns(LATER)
    assert subject.current(ns(LATER)).close_time == ns(LATER + 900)
    assert subject.follow(ns(OPEN), MINUTE) == subject.follow(ns(LATER), MINUTE) == (TICKER,)
    assert subject.follow(ns(CLOSE) + LINGER, MINUTE) == ()


def test_a_name_means_the_earlier_window_until_its_settlement_had_time_to_come():
    subject = autumn_hour()
    subject.take(build.published(CLOSE + 8, 1, "no"))
    assert subject.contract(TICKER).close_time == ns(CLOSE)
    assert subject.status(TICKER) == "finalized"
    subject.take(build.listed(CLOSE + 1_199, ticker="ANY"))
    assert subject.contract(TICKER).close_time == ns(CLOSE)
    subject.take(build.listed(CLOSE + 1_200, ticker="ANY"))
    assert subject.contract(TICKER).open_time == ns(LATER)
    assert subject.status(TICKER) == "initialized"


def test_a_name_rolls_over_as_time_passes_without_any_fact():
    subject = autumn_hour()
    subject.follow(ns(CLOSE) + LINGER - 1, MINUTE)
    assert subject.contract(TICKER).close_time == ns(CLOSE)
    subject.follow(ns(CLOSE) + LINGER, MINUTE)
    assert subject.contract(TICKER).open_time == ns(LATER)


def test_the_strike_of_the_later_window_is_its_own():
    subject = autumn_hour()
    subject.take(build.strike_set(LATER + 1, strike=7))
    assert subject.contract(TICKER).strike == 7
    assert subject.current(ns(LATER)).strike == 7
    assert subject.current(ns(OPEN)).strike == build.STRIKE
    assert subject.strike_due(ns(LATER + 1)) == ()


def test_a_listing_may_move_the_close_of_the_window_it_describes():
    subject = universe(build.listed(OPEN), build.listed(OPEN + 1, close=CLOSE - 60))
    assert subject.contract(TICKER).close_time == ns(CLOSE - 60)
    assert subject.current(ns(CLOSE - 60)) is None


def test_a_listing_that_lags_does_not_wake_a_settled_market():
    subject = universe(build.listed(OPEN), build.published(CLOSE + 8, 1, "no"))
    subject.take(build.listed(CLOSE + 9, status="closed"))
    assert subject.status(TICKER) == "finalized"
    assert subject.follow(ns(CLOSE + 9), MINUTE) == ()


def test_a_quarter_hour_without_a_market_is_noticed_even_when_later_ones_are_listed():
    subject = universe(window(0), window(2))
    assert subject.unlisted(ns(OPEN), 15 * MINUTE) == ()
    (hole,) = subject.unlisted(ns(OPEN), 45 * MINUTE)
    assert (hole.open_time, hole.close_time) == (ns(CLOSE), ns(CLOSE + 900))
    assert len(Universe().unlisted(ns(OPEN), 30 * MINUTE)) == 2


def test_facts_about_markets_never_listed_change_nothing():
    subject = universe(build.strike_set(OPEN), build.published(OPEN, 1, "no"))
    assert (subject.contract(TICKER), subject.status(TICKER)) == (None, None)


def test_a_strike_that_never_comes_is_not_waited_for_after_the_close():
    subject = universe(window(0))
    assert subject.strike_due(ns(CLOSE) - 1) == ("W0",)
    assert subject.strike_due(ns(CLOSE)) == ()


def test_markets_come_in_the_order_of_their_closes_however_they_were_listed():
    subject = universe(window(2), window(0), window(1))
    assert subject.follow(ns(OPEN), 3_600_000_000_000) == ("W0", "W1", "W2")


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


def test_a_new_grid_and_a_result_reach_the_market():
    subject, at = universe(build.listed(OPEN)), ns(OPEN)
    cents = (PriceRange(0, 10_000, 100),)
    subject.take(GridChanged(at, at, TICKER, cents))
    subject.take(build.determined(CLOSE + 1, "yes"))
    assert subject.contract(TICKER).price_ranges == cents
    assert subject.status(TICKER) == "determined"
    assert subject.follow(ns(CLOSE + 1), MINUTE) == (TICKER,)


def test_fees_of_another_event_are_its_own():
    subject, at = universe(build.listed(OPEN)), ns(OPEN)
    subject.take(FeesChanged(at, at, "OTHER", FeeTerms("quadratic", 35_000, 0)))
    assert subject.contract(TICKER).fees == build.TAKER_ONLY


def test_old_windows_are_forgotten():
    subject = universe(*(window(k, at=OPEN + 900 * k) for k in range(40)))
    assert subject.contract("W0") is None
    assert subject.contract("W39") is not None
    assert sum(subject.contract(f"W{k}") is not None for k in range(40)) <= 12


def test_a_listing_with_the_fees_of_the_series_does_not_undo_those_of_the_event():
    at = ns(OPEN)
    terms = FeeTerms("quadratic", 35_000, 0)
    event = TICKER.rpartition("-")[0]
    subject = universe(
        FeesChanged(at, at, event, terms), build.listed(OPEN), build.listed(OPEN + 1)
    )
    assert subject.contract(TICKER).fees == terms
