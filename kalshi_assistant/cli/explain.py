"""``explain --window TICKER``: everything that was known and done in one window."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typing_extensions import override

from kalshi_assistant.cli.ledgers import OfMode, signed_money
from kalshi_assistant.cli.output import ConfigFile, Json, Output, check_html
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.cli.ledgers import Account
    from kalshi_assistant.domain.entries import SettlementKept
    from kalshi_assistant.domain.ids import Ticker
    from kalshi_assistant.lab.explaining import Explained, Progress

TICKER_MAX: Final = 60

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="JOURNAL...", help="Event journals or folders; without any, your own."),
]
Window = Annotated[str, typer.Option("--window", metavar="TICKER", help="Which market.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page to read.")
]


def explain(
    window: Window,
    files: Files = None,
    html: Html = None,
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Tell one window again: index, book, numbers, decisions with reasons, orders, fills, result.

    The journals of the runs that saw it go through the engine again, up to the end of the window.
    What the ledger has of it is laid beside.
    """
    from kalshi_assistant.cli.running import compile_kernel
    from kalshi_assistant.domain.ids import Ticker
    from kalshi_assistant.lab import explain_words as words
    from kalshi_assistant.lab.explaining import explain as told_again

    output = Output(as_json=as_json)
    if not (0 < len(window) <= TICKER_MAX and window.isascii() and window.isprintable()):
        raise OperatorError("--window is no ticker; write e.g. KXBTC15M-26NOV211215-15")
    check_html(html)
    journals = _journals(files, config)
    compile_kernel(output)
    ticker = Ticker(window)
    found = told_again(ticker, journals, _progress())
    kept = _in_ledger(ticker, mode, environment, state_dir, config)
    ledger = _compared(found, kept)
    for notice in found.notices:
        output.note(notice)
    output.record("explanation", **words.fields(found), ledger=list(ledger))
    output.say("\n".join([*words.lines(found), *ledger]))
    if html is not None:
        from kalshi_assistant.lab.explain_report import write_report

        write_report(found, ledger, html)
        output.note(f"written: {html}")
    return 0


def _journals(files: Sequence[Path] | None, config: Path | None) -> list[Path]:
    from kalshi_assistant.cli.folders import config_file, folders, journals
    from kalshi_assistant.lab.journal_facts import journals_of
    from kalshi_assistant.settings import load

    given = list(files or ())
    if not given:
        own = journals(folders(load(config_file(config))))
        if not own.is_dir():
            raise OperatorError(
                f"there are no journals in {own} yet; let run or demo make some, or name files"
            )
        given = [own]
    return journals_of(given, ("events",))


def _progress() -> "Progress":
    """Where it is, on standard error, where somebody looks."""
    from kalshi_assistant.domain.time import Nanos, format_iso
    from kalshi_assistant.lab.explaining import Progress

    class Shown(Progress):
        """Writes over one line."""

        @override
        def reading(self, path: Path) -> None:
            """A file is looked through."""
            self._show(f"looking into {path.name}")

        @override
        def at(self, events: int, now: Nanos) -> None:
            """So many events were handled."""
            self._show(f"{events:,} events, {format_iso(now)}")

        def _show(self, text: str) -> None:
            sys.stderr.write(f"\r{text[:70]:<70}\r")
            sys.stderr.flush()

    return Shown() if sys.stderr.isatty() else Progress()


def _in_ledger(
    ticker: "Ticker",
    mode: "Account | None",
    environment: str | None,
    state_dir: Path | None,
    config: Path | None,
) -> "SettlementKept | None":
    """What the ledger has of it: of the account named, else of paper, where there is one."""
    from kalshi_assistant.cli.folders import configuration_of, folders, ledger_path
    from kalshi_assistant.runtime.store_reading import Reading

    configuration = configuration_of(environment, state_dir, config)
    chosen = configuration.settings.mode if mode is None else mode.value
    path = ledger_path(folders(configuration), "live" if chosen == "live" else "paper")
    with Reading.of(path) as ledger:
        if ledger is None:
            return None
        ends = [each for each in ledger.all_settlements() if each.ticker == ticker]
        return ends[-1] if ends else None


def _compared(found: "Explained", kept: "SettlementKept | None") -> list[str]:
    """What the ledger says, beside the journal."""
    if kept is None:
        return []
    said = f"the ledger: {kept.result.upper()}, profit {signed_money(kept.pnl)}"
    if found.end is None:
        return [f"{said}; these journals have no payout"]
    same = (found.end.pnl, found.end.result) == (kept.pnl, kept.result)
    if same:
        return [f"{said}, as in the journal"]
    return [f"{said}, which is NOT what the journal has ({signed_money(found.end.pnl)})"]
