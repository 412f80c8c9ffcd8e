"""A panel from event journals: the prints, markets and prices that runs of our own have seen.

The journals' events go through an engine once more, and the book it rebuilds is read at the end of
every second. So a quote at a second has seen what came within that second, and the print of the
second as well: the market is never older than the model it is compared with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    Event,
    IndexHistoryLoaded,
    IndexPrinted,
    MarketDetermined,
    MarketListed,
    SettlementPublished,
    StrikeSet,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, whole_second
from kalshi_assistant.domain.units import ONE_DOLLAR, IndexValue, Price
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import from_json
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.journal.panel_folder import Meta, Panel, PanelQuote
from kalshi_assistant.journal.reader import JournalReader, read_header, runs

QUOTES_TEXT: Final = "point: best bid and ask at the end of the second, from the rebuilt book"


@dataclass(slots=True)
class _Seen:
    """What was seen of one market."""

    contract: Contract
    result: Outcome | None = None
    settlement: IndexValue | None = None
    quotes: dict[int, tuple[Price, Price]] = field(default_factory=dict)


class PanelMaking:
    """Journals on their way to a panel. Raises OperatorError for files that are none."""

    def __init__(self, paths: list[Path]) -> None:
        self.events = 0
        self.notices: list[str] = []
        self._runs = runs(paths)
        self._prints: dict[int, IndexValue] = {}
        self._markets: dict[tuple[Ticker, int], _Seen] = {}
        self._sources: set[str] = set()

    def run(self) -> Iterator[int]:
        """Read every run; yields the count of events after each."""
        for paths in self._runs.values():
            reader = JournalReader(EVENTS, paths)
            engine = Engine(from_json(read_header(reader.paths[0]).run.settings))
            second = 0
            for record in reader:
                now = record.event.received_at // SECOND
                if second and now > second:
                    self._read_books(engine, second)
                second = max(second, now)
                engine.handle(record.event)
                self._see(engine, record.event)
                self.events += 1
                yield self.events
            self.notices += [notice.text for notice in reader.notices]

    @property
    def without_result(self) -> int:
        """Markets seen whose result is in none of the journals."""
        return sum(seen.result is None for seen in self._markets.values())

    def panel(self, name: str) -> tuple[Meta, Panel]:
        """What was seen: markets with a result, and everything known of them. Raises OperatorError
        where there is nothing to evaluate.
        """
        done = {key: seen for key, seen in self._markets.items() if seen.result is not None}
        if not done:
            raise OperatorError(
                f"none of {len(self._markets)} markets in these journals has its result; let a run "
                "go on past a close"
            )
        if not self._prints:
            raise OperatorError("these journals hold no index; name journals of run or demo")
        meta = Meta(
            index=self._index_text(),
            quotes=QUOTES_TEXT,
            made_from=tuple(path.name for paths in self._runs.values() for path in paths),
        )
        panel = Panel(
            name=name,
            index_text=meta.index,
            quotes_kind="point",
            prints=tuple(sorted(self._prints.items())),
            markets=tuple(_market(seen) for _, seen in _by_close(done)),
            quotes=tuple(quote for _, seen in _by_close(done) for quote in _quotes(seen)),
        )
        return meta, panel

    def _index_text(self) -> str:
        kind = "proxy" if "proxy" in self._sources else "BRTI"
        return f"{kind}: {', '.join(sorted(self._sources))}, stamped by its source"

    def _see(self, engine: Engine, event: Event) -> None:
        match event:
            case IndexPrinted():
                self._sources.add(event.source)
                self._prints.setdefault(whole_second(event.at), event.value)
            case IndexHistoryLoaded():
                self._sources.add(event.source)
                for second, value in event.prints:
                    self._prints.setdefault(second, value)
            case MarketListed():
                self._describe(engine, event.contract.ticker)
            case StrikeSet() | CloseTimeChanged():
                self._describe(engine, event.ticker)
            case MarketDetermined():
                self._settle(engine, event.ticker, event.result, None)
            case SettlementPublished():
                self._settle(engine, event.ticker, event.result, event.value)
            case _:
                pass

    def _describe(self, engine: Engine, ticker: Ticker) -> _Seen | None:
        """The market as the engine knows it; a ticker may name two windows a year."""
        contract = engine.contract(ticker)
        if contract is None:
            return None
        seen = self._markets.setdefault((ticker, contract.open_time), _Seen(contract))
        seen.contract = contract
        return seen

    def _settle(
        self, engine: Engine, ticker: Ticker, result: Outcome, value: IndexValue | None
    ) -> None:
        seen = self._describe(engine, ticker)
        if seen is not None:
            seen.result = result
            seen.settlement = seen.settlement if value is None else value

    def _read_books(self, engine: Engine, second: int) -> None:
        for seen in self._markets.values():
            contract = seen.contract
            if not contract.open_time <= second * SECOND < contract.close_time:
                continue
            top = engine.top(contract.ticker)
            if top is not None and top[0] > 0 and top[1] < ONE_DOLLAR:
                seen.quotes.setdefault(second, (Price(top[0]), Price(top[1])))


def _by_close(
    markets: Mapping[tuple[Ticker, int], _Seen],
) -> list[tuple[tuple[Ticker, int], _Seen]]:
    return sorted(markets.items(), key=lambda item: (item[1].contract.close_time, item[0]))


def _market(seen: _Seen) -> PanelMarket:
    contract = seen.contract
    return PanelMarket(
        ticker=contract.ticker,
        open_time=contract.open_time,
        close_time=contract.close_time,
        strike=contract.strike,
        settlement=seen.settlement,
        result=seen.result,
    )


def _quotes(seen: _Seen) -> Iterator[PanelQuote]:
    for second, (bid, ask) in sorted(seen.quotes.items()):
        yield PanelQuote(seen.contract.ticker, second, bid, ask)
