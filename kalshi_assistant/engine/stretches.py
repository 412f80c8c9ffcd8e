"""Many book changes at once: what ``Engine.handle`` would do with each, in one compiled call."""

from kalshi_assistant.domain.intents import Intent
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.engine.feeds import SAMPLE
from kalshi_assistant.engine.state import State
from kalshi_assistant.engine.trade import react
from kalshi_assistant.market.deltas import Deltas
from kalshi_assistant.quant.batch import skip


def handle_rows(
    state: State, deltas: Deltas, first: int, last: int, before: Nanos
) -> tuple[int, tuple[Intent, ...]]:
    """See ``Engine.handle_rows``."""
    market = state.markets.get(deltas.ticker(first))
    if market is None:
        row = skip(deltas.market, deltas.received_at, first, last, before)
        _pass(state, row - first, deltas.received(row - 1))
        return row, ()
    row, bits = market.book.change_many(deltas, first, last, before)
    received_at = deltas.received(row - 1)
    _pass(state, row - first, received_at)
    newest = slice(max(first, row - SAMPLE), row)
    delays = deltas.received_at[newest] - deltas.at[newest]
    state.feeds.book.saw_many(row - first, delays.tolist(), received_at)
    return row, react(state, market, bits) if bits else ()


def _pass(state: State, count: int, received_at: Nanos) -> None:
    state.sequence += count
    state.now = max(state.now, received_at)
