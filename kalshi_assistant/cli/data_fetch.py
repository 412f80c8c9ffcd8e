"""``data fetch kalshi | klines``: copies the past into a folder, and goes on where it was."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.cli.trading import ClientFile
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import SECOND, format_iso

if TYPE_CHECKING:
    from kalshi_assistant.lab.fetch_kalshi import Step, Wanted
    from kalshi_assistant.lab.fetch_kalshi import Tally as KalshiTally
    from kalshi_assistant.lab.fetch_klines import Tally as KlinesTally
    from kalshi_assistant.lab.fetched import FetchedFolder
    from kalshi_assistant.runtime.carrying import Access
    from kalshi_assistant.settings import Configuration

DAYS_MAX: Final = 3_700
STEPS_A_DAY: Final = 1_000
"""Of the bar of progress."""
NOTICES_MAX: Final = 20

fetch = typer.Typer(rich_markup_mode=None)

From = Annotated[str, typer.Option("--from", metavar="DATE", help="First day, UTC: 2026-11-01.")]
To = Annotated[str, typer.Option("--to", metavar="DATE", help="Last day, included.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder; else one below the data directory."),
]
SeriesName = Annotated[str, typer.Option("--series", metavar="NAME", help="Which markets.")]
What = Annotated[
    str, typer.Option(metavar="LIST", help="Of markets, trades, candlesticks; with commas.")
]
FromVenue = Annotated[
    str | None, typer.Option("--env", metavar="prod|demo|local", help="Which venue; no key needed.")
]
Exchange = Annotated[str, typer.Option(metavar="binance|binance-us", help="Whose archive.")]
Symbol = Annotated[str, typer.Option(metavar="NAME", help="As the exchange writes it.")]
BaseUrl = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="A mirror laid out like the archive."),
]


@fetch.command()
def kalshi(
    first: From,
    last: To,
    series: SeriesName = "KXBTC15M",
    what: What = "markets,trades,candlesticks",
    out: Out = None,
    environment: FromVenue = None,
    client_file: ClientFile = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Copy markets, their trades and their one-minute candlesticks from Kalshi.

    No key is needed. Requests are paced by the smallest account's limits and repeated after
    refusals; stopped in the middle, the same call goes on where it was. What settled months ago
    comes from the venue's archive.
    """
    from kalshi_assistant.domain.ids import Series
    from kalshi_assistant.lab.fetch_kalshi import Wanted
    from kalshi_assistant.lab.fetched import FetchedFolder, Head

    output = Output(as_json=as_json)
    if not (series.isascii() and series.isalnum() and len(series) <= 40):
        raise OperatorError(f"--series {series[:40]!r} is no series; write e.g. KXBTC15M")
    configuration, access = _venue(environment, client_file, config)
    begin, end = days_between(first, last, access.clock.now())
    wanted = Wanted(series=Series(series), first=begin, last=end, what=_whats(what))
    venue = configuration.settings.environment
    folder = out or _below_data(configuration, f"kalshi-{venue}-{series}")
    head = Head(kind="kalshi", source=venue, subject=series)
    with FetchedFolder(folder, head) as fetched:
        tally = asyncio.run(_kalshi(access, fetched, wanted, output))
    _say_kalshi(tally, folder, output)
    return 0


@fetch.command()
def klines(
    first: From,
    last: To,
    exchange: Exchange = "binance",
    symbol: Symbol = "BTCUSDT",
    out: Out = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Copy one-second candles from an exchange's public archive, as values of an index.

    Each day's archive is checked against the digest published beside it. Exit code 1 when a day is
    not there, or is not what its digest says: it is named and left out. Missing seconds are told
    and never filled in.
    """
    from kalshi_assistant.lab.fetch_klines import EXCHANGES, SYMBOL
    from kalshi_assistant.lab.fetched import FetchedFolder, Head
    from kalshi_assistant.runtime.clock import SystemClock

    output = Output(as_json=as_json)
    if exchange not in EXCHANGES:
        raise OperatorError(f"--exchange {exchange[:40]!r} is none of {', '.join(EXCHANGES)}")
    if SYMBOL.fullmatch(symbol) is None:
        raise OperatorError(f"--symbol {symbol[:40]!r} is no symbol; write e.g. BTCUSDT")
    base = base_url or EXCHANGES[exchange]
    if not base.startswith(("http://", "https://")):
        raise OperatorError(f"--base-url {base[:80]!r} is no address; it begins with https://")
    begin, end = days_between(first, last, SystemClock().now())
    folder = out or _below_data(_configuration(config), f"{exchange}-{symbol}-1s")
    head = Head(kind="klines", source=exchange, subject=symbol)
    days = [begin + timedelta(each) for each in range((end - begin).days + 1)]
    with FetchedFolder(folder, head) as fetched:
        tally = asyncio.run(_klines(base, fetched, symbol, days, output))
    _say_klines(tally, folder, output)
    return 1 if tally.troubles else 0


# --- what is wanted ------------------------------------------------------------------------------


def days_between(first: str, last: str, now: int) -> tuple[date, date]:
    """Both days. Raises OperatorError for days that do not exist, are swapped or not yet begun."""
    begin, end = _day("--from", first), _day("--to", last)
    if begin > end:
        raise OperatorError(f"--from {begin} is after --to {end}; swap them")
    today = datetime.fromtimestamp(now // SECOND, UTC).date()
    if end > today:
        raise OperatorError(f"--to {end} has not begun: it is {today} UTC")
    if (end - begin).days >= DAYS_MAX:
        raise OperatorError(f"{begin} to {end} are over {DAYS_MAX:,} days; fetch them in pieces")
    return begin, end


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OperatorError(
            f"{option} {text[:40]!r} is no day ({error}); write it like 2026-11-21"
        ) from error


def _whats(text: str) -> frozenset[str]:
    from kalshi_assistant.lab.fetch_kalshi import WHATS

    found = frozenset(each.strip() for each in text.split(","))
    strange = sorted(found - set(WHATS))
    if strange:
        raise OperatorError(f"--what {strange[0][:40]!r} is none of {', '.join(WHATS)}")
    return found


def _configuration(config: Path | None) -> "Configuration":
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.settings import load

    return load(config_file(config))


def _below_data(configuration: "Configuration", name: str) -> Path:
    from kalshi_assistant.cli.folders import folders

    return folders(configuration).data / "fetched" / name


def _venue(
    environment: str | None, client_file: Path | None, config: Path | None
) -> "tuple[Configuration, Access]":
    """Where to ask. What is asked is public, so no key is read."""
    from dataclasses import replace

    from kalshi_assistant.cli.folders import configuration_of
    from kalshi_assistant.cli.run import HOSTS
    from kalshi_assistant.runtime.carrying import Access
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.local_client import read_client_file

    configuration = configuration_of(environment, None, config)
    settings, wall = configuration.settings, SystemClock()
    if settings.environment != "local":
        rest_url, ws_url = HOSTS[settings.environment]
        return configuration, Access(rest_url, ws_url, None, wall, wall)
    where = client_file or settings.client_file
    if where is None:
        raise OperatorError("--env local wants --client-file FILE, which `exchange` writes")
    client = read_client_file(where)
    configuration = replace(configuration, settings=replace(settings, client_file=where))
    access = Access(client.rest_url, client.ws_url, None, wall, client.clock(wall))
    return configuration, access


# --- on the way ----------------------------------------------------------------------------------


async def _kalshi(
    access: "Access", folder: "FetchedFolder", wanted: "Wanted", output: Output
) -> "KalshiTally":
    from kalshi_assistant.lab.fetch_kalshi import KalshiFetch
    from kalshi_assistant.runtime.asking import Asker
    from kalshi_assistant.runtime.sending import Carrier

    carrier = Carrier(access.rest_url, None, access.wall)
    work = KalshiFetch(Asker(carrier, output.note).ask, folder, wanted, access.clock.now())
    try:
        await _shown(work.run(), len(wanted.days), str(wanted.series))
    finally:
        await carrier.close()
    return work.tally


async def _klines(
    base: str, folder: "FetchedFolder", symbol: str, days: list[date], output: Output
) -> "KlinesTally":
    from kalshi_assistant.lab.fetch_klines import KlinesFetch
    from kalshi_assistant.runtime.asking import Downloader

    downloads = Downloader(output.note)
    work = KlinesFetch(downloads.get, folder, base, symbol, days)
    try:
        await _shown(work.run(), len(days), symbol)
    finally:
        await downloads.close()
    return work.tally


async def _shown(steps: "AsyncIterator[Step]", days: int, label: str) -> None:
    """Exhaust ``steps`` under a bar with the time left, where somebody looks."""
    shown: AbstractContextManager[Any] = nullcontext()
    if sys.stderr.isatty():
        shown = typer.progressbar(length=days * STEPS_A_DAY, label=label, file=sys.stderr)
    with shown as bar:
        before = 0
        tell: Callable[[int], None] = (lambda _: None) if bar is None else bar.update
        async for step in steps:
            now = step.day * STEPS_A_DAY + step.done * STEPS_A_DAY // step.parts
            tell(now - before)
            before = now
        tell(days * STEPS_A_DAY - before)


# --- what came of it -----------------------------------------------------------------------------


def _say_kalshi(tally: "KalshiTally", folder: Path, output: Output) -> None:
    from kalshi_assistant.lab.fetch_kalshi import told_hole

    for text in [*tally.notices, *map(told_hole, tally.holes)][:NOTICES_MAX]:
        output.note(text)
    more = len(tally.notices) + len(tally.holes) - NOTICES_MAX
    if more > 0:
        output.note(f"and {more:,} more of these; `data verify {folder}` has the gaps")
    output.record(
        "fetch",
        out=str(folder),
        markets=tally.markets,
        without_result=tally.without_result,
        without_strike=tally.without_strike,
        trades=tally.trades,
        candlesticks=tally.candlesticks,
        parts=tally.parts,
        kept=tally.kept,
        gaps=[{"from": format_iso(first), "to": format_iso(last)} for first, last in tally.holes],
    )
    output.say(
        f"{folder}: {tally.markets:,} markets ({tally.without_result:,} without a result, "
        f"{tally.without_strike:,} without a strike), {tally.trades:,} trades, "
        f"{tally.candlesticks:,} candlesticks, {len(tally.holes):,} gaps between windows; "
        f"{tally.parts:,} parts fetched, {tally.kept:,} were there"
    )


def _say_klines(tally: "KlinesTally", folder: Path, output: Output) -> None:
    missing = 0
    for day, gaps in sorted(tally.gaps.items()):
        lost = sum(count for _, count in gaps)
        missing += lost
        longest = max(count for _, count in gaps)
        output.note(f"{day}: {lost:,} seconds missing in {len(gaps):,} gaps, at most {longest:,} s")
    for day, why in sorted(tally.troubles.items()):
        output.note(f"{day}: {why}")
    output.record(
        "fetch",
        out=str(folder),
        seconds=tally.seconds,
        missing_seconds=missing,
        parts=tally.parts,
        kept=tally.kept,
        gaps={day: [list(gap) for gap in gaps] for day, gaps in sorted(tally.gaps.items())},
        left_out=dict(sorted(tally.troubles.items())),
    )
    output.say(
        f"{folder}: {tally.seconds:,} seconds, {missing:,} missing; {tally.parts} days fetched, "
        f"{tally.kept} were there, {len(tally.troubles)} could not be had"
    )
