"""One window again, from the journals of the runs that saw it: everything that was known and done.

The journal goes through a fresh engine, as for a replay, and once a second of the window what it
believed is read. Prints, trades, orders, fills and payouts are the journal's own records. A journal
that begins in the middle gives numbers of an engine that knew less, and that is said.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.contract import Contract, Outcome
from kalshi_assistant.domain.entries import FillKept, PolicySettlementKept, SettlementKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    ClockJumped,
    Event,
    FeedBack,
    FeedLost,
    Gap,
    IndexHistoryLoaded,
    IndexPrinted,
    Malformed,
    MarketDetermined,
    MarketListed,
    OrderChanged,
    OrderFilled,
    RequestRefused,
    SettlementPublished,
    TradeSeen,
)
from kalshi_assistant.domain.ids import SIMULATED, Ticker
from kalshi_assistant.domain.intents import (
    Announce,
    Forecast,
    Intent,
    Keep,
    Note,
    Report,
    Submit,
    WindowReport,
)
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos, format_iso, whole_second
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.page_views import DecisionView
from kalshi_assistant.engine.settings import from_json
from kalshi_assistant.engine.snapshot import MarketView, Snapshot
from kalshi_assistant.journal.checking import Block, walk
from kalshi_assistant.journal.codec import EVENTS, EventRecord, Header, decode_records
from kalshi_assistant.journal.reader import JournalReader, read_header, runs

OTHERS_MAX: Final = 5
"""Runs named that are not told."""
AFTER: Final = 30 * MINUTE
"""So long after the close its result is waited for in a journal."""
BEFORE: Final = 60 * SECOND
SETTLED_FOR: Final = 60 * SECOND
"""After the report of a window its payouts follow within this."""
TROUBLES_MAX: Final = 200
TRADES_MAX: Final = 20_000
NEAREST: Final = 5
_NAMES: Final = re.compile(rb"[\xaa-\xbf][A-Z][A-Z0-9]{2,19}-[0-9A-Z]{4,14}-[0-9A-Z]{1,6}")
"""A ticker where it stands in a block: in msgpack a short text has its length before it."""


@dataclass(frozen=True, slots=True)
class Second:
    """What was believed at the end of one second; dollars, ``None`` where not known."""

    second: int
    p_model: float | None
    p_low: float | None
    p_high: float | None
    p_market: float | None
    p_blend: float | None
    bid: int | None
    ask: int | None
    bid_size: int | None
    ask_size: int | None
    no_number: str | None
    veto: str | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong, or a note of the engine."""

    at: Nanos
    what: str
    text: str


@dataclass(slots=True)
class OrderStory:
    """An order as it left, and what was heard of it."""

    order: Order
    heard: list[OrderChanged] = field(default_factory=list)
    filled: int = 0
    """By the account of record."""


@dataclass(slots=True)
class Explained:
    """Everything about one window, complete once ``Explaining.run`` is exhausted."""

    ticker: Ticker
    environment: str = ""
    runs: list[str] = field(default_factory=list)
    contract: Contract | None = None
    result: Outcome | None = None
    settlement: IndexValue | None = None
    report: WindowReport | None = None
    prints: dict[int, IndexValue] = field(default_factory=dict)
    """By the source's second, from a minute before the open to the close."""
    seconds: dict[int, Second] = field(default_factory=dict)
    trades: list[TradeSeen] = field(default_factory=list)
    traded: int = 0
    """How many, also beyond those kept ..."""
    volume: int = 0
    """... and how many contracts."""
    forecasts: list[Forecast] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    decisions: dict[tuple[Nanos, str], DecisionView] = field(default_factory=dict)
    orders: dict[str, OrderStory] = field(default_factory=dict)
    fills: list[OrderFilled] = field(default_factory=list)
    """Under every assumption."""
    kept: list[FillKept] = field(default_factory=list)
    """Of the account of record."""
    end: SettlementKept | None = None
    policies: dict[str, int] = field(default_factory=dict)
    """Profit under each assumption, where it was paid out."""
    troubles: list[Trouble] = field(default_factory=list)
    more_troubles: int = 0
    notices: list[str] = field(default_factory=list)
    """What a person should know of the journals."""

    @property
    def declined(self) -> Counter[str]:
        """Crossings that nothing came of, by why."""
        found = (each.declined for each in self.decisions.values())
        return Counter(each for each in found if each is not None)


# --- finding the runs ----------------------------------------------------------------------------


@dataclass(slots=True)
class Found:
    """The runs that saw a ticker, oldest first."""

    paths: dict[str, list[Path]] = field(default_factory=dict)
    nearest: list[str] = field(default_factory=list)
    """Other tickers like it, where none did."""


def find(ticker: Ticker, paths: Sequence[Path], told: "Progress") -> Found:
    """The runs in which something happened in that market. Raises OperatorError, PassingError."""
    found, seen, needle = Found(), set[bytes](), ticker.encode()
    for name, parts in runs(paths).items():
        there = False
        for path in parts:
            told.reading(path)
            there = _happened(path, needle, ticker, seen) or there
        if there:
            found.paths[name] = parts
    if not found.paths:
        names = sorted(each.decode() for each in seen)
        found.nearest = get_close_matches(ticker, names, NEAREST, cutoff=0.0)
    return found


def _happened(path: Path, needle: bytes, ticker: Ticker, seen: set[bytes]) -> bool:
    """Whether anything but a listing of the market stands in a file; names are collected."""
    header: Header | None = None
    with closing(walk(path)) as content:
        for each in content:
            if isinstance(each, Header):
                header = each
            elif isinstance(each, Block) and header is not None:
                seen.update(name[1 : 1 + (name[0] & 0x1F)] for name in _NAMES.findall(each.payload))
                if needle not in each.payload:
                    continue
                where = f"{path} at {each.offset}"
                records = decode_records(EVENTS, each.payload, header, where)
                if any(getattr(record.event, "ticker", None) == ticker for record in records):
                    return True
    return False


class Progress:
    """Hears how far it is; does nothing."""

    def reading(self, path: Path) -> None:
        """A file is looked through."""

    def at(self, events: int, now: Nanos) -> None:
        """So many events were handled, the last received at ``now``."""


# --- running them again --------------------------------------------------------------------------


class Explaining:
    """The runs of one window, through an engine again: exhaust ``run``, take ``explained``."""

    def __init__(self, ticker: Ticker, of_runs: Iterable[list[Path]]) -> None:
        self.explained = Explained(ticker)
        self._runs = list(of_runs)
        self._done_at: Nanos | None = None

    def run(self) -> Iterator[tuple[int, Nanos]]:
        """Handle every event up to the end of the window; yields how many and when, now and then.

        Raises OperatorError, PassingError.
        """
        events = 0
        for paths in self._runs:
            reader = JournalReader(EVENTS, paths)
            self._begin(reader)
            engine = Engine(from_json(reader.header.run.settings))
            told, self._done_at = 0, None
            for record in reader:
                now = record.event.received_at
                if self._over(now):
                    break
                self._before(engine, now)
                engine.handle(record.event)
                self._event(record.event, engine)
                for intent in record.intents:
                    self._intent(intent, now)
                events += 1
                if now // SECOND != told:
                    told = now // SECOND
                    yield events, now
            self.explained.notices += [notice.text for notice in reader.notices]

    def _begin(self, reader: JournalReader[EventRecord]) -> None:
        header, explained = reader.header, self.explained
        explained.environment = header.run.environment
        explained.runs.append(header.name)
        if header.part != 1:
            explained.notices.append(
                f"{reader.paths[0].name}: the run's beginning was tidied away, so numbers here are "
                "of an engine that had seen less"
            )

    def _over(self, now: Nanos) -> bool:
        contract, done = self.explained.contract, self._done_at
        if done is not None and now > done + SETTLED_FOR:
            return True
        return contract is not None and now > contract.close_time + AFTER

    def _inside(self, now: Nanos) -> bool:
        contract = self.explained.contract
        if contract is None:
            return False
        return contract.open_time - BEFORE <= now <= contract.close_time

    def _before(self, engine: Engine, now: Nanos) -> None:
        """An event received at ``now`` is about to be handled: what was believed until then."""
        second = now // SECOND - 1
        if self._inside(Nanos(second * SECOND)) and second not in self.explained.seconds:
            self._look(engine.snapshot(), second)

    def _look(self, snapshot: Snapshot, second: int) -> None:
        market = snapshot.market
        if market is not None and market.ticker == self.explained.ticker:
            self.explained.seconds[second] = _second(market, second)
        self._decisions(snapshot)

    def _decisions(self, snapshot: Snapshot) -> None:
        for each in snapshot.decisions:
            if each.ticker == self.explained.ticker:
                self.explained.decisions[each.at, each.outcome] = each

    # --- events and intents ---

    def _event(self, event: Event, engine: Engine) -> None:
        explained = self.explained
        match event:
            case IndexPrinted():
                self._print(whole_second(event.at), event.value)
            case IndexHistoryLoaded():
                for second, value in event.prints:
                    self._print(second, value)
            case MarketListed() if event.contract.ticker == explained.ticker:
                self._listed(event.contract, engine)
            case _ if getattr(event, "ticker", None) == explained.ticker:
                self._of_market(event, engine)
            case _:
                self._trouble(event)

    def _listed(self, contract: Contract, engine: Engine) -> None:
        """Two windows share a ticker in the autumn hour; that it is so is said."""
        before = self.explained.contract
        if before is not None and before.open_time != contract.open_time:
            text = "two windows share this ticker: what is told may be of both"
            if text not in self.explained.notices:
                self.explained.notices.append(text)
        self.explained.contract = engine.contract(contract.ticker) or contract

    def _print(self, second: int, value: IndexValue) -> None:
        contract = self.explained.contract
        # before it is listed nobody knows which seconds are its own
        if contract is None or second <= whole_second(contract.close_time):
            self.explained.prints.setdefault(second, value)

    def _of_market(self, event: Event, engine: Engine) -> None:
        explained = self.explained
        match event:
            case TradeSeen():
                explained.traded += 1
                explained.volume += event.quantity
                if len(explained.trades) < TRADES_MAX:
                    explained.trades.append(event)
            case OrderFilled():
                explained.fills.append(event)
                story = explained.orders.get(event.client_order_id or "")
                if story is not None and event.source in ("realistic", "venue"):
                    story.filled += event.quantity
            case OrderChanged():
                story = explained.orders.get(event.client_order_id or "")
                if story is not None:
                    story.heard.append(event)
            case MarketDetermined():
                explained.result = event.result
            case SettlementPublished():
                explained.result, explained.settlement = event.result, event.value
            case _:
                explained.contract = engine.contract(explained.ticker) or explained.contract

    def _intent(self, intent: Intent, now: Nanos) -> None:
        explained = self.explained
        ticker = explained.ticker
        match intent:
            case Forecast() if intent.ticker == ticker:
                explained.forecasts.append(intent)
            case Announce() if intent.signal.ticker == ticker:
                explained.signals.append(intent.signal)
            case Submit() if intent.order.what.ticker == ticker:
                order = intent.order.what
                explained.orders.setdefault(order.id, OrderStory(order))
            case Report() if intent.window.ticker == ticker:
                explained.report = intent.window
                self._done_at = now
            case Keep():
                self._kept(intent.entry)
            case Note() if intent.level != "info" or ticker in intent.text:
                self._told(now, intent.topic, intent.text)
            case _:
                pass

    def _kept(self, entry: object) -> None:
        explained = self.explained
        match entry:
            case FillKept() if entry.ticker == explained.ticker:
                explained.kept.append(entry)
            case SettlementKept() if entry.ticker == explained.ticker:
                explained.end = entry
                explained.policies |= dict(entry.policies)
            case PolicySettlementKept() if entry.ticker == explained.ticker:
                explained.policies.setdefault(entry.policy, entry.pnl)
            case _:
                pass

    def _trouble(self, event: Event) -> None:
        now = event.received_at
        match event:
            case Gap():
                text = f"{event.expected} was due, {event.got} came"
                self._told(now, f"gap in {event.feed}", text)
            case FeedLost():
                self._told(now, f"lost {event.feed}", event.reason)
            case FeedBack():
                self._told(now, f"back {event.feed}", "")
            case Malformed():
                self._told(now, f"nonsense from {event.feed}", event.reason)
            case RequestRefused():
                self._told(now, f"refused {event.request}", f"{event.code}: {event.message}")
            case ClockJumped():
                self._told(now, "clock", f"jumped by {event.by / SECOND:+.1f} s")
            case _:
                pass

    def _told(self, at: Nanos, what: str, text: str) -> None:
        if not self._inside(at):
            return
        if len(self.explained.troubles) < TROUBLES_MAX:
            self.explained.troubles.append(Trouble(at, what, text))
        else:
            self.explained.more_troubles += 1


def _second(market: MarketView, second: int) -> Second:
    number, belief, book = market.number, market.belief, market.book
    bid = book.bids[0] if book.known and book.bids else (None, None)
    ask = book.asks[0] if book.known and book.asks else (None, None)
    return Second(
        second=second,
        p_model=number.p_yes,
        p_low=number.band_low,
        p_high=number.band_high,
        p_market=belief.market,
        p_blend=belief.blend,
        bid=bid[0],
        ask=ask[0],
        bid_size=bid[1],
        ask_size=ask[1],
        no_number=number.no_number,
        veto=market.veto,
    )


def _of_one_world(found: dict[str, list[Path]]) -> tuple[list[list[Path]], str | None]:
    """The runs that belong to one story, and what is to be said of the others: every simulated run
    has a world of its own, with the same tickers.
    """
    places = {name: read_header(parts[0]).run.environment for name, parts in found.items()}
    newest = list(found)[-1]
    chosen = [newest]
    if places[newest] != SIMULATED:
        chosen = [name for name in found if places[name] == places[newest]]
    others = [name for name in found if name not in chosen]
    notice = None
    if others:
        notice = (
            f"told is {newest}; other worlds saw a window of this name too: "
            f"{', '.join(others[-OTHERS_MAX:])}; name a run's journal to have it told"
        )
    return [found[name] for name in chosen], notice


def explain(ticker: Ticker, paths: Sequence[Path], told: Progress) -> Explained:
    """Everything about one window. Raises OperatorError where no journal saw it."""
    found = find(ticker, paths, told)
    if not found.paths:
        near = ", ".join(found.nearest) or "there are none at all"
        raise OperatorError(f"no journal saw {ticker[:60]}; the nearest it did see: {near}")
    chosen, notice = _of_one_world(found.paths)
    work = Explaining(ticker, chosen)
    for events, now in work.run():
        told.at(events, now)
    explained = work.explained
    explained.notices += [notice] if notice else []
    contract = explained.contract
    if contract is None:
        raise OperatorError(f"the journals speak of {ticker}, but not of its terms")
    first, last = whole_second(contract.open_time) - 60, whole_second(contract.close_time)
    explained.prints = {
        second: value
        for second, value in sorted(explained.prints.items())
        if first <= second <= last
    }
    if explained.report is None:
        explained.notices.append(
            f"the journals end before this window was over; it closes at "
            f"{format_iso(contract.close_time)}"
        )
    return explained
