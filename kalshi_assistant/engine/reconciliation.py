"""Books that are believed, laid beside whole ones now and then: what differs has drifted.

The whole book comes in order with the changes around it, so the two should be the same to the last
contract.
"""

from typing import Final

from kalshi_assistant.domain.events import BookSnapshot
from kalshi_assistant.domain.intents import Intent, Reconcile
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.state import MarketState, State

PLANNED_NEVER: Final = 0


def due(state: State) -> tuple[Intent, ...]:
    """Ask for the whole books that are due. Polled books are whole as they are."""
    if state.settings.polled:
        return ()
    intents: list[Intent] = []
    every = int(state.settings.sources.reconcile_seconds * SECOND)
    for ticker in state.watched:
        market = state.markets.get(ticker)
        if market is None:
            continue
        if not market.book.known:
            market.reconcile_at, market.reconciling = PLANNED_NEVER, False
        elif market.reconcile_at == PLANNED_NEVER:
            market.reconcile_at = state.now + every
        elif state.now >= market.reconcile_at:
            market.reconcile_at, market.reconciling = state.now + every, True
            intents.append(Reconcile(ticker))
    return tuple(intents)


def compare(state: State, market: MarketState, event: BookSnapshot) -> None:
    """A whole book came while ours was believed: count what differs, and say so. One that nobody
    asked for is news, such as the empty one after a close.
    """
    if not market.reconciling:
        return
    market.reconciling = False
    levels = market.book.differences(event.bids, event.asks)
    feed = state.feeds.book
    feed.drift_levels, feed.reconciled_at = levels, state.now
    market.drifted += levels
    if levels:
        text = f"{market.ticker}: {levels} levels of the book had drifted; the whole one counts"
        state.story.tell(state.now, "warning", "book", text)
