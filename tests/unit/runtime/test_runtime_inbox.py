"""The inbox's rules, one by one."""

import asyncio

import pytest

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    IndexPrinted,
    IndexReplicated,
    IndexTicked,
    QuoteSeen,
    TradeSeen,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue, Price, Quantity
from kalshi_assistant.runtime.inbox import Inbox, InboxOverflowError, InboxSettings
from kalshi_assistant.runtime.policies import OTHERS, POLICY

A, B = Ticker("A"), Ticker("B")


def delta(at: int, ticker: Ticker = A) -> BookDelta:
    return BookDelta(Nanos(at), Nanos(at), ticker, 0, Price(5_000), Quantity(100))


def snapshot(at: int, ticker: Ticker = A) -> BookSnapshot:
    return BookSnapshot(Nanos(at), Nanos(at), ticker, (), ())


def quote(at: int, ticker: Ticker = A) -> QuoteSeen:
    size = Quantity(1)
    one, two = Price(1), Price(2)
    return QuoteSeen(Nanos(at), Nanos(at), ticker, one, two, size, size, one, size, size)


def tick(at: int, index: str = "BRTI") -> IndexTicked:
    return IndexTicked(Nanos(at), Nanos(at), index, IndexValue(at), "kalshi_5hz")


def printed(at: int) -> IndexPrinted:
    return IndexPrinted(Nanos(at), Nanos(at), "BRTI", IndexValue(at), "kalshi_1hz")


def trade(at: int) -> TradeSeen:
    return TradeSeen(Nanos(at), Nanos(at), A, str(at), Price(1), Quantity(1), "yes", False)


def inbox_with(*events: Event, capacity: int = 16) -> Inbox:
    inbox = Inbox(InboxSettings(capacity=capacity))
    inbox.put_all(events)
    return inbox


def test_events_come_out_in_the_order_of_putting() -> None:
    events = [delta(1), printed(2), delta(3, B), trade(4)]
    assert inbox_with(*events).drain() == events


def test_a_newer_quote_takes_the_older_out_and_goes_to_the_end() -> None:
    inbox = inbox_with(quote(1), delta(2), quote(3, B), quote(4))
    assert inbox.counts.replaced == 1
    assert inbox.drain() == [delta(2), quote(3, B), quote(4)]


def test_a_newer_tick_of_the_same_index_takes_the_older_out() -> None:
    assert inbox_with(tick(1), tick(2, "OTHER"), tick(3)).drain() == [tick(2, "OTHER"), tick(3)]


def test_a_quote_already_taken_is_not_overtaken() -> None:
    inbox = inbox_with(quote(1))
    assert inbox.drain() == [quote(1)]
    inbox.put(quote(2))
    assert inbox.drain() == [quote(2)]
    assert inbox.counts.replaced == 0


def test_a_limited_drain_leaves_the_rest_in_order() -> None:
    inbox = inbox_with(delta(1), quote(2), delta(3), quote(4), delta(5))
    assert inbox.drain(2) == [delta(1), delta(3)]
    assert inbox.counts.depth == 2
    assert inbox.drain(2) == [quote(4), delta(5)]
    assert inbox.drain(2) == []


def test_a_full_queue_sheds_a_book_for_one_gap_in_its_place() -> None:
    inbox = inbox_with(printed(0), *(delta(at) for at in range(1, 16)), capacity=16)
    assert inbox.put(printed(16)) == A
    gap = Gap(Nanos(1), Nanos(1), "kalshi.book", (A,), expected=15, got=0)
    assert inbox.drain() == [printed(0), gap, printed(16)]
    assert (inbox.counts.shed, inbox.counts.gaps) == (15, 1)


def test_the_book_with_the_most_waiting_is_shed_and_the_others_stay() -> None:
    some = [delta(at, B) for at in range(5)]
    inbox = inbox_with(*some, *(delta(at) for at in range(5, 17)))
    taken = inbox.drain()
    assert taken[:5] == some
    assert [type(event) for event in taken[5:]] == [Gap]


def test_a_snapshot_is_shed_with_its_deltas() -> None:
    inbox = inbox_with(*(delta(at) for at in range(8)), snapshot(8), *map(delta, range(9, 17)))
    (gap,) = inbox.drain()
    assert isinstance(gap, Gap)
    assert gap.expected == 17


def test_deltas_of_a_shed_book_are_ignored_until_its_next_snapshot() -> None:
    inbox = inbox_with(*(delta(at) for at in range(17)))
    assert inbox.put(delta(17)) is None
    inbox.put_all([delta(18, B), snapshot(19), delta(20)])
    assert inbox.drain()[1:] == [delta(18, B), snapshot(19), delta(20)]
    assert inbox.counts.shed == 18


def test_trades_that_come_while_it_is_full_are_left_out() -> None:
    inbox = inbox_with(printed(0), *(trade(at) for at in range(1, 20)))
    assert inbox.counts.trades_dropped == 4
    assert inbox.put(printed(20)) is None
    assert inbox.drain() == [printed(0), *(trade(at) for at in range(1, 16)), printed(20)]


def test_more_than_can_be_raises() -> None:
    inbox = inbox_with()
    with pytest.raises(InboxOverflowError, match="may not be dropped"):
        inbox.put_all(printed(at) for at in range(1_000))


def test_copies_between_seconds_are_overtaken_those_on_them_are_not() -> None:
    stamps = [SECOND, SECOND + SECOND // 5, SECOND + 2 * SECOND // 5, 2 * SECOND]
    copies = [IndexReplicated(at, at, "BRTI", 1, None, (), (), 0.0) for at in stamps]
    inbox = inbox_with(*copies)
    assert inbox.drain() == [copies[0], copies[2], copies[3]]
    assert inbox.counts.replaced == 1


def test_readers_see_depth_and_losses_by_policy() -> None:
    inbox = inbox_with(delta(1), printed(2), *(trade(at) for at in range(3, 30)))
    found = {view.policy: (view.depth, view.dropped) for view in inbox.views()}
    assert found == {"drop_oldest": (0, 0), "drop_newest": (14, 13), "raise": (2, 0)}


def test_every_kind_of_event_has_a_policy() -> None:
    assert set(POLICY.values()) | {OTHERS} == {"drop_oldest", "drop_newest", "raise"}


def test_prints_are_never_dropped() -> None:
    prints = [printed(at) for at in range(150)]
    inbox = inbox_with(*prints, capacity=16)
    assert inbox.counts.high_water == 150
    assert inbox.drain() == prints


def test_the_bound_holds_again_after_a_drain() -> None:
    inbox = inbox_with(*(printed(at) for at in range(100)), capacity=16)
    inbox.drain()
    assert inbox.put_all(delta(at) for at in range(17)) == (A,)


async def test_a_batch_waits_for_the_first_event() -> None:
    inbox = inbox_with()
    waiting = asyncio.ensure_future(inbox.take_batch(10))
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.put_all([delta(1), delta(2)])
    assert await waiting == [delta(1), delta(2)]
    assert await inbox_with(delta(1), delta(2)).take_batch(1) == [delta(1)]


async def test_a_cancelled_batch_loses_nothing() -> None:
    inbox = inbox_with()
    waiting = asyncio.ensure_future(inbox.take_batch(10))
    await asyncio.sleep(0)
    inbox.put(delta(1))
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert inbox.drain() == [delta(1)]


async def test_a_closed_inbox_gives_what_is_left_and_then_nothing() -> None:
    inbox = inbox_with(delta(1))
    inbox.close()
    assert await inbox.take_batch(10) == [delta(1)]
    assert await inbox.take_batch(10) == []
