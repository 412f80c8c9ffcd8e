"""Whatever comes in whatever order, what must not be lost is taken or a gap stands for it."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    IndexPrinted,
    IndexTicked,
    QuoteSeen,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Price, Quantity
from kalshi_assistant.runtime.inbox import Inbox, InboxSettings

TICKERS = [Ticker("A"), Ticker("B"), Ticker("C")]
KINDS = ["delta"] * 8 + ["snapshot", "quote", "tick", "print"]
TAKE = "take"
Step = tuple[str, Ticker, int]
steps = st.lists(
    st.tuples(st.sampled_from([*KINDS, TAKE]), st.sampled_from(TICKERS), st.integers(1, 20)),
    max_size=150,
)


def event_of(kind: str, ticker: Ticker, at: Nanos) -> Event:
    size, price = Quantity(at), Price(5_000)
    match kind:
        case "delta":
            return BookDelta(at, at, ticker, 0, price, size)
        case "snapshot":
            return BookSnapshot(at, at, ticker, (), ((price, size),))
        case "quote":
            return QuoteSeen(at, at, ticker, price, price, size, size, price, size, size)
        case "tick":
            return IndexTicked(at, at, ticker, IndexValue(at), "kalshi_5hz")
        case _:
            return IndexPrinted(at, at, ticker, IndexValue(at), "kalshi_1hz")


def passed_through(plan: list[Step]) -> tuple[list[Event], list[Event], Inbox]:
    """What was put, what was taken, in order."""
    inbox = Inbox(InboxSettings(capacity=16))
    put: list[Event] = []
    taken: list[Event] = []
    for place, (kind, ticker, limit) in enumerate(plan):
        if kind == TAKE:
            taken += inbox.drain(limit)
        else:
            put.append(event_of(kind, ticker, Nanos(place)))
            inbox.put(put[-1])
    taken += inbox.drain()
    return put, taken, inbox


@given(plan=steps)
def test_prints_are_all_taken_in_order(plan: list[Step]) -> None:
    put, taken, _ = passed_through(plan)
    prints = [event for event in put if isinstance(event, IndexPrinted)]
    assert [event for event in taken if isinstance(event, IndexPrinted)] == prints


@given(plan=steps)
def test_the_order_of_receipt_is_kept(plan: list[Step]) -> None:
    _, taken, _ = passed_through(plan)
    times = [event.received_at for event in taken]
    assert times == sorted(times)


@given(plan=steps)
def test_the_newest_quote_and_tick_are_taken_last(plan: list[Step]) -> None:
    put, taken, _ = passed_through(plan)
    for kind in (QuoteSeen, IndexTicked):
        for ticker in TICKERS:
            name = "ticker" if kind is QuoteSeen else "index"
            mine = [e for e in put if isinstance(e, kind) and getattr(e, name) == ticker]
            got = [e for e in taken if isinstance(e, kind) and getattr(e, name) == ticker]
            assert got[-1:] == mine[-1:]
            assert len(got) <= len(mine)


@given(plan=steps)
def test_a_book_is_never_believed_while_a_change_is_missing(plan: list[Step]) -> None:
    put, taken, _ = passed_through(plan)
    for count, newest in enumerate(taken, 1):
        for ticker in TICKERS:
            changes, known = replayed(taken[:count], ticker)
            if known:
                upto = [event for event in put if event.received_at <= newest.received_at]
                assert changes == replayed(upto, ticker)[0]


def replayed(events: list[Event], ticker: Ticker) -> tuple[list[int], bool]:
    """The changes since the last snapshot, and whether the book is known."""
    changes: list[int] = []
    known = True
    for event in events:
        if isinstance(event, Gap) and ticker in event.tickers:
            known = False
        elif isinstance(event, BookSnapshot) and event.ticker == ticker:
            changes, known = [event.at], True
        elif isinstance(event, BookDelta) and event.ticker == ticker:
            changes.append(event.at)
    return changes, known


@given(plan=steps)
def test_nothing_is_lost_uncounted(plan: list[Step]) -> None:
    put, taken, inbox = passed_through(plan)
    counts = inbox.counts
    lost = counts.replaced + counts.shed
    assert len(taken) == len(put) - lost + counts.gaps
    assert counts.depth == 0
