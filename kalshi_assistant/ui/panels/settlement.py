"""The last minute as sixty cells, with both averages and what the rest must average."""

from typing import Final

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.domain.units import INDEX_SCALE
from kalshi_assistant.engine.snapshot import MarketView, NumberView, SettlementView, Snapshot
from kalshi_assistant.ui.panels.probability import why_none
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Span, faded, joined, line, rule
from kalshi_assistant.ui.renderables.words import (
    WAITING,
    arrow,
    clock,
    countdown,
    dollars,
    percent,
    signed_dollars,
)

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
COMPACT: Final = 3
"""Up to this height the cockpit is what matters most of it."""
COUNTS_CELLS: Final = 22
WIDEST: Final = 3
"""Cells a print takes at most."""
RULE_OF_TIES: Final = line(("an average exactly at the strike is YES", "faint"))


def settlement(scene: Scene, room: Room) -> list[Line]:
    """Before the last minute: when it begins. In it and after: the cells as they fill."""
    snapshot, market = scene.snapshot, scene.snapshot.market
    if market is None:
        return [rule("settlement", room.width), line((WAITING, "faint"))]
    if snapshot.at < market.close_time - MINUTE:
        lines = [rule("settlement", room.width), _before(snapshot.at, market, room), RULE_OF_TIES]
        if room.height > COMPACT:
            to_come = (TO_COME,) * PRINTS
            lines.insert(1, joined(wider(to_come, room.width)))
            lines.insert(3, _old(snapshot, market, _expected(market.number)))
        return lines[: room.height]
    view = market.settlement
    cells = strip(view, market.strike, snapshot.at, market.close_time)
    said = f"{_averages(view)}  {must_average(view, market)}"
    guessed = any(cell in GUESSES for cell in cells)
    legend = GUESS_LEGEND if guessed else LEGEND
    drawn = (*joined(wider(cells, room.width)), (f"  {_counts(cells)}", "plain"))
    lines = [rule("settlement", room.width, said, "strong"), drawn]
    if room.height <= COMPACT:
        return [*lines, legend if guessed else _old(snapshot, market, _in_short(snapshot, market))][
            : room.height
        ]
    stands = _old(snapshot, market, _stands(snapshot, market))
    return [*lines, stands, _one_less(market), legend][: room.height]


def _old(snapshot: Snapshot, market: MarketView, drawn: Line) -> Line:
    """Grey what stands on an index that is old, with why there is no number."""
    number = market.number
    if number.p_yes is not None or number.outcome_fixed or number.no_number is None:
        return drawn
    return (*faded(drawn), (f"  ! {why_none(snapshot)}", "warn"))


def wider(cells: Line, width: int) -> Line:
    """Each cell as often as there is room for all of them and the counts behind them."""
    times = max(1, min(WIDEST, (width - COUNTS_CELLS) // PRINTS))
    return tuple((text * times, role) for text, role in cells)


def _stands(snapshot: Snapshot, market: MarketView) -> Line:
    """The locked mean, how far from the threshold the whole will end, and what the rest may do."""
    view, number = market.settlement, market.number
    known = sum(1 for cents in view.cells if cents)
    parts: list[str | Span] = ["locked ", (dollars(view.average_a), "strong"),
                               (f" over {known}  ", "faint")]  # fmt: skip
    if number.expected_average is not None:
        parts += ["settles near ", (dollars(number.expected_average), "strong"),
                  (f" ± {dollars(number.sd)}  ", "faint")]  # fmt: skip
    parts += [*_away(number), "  ", (_may_move(snapshot, view), "plain")]
    return line(*parts)


def _away(number: NumberView) -> list[str | Span]:
    if number.distance is None:
        return [("distance not known", "faint")]
    below = number.distance < 0
    where = (
        f"{arrow(number.distance)} {dollars(abs(number.distance))} {'below' if below else 'above'}"
    )
    sigmas = "" if number.sigmas is None else f", {abs(number.sigmas):,.2f} sigmas"
    return [(where, "no" if below else "yes"), sigmas]


def _may_move(snapshot: Snapshot, view: SettlementView) -> str:
    """What must average, seen from where the index is."""
    if view.needed is None or snapshot.index.value is None:
        return ""
    gap = view.needed - snapshot.index.value / INDEX_SCALE
    word = "rise" if gap > 0 else "fall"
    return f"rest {'must' if gap > 0 else 'may'} {word} {dollars(abs(gap))}"


def _one_less(market: MarketView) -> Line:
    """The band, and what a single print that goes missing would do."""
    view, number = market.settlement, market.number
    parts: list[str | Span] = []
    if number.p_yes is not None:
        parts += ["P(YES) ", (percent(number.p_yes), "strong")]
        if number.band_low is not None and number.band_high is not None:
            parts.append(
                (f", {_between(number.band_low, number.band_high)} by volatility", "faint")
            )
        parts.append("  ")
    if view.lost_low is not None and view.lost_high is not None:
        moved = f"{signed_dollars(view.lost_low)} to {signed_dollars(view.lost_high)}"
        parts += [("one print lost: ", "faint"), f"average {moved}"]
        if view.lost_p_low is not None and view.lost_p_high is not None:
            parts.append(f", P(YES) {_between(view.lost_p_low, view.lost_p_high)}")
    return line(*(parts or [("no number", "faint")]))


def _between(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _in_short(snapshot: Snapshot, market: MarketView) -> Line:
    """The same where there is one line for it."""
    view = market.settlement
    parts = [*_away(market.number), "  ", _may_move(snapshot, view)]
    if view.lost_p_low is not None and view.lost_p_high is not None:
        parts.append((f"  without one: P {_between(view.lost_p_low, view.lost_p_high)}", "faint"))
    return line(*parts)


def _before(at: int, market: MarketView, room: Room) -> Line:
    first = market.close_time - MINUTE
    begins = clock(first, room.zone)
    ends = clock(market.close_time - SECOND, room.zone)
    return line(
        f"the 60 prints from {begins} to {ends} decide; the first comes in ",
        (countdown(first - at), "strong"),
    )


def _expected(number: NumberView) -> Line:
    if number.expected_average is None:
        return line(("what it will settle near is not known", "faint"))
    near = f"as of now it settles near {dollars(number.expected_average)} ± {dollars(number.sd)}: "
    return line(near, *_away(number))


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
