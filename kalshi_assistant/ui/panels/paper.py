"""The paper account, and what is held in this market."""

from kalshi_assistant.engine.snapshot import MarketView, PaperView
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Span, line, rule
from kalshi_assistant.ui.renderables.words import arrow, contracts, money, signed_money


def paper(scene: Scene, room: Room) -> list[Line]:
    """Cash, profit and fees; without a paper account, that it is off."""
    account = scene.snapshot.paper
    if not account.enabled:
        return [rule("paper", room.width, "off"), line(("signals are told, not traded", "faint"))]
    lines = [
        rule("paper", room.width, _held(scene.snapshot.market), "strong"),
        line(
            f"{money(account.cash)} ", _profit(account), (f" fees {money(account.fees)}", "faint")
        ),
        line((f"fills {account.fills}, positions open {account.open_positions}", "faint")),
    ]
    return lines[: room.height]


def _profit(account: PaperView) -> Span:
    said = f"{arrow(account.realized)}{signed_money(account.realized)}"
    return said, "no" if account.realized < 0 else "yes"


def _held(market: MarketView | None) -> str:
    if market is None or market.position == 0:
        return "holds nothing"
    side = "YES" if market.position > 0 else "NO"
    return f"holds {contracts(abs(market.position))} {side}"
