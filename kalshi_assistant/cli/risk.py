"""``risk explain``: every limit and breaker in words, and what they come to, before any order."""

from typing import TYPE_CHECKING, Annotated

import typer

from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.risk.explained import BreakerRow, LimitRow, Preview

risk = typer.Typer(rich_markup_mode=None)

Bankroll = Annotated[
    float | None,
    typer.Option("--bankroll", metavar="DOLLARS", help="Instead of paper.cash_dollars."),
]


@risk.callback()
def about() -> None:
    """What may be lost, and what stops trading."""


@risk.command()
def explain(path: ConfigFile = None, bankroll: Bankroll = None, as_json: Json = False) -> None:
    """Show every limit, every breaker with what it stops and keeps, and what they come to.

    The preview asks the gate itself: the largest order at 50c, and how often it may be lost.
    """
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.market.fees import MILLIONTHS, TAKER_RATE
    from kalshi_assistant.risk.explained import breakers_explained, limits_explained, preview
    from kalshi_assistant.risk.exposure import Charges
    from kalshi_assistant.risk.limits import money
    from kalshi_assistant.settings import load

    settings = load(config_file(path)).settings
    dollars = settings.paper.cash_dollars if bankroll is None else bankroll
    if not 0 < dollars <= 1e9:
        raise OperatorError(f"--bankroll is {dollars:g}; write dollars, more than 0, at most 1e9")
    start = money(dollars)
    charges = Charges(int(TAKER_RATE * MILLIONTHS), settings.paper.precision)
    limits = limits_explained(settings.risk, start)
    breakers = breakers_explained(settings.risk)
    previews = [preview(settings.risk, start, charges, canary=False)]
    if settings.risk.canary_windows:
        previews.insert(0, preview(settings.risk, start, charges, canary=True))
    output = Output(as_json=as_json)
    _record(output, limits, breakers, previews)
    output.say("\n".join(_text(limits, breakers, previews, settings.risk.canary_windows)))


def _record(
    output: Output,
    limits: "tuple[LimitRow, ...]",
    breakers: "tuple[BreakerRow, ...]",
    previews: "list[Preview]",
) -> None:
    from kalshi_assistant.domain.units import format_money, format_quantity

    for row in limits:
        output.record(
            "risk_limit", name=row.name, value=row.value, about=row.about, means=row.means
        )
    for breaker in breakers:
        output.record(
            "risk_breaker",
            name=breaker.name,
            halt=breaker.halt,
            opens=breaker.opens,
            stops=breaker.stops,
            keeps=breaker.keeps,
            closes=breaker.closes,
        )
    for each in previews:
        output.record(
            "risk_preview",
            canary=each.canary,
            price="0.5000",
            largest_order=format_quantity(each.quantity),
            cost=format_money(each.cost),
            bound_by=each.bound_by,
            losing_trades=each.trades,
            lost=format_money(each.lost),
            stopped_by=each.stopped_by,
            pauses=each.pauses,
        )


def _text(
    limits: "tuple[LimitRow, ...]",
    breakers: "tuple[BreakerRow, ...]",
    previews: "list[Preview]",
    canary_windows: int,
) -> list[str]:
    from kalshi_assistant.risk.breakers import UNREAD

    names = max(len(row.name) for row in limits)
    values = max(len(row.value) for row in limits)
    lines = ["limits (settings of the section risk)"]
    for row in limits:
        lines.append(f"  {row.name:<{names}}  {row.value:>{values}}  {row.means}")
        lines.append(f"  {'':<{names}}  {'':>{values}}  {row.about}")
    lines += ["", "breakers"]
    for breaker in breakers:
        lines.append(f"  {breaker.name}{' (halt)' if breaker.halt else ''}")
        lines.append(f"    opens   {breaker.opens}")
        lines.append(f"    does    {breaker.stops}; {breaker.keeps}")
        lines.append(f"    closes  {breaker.closes}")
    lines += ["", f"besides, {UNREAD}"]
    lines += ["", "preview, at 50c, with fees at their dearest"]
    for each in previews:
        lines += _preview_text(each, canary_windows)
    return lines


def _preview_text(each: "Preview", canary_windows: int) -> list[str]:
    from kalshi_assistant.domain.units import format_money, format_quantity

    when = f"the first {canary_windows} good windows" if each.canary else "after them"
    if not canary_windows:
        when = "always"
    lines = [f"  {when}"]
    if each.quantity == 0:
        return [*lines, f"    no order leaves: {each.bound_by} refuses the smallest"]
    lines.append(
        f"    largest order  {format_quantity(each.quantity)} contracts, at most "
        f"${format_money(each.cost)}; more is refused by {each.bound_by}"
    )
    count = f"{each.pauses} pause{'s' if each.pauses > 1 else ''}"
    pauses = f", {count} on the way" if each.pauses else ""
    lines.append(
        f"    all lost       {each.trades} of them (${format_money(each.lost)}{pauses}), then "
        f"{each.stopped_by or 'nothing'} refuses the next"
    )
    return lines
