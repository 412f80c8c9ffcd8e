"""``export``: the ledger as a table, everything that happened or what a tax return wants."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.ledgers import OfMode, bought, reading
from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.time import NEW_YORK, Nanos, as_datetime
from kalshi_assistant.domain.units import format_quantity

if TYPE_CHECKING:
    from kalshi_assistant.lab.tables import Cells, Column

Entries = Iterable[FillKept | SettlementKept]


class Format(StrEnum):
    """What the table is for."""

    CSV = "csv"
    TAX = "tax"


Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Ends in .csv, .csv.gz or .parquet.")
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", help="csv: every fill and payout; tax: every sale with its cost."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file that is there.")]

_EVERYTHING: Final = (
    ("at", "instant", 0),
    ("what", "text", 0),
    ("ticker", "text", 0),
    ("outcome", "text", 0),
    ("quantity", "decimal", 2),
    ("price", "decimal", 4),
    ("cost", "decimal", 6),
    ("payout", "decimal", 6),
    ("fee", "decimal", 6),
    ("pnl", "decimal", 6),
    ("edge", "decimal", 6),
    ("slippage", "decimal", 6),
    ("drift", "decimal", 6),
    ("cash_after", "decimal", 6),
    ("realized_after", "decimal", 6),
    ("taker", "flag", 0),
    ("purpose", "text", 0),
    ("signal", "text", 0),
    ("source", "text", 0),
    ("order_id", "text", 0),
    ("client_order_id", "text", 0),
    ("trade_id", "text", 0),
)
_TAX: Final = (
    ("Description", "text", 0),
    ("Date Acquired", "text", 0),
    ("Date Sold", "text", 0),
    ("Proceeds", "decimal", 6),
    ("Cost Basis", "decimal", 6),
    ("Gain", "decimal", 6),
    ("Fees", "decimal", 6),
)


def export(
    out: Out,
    form: FormatOption = Format.CSV,
    force: Force = False,
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Write the ledger as a table: every fill and payout, or every sale with what it had cost.

    Amounts are exact, in dollars. For taxes there is a line per sale and payout, at average cost,
    with New York dates (MM/DD/YYYY); Gain is Proceeds less Cost Basis less Fees, and fees are of
    buying and selling. Whether that is what your tax office wants, it alone can say.
    """
    from kalshi_assistant.lab.tables import check_out, write_table

    output = Output(as_json=as_json)
    check_out(out, force=force)
    with reading(mode, environment, state_dir, config, output) as ledger:
        if ledger is None:
            return 0
        entries = ledger.entries()
        rows = _tax_rows(entries) if form is Format.TAX else _rows(entries)
        count = write_table(_columns(form), rows, out)
    output.record("export", out=str(out), format=form.value, rows=count, bytes=out.stat().st_size)
    output.say(f"{out}: {count:,} rows")
    return 0


def _columns(form: Format) -> "list[Column]":
    from kalshi_assistant.lab.tables import Column

    return [Column(*each) for each in (_TAX if form is Format.TAX else _EVERYTHING)]


def _rows(entries: Entries) -> "Iterator[Cells]":
    """Everything, as it was kept."""
    for entry in entries:
        yield _fill_row(entry) if isinstance(entry, FillKept) else _payout_row(entry)


def _fill_row(fill: FillKept) -> "Cells":
    """The outcome is the one bought; buying the other one than is held closes it."""
    outcome, price = bought(fill.side, fill.price)
    return (
        fill.at,
        "fill",
        fill.ticker,
        outcome,
        fill.quantity,
        price,
        None,
        None,
        fill.fee,
        None,
        None,
        None,
        None,
        fill.cash,
        fill.realized,
        fill.is_taker,
        fill.purpose,
        fill.kind,
        fill.source,
        fill.order_id,
        fill.client_order_id,
        fill.trade_id,
    )


def _payout_row(end: SettlementKept) -> "Cells":
    """The outcome is the result; the quantity is negative where NO was held; the fee is all the
    market's.
    """
    return (
        end.at,
        "settlement",
        end.ticker,
        end.result,
        end.quantity,
        None,
        end.cost,
        end.payout,
        end.fees,
        end.pnl,
        end.edge,
        end.slippage,
        end.drift,
        end.cash,
        end.realized,
        *(None,) * 7,
    )


def _tax_rows(entries: Entries) -> "Iterator[Cells]":
    from kalshi_assistant.execution.lots import disposals

    for each in disposals(entries):
        yield (
            f"{format_quantity(each.quantity)} {each.outcome.upper()} {each.ticker}",
            _date(each.acquired),
            _date(each.sold),
            each.proceeds,
            each.cost,
            each.gain,
            each.fees,
        )


def _date(instant: Nanos) -> str:
    return as_datetime(instant, NEW_YORK).strftime("%m/%d/%Y")
