"""The cost lens: what a trade of the present size has to win to break even."""

from typing import Final, NamedTuple

from kalshi_assistant.domain.signals import Edge
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    ONE_DOLLAR,
    PRICE_SCALE,
    QUANTITY_SCALE,
    Money,
    Price,
)
from kalshi_assistant.engine.snapshot import CostView, MarketView
from kalshi_assistant.ui.panels.axes import Scale, joined_up
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, fit, line, rule
from kalshi_assistant.ui.renderables.plot import Plot
from kalshi_assistant.ui.renderables.words import (
    WAITING,
    contracts,
    exact_cents,
    percent,
    price_cents,
)

GUTTER: Final = 6
LEAST_PLOT: Final = 3
"""Rows of a curve below which only its numbers are shown."""
WITH_PRICES: Final = 42


class Even(NamedTuple):
    """The probability that pays for a trade, and its price."""

    probability: float | None
    price: Price

    def in_words(self, *, with_price: bool) -> str:
        """With its price where there is room."""
        if self.probability is None or not with_price:
            return percent(self.probability)
        return f"{percent(self.probability)} at {price_cents(self.price)}"


def costs(scene: Scene, room: Room) -> list[Line]:
    """Break-even probabilities now, the round trip, one contract at 50 cents, and the fee's curve
    over all prices, to be taken and to wait.
    """
    market = scene.snapshot.market
    if market is None:
        return [rule("cost lens", room.width), line((WAITING, "faint"))]
    seen = market.costs
    if seen is None:
        return [rule("cost lens", room.width), line(("the venue has not said the fees", "warn"))]
    lines = [
        _title(seen, room.width),
        *_now(market, seen, room.width),
        _there_and_back(market),
        _one(seen),
    ]
    rows = room.height - len(lines) - 2
    if rows >= LEAST_PLOT and room.width >= 24 and seen.taker:
        lines += _curve(seen, room, rows)
    return lines[: room.height]


def _title(seen: CostView, width: int) -> Line:
    size = f"cost of {contracts(seen.quantity)}"
    return rule(size, width, f"{seen.account}, to {exact_cents(seen.precision)}¢")


def _now(market: MarketView, seen: CostView, width: int) -> list[Line]:
    """For each outcome: taken at the price of its edge, and waited for at the best bid."""
    return [
        _side("YES", _taken(market.edge_yes), _waited(seen.waiting_yes, seen), width),
        _side("NO", _taken(market.edge_no), _waited(seen.waiting_no, seen), width),
    ]


def _side(word: str, taken: Even, waited: Even, width: int) -> Line:
    role: Role = "yes" if word == "YES" else "no"
    parts = [
        taken.in_words(with_price=width >= WITH_PRICES),
        waited.in_words(with_price=width >= WITH_PRICES),
    ]
    return line((f"{word:<4}", role), f"take {parts[0]}", (" wait ", "faint"), parts[1])


def _taken(edge: Edge | None) -> Even:
    if edge is None or edge.quantity <= 0:
        return Even(None, Price(0))
    each = (edge.cost + edge.fee) / edge.quantity * QUANTITY_SCALE / MONEY_SCALE
    return Even(each, edge.worst_price)


def _waited(waiting: tuple[Price, Money] | None, seen: CostView) -> Even:
    if waiting is None or seen.quantity <= 0:
        return Even(None, Price(0))
    price, fee = waiting
    return Even(price / PRICE_SCALE + fee / seen.quantity * QUANTITY_SCALE / MONEY_SCALE, price)


def _there_and_back(market: MarketView) -> Line:
    """Both outcomes bought pay a dollar whatever happens: what they cost above it is the trip."""
    yes, no = market.edge_yes, market.edge_no
    if yes is None or no is None or yes.quantity != no.quantity or yes.quantity <= 0:
        return line(("round trip: the book is too thin for it", "faint"))
    lost = yes.cost + yes.fee + no.cost + no.fee - ONE_DOLLAR * yes.quantity
    each = lost / yes.quantity * QUANTITY_SCALE / MONEY_SCALE * 100
    fees = (yes.fee + no.fee) / yes.quantity * QUANTITY_SCALE / MONEY_SCALE * 100
    return line(f"round trip {each:.2f}¢ each", (f", {fees:.2f} fees", "faint"))


def _one(seen: CostView) -> Line:
    said = ", ".join(f"{exact_cents(fee)}¢ {account}" for account, fee in seen.one_at_half)
    return line((f"1 at 50¢: {said}", "faint"))


def _each(fee: Money, seen: CostView) -> float:
    """Cents per contract."""
    return fee / max(1, seen.quantity) * QUANTITY_SCALE / MONEY_SCALE * 100


def _curve(seen: CostView, room: Room, rows: int) -> list[Line]:
    """Cents above the price that a trade at it has to win: taken solid, waited for dotted."""
    plot = Plot(room.width - GUTTER - 1, rows, room.ascii_only)
    most = max(0.01, *(_each(fee, seen) for fee in (*seen.taker, *seen.maker)))
    scale = Scale(0.0, most, plot.down)
    for fees, role, period in ((seen.maker, "average", 2), (seen.taker, "index", 1)):
        found: list[tuple[int, int] | None] = [None] * plot.across
        for x in range(plot.across if fees else 0):
            y = scale.y(_each(fees[min(len(fees) - 1, x * len(fees) // plot.across)], seen))
            found[x] = (y, y)
        for x, top, bottom in joined_up(found):
            if x % period == 0 or room.ascii_only:
                plot.upright(x, top, bottom, "average" if role == "average" else "index")
    labels: dict[int, Span] = {0: (f"{most:.2f}¢", "faint"), rows - 1: ("0¢", "faint")}
    drawn = [_labelled(labels.get(row), content) for row, content in enumerate(plot.lines())]
    return [_legend(), *drawn, _prices(plot.columns, room.width)]


def _legend() -> Line:
    return line(
        ("¢ over the price: ", "faint"),
        ("── taken", "index"),
        (" ·· waited", "average"),
    )


def _labelled(label: Span | None, content: Line) -> Line:
    text, role = label or ("", "plain")
    return ((f"{text:>{GUTTER}}", role), ("┤" if label else "│", "faint"), *content)


def _prices(columns: int, width: int) -> Line:
    cells = [" "] * (GUTTER + 1 + columns)
    for cents in (1, 25, 50, 75, 99):
        label = f"{cents}¢"
        left = GUTTER + 1 + min(columns - len(label), (cents - 1) * columns // 99)
        cells[left : left + len(label)] = label
    return fit((("".join(cells), "faint"),), width)
