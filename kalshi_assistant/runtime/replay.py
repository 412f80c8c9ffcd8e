"""Replay: recordings through wire and engine on the events' own stamps; journals compared with
their intents.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path

import numpy as np

from kalshi_assistant.domain.contract import FeeTerms, PriceRange
from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    IndexHistoryLoaded,
    IndexPrinted,
    Malformed,
    QuoteSeen,
)
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.intents import Intent, SetTimer
from kalshi_assistant.domain.time import SECOND, Nanos, whole_second
from kalshi_assistant.domain.units import Price
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.journal.codec import EVENTS, encode_intents
from kalshi_assistant.journal.merge import merge
from kalshi_assistant.journal.panel import (
    PanelMarket,
    PanelTerms,
    market_events,
    read_index,
    read_markets,
)
from kalshi_assistant.journal.reader import JournalReader, read_header
from kalshi_assistant.journal.recording import BadLine, read_recording
from kalshi_assistant.runtime.timers import Timers
from kalshi_assistant.venues.kalshi.wire import KalshiWire

WARM_UP = 3_600
"""Seconds of index before the first frame that warm the volatility."""
EMPTY = (0, 10_000)
"""How the venue's ticker shows a book without levels."""
PANEL_TERMS = PanelTerms(
    price_ranges=(
        PriceRange(Price(0), Price(1_000), Price(10)),
        PriceRange(Price(1_000), Price(9_000), Price(100)),
        PriceRange(Price(9_000), Price(10_000), Price(10)),
    ),
    fees=FeeTerms("quadratic", 70_000, 0),
    exchange_index=2,
    round_digits=2,
    published_after=Nanos(8 * SECOND),
)
"""The series' terms as published for the time of the panels: tapered grid, taker fee 0.07, no
maker fee.
"""


@dataclass(slots=True)
class RecordingResult:
    """What a recording showed."""

    frames: int = 0
    deltas: int = 0
    gaps: int = 0
    resyncs: int = 0
    malformed: int = 0
    tickers: list[tuple[int, int, int]] = field(default_factory=list)
    """(venue stamp, bid, ask) of every ticker frame."""
    agree_on_arrival: int = 0
    stamps: list[int] = field(default_factory=list)
    tops: list[tuple[int, int]] = field(default_factory=list)
    """Best bid and ask after the delta with the stamp at the same place."""
    numbered: int = 0
    """Frames after which there was a probability."""
    digest: str = ""

    def ticker_agree(self) -> int:
        """Ticker frames equal to the book after the last delta not stamped later than they are.

        The ticker channel lags and the two channels interleave freely, so "last" is by place in
        the recording.
        """
        if not self.stamps:
            return 0
        # the smallest stamp from each place on: its last place not above t is the delta meant
        floor = np.minimum.accumulate(np.array(self.stamps)[::-1])[::-1].tolist()
        agreed = 0
        for at, bid, ask in self.tickers:
            place = bisect_right(floor, at) - 1
            if place >= 0 and self.tops[place] == (bid, ask):
                agreed += 1
        return agreed


@dataclass(frozen=True, slots=True)
class Merged:
    """Index prints and market facts that recordings are merged with by time."""

    prints: list[IndexPrinted]
    markets: tuple[PanelMarket, ...]

    @classmethod
    def read(cls, index: Path | None, markets: Path | None) -> "Merged":
        """Read the panel's files. Raises OperatorError naming file and row."""
        return cls(
            [] if index is None else list(read_index(index, BRTI)),
            () if markets is None else read_markets(markets),
        )

    def before_and_after(self, first: Nanos) -> Iterator[Event]:
        """What a client that connected at ``first`` would have been told, in order of receipt.

        The markets come first, then an hour of index history, then each print as it came.
        """
        start = bisect_right(self.prints, first, key=attrgetter("received_at"))
        oldest = first - WARM_UP * SECOND
        known = tuple(
            (whole_second(event.at), event.value)
            for event in self.prints[:start]
            if event.received_at >= oldest
        )
        facts = market_events(self.markets, PANEL_TERMS)
        near = [event for event in facts if event.received_at >= oldest]
        history = [IndexHistoryLoaded(first, first, BRTI, "panel", known)] if known else []
        return merge([near, history, self.prints[start:]])


class RecordingReplay:
    """One recording through a fresh wire and engine, merged with index and markets."""

    def __init__(self, path: Path, settings: EngineSettings, merged: Merged) -> None:
        self.settings = settings
        self.engine = Engine(settings)
        self.result = RecordingResult()
        self.bad_lines: list[BadLine] = []
        self._path = path
        self._merged = merged
        self._wire = KalshiWire()
        self._timers = Timers()
        self._digest = blake2b(digest_size=16)

    def run(self) -> Iterator[Nanos]:
        """Handle the recording frame by frame; yields the instant of each."""
        others: Iterator[Event] | None = None
        waiting: Event | None = None
        for line in read_recording(self._path):
            if isinstance(line, BadLine):
                self.bad_lines.append(line)
                self.result.malformed += 1
                continue
            received_at, frame = line
            if others is None:
                others = self._merged.before_and_after(received_at)
                waiting = next(others, None)
            while waiting is not None and waiting.received_at <= received_at:
                self._tend(waiting.received_at)
                self._handle(waiting)
                waiting = next(others, None)
            self._tend(received_at)
            self._frame(received_at, frame)
            yield received_at
        self._digest.update(self.engine.fingerprint())
        self.result.digest = self._digest.hexdigest()

    def _frame(self, received_at: Nanos, frame: bytes) -> None:
        result, engine = self.result, self.engine
        result.frames += 1
        for event in self._wire.receive(frame, received_at):
            self._handle(event)
            if type(event) is BookDelta:
                result.deltas += 1
                result.stamps.append(event.at)
                result.tops.append(engine.top(event.ticker) or EMPTY)
            else:
                self._count(event)
        result.numbered += engine.has_number

    def _count(self, event: Event) -> None:
        result = self.result
        match event:
            case QuoteSeen():
                result.tickers.append((event.at, event.bid, event.ask))
                result.agree_on_arrival += self.engine.top(event.ticker) == (event.bid, event.ask)
            case BookSnapshot():
                # A snapshot carries no venue stamp. The first is what the deltas start from.
                result.stamps.append(event.at if result.stamps else 0)
                result.tops.append(self.engine.top(event.ticker) or EMPTY)
                result.resyncs += result.gaps > result.resyncs
            case Gap():
                result.gaps += 1
            case Malformed():
                result.malformed += 1
            case _:
                pass

    def _tend(self, now: Nanos) -> None:
        if self._timers.next_due is None:
            self._timers.set(TEND, now)
        for event in self._timers.fired(now):
            self._handle(event)

    def _handle(self, event: Event) -> None:
        intents = self.engine.handle(event)
        if intents:
            self._digest.update(encode_intents(intents))
            for intent in intents:
                if isinstance(intent, SetTimer):
                    self._timers.set(intent.key, intent.due)


@dataclass(slots=True)
class JournalResult:
    """What the replay of an event journal showed."""

    events: int = 0
    intents: int = 0
    differs_at: int | None = None
    """Sequence number of the first event whose intents differ."""
    digest: str = ""
    notices: tuple[str, ...] = ()


class JournalReplay:
    """An event journal through a fresh engine under the settings it was written with."""

    def __init__(self, paths: list[Path]) -> None:
        self._reader = JournalReader(EVENTS, paths)
        self.settings = from_json(read_header(self._reader.paths[0]).run.settings)
        self.engine = Engine(self.settings)
        self._digest = blake2b(digest_size=16)
        self.result = JournalResult()

    def run(self) -> Iterator[Nanos]:
        """Handle the journal event by event; yields the instant after each."""
        result = self.result
        for record in self._reader:
            intents = self.engine.handle(record.event)
            result.events += 1
            result.intents += len(intents)
            self._compare(record.sequence, intents, record.intents)
            yield record.event.received_at
        result.notices = tuple(notice.text for notice in self._reader.notices)
        self._digest.update(self.engine.fingerprint())
        result.digest = self._digest.hexdigest()

    def _compare(self, sequence: int, ours: tuple[Intent, ...], theirs: tuple[Intent, ...]) -> None:
        encoded = encode_intents(ours)
        self._digest.update(encoded)
        if self.result.differs_at is None and encoded != encode_intents(theirs):
            self.result.differs_at = sequence
