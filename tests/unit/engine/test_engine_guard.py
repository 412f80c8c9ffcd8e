"""Limits and breakers around the engine: what stops entries, for how long, and what is kept."""

import pytest

from kalshi_assistant.domain.entries import Halt, HaltKept, StandingKept
from kalshi_assistant.domain.intents import Announce, Keep, Note
from kalshi_assistant.domain.time import MINUTE, parse_iso
from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.strategy.exits import ExitSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import CLOSE, OPEN, TICKER, ns
from tests.support.trading_desk import AT, CASH, CHEAP, of_kind, sent

MIDNIGHT = parse_iso("2026-11-22T05:00:00Z")
"""New York's, after the day of the window."""
HELD = td.holding_standing(td.holding(5_000, 28_000_000, 0), peak=CASH)
"""Fifty YES at 56 cents."""
POOR = {"bids": ((100, 50_000),), "asks": ((200, 50_000),)}


def desk_with(account=None, **risk):
    """Fifty YES are held, and no signal is made."""
    settings = RiskSettings(**{"canary_windows": 0, "stale_quiet_seconds": 0} | risk)
    return td.opened(account=account or td.restored(standing=HELD), signal=td.QUIET, risk=settings)


def blocks(desk, purpose="entry"):
    """The breaker that stops such an order now."""
    found = desk.state.breakers.blocks(purpose, desk.state.now)
    return None if found is None else found.breaker


def crash(desk, at):
    """What is held is worth next to nothing."""
    return desk.feed(build.book(at, **POOR)) + desk.tend(at, at)


# --- the day ---


def test_the_days_loss_halts_entries_and_is_kept():
    desk = desk_with(max_day_loss_dollars=20.0, max_drawdown_percent=100)
    desk.tend(AT + 1, AT + 3)
    assert blocks(desk) is None
    intents = crash(desk, AT + 4)
    assert blocks(desk) == "day_loss"
    assert blocks(desk, "exit") is None
    (kept,) = desk.kept(HaltKept)
    assert (kept.halt.breaker, kept.halt.since, kept.cleared) == ("day_loss", ns(AT + 4), None)
    assert Keep(kept) in intents
    (note,) = [each for each in of_kind(intents, Note) if "day_loss" in each.text]
    assert note.level == "error"
    assert "blocks new entries" in note.text


def test_a_halt_is_kept_once_however_long_it_stands():
    desk = desk_with(max_day_loss_dollars=20.0, max_drawdown_percent=100)
    crash(desk, AT + 1)
    assert not [each for each in desk.tend(AT + 2, AT + 9) if isinstance(each, Keep)]


def test_a_loss_that_is_won_back_stays_a_halt():
    desk = desk_with(max_day_loss_dollars=20.0, max_drawdown_percent=100)
    crash(desk, AT + 1)
    desk.feed(build.book(AT + 2))
    desk.tend(AT + 2, AT + 60)
    assert blocks(desk) == "day_loss"


def test_equity_far_below_its_peak_halts():
    desk = desk_with(max_drawdown_percent=2.0)
    crash(desk, AT + 1)
    assert [kept.halt.breaker for kept in desk.kept(HaltKept)] == ["drawdown"]


def test_a_halt_blocks_entries_and_keeps_exits():
    desk = td.opened(
        account=td.restored(standing=HELD),
        exits=ExitSettings(seconds_before_close=200),
        risk=td.FULL_SIZE,
    )
    desk.feed(td.halted(AT + 1))
    desk.tend(AT + 2, AT + 9)
    cheap = desk.feed(build.book(AT + 10, **CHEAP), build.timer(AT + 10))
    assert of_kind(cheap, Announce) == sent(cheap) == []
    (order, *_) = sent(desk.feed(build.book(CLOSE - 100)) + desk.tend(CLOSE - 100))
    assert (order.purpose, order.quantity) == ("exit", 5_000)


def test_a_kill_blocks_exits_too():
    desk = td.opened(
        account=td.restored(standing=HELD), exits=ExitSettings(seconds_before_close=200)
    )
    desk.feed(td.halted(AT + 1, "gone mad", "kill"), build.book(CLOSE - 100))
    assert sent(desk.tend(CLOSE - 100, CLOSE - 90)) == []
    assert blocks(desk, "exit") == "kill"


def test_halts_come_back_after_a_restart():
    halts = (Halt("foreign", "somebody else", ns(OPEN - 60)),)
    desk = td.opened(account=td.restored(standing=td.standing(halts=halts)))
    assert blocks(desk) == "foreign"
    assert desk.engine.snapshot().trading.closed_because == "foreign: somebody else"
    assert desk.kept(HaltKept) == []


def test_after_newyorks_midnight_a_new_days_loss_begins_at_nothing():
    lost = td.standing(CASH - 90_000_000, realized=-90_000_000, day_start=0)
    desk = td.opened(account=td.restored(standing=lost), signal=td.QUIET)
    assert desk.engine.snapshot().trading.day_pnl == -90_000_000
    desk.feed(build.timer(MIDNIGHT / 1e9 - 1))
    assert desk.kept(StandingKept) == []
    desk.feed(build.timer(MIDNIGHT / 1e9))
    (kept,) = desk.kept(StandingKept)
    assert (kept.day, kept.day_start) == ("2026-11-22", -90_000_000)
    assert desk.engine.snapshot().trading.day_pnl == 0


@pytest.mark.parametrize("ends", [False, True])
def test_a_halt_of_the_days_loss_ends_with_the_day_only_where_that_is_wanted(ends):
    desk = desk_with(
        max_day_loss_dollars=20.0, max_drawdown_percent=100, day_loss_ends_with_day=ends
    )
    crash(desk, AT + 1)
    desk.feed(build.published(CLOSE + 8, build.STRIKE - 1, "no"))
    desk.feed(build.timer(MIDNIGHT / 1e9 - 1))
    assert blocks(desk) == "day_loss"
    desk.feed(build.timer(MIDNIGHT / 1e9))
    assert blocks(desk) == (None if ends else "day_loss")


def test_a_halt_that_ended_with_its_day_is_kept_as_ended():
    """Else the store refuses every entry, and the next start finds the halt again."""
    desk = desk_with(
        max_day_loss_dollars=20.0, max_drawdown_percent=100, day_loss_ends_with_day=True
    )
    crash(desk, AT + 1)
    desk.feed(build.published(CLOSE + 8, build.STRIKE - 1, "no"), build.timer(MIDNIGHT / 1e9))
    assert [(each.halt.breaker, each.cleared is None) for each in desk.kept(HaltKept)] == [
        ("day_loss", True),
        ("day_loss", False),
    ]


# --- clearing ---


def test_a_person_clears_with_a_reason_and_accepts_the_loss():
    desk = desk_with(max_day_loss_dollars=20.0, max_drawdown_percent=2.0)
    crash(desk, AT + 1)
    intents = desk.feed(td.cleared(AT + 2, "bad luck"))
    cleared = [each.entry for each in of_kind(intents, Keep) if isinstance(each.entry, HaltKept)]
    assert [(each.halt.breaker, each.cleared) for each in cleared] == [
        ("day_loss", "bad luck"),
        ("drawdown", "bad luck"),
    ]
    assert blocks(desk) is None
    desk.tend(AT + 3, AT + 9)
    assert blocks(desk) is None
    snapshot = desk.engine.snapshot().trading
    assert snapshot.day_pnl == 0
    assert snapshot.peak == snapshot.equity


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_cleared_and_no_loss_is_accepted(reason):
    desk = desk_with(max_day_loss_dollars=20.0, max_drawdown_percent=100)
    crash(desk, AT + 1)
    before = desk.engine.snapshot().trading
    desk.feed(td.cleared(AT + 2, reason))
    after = desk.engine.snapshot().trading
    assert blocks(desk) == "day_loss"
    assert (after.day_pnl, after.peak) == (before.day_pnl, before.peak)
    assert not desk.state.desk.adopt_cash


def test_clearing_does_not_make_old_data_fresh():
    desk = td.opened(signal=td.QUIET)
    desk.feed(td.cleared(AT + 1))
    assert blocks(desk) == "stale_data"


# --- losses in a row ---


def lose(desk, number, pnl=-1_000_000):
    """A window of ours is paid out: so much was lost."""
    ticker = f"KXBTC15M-L{number}"
    order = td.ours(number, ticker=ticker, limit=5_000, quantity=-pnl // 5_000)
    at = AT + 10 * number
    desk.feed(td.told_fill(order, order.quantity, at=at, trade=f"t-{number}"))
    return desk.feed(build.published(at + 1, build.STRIKE - 1, "no", ticker=ticker))


def calm(**risk):
    settings = {"canary_windows": 0, "max_losses_in_a_row": 3, "loss_cooldown_minutes": 10}
    desk = td.opened(signal=td.QUIET, risk=RiskSettings(**settings | risk))
    desk.tend(AT + 1, AT + 8)
    return desk


def test_losses_in_a_row_pause_entries_for_a_while():
    desk = calm()
    lose(desk, 1)
    lose(desk, 2)
    assert blocks(desk) is None
    intents = lose(desk, 3)
    assert blocks(desk) == "losses_in_a_row"
    assert blocks(desk, "exit") is None
    end = desk.state.now + 10 * MINUTE
    assert [e.entry.cooling_until for e in of_kind(intents, Keep) if hasattr(e.entry, "peak")] == [
        end
    ]
    assert desk.kept(HaltKept) == []  # no person is needed
    desk.tend(end / 1e9 - 5, end / 1e9 - 1)
    assert blocks(desk) == "losses_in_a_row"
    desk.tend(end / 1e9, end / 1e9 + 1)
    assert blocks(desk) is None


def test_small_losses_and_wins_between_do_not_make_a_row():
    desk = calm()
    lose(desk, 1)
    lose(desk, 2)
    lose(desk, 3, pnl=-400_000)  # below risk.small_loss_dollars: neither counts nor breaks a row
    assert desk.state.breakers.losses_in_a_row == 2
    order = td.ours(4, ticker="KXBTC15M-W", limit=5_000, quantity=400)
    desk.feed(td.told_fill(order, 400, at=AT + 60, trade="t-4"))
    desk.feed(build.published(AT + 61, build.STRIKE, "yes", ticker="KXBTC15M-W"))
    assert desk.state.breakers.losses_in_a_row == 0
    lose(desk, 7)
    assert blocks(desk) is None


def test_a_pause_and_a_row_go_on_after_a_restart():
    until = ns(AT + 300)
    told = td.standing(losses_in_a_row=2, cooling_until=until)
    desk = td.opened(account=td.restored(standing=told), signal=td.QUIET)
    desk.tend(AT + 1, AT + 9)
    assert blocks(desk) == "losses_in_a_row"
    assert desk.state.breakers.losses_in_a_row == 2
    desk.tend(AT + 300, AT + 301)
    assert blocks(desk) is None


# --- the canary ---


def test_an_entry_is_small_until_enough_windows_went_well():
    def size(good, **risk):
        account = td.restored(standing=td.standing(good_windows=good))
        desk = td.opened(account=account, risk=RiskSettings(max_order_dollars=40.0, **risk))
        desk.tend(AT + 1, AT + 9)
        intents = desk.feed(build.book(AT + 10, **CHEAP), build.timer(AT + 10))
        (order,) = sent(intents)
        return order.quantity

    full, small, smaller = size(20), size(19), size(19, canary_share=0.05)
    assert full / 13 <= small <= full / 10
    assert full / 26 <= smaller <= full / 20


def test_windows_that_went_well_are_counted_and_trouble_starts_anew():
    desk = calm(small_loss_dollars=5.0)
    for number in (1, 2, 3):
        lose(desk, number)
    assert desk.engine.snapshot().trading.good_windows == 3
    desk.feed(td.halted(AT + 35))
    lose(desk, 4)
    assert desk.engine.snapshot().trading.good_windows == 0
    desk.feed(td.cleared(AT + 45))
    lose(desk, 5)
    assert desk.engine.snapshot().trading.good_windows == 1
    assert desk.kept(StandingKept)[-1].good_windows == 1


def test_old_data_is_no_trouble_of_a_window_and_a_pause_is():
    desk = calm()
    lose(desk, 1)
    desk.feed(build.timer(AT + 19))  # no print for long
    assert blocks(desk) == "stale_data"
    lose(desk, 2)
    assert desk.engine.snapshot().trading.good_windows == 2
    desk.tend(AT + 22, AT + 28)
    lose(desk, 3)
    assert blocks(desk) == "losses_in_a_row"
    assert desk.engine.snapshot().trading.good_windows == 3
    lose(desk, 4, pnl=-400_000)
    assert desk.engine.snapshot().trading.good_windows == 0


# --- data ---


def test_old_data_blocks_entries_until_it_was_fresh_for_a_while():
    desk = td.opened(signal=td.QUIET)
    desk.tend(AT + 1, AT + 10)
    assert blocks(desk) is None
    desk.feed(build.timer(AT + 20))  # no print for ten seconds
    assert blocks(desk) == "stale_data"
    assert blocks(desk, "exit") is None
    desk.tend(AT + 21, AT + 25)
    assert blocks(desk) == "stale_data"
    desk.tend(AT + 26, AT + 27)
    assert blocks(desk) is None
    assert desk.kept(HaltKept) == []


def test_what_is_held_in_a_closed_market_is_no_reason_for_a_halt():
    """It counts as nothing until the result is there."""
    desk = desk_with(max_day_loss_dollars=20.0, max_drawdown_percent=2.0)
    desk.tend(AT + 1, AT + 3)
    desk.feed(*(build.timer(CLOSE + k) for k in range(5)))
    assert desk.kept(HaltKept) == []
    desk.feed(build.published(CLOSE + 8, build.STRIKE - 1, "no"), build.timer(CLOSE + 9))
    assert [kept.halt.breaker for kept in desk.kept(HaltKept)] == ["day_loss", "drawdown"]


def test_profit_under_each_assumption_is_kept_with_the_window_on_paper():
    desk = td.opened(signal=td.QUIET)
    order = desk.knows(td.ours(limit=5_000, quantity=200))
    desk.feed(td.told_fill(order, 200, source="realistic"))
    desk.feed(td.told_fill(order, 100, source="conservative"))
    desk.feed(build.published(CLOSE + 8, build.STRIKE, "yes"))
    kept = next(i.entry for i in desk.asked if hasattr(i, "entry") and hasattr(i.entry, "policies"))
    assert (kept.ticker, kept.pnl) == (TICKER, 1_000_000)
    assert dict(kept.policies) == {"optimistic": 0, "conservative": 500_000}
