"""What the commands that look into a ledger share: which one, and what is said without one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from kalshi_assistant.cli.folders import configuration_of, folders, ledger_path
from kalshi_assistant.cli.output import Output
from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.orders import BID, BookSide
from kalshi_assistant.domain.units import Price, complement, format_cents, format_money

if TYPE_CHECKING:
    from kalshi_assistant.runtime.store_reading import Reading

LIMIT: Final = 50
"""Lines shown unless told otherwise."""


class Account(StrEnum):
    """Whose ledger."""

    PAPER = "paper"
    LIVE = "live"


OfMode = Annotated[
    Account | None,
    typer.Option("--mode", help="Which ledger; without it, of the mode that is set, else paper."),
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="The newest so many, oldest first.")
]


@contextmanager
def reading(
    mode: Account | None,
    environment: str | None,
    state_dir: Path | None,
    config: Path | None,
    output: Output,
) -> Iterator["Reading | None"]:
    """The ledger that is meant; where there is none, that is said. Raises OperatorError."""
    from kalshi_assistant.runtime.store_reading import Reading

    path, name = _path(mode, environment, state_dir, config)
    with Reading.of(path) as found:
        if found is None or found.account() is None:
            output.note(
                f"no {name} ledger yet: {path} is made when "
                f"`kalshi-assistant run --mode {name}` starts; name another with --mode, --env or "
                "--state-dir"
            )
            yield None
            return
        for halt in found.halts():
            output.note(f"halted ({halt.breaker}): {halt.reason}")
        yield found


def _path(
    mode: Account | None, environment: str | None, state_dir: Path | None, config: Path | None
) -> tuple[Path, Literal["paper", "live"]]:
    """The file of the ledger, and which it is."""
    configuration = configuration_of(environment, state_dir, config)
    chosen: str = configuration.settings.mode if mode is None else mode.value
    name: Literal["paper", "live"] = "live" if chosen == "live" else "paper"
    return ledger_path(folders(configuration), name), name


def bought(side: BookSide, price: Price) -> tuple[Outcome, Price]:
    """What an order on this side buys, and at what price of that outcome."""
    return ("yes", price) if side == BID else ("no", complement(price))


def signed_money(money: int) -> str:
    """Dollars with their sign, also where there is a gain."""
    return f"{'+' if money > 0 else ''}{format_money(money)}"


def cents(price: Price) -> str:
    """A price for people."""
    return f"{format_cents(price)}c"


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns below their names: the first to the left, all others to the right."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    )
