"""How long the venue's book takes to follow the index, measured while both go by.

At each index value the learner is told; while it awaits an answer the kernel compares the middle of
the book at each change of it, which costs one comparison, and answers ``REACTED`` once.
"""

from kalshi_assistant.domain.units import ONE_DOLLAR
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.quant.layout import (
    I_WATCH,
    I_WATCH_ID,
    I_WATCH_SUM,
    M_ID,
    R_P,
)


def index_seen(state: State, market: MarketState) -> None:
    """A value of the index was just evaluated with the book of ``market``."""
    index, reaction = state.index.array, state.reaction
    if state.settings.polled or state.index.value is None:
        return
    if index[I_WATCH_ID] != market.book.array[M_ID] or state.index.estimated:
        reaction.forget()
        index[I_WATCH_ID] = market.book.array[M_ID]
    elif reaction.pending is not None and index[I_WATCH] == 0:
        reaction.forget()  # the kernel let go: the book is not known any more
    if not state.index.estimated:
        p_yes = float(state.index.real[R_P]) if market.book.has_number else None
        reaction.index_seen(state.now, state.index.value, _middle(market), p_yes)
    move = reaction.pending
    index[I_WATCH] = 0 if move is None else move.direction
    index[I_WATCH_SUM] = 0 if move is None else move.target


def _middle(market: MarketState) -> int:
    """Best bid and ask together; 0 where either is missing or not believed."""
    bid, ask = market.book.best_bid, market.book.best_ask
    if not market.book.known or bid is None or ask is None or ask >= ONE_DOLLAR:
        return 0
    return bid + ask
