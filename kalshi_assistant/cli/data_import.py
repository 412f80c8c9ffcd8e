"""``data import panel | parquet``: a panel to evaluate on, from data that others have made."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.cli.panel import Force, Out, check_free, in_our_words, put_panel
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.journal.panel_folder import Meta, Panel

bring = typer.Typer(rich_markup_mode=None)

Folders = Annotated[
    list[Path],
    typer.Argument(metavar="FOLDER...", help="Made by data fetch: markets, and an index."),
]
Tables = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Three tables: index, markets, quotes.")
]
IndexText = Annotated[
    str,
    typer.Option(
        "--index", metavar="TEXT", help='What the index is; "proxy: ..." where it stands in.'
    ),
]
QuotesText = Annotated[
    str, typer.Option("--quotes", metavar="TEXT", help='"point: ..." or "minute_mean: ...".')
]


@bring.command()
def panel(folders: Folders, out: Out, force: Force = False, as_json: Json = False) -> int:
    """Make a panel of fetched markets, candlesticks and an exchange's index.

    The index is then a proxy and says so. Quotes are the closes of one-minute candlesticks: the
    best bid and ask at the end of each minute. Markets without a result are left out and counted.
    """
    from kalshi_assistant.lab.importing import panel_of

    output = Output(as_json=as_json)
    with in_our_words(out):
        check_free(out, force=force)
    meta, made, left = panel_of(folders, out.resolve().name)
    with in_our_words(out):
        put_panel(out.resolve(), meta, made)
    for notice in left.notices:
        output.note(notice)
    _say(meta, made, out, output)
    output.note(
        f"left out: {left.without_result} markets without a result, {left.without_index} outside "
        f"the index, {left.same_ticker} with a ticker that was there"
    )
    return 0


@bring.command()
def parquet(
    files: Tables,
    out: Out,
    index: IndexText,
    quotes: QuotesText,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Make a panel of three tables in Parquet, told apart by their columns (extra: export).

    index: ts, value. markets: ticker, open_ts, close_ts, floor_strike, expiration_value, result.
    quotes: ticker, ts, yes_bid, yes_ask. Times are epoch seconds or timestamps, prices dollars.
    """
    from kalshi_assistant.journal.panel_folder import Meta, read_panel
    from kalshi_assistant.lab.importing import tables_of, write_tables

    output = Output(as_json=as_json)
    try:
        import pyarrow.parquet  # noqa: F401  # asked for here, used below
    except ImportError as error:
        raise OperatorError(
            "Parquet needs pyarrow: pip install 'kalshi-assistant[export]'"
        ) from error
    with in_our_words(out):
        check_free(out, force=force)
    tables = tables_of(files)
    meta = Meta(index=index, quotes=quotes, made_from=tuple(path.name for path in files))
    with in_our_words(out), tempfile.TemporaryDirectory(prefix="kalshi-assistant-") as near:
        write_tables(tables, Path(near))
        _write_meta(meta, Path(near))
        try:
            made = read_panel(Path(near))
        except OperatorError as error:  # row 1 of a table is its head, so row N is row N - 1 there
            raise OperatorError(str(error).replace(f"{near}/", "")) from error
        put_panel(out.resolve(), meta, made)
    _say(meta, made, out, output)
    return 0


def _write_meta(meta: "Meta", folder: Path) -> None:
    import msgspec

    (folder / "meta.json").write_bytes(msgspec.json.encode(meta))


def _say(meta: "Meta", made: "Panel", out: Path, output: Output) -> None:
    output.record(
        "panel",
        out=str(out),
        markets=len(made.markets),
        prints=len(made.prints),
        quotes=len(made.quotes),
        index=meta.index,
        quotes_are=meta.quotes,
    )
    output.say(
        f"{out}: {len(made.markets)} markets, {len(made.prints):,} seconds of the index, "
        f"{len(made.quotes):,} quotes\nindex: {meta.index}\nquotes: {meta.quotes}"
    )
