"""The order group at the venue that our entries go into: had, watched, lost, reset, ended.

The venue cancels everything in a group, and refuses what is new, once more contracts of it traded
within fifteen seconds than its limit, whatever has become of us. Our own gate stays below that
limit (``Look.group_room``), so a trigger means that something is wrong: a halt, which a person
clears; only then is the group reset. Nothing the venue answers shows whether a group is triggered,
so one that was found again is not reset: if it is, the first entry is refused, and that is the
halt. Entries leave only while a group is confirmed; exits go into none.
"""

from typing import Final, Literal

from kalshi_assistant.domain.entries import GroupKept, GroupState
from kalshi_assistant.domain.events import (
    GroupGone,
    GroupNotReady,
    GroupReady,
    OrderGroupChanged,
    Restored,
)
from kalshi_assistant.domain.intents import EndGroup, HoldGroup, Intent, Keep, Note
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.domain.units import Quantity, format_quantity
from kalshi_assistant.engine import guard
from kalshi_assistant.engine.desk import NEVER, ShardGroup
from kalshi_assistant.engine.state import State
from kalshi_assistant.execution.lifecycle import Underway
from kalshi_assistant.risk.limits import group_limit

ASK_AGAIN: Final = 5 * SECOND
"""A group that is not there is asked for again after this."""
CHECK_EVERY: Final = MINUTE
"""One that is there is read again after this: what was told of it may have been lost."""
HOLD_RESETS: Final = ("order_group", "kill")
"""While one of these halts stands, a triggered group is not reset."""


def restored(state: State, event: Restored) -> None:
    """The groups of the starts before: what was told of them since is not known."""
    desk = state.desk
    desk.groups.clear()
    desk.ended_groups.clear()
    desk.entry_fills.clear()
    for kept in reversed(event.groups):
        if kept.state == "ended" or kept.exchange_index in desk.groups:
            desk.ended_groups[kept.group_id] = kept.exchange_index
        else:
            group = ShardGroup(kept.group_id, triggered=kept.state == "triggered")
            desk.groups[kept.exchange_index] = group


def tend(state: State) -> tuple[Intent, ...]:
    """Once a second, when ledger and venue agree: have a group on every shard that we trade on,
    and let those go that were ended.
    """
    desk = state.desk
    if not desk.venue or desk.closed_because is not None:
        return ()
    intents: tuple[Intent, ...] = ()
    for group_id, shard in desk.ended_groups.items():
        intents += (EndGroup(shard, group_id, delete=True),)
    desk.ended_groups.clear()
    for shard in _shards(state):
        intents += _hold(state, shard, desk.groups.setdefault(shard, ShardGroup()))
    return intents


def _hold(state: State, shard: int, group: ShardGroup) -> tuple[Intent, ...]:
    """Ask for it, where that is due."""
    if group.triggered and any(each.breaker in HOLD_RESETS for each in state.breakers.halts):
        return ()
    if state.now - group.asked_at < (CHECK_EVERY if group.ready else ASK_AGAIN):
        return ()
    group.asked_at = state.now
    limit = group_limit(state.settings.risk)
    return (HoldGroup(shard, limit, group.group_id, reset=group.triggered),)


def _shards(state: State) -> tuple[int, ...]:
    """Where the markets live that are followed."""
    found = [state.universe.contract(ticker) for ticker in state.watched]
    return tuple({each.exchange_index: None for each in found if each is not None})


def count(state: State, order: Order, quantity: Quantity) -> None:
    """An entry traded: it counts toward the limit of its group."""
    if state.desk.venue and order.exchange_index is not None:
        state.desk.entry_fills.append((state.now, order.exchange_index, quantity))


# --- what is answered ---


def ready(state: State, event: GroupReady) -> tuple[Intent, ...]:
    """The venue has it. An answer from before a trigger does not undo that."""
    group = state.desk.groups.setdefault(event.exchange_index, ShardGroup())
    if group.triggered and not event.was_reset:
        return ()
    news = not group.ready or group.group_id != event.group_id
    group.group_id, group.ready, group.triggered = event.group_id, True, False
    if not news:
        return ()
    text = (
        f"entries on shard {event.exchange_index} go into order group {event.group_id}: the venue "
        f"cancels them and takes no more past {format_quantity(event.limit)} contracts in 15 s"
    )
    kept = _kept(state, event.group_id, event.exchange_index, "open")
    return (kept, *_told(state, "info", text))


def not_ready(state: State, event: GroupNotReady) -> tuple[Intent, ...]:
    """Nobody knows of a group that would take our entries: none leaves."""
    group = state.desk.groups.setdefault(event.exchange_index, ShardGroup())
    news = group.ready or group.why != event.reason
    group.ready = False
    if group.triggered or not news:
        return ()
    group.why = event.reason
    return _told(state, "warning", f"no entries, the order group is not there: {event.reason}")


def gone(state: State, event: GroupGone) -> tuple[Intent, ...]:
    """A group of ours is not at the venue any more; another is made where one is wanted."""
    state.desk.ended_groups.pop(event.group_id, None)
    shard = _shard_of(state, event.group_id)
    if shard is None:
        return (_kept(state, event.group_id, 0, "gone"),)
    group = state.desk.groups[shard]
    group.group_id, group.ready, group.asked_at = None, False, NEVER
    if not group.triggered:
        group.why = "the one there was is gone"
    text = f"order group {event.group_id} on shard {shard} is gone; another one is asked for"
    return (_kept(state, event.group_id, shard, "gone"), *_told(state, "warning", text))


# --- what the venue tells by itself ---


def changed(state: State, event: OrderGroupChanged) -> tuple[Intent, ...]:
    """Something happened to a group of the account; others than ours are told, no more."""
    shard = _shard_of(state, event.group_id)
    text = f"order group {event.group_id}: {event.change}"
    state.story.tell(state.now, "info", "order", text)
    if shard is None:
        return ()
    if event.change == "triggered":
        return _triggered(state, shard, "the venue says that it triggered")
    if event.change == "deleted":
        return gone(state, GroupGone(event.at, event.received_at, event.group_id))
    group = state.desk.groups[shard]
    others = event.limit != group_limit(state.settings.risk)
    if event.change == "limit_updated" and others and not group.triggered:
        group.ready, group.asked_at = False, NEVER
        group.why = "its limit was changed by other hands"
        return _told(state, "warning", f"order group {event.group_id}: {group.why}; it is set back")
    return ()


def rejected(state: State, known: Underway) -> tuple[Intent, ...]:
    """The venue refused an entry: because its group has triggered, or is not there any more."""
    name, _, _ = (known.reason or "").partition(":")
    shard = known.order.exchange_index
    if not state.desk.venue or known.order.purpose != "entry" or shard is None:
        return ()
    group = state.desk.groups.get(shard)
    if group is None:
        return ()
    if name == "order_group":
        return _triggered(state, shard, "the venue refused an entry because of it")
    if name == "market_unknown":  # it does not say whether the market or the group
        group.ready, group.asked_at = False, NEVER
        group.why = "the venue did not know an order's market or group"
        guard.reblock(state)
    return ()


def _triggered(state: State, shard: int, because: str) -> tuple[Intent, ...]:
    """Nothing more goes into it until a person has cleared the halt."""
    group = state.desk.groups[shard]
    if group.triggered:
        return ()
    group.ready, group.triggered = False, True
    group.why = "it triggered, and is reset when a person clears the halt"
    text = f"order group {group.group_id} on shard {shard}: {because}"
    halts = state.breakers.group_triggered(text, state.now)
    intents = guard.opened(state, halts)
    guard.reblock(state)
    if group.group_id is None:
        return intents
    return (_kept(state, group.group_id, shard, "triggered"), *intents)


# --- the orderly end ---


def end(state: State) -> tuple[Intent, ...]:
    """This process stops: the venue cancels what is in our groups and refuses what is on its way.
    That they are ended is kept first: the next start does not take them for triggered.
    """
    desk = state.desk
    intents: tuple[Intent, ...] = ()
    for shard, group in desk.groups.items():
        if group.group_id is None or group.triggered:
            continue
        desk.ended_groups[group.group_id] = shard
        intents += (_kept(state, group.group_id, shard, "ended"),)
        intents += (EndGroup(shard, group.group_id, delete=False),)
    for shard in desk.ended_groups.values():
        desk.groups.pop(shard, None)
    return intents


# --- parts ---


def _shard_of(state: State, group_id: str) -> int | None:
    for shard, group in state.desk.groups.items():
        if group.group_id == group_id:
            return shard
    return None


def _kept(state: State, group_id: str, shard: int, how: GroupState) -> Keep:
    return Keep(GroupKept(state.now, group_id, shard, how))


def _told(state: State, level: Literal["info", "warning"], text: str) -> tuple[Intent, ...]:
    guard.reblock(state)
    state.story.tell(state.now, level, "order", text)
    return (Note(level, "order", text),)
