"""A panel from event journals: the prints, markets and prices that runs of our own have seen.

The journals' events go through an engine once more, and the book it rebuilds is read at the end of
every second. So a quote at a second has seen what came within that second, and the print of the
second as well: the market is never older than the model it is compared with. A second at whose end
the book is unknown, one-sided or crossed has no quote.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    CloseTimeChanged,
    Event,
    Gap,
    IndexHistoryLoaded,
    IndexPrinted,
    MarketDetermined,
    MarketListed,
    SettlementPublished,
    StrikeSet,
)
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, format_iso, whole_second
from kalshi_assistant.domain.units import ONE_DOLLAR, IndexValue, Price
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.feeds import BOOK
from kalshi_assistant.engine.settings import from_json
from kalshi_assistant.journal.codec import EVENTS, EventRecord
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.journal.panel_folder import Meta, Panel, PanelQuote
from kalshi_assistant.journal.reader import JournalReader, runs

REAL: Final = "prod"
"""The environment whose index and prices are the true ones."""
QUOTES_TEXT: Final = "point: best bid and ask at the end of the second, from the rebuilt book"


@dataclass(slots=True)
class _Seen:
    """What was seen of one market."""

    contract: Contract
    result: Outcome | None = None
    settlement: IndexValue | None = None
    quotes: dict[int, tuple[Price, Price]] = field(default_factory=dict)


class PanelMaking:
    """Journals on their way to a panel: make one, exhaust ``run``, take ``panel``."""

    def __init__(self, paths: list[Path]) -> None:
        """Read the headers. Raises OperatorError for files that are no journals, and for journals
        of several environments: their markets share names, but not prices.
        """
        self.events = 0
        """How many were read."""
        self.notices: list[str] = []
        """What a person should know, complete once ``run`` is exhausted."""
        self._runs = {name: JournalReader(EVENTS, parts) for name, parts in runs(paths).items()}
        self._environment = _one_environment(self._runs.values())
        self._prints: dict[int, IndexValue] = {}
        self._markets: dict[tuple[Ticker, int], _Seen] = {}
        self._open: dict[tuple[Ticker, int], _Seen] = {}
        """Those not known to be over: the books worth reading."""
        self._sources: set[str] = set()

    def run(self) -> Iterator[int]:
        """Read every run, oldest first; yields the count of events after each. Raises
        OperatorError, or PassingError where a file cannot be read.
        """
        for reader in self._runs.values():
            yield from self._read(reader)
            self.notices += [notice.text for notice in reader.notices]
        self._one_window_per_name()

    def _read(self, reader: JournalReader[EventRecord]) -> Iterator[int]:
        engine, second, due = _engine_of(reader), 0, 0
        for record in reader:
            if due and record.sequence != due:
                engine.handle(self._hole(record, due))
            due = record.sequence + 1
            now = whole_second(record.event.received_at)
            if second and now > second:
                self._read_books(engine, second)
            second = max(second, now)
            engine.handle(record.event)
            self._see(engine, record.event)
            self.events += 1
            yield self.events

    def _hole(self, record: EventRecord, due: int) -> Gap:
        """Records are missing before this one: no book is known until its next snapshot."""
        at = record.event.received_at
        tickers = tuple(dict.fromkeys(ticker for ticker, _ in self._markets))
        return Gap(at, at, BOOK, tickers, due, record.sequence)

    def _one_window_per_name(self) -> None:
        """Two windows share a ticker in the autumn hour, and a panel has only the ticker to tell
        markets apart: the later one is left out.
        """
        first: set[Ticker] = set()
        for key, seen in _by_close(self._markets):
            if seen.result is not None and key[0] in first:
                opened = format_iso(seen.contract.open_time)
                self.notices.append(f"{key[0]}: left out its second window, open from {opened}")
                del self._markets[key]
            elif seen.result is not None:
                first.add(key[0])

    @property
    def without_result(self) -> int:
        """Markets seen whose result is in none of the journals."""
        return sum(seen.result is None for seen in self._markets.values())

    def panel(self, name: str) -> tuple[Meta, Panel]:
        """What was seen: markets with a result, and everything known of them. Raises OperatorError
        where there is nothing to evaluate.

        Prints are cents at the source's own second; the first value of a second stands.
        """
        done = {key: seen for key, seen in self._markets.items() if seen.result is not None}
        if not done:
            raise OperatorError(
                f"none of {len(self._markets)} markets in these journals has its result; let a run "
                "go on past a close"
            )
        if not self._prints:
            raise OperatorError("these journals hold no index; name journals of run or demo")
        quotes = tuple(quote for _, seen in _by_close(done) for quote in _quotes(seen))
        if not quotes:
            raise OperatorError(
                f"no book of the {len(done)} markets with a result was ever known; name journals "
                "of runs that followed them"
            )
        meta = Meta(
            index=self._index_text(),
            quotes=QUOTES_TEXT,
            made_from=tuple(path.name for run in self._runs.values() for path in run.paths),
        )
        panel = Panel(
            name=name,
            index_text=meta.index,
            quotes_kind="point",
            prints=tuple(sorted(self._prints.items())),
            markets=tuple(_market(seen) for _, seen in _by_close(done)),
            quotes=quotes,
        )
        return meta, panel

    def _index_text(self) -> str:
        kind = "proxy" if "proxy" in self._sources else "BRTI"
        where = "" if self._environment == REAL else f" ({self._environment})"
        return f"{kind}{where}: {', '.join(sorted(self._sources))}, stamped by its source"

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
        self._open[ticker, contract.open_time] = seen
        return seen

    def _settle(
        self, engine: Engine, ticker: Ticker, result: Outcome, value: IndexValue | None
    ) -> None:
        seen = self._describe(engine, ticker)
        if seen is not None:
            seen.result = result
            seen.settlement = seen.settlement if value is None else value

    def _read_books(self, engine: Engine, second: int) -> None:
        for key, seen in tuple(self._open.items()):
            contract = seen.contract
            if second * SECOND >= contract.close_time:
                del self._open[key]
            elif second * SECOND >= contract.open_time:
                top = engine.top(contract.ticker)
                # an empty side is 0 or 1 dollar; a book without either side says nothing
                if top is not None and top[0] <= top[1] and top != (0, ONE_DOLLAR):
                    seen.quotes.setdefault(second, (Price(top[0]), Price(top[1])))


def _engine_of(reader: JournalReader[EventRecord]) -> Engine:
    """A fresh engine as the run had it. Raises OperatorError."""
    header = reader.header
    try:
        return Engine(from_json(header.run.settings))
    except msgspec.DecodeError as error:
        raise OperatorError(
            f"{reader.paths[0]} has settings this version cannot read ({error}): "
            f"use kalshi-assistant {header.run.program}, which wrote it"
        ) from error


def _one_environment(readers: Iterable[JournalReader[EventRecord]]) -> str:
    """The environment all runs were made in. Raises OperatorError."""
    found: dict[str, str] = {}
    for reader in readers:
        found.setdefault(reader.header.run.environment, reader.paths[0].name)
    if len(found) > 1:
        told = ", ".join(f"{environment} ({name})" for environment, name in sorted(found.items()))
        raise OperatorError(f"these journals are of several environments: {told}; name one's only")
    return next(iter(found), REAL)


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
