"""The tables of ``sql``: their columns, units, and where their rows come from, as data.

``docs/sql.md`` is made from this, and so are the tables themselves.
"""

from dataclasses import dataclass
from typing import Final, Literal

ColumnKind = Literal[
    "time", "text", "flag", "count", "money", "price", "contracts", "usd", "number"
]
Source = Literal["ledger", "journals", "ledger and journals", "--panel"]

TYPES: Final[dict[ColumnKind, str]] = {
    "time": "TIMESTAMP",
    "text": "VARCHAR",
    "flag": "BOOLEAN",
    "count": "BIGINT",
    "money": "DECIMAL(19,6)",
    "price": "DECIMAL(19,4)",
    "contracts": "DECIMAL(19,2)",
    "usd": "DECIMAL(19,2)",
    "number": "DOUBLE",
}
"""What each kind is in SQL."""
DECIMALS: Final[dict[ColumnKind, int]] = {"money": 6, "price": 4, "contracts": 2, "usd": 2}


@dataclass(frozen=True, slots=True)
class Col:
    """One column."""

    name: str
    kind: ColumnKind
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    source: Source
    about: str
    columns: tuple[Col, ...]


_TICKER: Final = Col("ticker", "text")
_WHEN: Final = Col("time", "time", "received")
_RUN: Final = (Col("environment", "text", "prod, demo, local, simulated"), Col("run", "text"))
_BUYS: Final = (Col("buys", "text", "yes or no"), Col("price", "price", "of that outcome"))
_SPLIT: Final = (
    Col("fees", "money"),
    Col("pnl", "money", "edge + slippage + drift - fees"),
    Col("edge", "money", "believed at entry"),
    Col("slippage", "money", "below zero is worse"),
    Col("drift", "money", "what the outcome made of it"),
)

_ORDERS: Final = (
    Col("made_at", "time"),
    Col("id", "text", "ours"),
    Col("venue_id", "text", "the venue's"),
    _TICKER,
    Col("buys", "text", "yes or no"),
    Col("limit_price", "price", "of that outcome"),
    Col("quantity", "contracts"),
    Col("purpose", "text", "entry, exit, take_profit"),
    Col("signal", "text", "its kind, or why it exits"),
    Col("time_in_force", "text"),
    Col("post_only", "flag"),
    Col("fair", "money", "what a contract was believed worth"),
    Col("best_price", "price", "best price of that outcome then"),
    Col("state", "text"),
    Col("filled", "contracts"),
    Col("reason", "text", "why it was refused or cancelled"),
    Col("changed_at", "time"),
)
_FILLS: Final = (
    _WHEN,
    _TICKER,
    *_BUYS,
    Col("quantity", "contracts"),
    Col("fee", "money"),
    Col("is_taker", "flag"),
    Col("purpose", "text"),
    Col("signal", "text"),
    Col("source", "text", "venue, or realistic on paper"),
    Col("order_id", "text", "ours"),
    Col("venue_id", "text"),
    Col("trade_id", "text"),
    Col("cash", "money", "after it"),
    Col("realized", "money", "of the account, after it"),
)
_SETTLEMENTS: Final = (
    _WHEN,
    _TICKER,
    Col("result", "text"),
    Col("position", "contracts", "held at the end, above zero YES"),
    Col("cost", "money"),
    Col("payout", "money"),
    *_SPLIT,
    Col("cash", "money", "after it"),
    Col("realized", "money", "of the account, after it"),
)

TABLES: Final = (
    Table(
        "windows",
        "ledger and journals",
        "One row for each window after its close, the newest word on it.",
        (
            _TICKER,
            Col("open_time", "time"),
            Col("close_time", "time"),
            Col("strike", "usd"),
            Col("settlement", "usd", "published by the venue"),
            Col("our_settlement", "usd", "of our own sixty prints"),
            Col("result", "text"),
            Col("prints", "count", "of sixty"),
            Col("agrees", "flag", "whether both values are equal"),
            Col("p_600", "number", "P(YES) 600 s before the close"),
            Col("p_300", "number"),
            Col("p_120", "number"),
            Col("p_60", "number"),
            Col("market_300", "number", "middle of the book 300 s before"),
            Col("market_60", "number"),
            Col("signals", "count"),
            Col("looks", "count", "evaluations with a veto"),
            Col("commonest_veto", "text"),
            Col("paper_pnl", "money"),
            Col("source", "text", "ledger or journal"),
        ),
    ),
    Table(
        "forecasts",
        "journals",
        "What was believed at each instant that is kept for its score.",
        (
            *_RUN,
            Col("made_at", "time"),
            _TICKER,
            Col("seconds_left", "count"),
            Col("p_model", "number"),
            Col("p_market", "number"),
            Col("p_blend", "number"),
            Col("p_model_then", "number", "over the same seconds as p_market"),
            Col("expected", "number", "settlement average, dollars"),
            Col("threshold", "number", "dollars"),
            Col("sd", "number", "dollars"),
            Col("missing", "count", "prints"),
            Col("no_number", "text", "why there is no p_model"),
        ),
    ),
    Table(
        "signals",
        "journals",
        "Every signal that fired, with what it was decided on.",
        (
            *_RUN,
            Col("made_at", "time"),
            _TICKER,
            Col("kind", "text"),
            *_BUYS,
            Col("quantity", "contracts"),
            Col("cost", "money"),
            Col("fee", "money"),
            Col("raw_edge", "number", "dollars a contract"),
            Col("net_edge", "number", "after slippage, fee, latency, haircut"),
            Col("threshold", "number"),
            Col("p_yes", "number"),
            Col("seconds_left", "number"),
            Col("index_name", "text"),
            Col("config", "text", "digest of the settings"),
        ),
    ),
    Table("orders", "ledger", "Every order of the account.", _ORDERS),
    Table("fills", "ledger", "Every fill of the account of record.", _FILLS),
    Table(
        "policy_fills",
        "ledger",
        "Paper fills under the assumptions that are not of record.",
        (
            _WHEN,
            _TICKER,
            Col("policy", "text", "optimistic or conservative"),
            *_BUYS,
            Col("quantity", "contracts"),
            Col("fee", "money"),
            Col("is_taker", "flag"),
            Col("order_id", "text", "ours"),
            Col("trade_id", "text"),
        ),
    ),
    Table("settlements", "ledger", "Every market paid out.", _SETTLEMENTS),
    Table(
        "policy_settlements",
        "ledger",
        "Profit of each market paid out on paper, under each assumption.",
        (
            _WHEN,
            _TICKER,
            Col("policy", "text", "optimistic, realistic or conservative"),
            Col("result", "text"),
            Col("pnl", "money", "after fees"),
        ),
    ),
    Table(
        "evidence",
        "ledger",
        "What each kind of signal traded in each window.",
        (
            _WHEN,
            _TICKER,
            Col("kind", "text"),
            Col("day", "text", "New York's"),
            Col("signals", "count"),
            Col("result", "text"),
            Col("gain", "number", "dollars a contract; null: nothing bought"),
            Col("counted", "flag", "by the verdict"),
            Col("config", "text"),
        ),
    ),
    Table(
        "halts",
        "ledger",
        "Breakers that opened for good.",
        (
            Col("breaker", "text"),
            Col("reason", "text"),
            Col("since", "time"),
            Col("cleared_at", "time"),
            Col("cleared_because", "text"),
        ),
    ),
    Table(
        "journal_orders",
        "journals",
        "Orders as they left, of runs whose ledger is gone (demo).",
        (*_RUN, *_ORDERS[:2], *_ORDERS[3:13]),
    ),
    Table(
        "journal_fills",
        "journals",
        "Fills as the journals have them.",
        (*_RUN, *_FILLS),
    ),
    Table(
        "journal_settlements",
        "journals",
        "Payouts as the journals have them.",
        (*_RUN, *_SETTLEMENTS),
    ),
    Table(
        "panel_markets",
        "--panel",
        "The markets of the panels named.",
        (
            Col("panel", "text"),
            _TICKER,
            Col("open_time", "time"),
            Col("close_time", "time"),
            Col("strike", "usd"),
            Col("settlement", "usd"),
            Col("result", "text"),
        ),
    ),
    Table(
        "panel_index",
        "--panel",
        "Their index, a row a second.",
        (Col("panel", "text"), Col("time", "time"), Col("value", "usd")),
    ),
    Table(
        "panel_quotes",
        "--panel",
        "Their quotes.",
        (
            Col("panel", "text"),
            _TICKER,
            Col("time", "time"),
            Col("yes_bid", "price"),
            Col("yes_ask", "price"),
        ),
    ),
)
"""In the order in which they are told."""


def schema_text() -> str:
    """The schema as a person reads it in a terminal."""
    lines = []
    for table in TABLES:
        lines.append(f"{table.name}  ({table.source}): {table.about}")
        for col in table.columns:
            about = f"  {col.about}" if col.about else ""
            lines.append(f"    {col.name:<16} {TYPES[col.kind]:<13}{about}".rstrip())
    return "\n".join(lines)


def schema_markdown() -> str:
    """The schema as ``docs/sql.md`` has it."""
    lines = []
    for table in TABLES:
        lines += [f"### `{table.name}`", "", f"{table.about} From: {table.source}.", ""]
        lines += ["| column | type | |", "|---|---|---|"]
        lines += [f"| `{col.name}` | {TYPES[col.kind]} | {col.about} |" for col in table.columns]
        lines.append("")
    return "\n".join(lines)
