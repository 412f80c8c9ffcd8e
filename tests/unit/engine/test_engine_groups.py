"""The order group our entries go into: had, lost, triggered, cleared, ended."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.entries import GroupKept, Halt, HaltKept
from kalshi_assistant.domain.intents import Cancel, EndGroup, HoldGroup, Keep, Submit
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.engine import guard
from kalshi_assistant.risk.limits import RiskSettings, group_limit
from tests.support import build
from tests.support import trading_desk as td
from tests.support.build import OPEN, ns
from tests.support.trading_desk import AT, CHEAP, account_seen, group_changed, group_ready, of_kind

WITHOUT = "no order group of ours takes entries on shard 2: "


def agreed(groups=(), halts=(), **more):
    """A live desk whose account agrees; no group was asked for yet."""
    standing = td.standing(halts=tuple(halts))
    account = td.restored(venue=True, standing=standing)
    desk = td.opened(account=replace(account, groups=tuple(groups)), **more)
    desk.feed(account_seen(AT))
    return desk


def kept(group_id="og-1", state="open", shard=2):
    return GroupKept(ns(OPEN - 60), group_id, shard, state)


def not_ready(at, reason="403: no", shard=2):
    return e.GroupNotReady(ns(at), ns(at), shard, reason)


def closed(desk):
    return desk.engine.trading_stopped_because


def enters(desk, at):
    """Whether a wide edge becomes an order."""
    desk.feed(build.book(at - 10))
    desk.engine.forget_signals()
    desk.tend(at - 10, at)
    return bool(of_kind(desk.feed(build.book(at + 0.5, **CHEAP), build.timer(at + 0.5)), Submit))


def states(desk):
    return [(each.group_id, each.state) for each in desk.kept(GroupKept)]


# --- having one ---


def test_without_a_group_no_entry_leaves_and_one_is_asked_for():
    desk = agreed()
    assert closed(desk) == f"{WITHOUT}it has not been asked for yet"
    asked = of_kind(desk.tend(AT + 1), HoldGroup)
    assert asked == [HoldGroup(2, group_limit(td.FULL_SIZE), None, reset=False)]
    assert not enters(desk, AT + 20)
    desk.feed(group_ready(AT + 21))
    assert closed(desk) is None
    assert enters(desk, AT + 40)
    assert states(desk) == [("og-1", "open")]


def test_nothing_is_asked_for_before_the_accounts_agree_or_on_paper():
    waiting = td.opened(account=td.restored(venue=True))
    assert of_kind(waiting.tend(AT + 1, AT + 9), HoldGroup) == []
    assert of_kind(td.opened().tend(AT + 1, AT + 9), HoldGroup) == []


def test_one_that_is_refused_is_asked_for_again_and_the_reason_said():
    desk = agreed()
    desk.tend(AT + 1)
    desk.feed(not_ready(AT + 1.5))
    assert closed(desk) == f"{WITHOUT}403: no"
    assert of_kind(desk.tend(AT + 2, AT + 5), HoldGroup) == []
    assert len(of_kind(desk.tend(AT + 6, AT + 10), HoldGroup)) == 1


def test_one_that_is_there_is_read_again_every_minute():
    desk = td.live()
    desk.tend(AT + 1)
    (asked,) = of_kind(desk.tend(AT + 2, AT + 62), HoldGroup)
    assert (asked.known, asked.reset) == ("og-1", False)
    desk.feed(not_ready(AT + 63))
    assert closed(desk) == f"{WITHOUT}403: no"


def test_each_shard_needs_its_own():
    desk = agreed()
    desk.feed(group_ready(AT, shard=0))
    assert closed(desk).startswith(WITHOUT)
    assert desk.state.desk.no_entries_on(0) is None


def test_a_restart_goes_on_with_the_group_there_was_and_deletes_what_was_ended():
    desk = agreed(groups=[kept("old", "ended"), kept("og-1")])
    intents = desk.tend(AT + 1)
    assert of_kind(intents, EndGroup) == [EndGroup(2, "old", delete=True)]
    (asked,) = of_kind(intents, HoldGroup)
    assert (asked.known, asked.reset) == ("og-1", False)
    desk.feed(e.GroupGone(ns(AT + 2), ns(AT + 2), "old"))
    assert states(desk) == [("old", "gone")]


def test_one_that_vanished_is_made_anew():
    desk = td.live()
    desk.feed(e.GroupGone(ns(AT + 1), ns(AT + 1), "og-1"))
    assert closed(desk) == f"{WITHOUT}the one there was is gone"
    (asked,) = of_kind(desk.tend(AT + 2), HoldGroup)
    assert asked.known is None


# --- a trigger ---


def test_a_trigger_is_a_halt_of_entries_until_a_person_clears_it():
    desk = td.live()
    desk.feed(group_changed(AT + 1, "triggered"))
    blocks = desk.state.breakers.blocks
    assert blocks("entry", desk.state.now).breaker == "order_group"
    assert blocks("exit", desk.state.now) is None
    assert [each.halt.breaker for each in desk.kept(HaltKept)] == ["order_group"]
    assert states(desk) == [("og-1", "open"), ("og-1", "triggered")]
    assert of_kind(desk.tend(AT + 2, AT + 90), HoldGroup) == []
    assert not enters(desk, AT + 110)


def test_it_is_reset_only_after_that_and_an_older_answer_changes_nothing():
    desk = td.live()
    desk.feed(group_changed(AT + 1, "triggered"), group_ready(AT + 2))
    assert closed(desk) is not None
    desk.feed(td.cleared(AT + 3))
    assert closed(desk) is not None
    (asked,) = of_kind(desk.tend(AT + 70), HoldGroup)
    assert (asked.known, asked.reset) == ("og-1", True)
    desk.feed(group_ready(AT + 71, was_reset=True))
    assert closed(desk) is None
    assert states(desk)[-1] == ("og-1", "open")


def test_it_is_learnt_from_a_refused_entry_too():
    desk = td.live()
    order = desk.knows(td.ours())
    reason = "order_group: its order group takes no orders until it is reset"
    desk.feed(td.changed("rejected", order, reason=reason, order_id=""))
    assert desk.state.breakers.blocks("entry", desk.state.now).breaker == "order_group"


def test_a_market_or_group_nobody_knows_is_a_reason_to_read_the_group():
    desk = td.live()
    desk.tend(AT + 1)
    order = desk.knows(td.ours())
    reason = "market_unknown: the venue does not know this market"
    desk.feed(td.changed("rejected", order, at=AT + 2, reason=reason, order_id=""))
    assert closed(desk).startswith(WITHOUT)
    assert len(of_kind(desk.tend(AT + 3), HoldGroup)) == 1


def test_a_halt_stands_over_a_restart_and_the_group_is_reset_after_it():
    halt = Halt("order_group", "triggered", ns(OPEN - 30))
    desk = agreed(groups=[kept(state="triggered")], halts=[halt])
    assert of_kind(desk.tend(AT + 1, AT + 9), HoldGroup) == []
    desk.feed(td.cleared(AT + 10))
    desk.feed(account_seen(AT + 11))
    asked = of_kind(desk.tend(AT + 12), HoldGroup)
    assert [each.reset for each in asked] == [True]


def test_a_kill_keeps_the_group_as_it_triggered_it():
    desk = td.live()
    desk.feed(td.halted(AT + 1, breaker="kill"), group_changed(AT + 1, "triggered"))
    assert of_kind(desk.tend(AT + 2, AT + 9), HoldGroup) == []


def test_an_order_approved_before_a_trigger_is_withdrawn():
    desk = td.live()
    desk.tend(AT + 1, AT + 9)
    order = td.ours()
    assert desk.engine.withdrawn(order) is None
    desk.feed(group_changed(AT + 10, "triggered"))
    assert desk.engine.withdrawn(order).startswith("order_group: ")
    assert desk.engine.withdrawn(td.ours(purpose="exit")) is None


# --- other hands ---


@pytest.mark.parametrize("change", ["triggered", "deleted", "limit_updated", "reset", "created"])
def test_groups_of_others_are_none_of_our_business(change):
    desk = td.live()
    desk.feed(group_changed(AT + 1, change, "somebody's"))
    assert closed(desk) is None


def test_a_limit_set_by_other_hands_is_set_back_first():
    desk = td.live()
    desk.tend(AT + 1)
    desk.feed(group_changed(AT + 2, "limit_updated", limit=100))
    assert closed(desk) == f"{WITHOUT}its limit was changed by other hands"
    assert len(of_kind(desk.tend(AT + 3), HoldGroup)) == 1
    desk.feed(group_ready(AT + 4), group_changed(AT + 4, "limit_updated", limit=8_000))
    assert closed(desk) is None


def test_one_deleted_by_other_hands_is_made_anew():
    desk = td.live()
    desk.feed(group_changed(AT + 1, "deleted"))
    assert closed(desk).startswith(WITHOUT)
    assert states(desk)[-1] == ("og-1", "gone")


# --- the limit ---


def test_the_limit_follows_from_that_of_a_window():
    assert group_limit(RiskSettings()) == 8_000
    assert group_limit(RiskSettings(max_window_dollars=0.1)) == 100
    most = RiskSettings(max_window_dollars=100_000, group_contracts_per_dollar=100)
    assert group_limit(most) == 1_000_000 * 100


def test_our_own_gate_stays_below_it():
    """What traded within its span, and what may still trade, counts; exits do not."""
    desk = td.live(risk=RiskSettings(canary_windows=0, group_contracts_per_dollar=1))
    order = desk.works(td.resting(quantity=1_000))
    assert guard.look(desk.state, td.ours(9)).group_room == Quantity(3_000)
    desk.feed(td.told_fill(order, 400, at=AT + 1))
    assert guard.look(desk.state, td.ours(9)).group_room == Quantity(3_000)
    desk.feed(td.changed("canceled", order, at=AT + 2, filled=400))
    assert guard.look(desk.state, td.ours(9)).group_room == Quantity(3_600)
    desk.tend(AT + 30)
    assert guard.look(desk.state, td.ours(9)).group_room == Quantity(4_000)


# --- the end ---


def test_the_orderly_end_triggers_the_group_and_no_halt_comes_of_it():
    desk = td.live()
    desk.works(td.resting())
    intents = desk.feed(e.TradingDisarmed(ns(AT + 1), ns(AT + 1), "stopping", ending=True))
    whats = [type(each) for each in intents if isinstance(each, Keep | EndGroup | Cancel)]
    assert whats == [Keep, EndGroup, Cancel]
    desk.feed(group_changed(AT + 2, "triggered"))
    assert desk.kept(HaltKept) == []
    assert states(desk)[-1] == ("og-1", "ended")


def test_losing_the_account_ends_no_group():
    desk = td.live()
    assert of_kind(desk.feed(td.disarmed(AT + 1)), EndGroup) == []


def test_a_halt_that_never_became_durable_is_kept_at_the_next_start():
    desk = td.live()
    desk.feed(group_changed(AT + 1, "triggered"))
    intents = desk.feed(td.restored(at=AT + 2, epoch=2, venue=True))
    again = [each.entry for each in of_kind(intents, Keep) if isinstance(each.entry, HaltKept)]
    assert [(each.halt.breaker, each.cleared) for each in again] == [("order_group", None)]
