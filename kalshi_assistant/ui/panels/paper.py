"""The account: what it is worth, what is held and may come of it, and why no order leaves."""

from typing import Final

from kalshi_assistant.domain.units import payoff
from kalshi_assistant.engine.snapshot import HeldView, MarketView, OrderView, PaperView, TradingView
from kalshi_assistant.ui.panels.ladder import place_of
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Span, line, rule
from kalshi_assistant.ui.renderables.words import (
    UNKNOWN,
    arrow,
    contracts,
    money,
    price_cents,
    signed_money,
)

QUEUES: Final = {"optimistic": "best", "of record": "likely", "conservative": "worst"}
"""The assumptions about the queue, in words of their outcome."""


def paper(scene: Scene, room: Room) -> list[Line]:
    """Cash, profit and fees, orders under way, what is held and how it may end; without an
    account, that it is off.
    """
    account, trading = scene.snapshot.paper, scene.snapshot.trading
    title = "LIVE account" if scene.snapshot.mode == "live" else "paper"
    if not account.enabled:
        return [rule("paper", room.width, "off"), line(("signals are told, not traded", "faint"))]
    lines = [
        rule(title, room.width, _held(scene.snapshot.market), "strong"),
        line(
            f"{money(account.cash)} ", _profit(account), (f" fees {money(account.fees)}", "faint")
        ),
        _under_way(account, trading),
    ]
    if trading is not None:
        lines += [*_position(trading), *_range(account, trading), _at_stake(trading)]
    if room.height == 2 and trading is not None:
        urgent = trading.closed_because is not None or trading.orders
        return [lines[0], lines[2] if urgent else lines[1]]
    return lines[: room.height]


def _under_way(account: PaperView, trading: TradingView | None) -> Line:
    """The most urgent of: why nothing leaves, what is on its way, how much was done."""
    if trading is not None and trading.closed_because is not None:
        return line((f"no entries: {trading.closed_because}", "alert"))
    if trading is not None and trading.orders:
        more = len(trading.orders) - 1
        text = f"{_order(trading.orders[0])}{f' and {more} more' if more else ''}"
        return line((text, "strong"))
    return line((f"fills {account.fills}, positions open {account.open_positions}", "faint"))


def _order(order: OrderView) -> str:
    what = f"{contracts(order.quantity - order.filled)} {order.outcome.upper()}"
    said = f"{order.state} {what} at {price_cents(order.limit)}¢"
    return f"{said}, {place_of(order)} ahead" if order.state == "working" else said


def _position(trading: TradingView) -> list[Line]:
    """What is held in the window on display, what it would fetch, and both its ends."""
    held = trading.held[0] if trading.held else None
    if held is None or held.quantity == 0:
        return []
    side = "YES" if held.quantity > 0 else "NO"
    paid = f"{contracts(abs(held.quantity))} {side} for {money(held.cost + held.fees)}"
    now = UNKNOWN if held.worth is None else signed_money(_ended(held, held.worth))
    yes = _ended(held, payoff(held.quantity) if held.quantity > 0 else 0)
    no = _ended(held, 0 if held.quantity > 0 else -payoff(held.quantity))
    return [
        line(paid, (", now ", "faint"), (now, "strong")),
        line(("ends ", "faint"), (f"YES {signed_money(yes)}", "yes"), "  ",
             (f"NO {signed_money(no)}", "no")),
    ]  # fmt: skip


def _ended(held: HeldView, brings: int) -> int:
    """Profit of the window if what is held brings that much."""
    return brings + held.realized - held.cost - held.fees


def _range(account: PaperView, trading: TradingView) -> list[Line]:
    """Profit so far under each assumption about the queue, what is held at what it would fetch."""
    if not trading.policies:
        return []
    settled = dict(trading.policies)
    profits: dict[str, int | None] = {}
    for held in trading.held:
        if held.policy in settled:
            profits[held.policy] = _with(settled[held.policy] + held.realized - held.fees, held)
        elif held.policy in QUEUES:
            profits[held.policy] = _with(account.realized, held)
    if not profits:
        profits = {**settled}
    parts = [
        f"{word} {UNKNOWN if profits[name] is None else signed_money(profits[name] or 0)}"
        for name, word in QUEUES.items()
        if name in profits
    ]
    return [line(" ".join(parts))]


def _with(profit: int, held: HeldView) -> int | None:
    """With what is open; not known where its worth is not."""
    if held.quantity == 0:
        return profit
    return None if held.worth is None else profit + held.worth - held.cost


def _at_stake(trading: TradingView) -> Line:
    today = signed_money(trading.day_pnl)
    return line((f"today {today}, at risk {money(trading.worst)}", "faint"))


def _profit(account: PaperView) -> Span:
    said = f"{arrow(account.realized)}{signed_money(account.realized)}"
    return said, "no" if account.realized < 0 else "yes"


def _held(market: MarketView | None) -> str:
    if market is None or market.position == 0:
        return "holds nothing"
    side = "YES" if market.position > 0 else "NO"
    return f"holds {contracts(abs(market.position))} {side}"
