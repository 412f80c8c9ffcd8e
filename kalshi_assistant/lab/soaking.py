"""A seed's day of bad feeds, and what must hold on it whatever happens.

- Nothing raises.
- A book that is believed is the venue's book, or becomes doubted within a second of frames that
  tell. While frames are under way, or the line is dead, it may be behind. On days on which single
  bits flip the venue's books are not judged: a wrong digit cannot be told from a right one, and TLS
  lets none through; prints are judged on those days as well, because two channels carry them.
- A second of the averaging window that counts as a print holds the print that was published.
- A settlement value is the venue's, or it is declared unknown.

Venues that number nothing notice a lost frame late or never; their lines lose none here, as TCP
loses none.
"""

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from kalshi_assistant.domain.events import Event, IndexPrinted, IndexReplicated
from kalshi_assistant.domain.intents import Intent
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos
from kalshi_assistant.domain.units import INDEX_SCALE
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.runtime.simulate import STEP, Simulation
from kalshi_assistant.sim.scenario import FeedDay, feed_day
from kalshi_assistant.venues.spot.line import SpotLine

MINUTES: Final = 15
AFTERWARDS: Final = 40 * SECOND
"""After the last close of a day, for its settlement."""
LOOK_EVERY: Final = 4
"""Steps between two looks at the books: at every second move of the constituents'."""
BELIEVED_MAX: Final = SECOND // (LOOK_EVERY * STEP)
"""Looks after news at which a wrong book may be believed."""
IN_A_ROW: Final = 2 * SECOND
WORDS_MAX: Final = 500
GARBAGE_EVERY: Final = 200_000
EVERY_DEPTH: Final = 10_001


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed showed."""

    seed: int
    name: str
    keyless: bool
    damaged: bool
    windows: int
    settled_right: int
    settled_unknown: int
    settled_wrong: int
    wrong_books: tuple[str, ...]
    wrong_prints: tuple[str, ...]
    crashed: str | None
    events: int
    failovers: int
    switches: int
    estimated_seconds: int
    copy_errors: tuple[float, ...] = ()
    """Index less copy of each print, dollars, the mean error not taken out."""
    corrected_errors: tuple[float, ...] = ()
    """The same with the mean error of the prints before taken out, once that is known."""

    @property
    def broken(self) -> tuple[str, ...]:
        """What did not hold."""
        settled = (f"{self.settled_wrong} settlements wrong",) if self.settled_wrong else ()
        crashed = () if self.crashed is None else (f"crashed: {self.crashed}",)
        return (*crashed, *settled, *self.wrong_books, *self.wrong_prints)

    @property
    def held(self) -> bool:
        """Whether all of it held."""
        return not self.broken

    @property
    def fields(self) -> dict[str, object]:
        """For programs; the errors of the copy as their quantiles."""
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        del told["copy_errors"], told["corrected_errors"]
        return told | {
            "held": self.held,
            "copy_error": quantiles(self.copy_errors),
            "corrected_error": quantiles(self.corrected_errors),
        }


class Summary(NamedTuple):
    """All seeds together."""

    held: bool
    fields: dict[str, object]
    text: str


def live_through(seed: int, minutes: int, *, well: bool = False) -> SeedResult:
    """One seed's day, to its end or to what broke it."""
    # a day makes few cycles and millions of values: looking for the former takes a tenth of it
    gc.set_threshold(GARBAGE_EVERY)
    try:
        subject = FeedSoak(seed, minutes, well=well)
    except Exception as error:  # whatever breaks is the finding
        raise RuntimeError(f"seed {seed}: the day could not begin: {error!r}") from error
    crashed: str | None = None
    try:
        for _ in subject.run():
            pass
    except Exception as error:  # noqa: BLE001  # whatever breaks is the finding
        crashed = f"{type(error).__name__}: {error}"[:WORDS_MAX]
    return subject.result(crashed)


def quantiles(errors: Sequence[float]) -> dict[str, float] | None:
    """Median and 95th percentile of the sizes of some errors, dollars; ``None`` without any."""
    if not errors:
        return None
    ordered, last = sorted(abs(error) for error in errors), len(errors) - 1
    return {"median": ordered[last // 2], "p95": ordered[last * 95 // 100]}


def summary(results: Sequence[SeedResult]) -> Summary:
    """What they show together."""
    held = [each for each in results if each.held]
    windows = sum(each.windows for each in results)
    right = sum(each.settled_right for each in results)
    unknown = sum(each.settled_unknown for each in results)
    wrong = sum(each.settled_wrong for each in results)
    raw = quantiles([error for each in results for error in each.copy_errors])
    corrected = quantiles([error for each in results for error in each.corrected_errors])
    fields: dict[str, object] = {
        "seeds": len(results),
        "held": len(held),
        "not_held": [each.seed for each in results if not each.held],
        "crashed": sum(each.crashed is not None for each in results),
        "wrong_books": sum(bool(each.wrong_books) for each in results),
        "wrong_prints": sum(bool(each.wrong_prints) for each in results),
        "windows": windows,
        "settled_right": right,
        "settled_unknown": unknown,
        "settled_wrong": wrong,
        "keyless": sum(each.keyless for each in results),
        "damaged": sum(each.damaged for each in results),
        "events": sum(each.events for each in results),
        "failovers": sum(each.failovers for each in results),
        "estimated_seconds": sum(each.estimated_seconds for each in results),
        "copy_error": raw,
        "corrected_error": corrected,
    }
    text = (
        f"{len(held)} of {len(results)} days held; {windows} windows: {right} settled right, "
        f"{unknown} declared unknown, {wrong} wrong; {fields['failovers']} failovers to the copy"
    )
    return Summary(len(held) == len(results), fields, text)


@dataclass(slots=True)
class _Watch:
    """What is noted while a day is lived."""

    label: str = ""
    switches: int = 0
    failovers: int = 0
    estimated: int = 0
    raw: list[float] = field(default_factory=list)
    corrected: list[float] = field(default_factory=list)
    wrong_books: dict[str, str] = field(default_factory=dict)
    wrong_prints: dict[str, str] = field(default_factory=dict)
    believed: dict[object, tuple[int, Nanos]] = field(default_factory=dict)
    """By book: looks in a row at which it was wrong, and the last of them."""


class FeedSoak:
    """One seed's day."""

    def __init__(
        self,
        seed: int,
        minutes: int = MINUTES,
        *,
        well: bool = False,
        subject: FeedDay | None = None,
    ) -> None:
        """``well``: the same day with good lines and clocks, for measuring; ``subject``: another
        day than the seed's.
        """
        self.subject = subject or feed_day(seed, well=well)
        day = self.subject.day
        settings = EngineSettings(
            mode="watch" if self.subject.keyless else "paper", polled=self.subject.keyless
        )
        self.simulation = Simulation(
            seed, day.start, settings, day.exchange, day.line, self._saw, feeds=self.subject
        )
        self._end = Nanos(day.start + minutes * MINUTE)
        self._watch = _Watch()
        self._seed = seed
        self._compared_at = 0
        self._at: Nanos = day.start

    def run(self) -> Iterator[Nanos]:
        """Live the day second by second; yields the instant of each. Raises what breaks."""
        at, simulation = self.subject.day.start, self.simulation
        while at < self._until():
            self._at = at = Nanos(at + STEP)
            simulation.run(at)
            if at // STEP % LOOK_EVERY == 0:
                self._look_at_books()
            if at % SECOND < STEP:
                self._look_at_prints(at)
                yield at

    def result(self, crashed: str | None = None) -> SeedResult:
        """What was seen so far."""
        watch, windows = self._watch, self.simulation.result.windows
        right = sum(window.agrees is True for window in windows)
        wrong = sum(window.agrees is False for window in windows)
        return SeedResult(
            seed=self._seed,
            name=self.subject.day.name,
            keyless=self.subject.keyless,
            damaged=self.subject.damaged,
            windows=len(windows),
            settled_right=right,
            settled_unknown=len(windows) - right - wrong,
            settled_wrong=wrong,
            wrong_books=tuple(watch.wrong_books.values()),
            wrong_prints=tuple(watch.wrong_prints.values()),
            crashed=crashed,
            events=self.simulation.result.events,
            failovers=watch.failovers,
            switches=watch.switches,
            estimated_seconds=watch.estimated,
            copy_errors=tuple(watch.raw),
            corrected_errors=tuple(watch.corrected),
        )

    def _until(self) -> Nanos:
        """To the end, and to the settlement of a window that closed shortly before it."""
        return Nanos(self._end + AFTERWARDS)

    def _saw(self, event: Event, intents: tuple[Intent, ...]) -> None:  # noqa: ARG002  # a watcher's signature
        """Note what each comparison of a print with its copy found."""
        if not isinstance(event, (IndexPrinted, IndexReplicated)):
            return
        found = self.simulation.engine.tracking.last_compared
        if found is None or found.at == self._compared_at:
            return
        self._compared_at = found.at
        self._watch.raw.append(found.error_cents / INDEX_SCALE)
        if found.corrected_cents is not None:
            self._watch.corrected.append(found.corrected_cents / INDEX_SCALE)

    def _look_at_books(self) -> None:
        """Count for how long a wrong book goes on being believed."""
        simulation = self.simulation
        listener = simulation.listener
        if simulation.asleep:
            return
        if not self.subject.keyless and not self.subject.damaged:
            quiet = not listener.pending and listener.delivered > 0
            for ticker, wrong in self._venue_books() if quiet else ():
                self._count(ticker, ticker, wrong=wrong, news=True)
        if simulation.spot is not None:
            for wire in simulation.spot.wires.values():
                news = not wire.pending and wire.delivered > 0
                name = str(wire.line.feed)
                wrong = news and self._is_wrong(wire.line)
                self._count(wire.line, name, wrong=wrong, news=news)

    def _venue_books(self) -> Iterator[tuple[str, bool]]:
        engine, exchange = self.simulation.engine, self.simulation.exchange
        for market in exchange.markets():
            ticker = market.contract.ticker
            mine = [engine.levels(ticker, side, EVERY_DEPTH) for side in (BID, ASK)]
            true = exchange.book(ticker)
            if mine[0] is not None and true is not None:
                yield ticker, mine != [true.bids, true.asks]

    def _is_wrong(self, line: SpotLine) -> bool:
        """Whether the line believes in a book that is not the venue's."""
        spot = self.simulation.spot
        if not line.book.known or spot is None:
            return False
        for side in (0, 1):
            prices, sizes = line.book.levels(0 if side == 0 else 1)
            true = spot.truth(line, side)
            mine = list(zip(prices[: len(true)].tolist(), sizes[: len(true)].tolist(), strict=True))
            if mine != true:
                return True
        return False

    def _count(self, book: object, name: str, *, wrong: bool, news: bool) -> None:
        """Looks in a row: a throttled book is right only now and then, and never wrong for long."""
        watch, at = self._watch, self._at
        if not news:
            return
        count, last = watch.believed.get(book, (0, at))
        if not wrong or at - last > IN_A_ROW:
            count = 0
        watch.believed[book] = (count + wrong, at)
        if count + wrong > BELIEVED_MAX:
            watch.wrong_books.setdefault(
                name, f"{name} is believed and wrong at {self.simulation.engine.snapshot().at}"
            )

    def _look_at_prints(self, at: Nanos) -> None:
        """Every print of the window now showing is the one that was published."""
        self._note_source(*self.simulation.engine.index_source)
        if (at + MINUTE) // QUARTER_HOUR == at // QUARTER_HOUR:
            return  # no market is in its last minute
        market = self.simulation.engine.snapshot().market
        if market is None or at < market.close_time - MINUTE:
            return
        first = market.close_time - MINUTE
        published = dict(self.simulation.exchange.index_history(Nanos(first), market.close_time))
        doubted = self.simulation.engine.doubted(market.ticker)
        cells = zip(market.settlement.cells, market.settlement.guesses, strict=True)
        for place, (cents, guess) in enumerate(cells):
            stamp = Nanos(first + place * SECOND)
            sure = cents and not guess and stamp // SECOND not in doubted
            if sure and published.get(stamp) != cents and not self.subject.damaged:
                name = f"{market.ticker} second {stamp // SECOND}"
                self._watch.wrong_prints.setdefault(
                    name, f"{name}: {cents} where {published.get(stamp)} was published"
                )

    def _note_source(self, source: str | None, estimated: bool) -> None:
        watch = self._watch
        watch.estimated += estimated
        if source != watch.label:
            watch.switches += watch.label != ""
            watch.failovers += bool(watch.label) and source == "replica"
            watch.label = source or ""
