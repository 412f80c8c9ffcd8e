"""``panel JOURNAL... --out DIR``: a panel to evaluate the number on, from your own journals."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.endings import JOURNAL
from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.journal.panel_folder import Meta, Panel
    from kalshi_assistant.runtime.panel_making import PanelMaking

TOLD_EVERY: Final = 50_000
"""Events between two words about progress."""

Journals = Annotated[list[Path], typer.Argument(metavar="JOURNAL...", help="Event journals.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The panel's folder, made anew.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the panel that is in the folder.")]


def panel(journals: Journals, out: Out, force: Force = False, as_json: Json = False) -> int:
    """Make a panel of the markets that your own runs have seen to their result.

    Prints, strikes, results and the rebuilt book's best prices at the end of every second go into
    index.csv.gz, markets.csv.gz, quotes.csv.gz and meta.json. `evaluate` scores the number on it.
    Markets without a result are left out and counted.
    """
    output = Output(as_json=as_json)
    for path in journals:
        if not path.is_file() or not path.name.endswith(JOURNAL):
            raise OperatorError(f"{path} is no event journal; names end in {', '.join(JOURNAL)}")
    with in_our_words(out):
        check_free(out, force=force)
    from kalshi_assistant.runtime.panel_making import PanelMaking

    making = PanelMaking(journals)
    _read(making)
    for notice in making.notices:
        output.note(notice)
    meta, made = making.panel(out.resolve().name)
    with in_our_words(out):
        put_panel(out.resolve(), meta, made)
    output.record(
        "panel",
        out=str(out),
        markets=len(made.markets),
        without_result=making.without_result,
        prints=len(made.prints),
        quotes=len(made.quotes),
    )
    output.say(
        f"{out}: {len(made.markets)} markets ({making.without_result} more had no result), "
        f"{len(made.prints):,} prints, {len(made.quotes):,} quotes"
    )
    return 0


@contextmanager
def in_our_words(out: Path) -> Iterator[None]:
    """Troubles with the folder as OperatorError."""
    try:
        yield
    except OSError as error:
        raise OperatorError(
            f"cannot write --out {out} ({error.strerror}); name a folder where there is room and "
            "you may write"
        ) from error


def check_free(out: Path, *, force: bool) -> None:
    """Refuse a folder that holds anything; with ``force``, anything but a panel's own files."""
    from kalshi_assistant.journal.panel_folder import PANEL_FILES

    if not out.exists():
        return
    if not out.is_dir():
        raise OperatorError(f"--out {out} is a file; name a folder")
    if out.resolve() == Path.cwd():
        raise OperatorError(f"--out {out} is the folder you are in; name another")
    found = sorted(path.name for path in out.iterdir())
    if found and not force:
        raise OperatorError(f"--out {out} is not empty; name another folder, or say --force")
    strange = [name for name in found if name not in PANEL_FILES]
    if strange:
        raise OperatorError(
            f"--out {out} holds something else than a panel ({strange[0]}); name another folder"
        )


def put_panel(folder: Path, meta: "Meta", made: "Panel") -> None:
    """Write beside ``folder``, then put it in its place whole: nothing half written is left."""
    from kalshi_assistant.journal.panel_folder import write_panel

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
        whole = Path(beside) / "panel"
        whole.mkdir()
        write_panel(whole, meta, made)
        if folder.exists():
            folder.rename(Path(beside) / "before")
        whole.rename(folder)


def _read(making: "PanelMaking") -> None:
    seen = sys.stderr.isatty()
    for events in making.run():
        if seen and events % TOLD_EVERY == 0:
            sys.stderr.write(f"\r{events:,} events")
            sys.stderr.flush()
    if seen:
        sys.stderr.write(f"\r{making.events:,} events\n")
