"""The cost lens: what a trade of the present size has to win to break even."""

from typing import Final, NamedTuple

from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    PRICE_SCALE,
    QUANTITY_SCALE,
    Money,
    Price,
    payoff,
)
from kalshi_assistant.engine.snapshot import CostView
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

Taking = tuple[Price, Money, Money]

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
        *_now(seen, room.width),
        _there_and_back(seen),
        _one(seen),
    ]
    rows = room.height - len(lines) - 2
    if rows >= LEAST_PLOT and room.width >= 24 and seen.taker:
        lines += _curve(seen, room, rows)
    return lines[: room.height]


def _title(seen: CostView, width: int) -> Line:
    size = f"cost of {contracts(seen.quantity)}"
    return rule(size, width, f"{seen.account}, to {exact_cents(seen.precision)}¢")


def _now(seen: CostView, width: int) -> list[Line]:
    """For each outcome: taken from the book, and waited for at the best bid."""
    return [
        _side("YES", _taken(seen.taking_yes, seen), _waited(seen.waiting_yes, seen), width),
        _side("NO", _taken(seen.taking_no, seen), _waited(seen.waiting_no, seen), width),
    ]


def _side(word: str, taken: Even, waited: Even, width: int) -> Line:
    role: Role = "yes" if word == "YES" else "no"
    parts = [
        taken.in_words(with_price=width >= WITH_PRICES),
        waited.in_words(with_price=width >= WITH_PRICES),
    ]
    return line((f"{word:<4}", role), f"take {parts[0]}", (" wait ", "faint"), parts[1])


def _taken(taking: Taking | None, seen: CostView) -> Even:
    if taking is None or seen.quantity <= 0:
        return Even(None, Price(0))
    price, cost, fee = taking
    return Even((cost + fee) / seen.quantity * QUANTITY_SCALE / MONEY_SCALE, price)


def _waited(waiting: tuple[Price, Money] | None, seen: CostView) -> Even:
    if waiting is None or seen.quantity <= 0:
        return Even(None, Price(0))
    price, fee = waiting
    return Even(price / PRICE_SCALE + fee / seen.quantity * QUANTITY_SCALE / MONEY_SCALE, price)


def _there_and_back(seen: CostView) -> Line:
    """Both outcomes bought pay a dollar whatever happens: what they cost above it is the trip."""
    if seen.taking_yes is None or seen.taking_no is None or seen.quantity <= 0:
        return line(("round trip: the book does not show so much", "faint"))
    (_, yes, yes_fee), (_, no, no_fee) = seen.taking_yes, seen.taking_no
    lost = yes + yes_fee + no + no_fee - payoff(seen.quantity)
    each, fees = _cents_each(lost, seen), _cents_each(yes_fee + no_fee, seen)
    return line(f"round trip {each:.2f}¢ each", (f", {fees:.2f} fees", "faint"))


def _one(seen: CostView) -> Line:
    said = ", ".join(f"{exact_cents(fee)}¢ {account}" for account, fee in seen.one_at_half)
    return line((f"1 at 50¢: {said}", "faint"))


def _cents_each(fee: int, seen: CostView) -> float:
    """Cents per contract."""
    return fee / max(1, seen.quantity) * QUANTITY_SCALE / MONEY_SCALE * 100


def _curve(seen: CostView, room: Room, rows: int) -> list[Line]:
    """Cents above the price that a trade at it has to win: taken solid, waited for dotted."""
    plot = Plot(room.width - GUTTER - 1, rows, room.ascii_only)
    most = max(0.01, *(_cents_each(fee, seen) for fee in (*seen.taker, *seen.maker)))
    scale = Scale(0.0, most, plot.down)
    for fees, role, period in ((seen.maker, "average", 2), (seen.taker, "index", 1)):
        found: list[tuple[int, int] | None] = [None] * plot.across
        for x in range(plot.across if fees else 0):
            y = scale.y(_cents_each(fees[min(len(fees) - 1, x * len(fees) // plot.across)], seen))
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
