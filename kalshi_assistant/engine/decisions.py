"""Every crossing that was looked at, with what was known at that instant, so that it can be told
later: why was this bought, and why was that not?
"""

import math
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.intents import Intent, Submit
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import format_quantity
from kalshi_assistant.engine.forecasts import market_price
from kalshi_assistant.engine.page_views import DecisionView
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.quant.layout import M_MISSING, M_SEEN, R_EXPECTED, R_P, R_SD
from kalshi_assistant.strategy.words import DECLINED

SHOWN: Final = 25
"""Decisions in a snapshot."""
ONLY_TOLD: Final = "told only: nothing is traded in this mode"


def fired(state: State, market: MarketState, signal: Signal, order: tuple[Intent, ...]) -> None:
    """A signal, and what it asked for."""
    sent = next((each.order.what for each in order if isinstance(each, Submit)), None)
    became = ONLY_TOLD
    if state.settings.trades:
        _, _, why = (state.desk.refused or "").partition(" refused: ")
        became = "" if sent else f"refused: {why or 'by the risk gate'}"
    made = _seen(state, market, signal.edge)
    state.decisions.appendleft(
        replace(
            made,
            kind=signal.kind,
            became=became,
            order=None if sent is None else sent.id,
            evidence=signal.evidence,
        )
    )


def declined(state: State, market: MarketState, edge: Edge, reason: str) -> None:
    """A crossing that nothing came of."""
    because = DECLINED.get(reason, reason.replace("_", " "))
    state.decisions.appendleft(replace(_seen(state, market, edge), declined=because))


def _seen(state: State, market: MarketState, edge: Edge) -> DecisionView:
    """What is known of a market whose evaluation was just made."""
    array, real, index, contract = market.book.array, state.index.real, state.index, market.contract
    assert contract is not None
    p_yes, priced = float(real[R_P]), market_price(state, market)
    left = max(contract.close_time - state.now, 0) / SECOND
    known = not math.isnan(p_yes)
    blend = None
    if priced is not None and known:
        blend = state.shrinkage.predict_one(left, p_yes, priced.p)
    return DecisionView(
        at=state.now,
        ticker=market.ticker,
        outcome=edge.outcome,
        kind=None,
        declined=None,
        became="",
        edge=edge,
        threshold=state.threshold,
        p_yes=p_yes if known else None,
        p_market=None if priced is None else priced.p,
        p_blend=blend,
        strike=contract.strike,
        index=index.value,
        index_age=None if index.received_at is None else state.now - index.received_at,
        index_label=state.label,
        expected_average=float(real[R_EXPECTED]) if index.value is not None else None,
        sd=float(real[R_SD]) if index.value is not None else None,
        prints_known=int(array[M_SEEN]),
        prints_missing=int(array[M_MISSING]),
        seconds_left=left,
        best_bid=market.book.best_bid,
        best_ask=market.book.best_ask,
        book_age=None if market.book.changed_at is None else state.now - market.book.changed_at,
        evidence=(),
        config=state.config,
        order=None,
    )


def decisions_view(state: State) -> tuple[DecisionView, ...]:
    """The newest decisions, each with what has become of its order by now."""
    newest = [state.decisions[back] for back in range(min(SHOWN, len(state.decisions)))]
    return tuple(
        each if each.order is None else replace(each, became=_became(state, each.order))
        for each in newest
    )


def _became(state: State, name: str) -> str:
    known = state.orders.get(ClientOrderId(name))
    if known is None:
        return "sent; long over"
    why = "" if known.reason is None else f" ({known.reason.replace('_', ' ')})"
    filled = f"{format_quantity(known.filled)} of {format_quantity(known.quantity)}"
    return f"{known.state}{why}, filled {filled}"
