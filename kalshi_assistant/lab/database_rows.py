"""Rows of the tables of ``sql``: from a ledger, from journals, from panels. Nothing is written.

Cells are the house's integers (nanoseconds, 1/10,000 dollar, ...), texts, floats and ``None``;
``database`` gives them the types of SQL.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.intents import Announce, Forecast, Keep, Report, Submit, WindowReport
from kalshi_assistant.domain.orders import BID, BookSide, Order
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import Money, Price, complement
from kalshi_assistant.journal.codec import EVENTS
from kalshi_assistant.journal.panel_folder import read_panel
from kalshi_assistant.journal.reader import JournalReader, runs
from kalshi_assistant.runtime.store_schema import connect_to_read

Cell = int | float | str | None
Cells = tuple[Cell, ...]
Rows = dict[str, list[Cells]]

FROM_JOURNALS: Final = frozenset(
    ["windows", "forecasts", "signals", "journal_orders", "journal_fills", "journal_settlements"]
)
_ACCOUNT: Final = "account = (SELECT max(number) FROM accounts)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where rows may come from."""

    ledger: Path | None
    journals: Sequence[Path] = ()
    panels: Sequence[Path] = ()
    told: Callable[[str], None] = field(default=lambda _: None)


def rows_of(wanted: Iterable[str], sources: Sources) -> Rows:
    """The rows of the tables ``wanted``. Raises OperatorError, PassingError."""
    names = frozenset(wanted)
    found: Rows = {name: [] for name in names}
    if sources.ledger is not None and names & FROM_LEDGER.keys():
        _ledger(sources.ledger, found)
    if sources.journals and names & FROM_JOURNALS:
        _journals(sources, found)
    for folder in sources.panels:
        _panel(folder, found)
    if "windows" in found:
        found["windows"] = _newest_windows(found["windows"])
    return found


def bought(side: BookSide, price: Price) -> tuple[str, int]:
    """What an order on this side buys, and at what price of that outcome."""
    return ("yes", price) if side == BID else ("no", complement(price))


# --- the ledger ----------------------------------------------------------------------------------


def _ledger(path: Path, found: Rows) -> None:
    connection = connect_to_read(path)
    if connection is None:
        return
    try:
        connection.execute("BEGIN")  # one moment for all tables
        for name, read in FROM_LEDGER.items():
            if name in found:
                found[name] += read(connection)
    except (sqlite3.Error, msgspec.DecodeError) as error:
        raise OperatorError(
            f"the ledger {path} cannot be read ({error}); is it damaged? `sqlite3 {path.name} "
            "'PRAGMA integrity_check'` says"
        ) from error
    finally:
        connection.close()


def _orders(connection: sqlite3.Connection) -> Iterator[Cells]:
    decode = msgspec.json.Decoder(Order).decode
    query = (
        f"SELECT body, order_id, state, filled, reason, changed_at FROM orders WHERE {_ACCOUNT} "  # noqa: S608  # no word of it is a user's
        "ORDER BY number"
    )
    for body, venue_id, *rest in connection.execute(query):
        order = decode(body)
        cells = order_cells(order)
        yield (*cells[:2], venue_id, *cells[2:], *rest)


def order_cells(order: Order) -> Cells:
    """An order as it left, without what the venue made of it."""
    buys, limit = bought(order.side, order.limit)
    return (
        order.made_at,
        order.id,
        order.ticker,
        buys,
        limit,
        order.quantity,
        order.purpose,
        order.kind,
        order.time_in_force,
        order.post_only,
        order.fair,
        order.top,
    )


def _fills(connection: sqlite3.Connection) -> Iterator[Cells]:
    query = (
        "SELECT at, ticker, side, price, quantity, fee, is_taker, purpose, kind, source, "  # noqa: S608  # no word of it is a user's
        f"client_order_id, order_id, trade_id, cash, realized FROM fills WHERE {_ACCOUNT} "
        "ORDER BY number"
    )
    for at, ticker, side, price, *rest in connection.execute(query):
        yield (at, ticker, *bought(side, price), *rest)


def _policy_fills(connection: sqlite3.Connection) -> Iterator[Cells]:
    query = (
        "SELECT at, ticker, policy, side, price, quantity, fee, is_taker, client_order_id, "  # noqa: S608  # no word of it is a user's
        f"trade_id FROM policy_fills WHERE {_ACCOUNT} ORDER BY number"
    )
    for at, ticker, policy, side, price, *rest in connection.execute(query):
        yield (at, ticker, policy, *bought(side, price), *rest)


def _settlements(connection: sqlite3.Connection) -> Iterator[Cells]:
    yield from connection.execute(
        "SELECT at, ticker, result, quantity, cost, payout, fees, pnl, edge, slippage, drift, "  # noqa: S608  # no word of it is a user's
        f"cash, realized FROM settlements WHERE {_ACCOUNT} ORDER BY number"
    )


def _policy_settlements(connection: sqlite3.Connection) -> Iterator[Cells]:
    """What a settlement says of all assumptions; what came without the account's own is added."""
    told: set[tuple[str, str]] = set()
    query = f"SELECT at, ticker, result, policies FROM settlements WHERE {_ACCOUNT} ORDER BY number"  # noqa: S608  # no word of it is a user's
    for at, ticker, result, policies in connection.execute(query):
        for policy, pnl in msgspec.json.decode(policies, type=dict[str, Money]).items():
            told.add((ticker, policy))
            yield at, ticker, policy, result, pnl
    query = (
        f"SELECT at, ticker, policy, result, pnl FROM policy_settlements WHERE {_ACCOUNT} "  # noqa: S608  # no word of it is a user's
        "AND pnl IS NOT NULL ORDER BY number"
    )
    for row in connection.execute(query):
        if (row[1], row[2]) not in told:
            yield row


def _evidence(connection: sqlite3.Connection) -> Iterator[Cells]:
    decode = msgspec.json.Decoder(EvidenceKept).decode
    for (body,) in connection.execute("SELECT body FROM evidence ORDER BY number"):
        kept = decode(body)
        yield (
            kept.at,
            kept.ticker,
            kept.kind,
            kept.day,
            kept.signals,
            kept.result,
            kept.gain,
            kept.counted,
            kept.config,
        )


def _halts(connection: sqlite3.Connection) -> Iterator[Cells]:
    yield from connection.execute(
        "SELECT breaker, reason, since, cleared_at, cleared_because FROM halts ORDER BY number"
    )


def _windows(connection: sqlite3.Connection) -> Iterator[Cells]:
    decode = msgspec.json.Decoder(WindowReport).decode
    for (body,) in connection.execute("SELECT body FROM windows ORDER BY number"):
        yield window_cells(decode(body), "ledger")


FROM_LEDGER: Final[Mapping[str, Callable[[sqlite3.Connection], Iterator[Cells]]]] = {
    "windows": _windows,
    "orders": _orders,
    "fills": _fills,
    "policy_fills": _policy_fills,
    "settlements": _settlements,
    "policy_settlements": _policy_settlements,
    "evidence": _evidence,
    "halts": _halts,
}


def window_cells(window: WindowReport, source: str) -> Cells:
    """A window that is over."""
    vetoes = window.vetoes
    return (
        window.ticker,
        window.open_time,
        window.close_time,
        window.strike,
        window.settlement,
        window.our_settlement,
        window.result,
        window.prints,
        window.agrees,
        *(window.p_yes.get(left) for left in ("600", "300", "120", "60")),
        *(window.p_market.get(left) for left in ("300", "60")),
        window.signals,
        sum(vetoes.values()),
        max(vetoes, key=lambda name: vetoes[name]) if vetoes else None,
        window.paper_pnl,
        source,
    )


def _newest_windows(rows: list[Cells]) -> list[Cells]:
    """One row a window: the ledger's, else the last one a journal has."""
    found: dict[tuple[Cell, Cell], Cells] = {}
    for row in rows:
        key = (row[0], row[2])
        if key not in found or found[key][-1] != "ledger":
            found[key] = row
    return sorted(found.values(), key=lambda row: (row[2], row[0]))


# --- journals ------------------------------------------------------------------------------------


def _journals(sources: Sources, found: Rows) -> None:
    count = 0
    for name, parts in runs(sources.journals).items():
        reader = JournalReader(EVENTS, parts)
        of_run = (reader.header.run.environment, name)
        for batch in reader.batches():
            count += len(batch)
            sources.told(f"{count:,} events of journals")
            for record in batch:
                for intent in record.intents:
                    _intent(intent, of_run, found)
        for notice in reader.notices:
            sources.told(notice.text)


def _intent(intent: object, of_run: tuple[str, str], found: Rows) -> None:
    match intent:
        case Forecast() if "forecasts" in found:
            found["forecasts"].append((*of_run, *_forecast(intent)))
        case Announce() if "signals" in found:
            found["signals"].append((*of_run, *_signal(intent.signal)))
        case Report() if "windows" in found:
            found["windows"].append(window_cells(intent.window, "journal"))
        case Submit() if "journal_orders" in found:
            found["journal_orders"].append((*of_run, *order_cells(intent.order.what)))
        case Keep(FillKept() as fill) if "journal_fills" in found:
            found["journal_fills"].append((*of_run, *_fill(fill)))
        case Keep(SettlementKept() as end) if "journal_settlements" in found:
            found["journal_settlements"].append((*of_run, *_settlement(end)))
        case _:
            pass


def _forecast(said: Forecast) -> Cells:
    return (
        said.made_at,
        said.ticker,
        said.seconds_left,
        said.p_model,
        said.p_market,
        said.p_blend,
        said.p_model_then,
        said.expected,
        said.threshold,
        said.sd,
        said.missing,
        said.no_number,
    )


def _signal(signal: Signal) -> Cells:
    edge = signal.edge
    return (
        signal.made_at,
        signal.ticker,
        signal.kind,
        edge.outcome,
        edge.worst_price,
        edge.quantity,
        edge.cost,
        edge.fee,
        edge.raw,
        edge.net,
        signal.threshold,
        signal.p_yes,
        signal.seconds_left,
        signal.index,
        signal.config,
    )


def _fill(fill: FillKept) -> Cells:
    return (
        fill.at,
        fill.ticker,
        *bought(fill.side, fill.price),
        fill.quantity,
        fill.fee,
        fill.is_taker,
        fill.purpose,
        fill.kind,
        fill.source,
        fill.client_order_id,
        fill.order_id,
        fill.trade_id,
        fill.cash,
        fill.realized,
    )


def _settlement(end: SettlementKept) -> Cells:
    parts = (end.fees, end.pnl, end.edge, end.slippage, end.drift)
    held = (end.quantity, end.cost, end.payout)
    return (end.at, end.ticker, end.result, *held, *parts, end.cash, end.realized)


# --- panels --------------------------------------------------------------------------------------


def _panel(folder: Path, found: Rows) -> None:
    if not found.keys() & {"panel_markets", "panel_index", "panel_quotes"}:
        return
    panel = read_panel(folder)
    if "panel_markets" in found:
        found["panel_markets"] += (
            (
                panel.name,
                each.ticker,
                each.open_time,
                each.close_time,
                each.strike,
                each.settlement,
                each.result,
            )
            for each in panel.markets
        )
    if "panel_index" in found:
        found["panel_index"] += (
            (panel.name, Nanos(second * SECOND), value) for second, value in panel.prints
        )
    if "panel_quotes" in found:
        found["panel_quotes"] += (
            (panel.name, each.ticker, Nanos(each.second * SECOND), each.bid, each.ask)
            for each in panel.quotes
        )
