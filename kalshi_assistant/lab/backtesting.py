"""Several lives through one past: the same events, a life for every latency of the grid.

The recordings are read once; every life sees every event. A report without its latencies would be
a lie, so the grid is not optional: 0, 50, 100, 250 and 500 ms, what the settings assume, and for a
run that traded what its own orders took.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from kalshi_assistant import __version__
from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.time import MINUTE, Nanos, format_iso
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.tape import Part, Stretch, parts
from kalshi_assistant.lab import backtest_measures as measures
from kalshi_assistant.lab.backtest_input import Material, Notices
from kalshi_assistant.lab.markouts import MarkOuts
from kalshi_assistant.lab.paths import Paths
from kalshi_assistant.lab.verdicts import verdicts
from kalshi_assistant.market.deltas import Deltas
from kalshi_assistant.runtime.backtest import Backtest, Latency

GRID: Final = tuple(Latency(f"{each} ms", each) for each in (0, 50, 100, 250, 500))
ASSUMED: Final = "assumed"
RECORDED: Final = "recorded"
LATENCIES: Final = (*GRID, Latency(ASSUMED, None))
SETTLING: Final = 30 * MINUTE
"""Nothing is waited for longer after the last event."""

Object = dict[str, object]


@dataclass(frozen=True, slots=True)
class Life:
    """One engine on its way through the past."""

    backtest: Backtest
    marks: MarkOuts
    paths: Paths

    @classmethod
    def of(cls, backtest: Backtest) -> "Life":
        """A life and who follows it."""
        return cls(backtest, MarkOuts(backtest), Paths(backtest))

    def see(self, event: Event) -> None:
        """One more event."""
        self.marks.before(event.received_at)
        self.paths.before(event.received_at)
        self.backtest.see(event)

    def take(self, part: Part) -> None:
        """One more event, or stretch of them."""
        if isinstance(part, Stretch):
            self.see_rows(*part)
        else:
            self.see(part)

    def see_rows(self, deltas: Deltas, first: int, last: int) -> None:
        """Rows of changes of books, with the same outcome as one event after the other."""
        marks, paths, backtest, row = self.marks, self.paths, self.backtest, first
        while row < last:
            now = deltas.received(row)
            marks.before(now)
            paths.before(now)
            backtest.until(now)
            before = min(marks.next_look, paths.next_look)
            row = backtest.see_rows(deltas, row, last, before)


def for_material(settings: EngineSettings, material: Material) -> EngineSettings:
    """The settings, told how far the material's index is believed to be off."""
    return replace(settings, number=replace(settings.number, nowcast_sd_bp=material.error_bp))


def recorded(material: Material) -> Latency:
    """The latency of a run's own orders; as the settings assume it where none was recorded."""
    return Latency(RECORDED, None, material.delays, material.by_order)


class Backtesting:
    """One material through all lives. ``batch``: stretches of book changes go through the compiled
    kernel at once; the outcome is that of one event after the other.
    """

    def __init__(
        self,
        material: Material,
        settings: EngineSettings,
        seed: int = 0,
        grid: tuple[Latency, ...] | None = None,
        *,
        batch: bool = True,
    ) -> None:
        self.material = material
        self.settings = settings = for_material(settings, material)
        self.batch = batch
        self.events = 0
        if grid is None:
            grid = LATENCIES if not material.delays else (*GRID, recorded(material), LATENCIES[-1])
        self.lives = [
            Life.of(Backtest(settings, latency, seed, led=material.led)) for latency in grid
        ]

    def run(self) -> Iterator[Nanos]:
        """Live through it; yields the instant of every event, or of every stretch's last one."""
        lives, now = self.lives, self.material.begins
        events = self.material.events
        for part in parts(events) if self.batch else events:
            if isinstance(part, Stretch):
                now = part.deltas.received(part.last - 1)
                self.events += part.last - part.first
            else:
                now = part.received_at
                self.events += 1
            for life in lives:
                life.take(part)
            yield now
        for life in lives:
            life.marks.before(Nanos(now + 1))
            life.backtest.until(Nanos(now + SETTLING))
            life.marks.finish()


def result(work: Backtesting, notices: Notices) -> Object:
    """The object that ``backtest --json`` prints."""
    material, first = work.material, work.lives[0].backtest
    cash = first.settings.paper.cash
    windows = first.record.windows
    return {
        "material": material.name,
        "data": material.digest(),
        "program": __version__,
        "config": first.settings.digest,
        "from": format_iso(material.begins),
        "to": format_iso(material.ends),
        "events": work.events,
        "windows": len(windows),
        "settled": sum(each.result is not None for each in windows),
        "without_result": [each.ticker for each in windows if each.result is None],
        "cash": measures.dollars(cash),
        "latencies": {
            life.backtest.latency.name: {
                **measures.measured(life.backtest.record, life.marks.found, cash),
                "verdicts": verdicts(life.backtest.record.entries),
            }
            for life in work.lives
        },
        "forecasts": measures.forecasts(windows),
        "calibration": measures.calibration(first.record),
        "notices": list(notices.texts),
    }
