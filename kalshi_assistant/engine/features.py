"""What a crossing is judged on, taken from the state at the instant of the crossing."""

import math

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND, whole_second
from kalshi_assistant.domain.units import INDEX_SCALE, Money
from kalshi_assistant.engine import guard
from kalshi_assistant.engine.forecasts import market_price
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.quant.layout import R_P, R_SIGMA
from kalshi_assistant.risk.limits import share
from kalshi_assistant.strategy.features import Features, shape_of
from kalshi_assistant.strategy.sizing import Means


def gather(state: State, market: MarketState) -> Features:
    """The features of a market that has a number."""
    settings, contract = state.settings.signal.momentum, market.contract
    assert contract is not None
    p_model, priced = float(state.index.real[R_P]), market_price(state, market)
    left = max(contract.close_time - state.now, 0) / SECOND
    book, flow = market.book, market.tape.flow(state.now, settings.seconds * SECOND)
    known = book.known
    return Features(
        p_model=p_model,
        p_market=None if priced is None else priced.p,
        p_blend=(None if priced is None else state.shrinkage.predict_one(left, p_model, priced.p)),
        index_sigmas=_index_sigmas(state, settings.seconds),
        shape=(
            shape_of(book.levels(BID, settings.levels), book.levels(ASK, settings.levels))
            if known
            else None
        ),
        flow=flow.signed / flow.volume if flow.complete and flow.volume > 0 else None,
    )


def _index_sigmas(state: State, seconds: int) -> float | None:
    """Change of the index over so many seconds, in deviations of such a change."""
    index, sigma = state.index, float(state.index.real[R_SIGMA])
    if index.value is None or index.value_at is None or sigma <= 0.0:
        return None
    before = index.print_of(whole_second(index.value_at) - seconds)
    if before is None:
        return None
    return (index.value - before) / INDEX_SCALE / (sigma * math.sqrt(seconds))


def means(state: State) -> Means:
    """What money there is: cash and what is invested, what positions and orders may still lose,
    and the share of a size that the canary allows.
    """
    ledger = state.ledger
    part = share(state.desk.good_windows, state.settings.risk) if state.settings.trades else 1
    return Means(
        bankroll=Money(ledger.start + ledger.realized),
        cash=ledger.cash,
        exposure=guard.worst(state),
        share=float(part),
    )
