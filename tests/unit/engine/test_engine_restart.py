"""What a start takes over from the one before: fires, rates, halts; and what a clearing lifts."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import Halt, HaltKept
from kalshi_assistant.domain.intents import Announce, Note
from kalshi_assistant.quant.layout import M_FIRED
from kalshi_assistant.risk.limits import RiskSettings
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import OPEN, TICKER, ns
from tests.support.trading_desk import AT, CASH, CHEAP, account_seen, of_kind, ours, sent

# --- what the process before sent ---


def fires(desk, at=AT + 8):
    desk.tend(AT + 1, at)
    desk.feed(build.book(at + 0.5, **CHEAP), build.timer(at + 0.5))
    return sent(desk.tend(at + 1, at + 4))


def after(*before):
    """The orders of a start that is told of these of the one before."""
    desk = td.opened(account=replace(td.restored(epoch=2), recent=before))
    fires(desk)
    return sent(desk.asked), of_kind(desk.asked, Announce)


def test_a_side_fires_once_in_a_window_also_when_the_process_is_another():
    (first,), _ = after()
    assert after(first) == ([], [])
    assert after(replace(first, made_at=ns(OPEN + 1))) == ([], [])
    for other in (
        replace(first, side=1 - first.side),
        replace(first, purpose="exit"),
        replace(first, ticker="KXBTC15M-26NOV211200-00"),
    ):
        assert [each.side for each in after(other)[0]] == [first.side]


def test_a_takeover_knows_what_was_fired_in_a_window_that_is_followed_already():
    desk = td.opened(armed=False, signal=td.QUIET)
    entry = ours(made_at=ns(AT))
    desk.feed(replace(td.restored(at=AT + 1, epoch=2), recent=(entry,)))
    assert int(desk.state.markets[TICKER].book.array[M_FIRED]) == 1


def test_orders_of_the_process_before_count_toward_the_rate():
    made = tuple(ours(k, made_at=ns(OPEN + 40 + k)) for k in range(3))
    desk = td.Desk()
    desk.feed(replace(td.restored(at=AT, epoch=2), recent=made))
    assert desk.state.desk.sent_lately(ns(AT)) == 3
    assert desk.state.desk.sent_lately(ns(OPEN + 101)) == 1
    limit = RiskSettings(canary_windows=0, max_orders_per_minute=3)
    made = tuple(ours(k, side=1, made_at=ns(AT + 5)) for k in range(3))
    desk = td.opened(risk=limit, account=replace(td.restored(at=AT, epoch=2), recent=made))
    fires(desk)
    assert sent(desk.asked) == []
    assert "max_orders_per_minute" in desk.state.desk.refused


# --- the shard of the market ---


@pytest.mark.parametrize("risk", [td.FULL_SIZE, RiskSettings()])
def test_an_empty_shard_is_named_with_what_is_there_and_what_to_do(risk):
    desk = td.opened(account=td.restored(venue=True), risk=risk)
    desk.feed(replace(account_seen(AT), shard_cash=((0, CASH), (2, 0))), td.group_ready(AT))
    assert fires(desk) == []
    refused = desk.state.desk.refused
    assert "and -$5.00 is free: $0.00 in cash on shard 2" in refused
    assert "transfer money to shard 2" in refused


def test_what_leaves_no_room_is_named_also_where_not_one_contract_fits():
    desk = td.opened(risk=RiskSettings(canary_windows=0, max_window_dollars=0.1))
    assert fires(desk) == []
    assert "risk.max_window_dollars = $0.10" in desk.state.desk.refused
    assert "shard" not in desk.state.desk.refused


# --- halts that stand ---


def test_a_start_says_which_halts_stand_and_arming_that_they_do():
    kill = Halt("kill", "enough", ns(OPEN - 60))
    desk = td.Desk()
    told = desk.feed(td.restored(halts=(kill,)), build.armed(OPEN + 1))
    start, armed = of_kind(told, Note)
    assert start.text.endswith("; halted by kill: enough")
    assert armed.text == "trading is armed (start 1), but halted by kill: enough"
    assert {start.level, armed.level} == {"warning"}
    plain = td.Desk().feed(td.restored(), build.armed(OPEN + 1))
    assert [note.level for note in of_kind(plain, Note)] == ["info", "info"]
    assert of_kind(plain, Note)[1].text == "trading is armed (start 1)"


def test_a_clearing_lifts_what_was_open_when_the_person_cleared_and_nothing_later():
    desk = td.live()
    desk.feed(td.halted(AT + 1, "enough", "person"), td.halted(AT + 3, "again", "kill"))
    late = replace(td.cleared(AT + 4), at=ns(AT + 2))
    desk.feed(late)
    assert [each.breaker for each in desk.state.breakers.halts] == ["kill"]
    assert [each.halt.breaker for each in desk.kept(HaltKept) if each.cleared] == ["person"]
    desk.feed(replace(td.cleared(AT + 5), standing=("kill",)))
    assert [each.breaker for each in desk.state.breakers.halts] == ["kill"]
    desk.feed(td.cleared(AT + 6))
    assert desk.state.breakers.halts == ()


def test_losses_are_not_accepted_while_their_halt_came_after_the_clearing():
    desk = td.live()
    desk.state.desk.peak = CASH + 5
    desk.feed(td.halted(AT + 3, "lost", "day_loss"), replace(td.cleared(AT + 4), at=ns(AT + 2)))
    assert desk.state.desk.peak == CASH + 5
    desk.feed(td.cleared(AT + 5))
    assert desk.state.desk.peak == CASH


def test_a_halt_that_a_clock_ahead_has_written_can_be_cleared():
    kill = Halt("kill", "enough", ns(AT + 3_600))
    desk = td.Desk()
    desk.feed(td.restored(at=AT, halts=(kill,)), td.cleared(AT + 1))
    assert desk.state.breakers.halts == ()
