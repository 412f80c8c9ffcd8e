"""What the model says, what the market says, and what is left of the difference after costs."""

from math import isfinite, sqrt
from typing import Final

from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.units import MONEY_SCALE, QUANTITY_SCALE
from kalshi_assistant.engine.snapshot import MarketView, NumberView, Snapshot
from kalshi_assistant.ui.panels.scene import Room, Scene, index_age
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, joined, line, rule, wrap
from kalshi_assistant.ui.renderables.words import (
    BECAUSE,
    WAITING,
    age,
    arrow,
    contracts,
    dollars,
    percent,
    price_cents,
    signed_cents,
)

VARIANTS: Final = {
    "gbm": "Gaussian",
    "stochastic_variance": "variance",
    "merton": "jumps",
    "bootstrap": "history",
    "mixture": "mixture",
}
"""What the simulations are called where there is little room."""
SECONDS_A_YEAR = 365.25 * 86_400
_HEADINGS = f"{'gap':>6}{'fee':>5}{'slip':>5}{'late':>5}{'err':>5}{'net':>6}"
_EDGES_HEAD = line((f"{'¢ a contract':<16}{_HEADINGS}", "faint"))


def probability(scene: Scene, room: Room) -> list[Line]:
    """P(YES) and P(NO), market mid, both edges with their costs, distance and volatility."""
    snapshot, market = scene.snapshot, scene.snapshot.market
    if market is None:
        return [rule("probability", room.width), line((WAITING, "faint"))]
    number = market.number
    lines = [
        _title(market, room.width),
        *_number(snapshot, market, room),
        _EDGES_HEAD,
        _edge("YES", market.edge_yes, market),
        _edge("NO", market.edge_no, market),
        _distance(number),
        *_simulated(snapshot, market, room),
        *_slopes(number),
        *_sizes(snapshot, number),
        _prints(number),
        *(wrapped for text in number.warnings for wrapped in wrap(f"! {text}", room.width, "warn")),
    ]
    return lines[: room.height]


def _prints(number: NumberView) -> Line:
    known, missing, left = number.prints_known, number.prints_missing, number.prints_left
    return line((f"settling prints: {known} in, {missing} missing, {left} to come", "faint"))


def _title(market: MarketView, width: int) -> Line:
    number = market.number
    if market.belief.contradicted_by:
        names = ", ".join(VARIANTS.get(name, name) for name in market.belief.contradicted_by)
        return rule("probability", width, f"! {names}: not the same", "warn")
    if number.warnings:
        return rule("probability", width, f"! {number.warnings[0]}", "warn")
    sigma = number.sigma_per_sqrt_second
    said = [] if sigma is None else [f"moves {dollars(sigma * sqrt(60))}/min"]
    if number.band_low is not None and number.band_high is not None:
        low, high = 100 * number.band_low, 100 * number.band_high
        said.insert(0, f"{low:.1f} to {high:.1f} %")
    return rule("probability", width, ", ".join(said))


def _simulated(snapshot: Snapshot, market: MarketView, room: Room) -> list[Line]:
    """The simulations beside the closed form, and whether they contradict it."""
    belief = market.belief
    if not belief.estimates or belief.estimated_at is None:
        return []
    numbers = ", ".join(
        f"{VARIANTS.get(name, name)} {100 * p:.1f}" for name, p, _ in belief.estimates
    )
    widest = max(se for _, _, se in belief.estimates)
    old = age(snapshot.at - belief.estimated_at)
    said = f"simulated {numbers} % ± {100 * widest:.2f}, {old} ago"
    role: Role = "warn" if belief.contradicted_by else "faint"
    return wrap(said, room.width, role)


def _slopes(number: NumberView) -> list[Line]:
    if number.delta is None or number.theta is None:
        return []
    text = f"a dollar is {100 * number.delta:.2f} points, a second {100 * number.theta:+.2f}"
    return [line((text, "faint"))]


def _number(snapshot: Snapshot, market: MarketView, room: Room) -> list[Line]:
    number = market.number
    if number.p_yes is None:
        return [line((f"no number: {why_none(snapshot)}", "warn")), _market_line(market)]
    yes, no = f"YES {percent(number.p_yes)} ", f" {percent(1 - number.p_yes)} NO"
    middle = _scale(number.p_yes, market.market_mid, room.width - len(yes) - len(no))
    return [line((yes, "yes"), *middle, (no, "no")), _market_line(market)]


def _scale(p_yes: float, mid: float | None, width: int) -> Line:
    """A bar from 0 to 1, filled to the model's number, with a mark where the market stands."""
    if width < 3 or not isfinite(p_yes):
        return ()
    filled = round(max(0.0, min(1.0, p_yes)) * width)
    cells: list[Span] = [("█", "yes")] * filled
    cells += [("░", "no")] * (width - filled)
    if mid is not None and isfinite(mid):
        cells[min(width - 1, round(max(0.0, min(1.0, mid)) * width))] = ("│", "strong")
    return joined(cells)


def _market_line(market: MarketView) -> Line:
    mid, p_yes = market.market_mid, market.number.p_yes
    if mid is None:
        return line(("no market price: a side of the book is empty or unknown", "faint"))
    said = line(("│ ", "strong"), "market ", (percent(mid), "strong"))
    if p_yes is None or not isfinite(p_yes - mid):
        return said
    blend = market.belief.blend
    both = () if blend is None else line("  both ", (percent(blend), "strong"))
    points = 100 * (p_yes - mid)
    word = "above" if points > 0 else "below"
    return (*said, *both, (f"  model {arrow(points)} {abs(points):.1f} {word}", "plain"))


def why_none(snapshot: Snapshot) -> str:
    """Why there is no number, with the age of what is old."""
    market = snapshot.market
    veto = None if market is None else market.number.no_number
    if veto is None:
        return "it was not computed yet"
    seen = index_age(snapshot.index, snapshot.at)
    if veto == "index_stale" and seen is not None:
        return f"{BECAUSE[veto]} ({age(seen)})"
    if veto == "volatility_cold" and market is not None:
        return f"{BECAUSE[veto]} ({market.number.volatility_seconds:,.0f} s)"
    return BECAUSE[veto]


def _edge(word: str, edge: Edge | None, market: MarketView) -> Line:
    role: Role = "yes" if word == "YES" else "no"
    if edge is None:
        numbered = market.number.p_yes is not None
        why = "no price for the wanted size" if numbered else "no edge without a number"
        return line((f"{word:<4}", role), (why, "faint"))
    label = f"{contracts(edge.quantity)} to {price_cents(edge.worst_price)}"
    costs = (-fee_each(edge), -edge.slippage, -edge.latency, -edge.haircut)
    columns = f"{signed_cents(edge.raw):>6}"
    columns += "".join(f"{signed_cents(value):>5}" for value in costs)
    verdict: Role = "strong" if edge.net > 0 else "plain"
    net = f"{signed_cents(edge.net):>6} {arrow(round(edge.net, 3))}"
    return line((f"{word:<4}", role), f"{label:<12.12}", (columns, "plain"), (net, verdict))


def fee_each(edge: Edge) -> float:
    """Fee per contract in dollars."""
    if edge.quantity <= 0:
        return 0.0
    return edge.fee / MONEY_SCALE / (edge.quantity / QUANTITY_SCALE)


def _distance(number: NumberView) -> Line:
    if number.distance is None:
        return line(("distance to the strike: not known", "faint"))
    below = number.distance < 0
    where = (
        f"{arrow(number.distance)} {dollars(abs(number.distance))} {'below' if below else 'above'}"
    )
    return line("expected ", (where, "no" if below else "yes"), _in_sigmas(number))


def _in_sigmas(number: NumberView) -> str:
    if number.sigmas is None:
        return ""
    return f", {abs(number.sigmas):,.2f} sigmas of {dollars(number.sd)}"


def _sizes(snapshot: Snapshot, number: NumberView) -> list[Line]:
    """Expected settlement and volatility, where they are known."""
    said = []
    if number.expected_average is not None:
        said.append(f"settles near {dollars(number.expected_average)} ± {dollars(number.sd)}")
    sigma, value = number.sigma_per_sqrt_second, snapshot.index.value
    if sigma is not None and value:
        yearly = percent(sigma * 100 / value * sqrt(SECONDS_A_YEAR))
        said.append(f"volatility {yearly} a year, seen {number.volatility_seconds:,.0f} s")
    return [line((text, "faint")) for text in said]
