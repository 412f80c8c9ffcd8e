"""The account: what it is worth, what is under way, and why no order leaves."""

from kalshi_assistant.engine.snapshot import MarketView, OrderView, PaperView, TradingView
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Span, line, rule
from kalshi_assistant.ui.renderables.words import (
    arrow,
    contracts,
    money,
    price_cents,
    signed_money,
)


def paper(scene: Scene, room: Room) -> list[Line]:
    """Cash, profit and fees, orders under way; without an account, that it is off."""
    account, trading = scene.snapshot.paper, scene.snapshot.trading
    title = "LIVE" if scene.snapshot.mode == "live" else "paper"
    if not account.enabled:
        return [rule("paper", room.width, "off"), line(("signals are told, not traded", "faint"))]
    lines = [
        rule(title, room.width, _held(scene.snapshot.market), "strong"),
        line(
            f"{money(account.cash)} ", _profit(account), (f" fees {money(account.fees)}", "faint")
        ),
        _under_way(account, trading),
    ]
    return lines[: room.height]


def _under_way(account: PaperView, trading: TradingView | None) -> Line:
    """The most urgent of: why nothing leaves, what is on its way, how much was done."""
    if trading is not None and trading.closed_because is not None:
        return line((f"no entries: {trading.closed_because}", "alert"))
    if trading is not None and trading.orders:
        more = len(trading.orders) - 1
        text = f"{_order(trading.orders[0])}{f' and {more} more' if more else ''}"
        return line((text, "strong"))
    policies = () if trading is None else trading.policies
    if policies and account.fills:
        profits = [account.realized, *(profit for _, profit in policies)]
        text = f"fills {account.fills}, range {signed_money(min(profits))} to "
        return line((f"{text}{signed_money(max(profits))}", "faint"))
    return line((f"fills {account.fills}, positions open {account.open_positions}", "faint"))


def _order(order: OrderView) -> str:
    what = f"{contracts(order.quantity)} {order.outcome.upper()}"
    return f"{order.state} {what} at {price_cents(order.limit)}¢"


def _profit(account: PaperView) -> Span:
    said = f"{arrow(account.realized)}{signed_money(account.realized)}"
    return said, "no" if account.realized < 0 else "yes"


def _held(market: MarketView | None) -> str:
    if market is None or market.position == 0:
        return "holds nothing"
    side = "YES" if market.position > 0 else "NO"
    return f"holds {contracts(abs(market.position))} {side}"
