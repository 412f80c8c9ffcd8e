"""One sentence: what to do now, and why."""

from typing import Final

from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.snapshot import MarketView, Snapshot
from kalshi_assistant.ui.panels.probability import why_none
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, line, wrap
from kalshi_assistant.ui.renderables.words import (
    BECAUSE,
    age,
    contracts,
    countdown,
    price_cents,
    signed_cents,
)

SIGNAL_SHOWN: Final = 30 * SECOND
"""For how long a signal stands in the verdict's place."""


def verdict(scene: Scene, room: Room) -> list[Line]:
    """Trouble with the engine first, then a fresh signal, then the reason for not trading."""
    text, role = sentence(scene)
    return wrap(text, room.width, role) if room.height > 1 else [line((text, role))]


def sentence(scene: Scene) -> tuple[str, Role]:
    """The verdict and how loudly it is said."""
    snapshot = scene.snapshot
    if scene.trouble is not None:
        return scene.trouble, "alert"
    signal = snapshot.signals[0] if snapshot.signals else None
    if signal is not None and 0 <= snapshot.at - signal.made_at <= SIGNAL_SHOWN:
        return fired(signal, snapshot.at), "yes" if signal.edge.outcome == "yes" else "no"
    if snapshot.market is None:
        return _no_market(snapshot), "plain"
    return _stance(snapshot, snapshot.market)


def _no_market(snapshot: Snapshot) -> str:
    if snapshot.exchange_says is not None:
        return f"nothing to trade: {snapshot.exchange_says}"
    if snapshot.unreachable is not None:
        return f"nothing to trade: {snapshot.unreachable}"
    if snapshot.upcoming_open is None:
        return "nothing to trade: the venue has not named a market yet"
    return (
        f"nothing to trade: next window opens in {countdown(snapshot.upcoming_open - snapshot.at)}"
    )


def _stance(snapshot: Snapshot, market: MarketView) -> tuple[str, Role]:
    veto = market.veto
    if veto is None:
        better = _better(market)
        return f"a signal may fire now{'' if better is None else ': ' + offer(better)}", "strong"
    reason = BECAUSE[veto]
    if veto == market.number.no_number:
        reason = why_none(snapshot)
    elif veto == "exchange_paused" and snapshot.exchange_says is not None:
        reason = f"{reason}: {snapshot.exchange_says}"
    elif veto == "operator_paused" and snapshot.paused:
        reason = f"{reason}: {snapshot.paused}"
    elif veto == "risk_blocked" and snapshot.trading and snapshot.trading.closed_because:
        reason = snapshot.trading.closed_because
    elif veto == "book_unknown" and market.book.unknown_because is not None:
        reason = f"{reason}: {market.book.unknown_because}"
    elif veto == "edge_below_threshold" and (best := _better(market)) is not None:
        reason = f"{reason} (best: {best.outcome.upper()} {signed_cents(best.net)}¢)"
    return f"do not trade, because {reason}", "strong"


def _better(market: MarketView) -> Edge | None:
    edges = [edge for edge in (market.edge_yes, market.edge_no) if edge is not None]
    return max(edges, key=lambda edge: edge.net, default=None)


def offer(edge: Edge) -> str:
    """What to buy, how much of it, up to which price, and what it is worth."""
    what = f"buy {contracts(edge.quantity)} {edge.outcome.upper()}"
    return f"{what} up to {price_cents(edge.worst_price)}¢, net {signed_cents(edge.net)}¢ each"


def fired(signal: Signal, at: int) -> str:
    """A signal as a sentence with its age, and with what the index was where it was not itself."""
    said = f"▶ SIGNAL {offer(signal.edge)} ({age(at - signal.made_at)} ago)"
    return said if signal.index.startswith(BRTI) else f"{said}, {signal.index}"
