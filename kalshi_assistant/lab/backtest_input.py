"""What a backtest is fed: recordings, journals and panels as events in order of receipt.

Whatever is odd is named and left out, never silently counted: two recordings of one market that
overlap (the later one is left out), a clock that goes back (its frames count as received when the
last one was), a line that cannot be read, a market without strike or result.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    AccountSeen,
    BookSnapshot,
    CancelRefused,
    Event,
    IndexPrinted,
    IndexSource,
    LatencyMeasured,
    OrderAbsent,
    OrderChanged,
    OrderFilled,
    OrderGroupChanged,
    OrderUncertain,
    PositionReported,
    RequestRefused,
    Restored,
    TimerFired,
    TradingArmed,
)
from kalshi_assistant.domain.ids import BRTI, ClientOrderId, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso, from_seconds
from kalshi_assistant.domain.units import Quantity
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.merge import merge
from kalshi_assistant.journal.panel import PanelMarket, market_events
from kalshi_assistant.journal.panel_folder import Panel, PanelQuote, read_panel
from kalshi_assistant.journal.reader import JournalReader
from kalshi_assistant.journal.recording import BadLine, read_recording
from kalshi_assistant.lab.panel_events import Subject, subject_of
from kalshi_assistant.lab.told import Told
from kalshi_assistant.runtime.replay import PANEL_TERMS, WARM_UP, Merged
from kalshi_assistant.venues.kalshi.wire import KalshiWire

OURS: Final = (
    AccountSeen, CancelRefused, LatencyMeasured, OrderAbsent, OrderChanged, OrderFilled,
    OrderGroupChanged, OrderUncertain, PositionReported, RequestRefused,
)  # fmt: skip
"""Of a journal: what came of the orders of then. A backtest has its own."""
STARTED: Final = (Restored, TradingArmed)
"""A journal with one of these is of a run that traded."""
SETTLES: Final = 1_200
"""Seconds after the last frame in which windows close and are settled."""
_BLOCK: Final = 2**20


@dataclass(slots=True)
class Notices:
    """What was odd about the input, in words, each once."""

    texts: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Remember it."""
        if text not in self.texts:
            self.texts.append(text)


@dataclass(frozen=True, slots=True)
class Material:
    """One stretch of the past."""

    name: str
    files: tuple[Path, ...]
    begins: Nanos
    ends: Nanos
    """For a progress bar; what is known of it before it is read."""
    markets: tuple[PanelMarket, ...]
    """Those whose results are known from beside the events."""
    events: Iterator[Event]
    led: bool = False
    """Whether they are those of a run that traded: its start and its seconds are among them."""
    error_bp: float = 0.0
    """Believed error of an index that is an estimate, basis points; 0 for the index itself."""
    delays: tuple[int, ...] = ()
    """How long orders of that run took, nanoseconds; empty where none is recorded."""
    by_order: tuple[tuple[ClientOrderId, int], ...] = ()
    """The same for each that is known."""

    def digest(self) -> str:
        """Sixteen hex digits of the bytes of all files."""
        told = blake2b(digest_size=8)
        for path in self.files:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    told.update(block)
        return told.hexdigest()


# --- recordings ---


@dataclass(frozen=True, slots=True)
class _Recording:
    path: Path
    ticker: Ticker
    first: Nanos
    last: Nanos


def recordings(
    files: Sequence[Path], index: Path | None, markets: Path | None, notices: Notices
) -> Material:
    """Raw frames of one or many markets, merged with index prints and the markets' facts.

    Raises OperatorError where there is nothing to read.
    """
    merged, error_bp = _beside(index, markets, notices)
    chosen = _without_overlaps([_looked_at(path, notices) for path in files], notices)
    if not chosen:
        raise OperatorError("no recording has a frame of a market; name recordings of books")
    tickers = {each.ticker for each in chosen}
    known = tuple(each for each in merged.markets if each.ticker in tickers)
    _name_holes(tickers, known, notices)
    first = min(each.first for each in chosen)
    spans = _spans(chosen)
    near = [each for each in merged.prints if _within(spans, each.received_at)]
    beside = Merged(near, known).before_and_after(first)
    streams = [_frames(each.path, notices) for each in chosen]
    named = [path for path in (index, markets) if path is not None]
    return Material(
        name=chosen[0].path.name if len(chosen) == 1 else f"{len(chosen)} recordings",
        files=(*(each.path for each in chosen), *named),
        begins=first,
        ends=max(each.last for each in chosen),
        markets=known,
        events=merge([beside, *streams]),
        error_bp=error_bp,
    )


def _beside(index: Path | None, markets: Path | None, notices: Notices) -> tuple[Merged, float]:
    """Index and markets, and the believed error of the index. Files of a panel are what its
    ``meta.json`` says: a proxy is an estimate, and gives the strikes as well.
    """
    if index is None or not (index.parent / "meta.json").is_file():
        return Merged.read(index, markets), 0.0
    subject = subject_of(read_panel(index.parent))
    if subject.estimated:
        notices.say(f"{index}: {subject.index_text}; an estimate, strikes are its own means")
    known = subject.markets if markets is not None else ()
    return Merged(list(_prints(subject)), known), subject.error_bp


def _looked_at(path: Path, notices: Notices) -> "_Recording | None":
    """Whose recording it is, and from when to when; read once, cheaply."""
    wire, ticker = KalshiWire(), None
    first, last = None, Nanos(0)
    for line in read_recording(path):
        if isinstance(line, BadLine):
            continue
        received_at, frame = line
        first = received_at if first is None else first
        last = Nanos(max(last, received_at))
        if ticker is None:
            for event in wire.receive(frame, received_at):
                ticker = getattr(event, "ticker", ticker)
    if first is None or ticker is None:
        notices.say(f"{path.name}: left out, it has no frame of a market")
        return None
    return _Recording(path, ticker, first, last)


def _without_overlaps(found: "Sequence[_Recording | None]", notices: Notices) -> list[_Recording]:
    """Each market at each instant from one recording."""
    kept: list[_Recording] = []
    for each in sorted((one for one in found if one is not None), key=lambda one: one.first):
        other = next((k for k in kept if k.ticker == each.ticker and k.last >= each.first), None)
        if other is None:
            kept.append(each)
        else:
            notices.say(
                f"{each.path.name}: left out, it overlaps {other.path.name} "
                f"(both {each.ticker} at {format_iso(each.first)})"
            )
    return kept


def _spans(chosen: Sequence[_Recording]) -> list[tuple[int, int]]:
    """The stretches around recordings in which the index matters: it warms the volatility before
    them, and settles the windows after them.
    """
    spans: list[tuple[int, int]] = []
    for each in sorted(chosen, key=lambda one: one.first):
        start, end = each.first - WARM_UP * SECOND, each.last + SETTLES * SECOND
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((start, end))
    return spans


def _within(spans: Sequence[tuple[int, int]], at: int) -> bool:
    place = bisect_right(spans, at, key=itemgetter(0)) - 1
    return place >= 0 and at <= spans[place][1]


def _name_holes(tickers: set[Ticker], known: Sequence[PanelMarket], notices: Notices) -> None:
    described = {each.ticker for each in known}
    for ticker in sorted(tickers - described):
        notices.say(f"{ticker}: no strike and no result, so it has no number and no profit")
    for each in known:
        if each.strike is None:
            notices.say(f"{each.ticker}: no strike, so it has no number")
        if each.result is None:
            notices.say(
                f"{each.ticker}: no result, what is held there at its close is not paid out"
            )


def _frames(path: Path, notices: Notices) -> Iterator[Event]:
    """The events of one recording, their receipts never going back."""
    wire, latest, back = KalshiWire(), Nanos(0), 0
    for line in read_recording(path):
        if isinstance(line, BadLine):
            notices.say(line.text)
            continue
        received_at, frame = line
        if received_at < latest:
            if back == 0:
                by = (latest - received_at) / SECOND
                notices.say(f"{path.name}: its clock goes back (the first time by {by:.3f} s)")
            back += 1
            received_at = latest
        latest = received_at
        yield from wire.receive(frame, received_at)


# --- journals ---


def journal(parts: Sequence[Path], notices: Notices) -> Material:
    """The event journal of one live or demo run: what came to it from outside.

    Raises OperatorError where it holds nothing.
    """
    reader = JournalReader(EVENTS, parts)
    first, last, led, told = None, Nanos(0), False, Told()
    for record in JournalReader(EVENTS, parts):
        first = record.event.received_at if first is None else first
        last = record.event.received_at
        led = led or isinstance(record.event, STARTED)
        told.take(record.event, record.intents)
    if first is None:
        raise OperatorError(f"{parts[0].name} has no events; name a journal that was written to")
    return Material(
        name=parts[0].name,
        files=tuple(parts),
        begins=first,
        ends=last,
        markets=(),
        events=_outside(reader, notices, led=led),
        led=led,
        delays=told.recorded,
        by_order=tuple(told.delays.items()),
    )


def _outside(reader: JournalReader[EventRecord], notices: Notices, *, led: bool) -> Iterator[Event]:
    latest = Nanos(0)
    for record in reader:
        event = record.event
        if not from_outside(event, led=led):
            continue
        if event.received_at < latest:
            event = replace(event, received_at=latest)
        latest = event.received_at
        if isinstance(event, Restored) and event.venue:
            event = replace(event, venue=False)  # there is no venue here that could agree
        yield event
    for notice in reader.notices:
        notices.say(notice.text)


def from_outside(event: Event, *, led: bool) -> bool:
    """Whether an event of a journal is a fact of its past, whatever is traded now."""
    if isinstance(event, TimerFired):
        return led
    return not isinstance(event, OURS)


# --- panels ---


def panel(folder: Path, depth: Quantity, notices: Notices) -> Material:
    """A panel's index, markets and quotes. A quote says no size: each side is taken to show
    ``depth`` contracts, which the report says.

    Raises OperatorError for quotes that are means, at which nothing could be bought.
    """
    found = read_panel(folder)
    if found.quotes_kind == "minute_mean":
        raise OperatorError(
            f"{found.name}: its quotes are means over a minute, at which nothing could be bought; "
            "a backtest needs quotes of an instant (`evaluate` takes this panel)"
        )
    subject = subject_of(found)
    notices.say(
        f"{found.name}: quotes without sizes, {depth / 100:g} contracts are assumed on each side"
    )
    opens = min(each.open_time for each in subject.markets)
    facts = market_events(subject.markets, PANEL_TERMS)
    return Material(
        name=found.name,
        files=tuple(sorted(path for path in folder.iterdir() if path.is_file())),
        begins=opens,
        ends=max(each.close_time for each in subject.markets),
        markets=subject.markets,
        events=merge([facts, _prints(subject), _books(found, depth)]),
        error_bp=subject.error_bp,
    )


def _prints(subject: Subject) -> Iterator[IndexPrinted]:
    source: IndexSource = "proxy" if subject.estimated else "panel"
    for second, value in subject.prints.items():
        at = from_seconds(second)
        yield IndexPrinted(at, at, BRTI, value, source)


def _books(found: Panel, depth: Quantity) -> Iterator[Event]:
    for quote in sorted(found.quotes, key=lambda each: each.second):
        yield _book(quote, depth)


def _book(quote: PanelQuote, depth: Quantity) -> BookSnapshot:
    at = from_seconds(quote.second)
    bids = () if quote.bid is None else ((quote.bid, depth),)
    asks = () if quote.ask is None else ((quote.ask, depth),)
    return BookSnapshot(at, at, quote.ticker, bids, asks)
