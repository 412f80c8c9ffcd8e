"""Does the backtest cheat? Three changes to the past, each of which must change what it should and
nothing else.

- *shuffled future*: from a cut on, the index is mirrored and books are turned over. Nothing that
  was forecast, signalled, ordered or filled before the cut may differ.
- *delayed data*: every print of the index comes two seconds later. Forecasts must differ; books,
  windows and results may not.
- *dropped fees*: trading costs nothing. No fee may be charged; forecasts may not differ.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.entries import FillKept, PolicyFillKept
from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    FeesChanged,
    IndexPrinted,
    IndexTicked,
    MarketListed,
)
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue, complement
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab.backtest_input import Material
from kalshi_assistant.lab.backtesting import ASSUMED, for_material
from kalshi_assistant.runtime.backtest import Backtest, Latency, Record

DELAY: Final = 2 * SECOND
CUTS: Final = (0.25, 0.5, 0.75)
"""Where the future begins, as parts of the whole stretch."""
FREE: Final = FeeTerms("quadratic", 0, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that had to be so."""

    change: str
    wanted: str
    held: bool


Reopen = Callable[[], Material]


def audit(reopen: Reopen, settings: EngineSettings, seed: int) -> Iterator[Finding]:
    """Every finding, as it is made; each costs one more life through the whole past."""
    material = reopen()
    settings = for_material(settings, material)
    asis = _lived(material.events, settings, seed, led=material.led)
    begins, ends = material.begins, material.ends
    for part in CUTS:
        cut = Nanos(begins + int(part * (ends - begins)))
        other = _lived(_shuffled(reopen().events, cut), settings, seed, led=material.led)
        wanted = f"nothing before {part:.0%} of the way knows what comes after it"
        yield Finding("shuffled future", wanted, _until(asis, cut) == _until(other, cut))
    late = _lived(_delayed(reopen().events), settings, seed, led=material.led)
    if asis.forecasts:
        yield Finding("delayed data", "forecasts differ", late.forecasts != asis.forecasts)
    wanted = "windows, their strikes and their results are the same"
    yield Finding("delayed data", wanted, _venue(late) == _venue(asis))
    free = _lived(_free(reopen().events), settings, seed, led=material.led)
    yield Finding("dropped fees", "no fee is charged", _fees(free) == 0)
    wanted = "the model's forecasts are the same"
    yield Finding("dropped fees", wanted, _claims(free) == _claims(asis))


def _lived(events: Iterator[Event], settings: EngineSettings, seed: int, *, led: bool) -> Record:
    life = Backtest(settings, Latency(ASSUMED, None), seed, led=led)
    life.see_all(events)
    return life.record


def _until(record: Record, cut: Nanos) -> tuple[object, ...]:
    """All that was said, ordered and entered before the cut."""
    return (
        [each for each in record.forecasts if each.made_at < cut],
        [each for each in record.signals if each.made_at < cut],
        [each for each in record.orders if each.made_at < cut],
        [each for each in record.entries if each.at < cut],
    )


def _venue(record: Record) -> list[tuple[object, ...]]:
    return [(each.ticker, each.strike, each.settlement, each.result) for each in record.windows]


def _claims(record: Record) -> list[tuple[object, ...]]:
    return [(each.ticker, each.seconds_left, each.p_model) for each in record.forecasts]


def _fees(record: Record) -> int:
    fills = (each for each in record.entries if isinstance(each, FillKept | PolicyFillKept))
    return sum(abs(each.fee) for each in fills)


# --- the changes ---


def _shuffled(events: Iterator[Event], cut: Nanos) -> Iterator[Event]:
    """The same up to the cut; then the index goes the other way, and books are turned over."""
    last: IndexValue | None = None
    for event in events:
        if event.received_at < cut:
            last = event.value if isinstance(event, IndexPrinted) else last
            yield event
        else:
            yield _turned(event, last)


def _turned(event: Event, pivot: IndexValue | None) -> Event:
    match event:
        case IndexPrinted() | IndexTicked() if pivot is not None:
            return replace(event, value=IndexValue(max(1, 2 * pivot - event.value)))
        case BookSnapshot():
            bids = tuple((complement(price), quantity) for price, quantity in event.asks)
            asks = tuple((complement(price), quantity) for price, quantity in event.bids)
            return replace(event, bids=bids, asks=asks)
        case BookDelta():
            return replace(event, side=1 - event.side, price=complement(event.price))
        case _:
            return event


def _delayed(events: Iterator[Event]) -> Iterator[Event]:
    """Prints two seconds late, everything in order of receipt."""
    waiting: deque[Event] = deque()
    for event in events:
        while waiting and waiting[0].received_at <= event.received_at:
            yield waiting.popleft()
        if isinstance(event, IndexPrinted | IndexTicked):
            waiting.append(replace(event, received_at=Nanos(event.received_at + DELAY)))
        else:
            yield event
    yield from waiting


def _free(events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, MarketListed):
            yield replace(event, contract=replace(event.contract, fees=FREE))
        elif isinstance(event, FeesChanged):
            yield replace(event, fees=FREE)
        else:
            yield event
