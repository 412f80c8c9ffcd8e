"""The book as a ladder: asks above, bids below, all in YES cents."""

from collections.abc import Sequence

from kalshi_assistant.engine.snapshot import BookView
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, fit, line, rule, wrap
from kalshi_assistant.ui.renderables.plot import bar
from kalshi_assistant.ui.renderables.words import (
    WAITING,
    age,
    contracts,
    price_cents,
    price_decimals,
)

Level = tuple[int, int]


def ladder(scene: Scene, room: Room) -> list[Line]:
    """Best prices meet in the middle; a book that is not known says so and shows nothing."""
    market = scene.snapshot.market
    if market is None:
        return [rule("book", room.width), line((WAITING, "faint"))]
    book = market.book
    seen = "" if book.changed_at is None else age(scene.snapshot.at - book.changed_at)
    name = "book polled, ¢" if scene.snapshot.polled else "book, YES in ¢"
    title = rule(name, room.width, f"{seen} old" if scene.snapshot.polled and seen else seen)
    if not book.known:
        why = book.unknown_because or "no snapshot yet"
        return [title, *wrap(f"book unknown: {why}", room.width, "warn")]
    return [title, *_levels(book, room.width, room.height - 1)]


def _levels(book: BookView, width: int, height: int) -> list[Line]:
    above = max(0, (height - 1) // 2)
    below = max(0, height - 1 - above)
    asks, bids = book.asks[:above], book.bids[:below]
    shown = [*asks, *bids]
    decimals = price_decimals([price for price, _ in shown])
    largest = max((quantity for _, quantity in shown), default=0)

    def rung(side: str, level: Level, role: Role) -> Line:
        price, quantity = level
        share = quantity / largest if largest > 0 else 0.0
        head = f"{price_cents(price, decimals):>6} {contracts(quantity):>8} "
        return line(
            (f"{side} ", "faint"), (head, role), (bar(share, width - len(head) - 4), "faint")
        )

    blank = [line("")] * (above - max(1, len(asks)) if above else 0)
    upper = [rung("ask", level, "no") for level in reversed(asks)] or _empty("asks", above)
    lower = [rung("bid", level, "yes") for level in bids] or _empty("bids", below)
    return [*blank, *upper, _middle(book, width), *lower]


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
