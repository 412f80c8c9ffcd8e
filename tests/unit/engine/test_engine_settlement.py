"""What follows from how a market ended: a settlement that is not ours, a result that changes."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import HaltKept, PolicySettlementKept, SettlementKept
from kalshi_assistant.domain.events import VenueSettlement
from kalshi_assistant.domain.intents import Cancel, Note, ReadAccount, Report
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


# --- a result that changes ---


HELD = td.holding_standing(td.holding(1_000, 5_600_000, 70_000))


def determined(desk, result="yes"):
    desk.feed(build.timer(CLOSE + 1), build.determined(CLOSE + 2, result))
    return desk


def lines(desk):
    return [(each.result, each.payout, each.pnl) for each in desk.kept(SettlementKept)]


def by_publishing(result):
    return build.published(CLOSE + 8, STRIKE if result == "yes" else STRIKE - 100, result)


def by_determining(result):
    return build.determined(CLOSE + 8, result)


@pytest.mark.parametrize("changes", [by_publishing, by_determining])
def test_a_result_that_changes_is_booked_right_and_is_a_halt(changes):
    desk = determined(td.opened(signal=td.QUIET, account=td.restored(standing=HELD)))
    assert desk.engine.ledger.cash == HELD.cash + 10_000_000
    desk.feed(changes("no"))
    assert desk.engine.ledger.cash == HELD.cash
    assert lines(desk) == [("yes", 10_000_000, 4_330_000), ("no", -10_000_000, -10_000_000)]
    assert halts(desk) == ["settlement_mismatch"]
    assert "changed the result from YES to NO" in desk.state.breakers.halts[0].reason
    desk.feed(changes("no"))
    assert len(lines(desk)) == 2


def test_what_was_not_paid_is_paid_when_the_result_changes_to_ours():
    desk = determined(td.opened(signal=td.QUIET, account=td.restored(standing=HELD)), "no")
    desk.feed(by_determining("yes"), by_determining("no"), by_determining("yes"))
    assert desk.engine.ledger.cash == HELD.cash + 10_000_000
    assert [payout for _, payout, _ in lines(desk)] == [0, 10_000_000, -10_000_000, 10_000_000]
    assert len(desk.kept(HaltKept)) == 1


def test_the_line_of_a_window_is_given_again_when_its_result_changes():
    desk = whole_window(td.opened(signal=td.QUIET, account=td.restored(standing=HELD)))
    (first,) = of_kind(desk.feed(build.published(CLOSE + 8, STRIKE, "yes")), Report)
    (again,) = of_kind(desk.feed(build.published(CLOSE + 90, STRIKE - 500, "no")), Report)
    assert (first.window.result, again.window.result) == ("yes", "no")
    assert [each.result for each in desk.state.windows] == ["no"]
    assert desk.feed(build.published(CLOSE + 91, STRIKE - 500, "no")) == []


def test_a_change_is_booked_by_the_process_after_the_one_that_paid():
    before = determined(td.opened(signal=td.QUIET, account=td.restored(standing=HELD)))
    ledger = before.engine.ledger
    after = replace(
        HELD,
        cash=ledger.cash,
        realized=ledger.realized,
        holdings=(),
        results=ledger.results(),
        paid=ledger.paid(),
    )
    desk = td.Desk(signal=td.QUIET)
    desk.feed(td.restored(at=CLOSE + 5, standing=after), build.armed(CLOSE + 5))
    desk.feed(build.published(CLOSE + 8, STRIKE - 100, "no"))
    assert desk.engine.ledger.cash == HELD.cash
    assert (halts(desk), len(lines(desk))) == (["settlement_mismatch"], 1)


def test_at_a_venue_the_account_is_read_at_once():
    account = td.restored(standing=HELD, venue=True)
    desk = td.opened(signal=td.QUIET, account=account)
    told = (td.venue_position(1_000, 70_000, 5_600_000),)
    desk.feed(td.account_seen(AT, cash=HELD.cash, positions=told))
    determined(desk)
    desk.tend(CLOSE + 3, CLOSE + 5)
    desk.feed(by_publishing("no"))
    (asked,) = of_kind(desk.tend(CLOSE + 9), ReadAccount)
    assert "changed the result" in asked.reason
    paid = VenueSettlement(TICKER, "no", 0, ns(CLOSE + 9))
    desk.feed(td.account_seen(CLOSE + 20, cash=HELD.cash, settlements=(paid,)))
    assert desk.state.desk.agreed
    assert desk.engine.ledger.cash == HELD.cash


def test_under_every_assumption_the_right_result_is_what_counts():
    desk = td.opened(signal=td.QUIET)
    order = desk.knows(td.ours())
    for source in ("realistic", "conservative"):
        quantity = 1_000 if source == "realistic" else 400
        desk.feed(td.told_fill(order, quantity, source=source))
    determined(desk)
    won = desk.engine.snapshot().trading.policies
    desk.feed(by_publishing("no"))
    assert dict(won)["conservative"] == 1_760_000
    assert dict(desk.engine.snapshot().trading.policies)["conservative"] == -2_240_000
    assert desk.kept(SettlementKept)[-1].policies == (
        ("optimistic", 0),
        ("conservative", -4_000_000),
    )
    assert [each.pnl for each in desk.kept(PolicySettlementKept)] == [1_760_000, -4_000_000]


def test_who_only_watches_is_told_of_a_change():
    desk = determined(td.opened(mode="watch", signal=td.QUIET))
    (note,) = of_kind(desk.feed(by_determining("no")), Note)
    assert "changed the result from YES to NO" in note.text
    assert halts(desk) == []
