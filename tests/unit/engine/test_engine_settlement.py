"""What follows from how a market ended: a settlement that is not ours, a result that changes."""

from kalshi_assistant.domain.entries import HaltKept
from kalshi_assistant.domain.intents import Cancel
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER, ns
from tests.support.trading_desk import AT, of_kind, resting

NEXT = "KXBTC15M-26NOV211230-30"


def whole_window(desk):
    """All sixty prints of a window, each the strike."""
    desk.feed(*(build.printed(CLOSE - 60 + k, STRIKE) for k in range(61)))
    desk.feed(build.timer(CLOSE + 1))
    return desk


def halts(desk):
    return [each.breaker for each in desk.state.breakers.halts]


# --- a settlement that is not ours ---


def test_a_settlement_that_differs_is_a_halt_that_is_kept_and_told_once():
    desk = whole_window(td.opened(signal=td.QUIET))
    desk.feed(build.published(CLOSE + 8, STRIKE + 1, "yes"))
    (kept,) = desk.kept(HaltKept)
    assert (kept.halt.breaker, kept.cleared) == ("settlement_mismatch", None)
    assert "venue settled at" in kept.halt.reason
    assert desk.engine.snapshot().trading.closed_because.startswith("settlement_mismatch")


def test_a_strike_that_is_not_our_average_of_the_window_before_is_the_same_halt():
    desk = whole_window(td.opened(signal=td.QUIET))
    listed = build.listed(CLOSE, ticker=NEXT, open_=CLOSE, close=CLOSE + 900, strike=None)
    desk.feed(listed, build.strike_set(CLOSE + 1, STRIKE + 100, ticker=NEXT))
    assert halts(desk) == ["settlement_mismatch"]


def test_the_halt_outlives_the_process_and_a_window_that_agrees():
    desk = whole_window(td.opened(signal=td.QUIET))
    desk.feed(build.published(CLOSE + 8, STRIKE + 1, "yes"))
    kept = tuple(each.halt for each in desk.kept(HaltKept))
    again = whole_window(td.opened(signal=td.QUIET, account=td.restored(halts=kept)))
    again.feed(build.published(CLOSE + 8, STRIKE, "yes"))
    assert again.state.check.standing is None
    assert halts(again) == ["settlement_mismatch"]
    again.feed(td.cleared(CLOSE + 9))
    assert halts(again) == []


def test_what_agrees_halts_nothing_and_who_only_watches_has_nothing_to_halt():
    desk = whole_window(td.opened(signal=td.QUIET))
    desk.feed(build.published(CLOSE + 8, STRIKE, "yes"))
    watching = whole_window(td.opened(mode="watch", signal=td.QUIET))
    watching.feed(build.published(CLOSE + 8, STRIKE + 1, "yes"))
    assert (halts(desk), halts(watching)) == ([], [])
    assert watching.state.check.standing is not None


def test_an_entry_at_rest_is_taken_out_by_it():
    desk = td.live(signal=td.QUIET)
    desk.tend(AT + 1, AT + 8)
    order = desk.works(resting(3, limit=2_000, expires_at=ns(OPEN + 900)))
    desk.feed(*(build.printed(OPEN - 60 + k, STRIKE) for k in range(60)))
    whole_window(desk)
    desk.feed(build.published(CLOSE - 1, STRIKE + 1, "yes"))
    assert desk.engine.unwanted(order.id).startswith("settlement_mismatch")
    assert TICKER in {each.ticker for each in of_kind(desk.tend(CLOSE + 9), Cancel)}
