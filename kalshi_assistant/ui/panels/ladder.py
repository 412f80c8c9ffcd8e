"""The book as a ladder: asks above, bids below, all in YES cents, with our own orders in it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kalshi_assistant.domain.units import PRICE_SCALE
from kalshi_assistant.engine.snapshot import BookView, OrderView, Snapshot
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import (
    Line,
    Role,
    faded,
    fit,
    length,
    line,
    rule,
    wrap,
)
from kalshi_assistant.ui.renderables.plot import bar
from kalshi_assistant.ui.renderables.words import (
    WAITING,
    age,
    contracts,
    price_cents,
    price_decimals,
    short_contracts,
)

Level = tuple[int, int]
WIDE: Final = 40


class Rung(NamedTuple):
    """A level of the book, and what of ours rests there."""

    price: int
    quantity: int
    ours: tuple[OrderView, ...]


def ladder(scene: Scene, room: Room) -> list[Line]:
    """Best prices meet in the middle; a book that is not known says so and shows nothing."""
    snapshot, market = scene.snapshot, scene.snapshot.market
    if market is None:
        return [rule("book", room.width), line((WAITING, "faint"))]
    book = market.book
    seen = "" if book.changed_at is None else age(snapshot.at - book.changed_at)
    old = bool(seen) and (book.stale or snapshot.polled)
    name = "book polled, ¢" if snapshot.polled else "book, YES in ¢"
    role: Role = "warn" if book.stale else "faint"
    title = rule(name, room.width, f"{seen} old" if old else seen, role)
    if not book.known:
        why = book.unknown_because or "no snapshot yet"
        return [title, *wrap(f"book unknown: {why}", room.width, "warn")]
    levels = _levels(snapshot, book, room.width, room.height - 1)
    return [title, *map(faded, levels)] if book.stale else [title, *levels]


def _levels(snapshot: Snapshot, book: BookView, width: int, height: int) -> list[Line]:
    above = max(0, (height - 1) // 2)
    below = max(0, height - 1 - above)
    asks = _with_ours(book.asks, _ours(snapshot, "no"), 1)[:above]
    bids = _with_ours(book.bids, _ours(snapshot, "yes"), -1)[:below]
    shown = [*asks, *bids]
    decimals = price_decimals([rung.price for rung in shown])
    largest = max((rung.quantity for rung in shown), default=0)

    def drawn(side: str, rung: Rung, role: Role) -> Line:
        share = rung.quantity / largest if largest > 0 else 0.0
        head = f"{price_cents(rung.price, decimals):>6} {contracts(rung.quantity):>8} "
        own = _own(rung.ours, width)
        room = width - len(head) - 4
        filled = bar(share, room) if room > 0 else ""
        room = max(0, room - length(own))
        filled = filled[:room]  # ours stands before the end of the bar: all bars are to one scale
        content = line((f"{side} ", "faint"), (head, role), (filled, "faint"))
        return content if not own else (*content, (" " * max(0, room - len(filled)), "plain"), *own)

    blank = [line("")] * (above - max(1, len(asks)) if above else 0)
    upper = [drawn("ask", rung, "no") for rung in reversed(asks)] or _empty("asks", above)
    lower = [drawn("bid", rung, "yes") for rung in bids] or _empty("bids", below)
    return [*blank, *upper, _middle(book, width), *lower]


def _ours(snapshot: Snapshot, outcome: str) -> dict[int, tuple[OrderView, ...]]:
    """Our orders of the market shown by their YES price; NO is bought from those who want YES."""
    found: dict[int, tuple[OrderView, ...]] = {}
    trading, market = snapshot.trading, snapshot.market
    if trading is None or market is None:
        return found
    for order in trading.orders:
        if order.ticker == market.ticker and order.outcome == outcome:
            price = order.limit if outcome == "yes" else PRICE_SCALE - order.limit
            found[price] = (*found.get(price, ()), order)
    return found


def _with_ours(
    levels: Sequence[Level], ours: dict[int, tuple[OrderView, ...]], away: int
) -> list[Rung]:
    """The levels, best first, and a rung of its own where we stand alone: an order on paper is in
    nobody's book. ``away``: 1 where worse prices are higher.
    """
    there = dict(levels)
    rungs = [Rung(price, quantity, ours.get(price, ())) for price, quantity in levels]
    rungs += [Rung(price, 0, orders) for price, orders in ours.items() if price not in there]
    return sorted(rungs, key=lambda rung: away * rung.price)


def _own(orders: tuple[OrderView, ...], width: int) -> Line:
    """How much of ours rests on a level, and how much of others is ahead of it."""
    if not orders:
        return ()
    size = sum(order.quantity - order.filled for order in orders)
    first = orders[0]
    if width >= WIDE:
        return ((f" ◆{contracts(size)}, {place_of(first)} ahead", "strong"),)
    ahead = "?" if first.ahead is None else short_contracts(first.ahead)
    return ((f"◆{short_contracts(size)} q{ahead}", "strong"),)


def place_of(order: OrderView) -> str:
    """Contracts ahead of an order in its queue; a question mark where nobody knows."""
    return "?" if order.ahead is None else contracts(order.ahead)


def _empty(side: str, room: int) -> list[Line]:
    return [line((f"no {side}", "warn"))] if room else []


def _middle(book: BookView, width: int) -> Line:
    text = spread_of(book.bids, book.asks)
    fill = max(0, width - len(text) - 3)
    return fit((("─ ", "faint"), (text, "plain"), (" " + "─" * fill, "faint")), width)


def spread_of(bids: Sequence[Level], asks: Sequence[Level]) -> str:
    """The distance between the best prices, in words where there is none."""
    if not bids or not asks:
        return "one side is empty" if bids or asks else "nobody quotes"
    bid, ask = bids[0][0], asks[0][0]
    if bid >= ask:
        return f"crossed by {price_cents(bid - ask)}¢"
    return f"spread {price_cents(ask - bid)}¢ mid {(ask + bid) / 200:,.4g}¢"
