"""``report``: an account's period, from the ledger and what it keeps of evidence."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from kalshi_assistant.cli.ledgers import OfMode, aligned, reading
from kalshi_assistant.cli.output import ConfigFile, Json, Output, check_html
from kalshi_assistant.cli.running import Environment, StateDir
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.cli.ledgers import Account
    from kalshi_assistant.lab.period import Period

Object = Mapping[str, object]
_HEAD: Final = ("day", "markets", "won", "profit", "edge", "slippage", "drift", "fees", "range")
_PARTS: Final = ("pnl", "edge", "slippage", "drift", "fees")

From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="First day, New York's: 2026-11-01.")
]
To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, included.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page to read.")
]


def report(
    first: From = None,
    last: To = None,
    html: Html = None,
    mode: OfMode = None,
    environment: Environment = None,
    state_dir: StateDir = None,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Tell a period of an account: profit by day, evidence, verdicts, calibration, worst windows.

    Profit is by the day of the payout, New York's. On paper it is a range. The verdict on a kind of
    signal counts all days up to the end of the period.
    """
    from kalshi_assistant.lab.period import report as told
    from kalshi_assistant.market.calendar import day_of
    from kalshi_assistant.runtime.clock import SystemClock

    output = Output(as_json=as_json)
    period = _period(first, last)
    check_html(html)
    with reading(mode, environment, state_dir, config, output) as ledger:
        if ledger is None:
            return 0
        today = day_of(SystemClock().now())
        found = told(ledger.all_settlements(), ledger.evidence(), period, today)
    where = _where(mode, environment, state_dir)
    for each in cast("list[dict[str, object]]", found["worst"]):
        each["command"] = f"kalshi-assistant explain --window {each['ticker']}{where}"
    found["account"] = _account(mode, environment, state_dir, config)
    output.record("report", **found)
    output.say("\n".join(_lines(found)))
    if html is not None:
        from kalshi_assistant.lab.period_report import write_report

        write_report(found, html)
        output.note(f"written: {html}")
    return 0


def _period(first: str | None, last: str | None) -> "Period":
    from kalshi_assistant.cli.data_fetch import day_of_option
    from kalshi_assistant.lab.period import Period

    begin: date | None = None if first is None else day_of_option("--from", first)
    end: date | None = None if last is None else day_of_option("--to", last)
    if begin is not None and end is not None and begin > end:
        raise OperatorError(f"--from {begin} is after --to {end}; swap them")
    return Period(begin, end)


def _account(
    mode: "Account | None", environment: str | None, state_dir: Path | None, config: Path | None
) -> str:
    """Which ledger it is, in words."""
    from kalshi_assistant.cli.folders import configuration_of

    settings = configuration_of(environment, state_dir, config).settings
    chosen = settings.mode if mode is None else mode.value
    return f"{'live' if chosen == 'live' else 'paper'} account, {settings.environment}"


def _where(mode: "Account | None", environment: str | None, state_dir: Path | None) -> str:
    """The options that lead to the same ledger."""
    options = (
        ("--mode", None if mode is None else mode.value),
        ("--env", environment),
        ("--state-dir", state_dir),
    )
    return "".join(f" {name} {value}" for name, value in options if value is not None)


# --- for people ----------------------------------------------------------------------------------


def _lines(found: Object) -> list[str]:
    days = cast("Sequence[Object]", found["days"])
    if not days:
        lines = ["no market was paid out in this period"]
    else:
        total = {"day": "all", **cast("Object", found["total"])}
        lines = [aligned(_HEAD, [_row(day) for day in (*days, total)])]
    lines.append("")
    for each in cast("Sequence[Object]", found["strategies"]):
        profit = cast("Mapping[str, str]", each["profit"])
        between = ", ".join(f"{name} {money}" for name, money in profit.items())
        lines.append(f"{str(each['kind']).replace('_', ' ')}: {each['sentence']}")
        lines.append(
            f"    in the period {each['signals']} signals, {each['windows']} windows with fills"
            f"{'; profit ' + between if between else ''}"
        )
    lines += ["", _numbers(cast("Object", found["calibration"]))]
    worst = cast("Sequence[Object]", found["worst"])
    if worst:
        lines += ["", "worst windows"]
        lines += [f"  {each['pnl']:>10}  {each['command']}" for each in worst]
    return lines


def _row(day: Object) -> tuple[str, ...]:
    between = cast("Sequence[str] | None", day["range"])
    cells = [str(day[name]) for name in ("day", "markets", "won", *_PARTS)]
    return (*cells, "-" if between is None else " to ".join(between))


def _numbers(found: Object) -> str:
    if not found["n"]:
        return "the numbers it traded on: no signal of this period has a result yet"
    names = ("brier_model", "brier_market", "gain")
    model, market, gain = (cast("float", found[name]) for name in names)
    by = "" if found["se"] is None else f" +- {cast('float', found['se']):.4f}"
    return (
        f"the numbers it traded on: {found['n']} claims on {found['days']} days, Brier {model:.4f} "
        f"against {market:.4f} of the market's price, gain {gain:+.4f}{by}"
    )
