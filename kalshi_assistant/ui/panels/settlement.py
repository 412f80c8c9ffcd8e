"""The last minute as sixty cells, with both averages and what the rest must average."""

from typing import Final

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.engine.snapshot import MarketView, SettlementView
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Span, joined, line, rule
from kalshi_assistant.ui.renderables.words import WAITING, clock, countdown, dollars

PRINTS: Final = 60
GRACE: Final = 2 * SECOND
"""A print this late is still to come; later it is missing."""

ABOVE: Final[Span] = ("▀", "yes")
BELOW: Final[Span] = ("▄", "no")
RECEIVED: Final[Span] = ("█", "plain")
GUESS_ABOVE: Final[Span] = ("▘", "warn")
GUESS_BELOW: Final[Span] = ("▖", "warn")
GUESSES: Final = (GUESS_ABOVE, GUESS_BELOW, ("?", "warn"))
MISSING: Final[Span] = ("x", "alert")
TO_COME: Final[Span] = ("·", "faint")

LEGEND: Final = line(
    ABOVE, (" at or above  ", "faint"), BELOW, (" below  ", "faint"),
    MISSING, (" missing  ", "faint"), TO_COME, (" to come", "faint"),
    ("   A: the minute without its end, settles; B: without its start", "faint"),
)  # fmt: skip
GUESS_LEGEND: Final = line(
    GUESS_ABOVE, " ", GUESS_BELOW, (" estimates: they forecast and settle nothing  ", "faint"),
    MISSING, (" missing  ", "faint"), TO_COME, (" to come", "faint"),
)  # fmt: skip
RULE_OF_TIES: Final = line(("an average exactly at the strike is YES", "faint"))


def settlement(scene: Scene, room: Room) -> list[Line]:
    """Before the last minute: when it begins. In it and after: the cells as they fill."""
    snapshot, market = scene.snapshot, scene.snapshot.market
    if market is None:
        return [rule("settlement", room.width), line((WAITING, "faint"))]
    if snapshot.at < market.close_time - MINUTE:
        lines = [rule("settlement", room.width), _before(snapshot.at, market, room), RULE_OF_TIES]
        return lines[: room.height]
    view = market.settlement
    cells = strip(view, market.strike, snapshot.at, market.close_time)
    said = f"{_averages(view)}  {must_average(view, market)}"
    lines = [
        rule("settlement", room.width, said, "strong"),
        (*joined(cells), (f"  {_counts(cells)}", "plain")),
        GUESS_LEGEND if any(cell in GUESSES for cell in cells) else LEGEND,
    ]
    return lines[: room.height]


def _before(at: int, market: MarketView, room: Room) -> Line:
    first = market.close_time - MINUTE
    begins = clock(first, room.zone)
    ends = clock(market.close_time - SECOND, room.zone)
    return line(
        f"the 60 prints from {begins} to {ends} decide; the first comes in ",
        (countdown(first - at), "strong"),
    )


def strip(view: SettlementView, strike: int | None, at: int, close_time: int) -> Line:
    """One cell per settling print: above or below the strike, missing, or still to come."""
    first = close_time - MINUTE
    cells = (*view.cells[:PRINTS], *(0 for _ in range(PRINTS - len(view.cells))))
    guesses = (*view.guesses[:PRINTS], *(False for _ in range(PRINTS - len(view.guesses))))
    return tuple(
        _cell(cents, strike, guess=guess, passed=at > first + second * SECOND + GRACE)
        for second, (cents, guess) in enumerate(zip(cells, guesses, strict=True))
    )


def _cell(cents: int, strike: int | None, *, guess: bool, passed: bool) -> Span:
    if not cents:
        return MISSING if passed else TO_COME
    if strike is None:
        return GUESSES[-1] if guess else RECEIVED
    if guess:
        return GUESS_ABOVE if cents >= strike else GUESS_BELOW
    return ABOVE if cents >= strike else BELOW


def _averages(view: SettlementView) -> str:
    return f"A {dollars(view.average_a)}  B {dollars(view.average_b)}"


def _counts(cells: Line) -> str:
    missing = cells.count(MISSING)
    known = len(cells) - missing - cells.count(TO_COME)
    guessed = sum(cells.count(guess) for guess in GUESSES)
    if guessed:  # short, for 80 columns end soon behind the cells
        return f"{known - guessed} in, {guessed} est" + (f", {missing} x" if missing else "")
    return f"{known}/{PRINTS} in" + (f", {missing} lost" if missing else "")


def must_average(view: SettlementView, market: MarketView) -> str:
    """What the prints to come must average for YES."""
    if view.needed is not None:
        return f"rest must average {dollars(view.needed)}"
    return "strike not known" if market.strike is None else "no print is to come"
