"""The number beside others: market, blend, simulations, band; now, along the window, and the fan
of the average up to the close. For readers only: nothing here is traded on.
"""

import math
from statistics import median
from typing import Final

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import INDEX_SCALE, IndexValue
from kalshi_assistant.engine.forecasts import market_price, question
from kalshi_assistant.engine.sensitivities import Sensitivities, contradictions, sensitivities
from kalshi_assistant.engine.snapshot import BeliefView, FanView
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.engine.trail import Believed, scaled
from kalshi_assistant.quant.closed_form import WINDOW, mean_variance
from kalshi_assistant.quant.layout import M_FIXED, M_FLIGHT, R_EXPECTED, R_P, R_SD
from kalshi_assistant.quant.ring import print_at

FAN_POINTS: Final = 24
ESTIMATE_FRESH: Final = 3 * SECOND
"""A simulation older than this is not noted as one of the present second."""


def highest_claim(state: State, market: MarketState) -> float:
    """The surest claim allowed now."""
    assert market.contract is not None
    number, left = state.settings.number, market.contract.close_time - state.now
    return number.certainty if left > number.certainty_seconds * SECOND else 1.0


def around(state: State, market: MarketState) -> Sensitivities | None:
    """Around the number of the last evaluation; ``None`` where there is none or it is certain."""
    array = market.book.array
    if math.isnan(state.index.real[R_P]) or array[M_FIXED]:
        return None
    highest, tail = highest_claim(state, market), state.settings.number.tail_degrees
    return sensitivities(question(state, market), int(array[M_FLIGHT]), tail, highest)


def belief(state: State, market: MarketState, seen: Sensitivities | None) -> BeliefView:
    """All of them as of now; ``seen`` is what is around the number."""
    contract, p_yes = market.contract, float(state.index.real[R_P])
    assert contract is not None
    left = max(contract.close_time - state.now, 0) / SECOND
    priced, said = market_price(state, market), market.estimated
    return BeliefView(
        market=None if priced is None else priced.p,
        blend=_blend(state, market, None if priced is None else priced.p, seen),
        weight=state.shrinkage.weight(left),
        estimates=() if said is None or seen is None else said.estimates,
        estimated_at=None if said is None or seen is None else said.at,
        contradicted_by=() if said is None or seen is None else contradictions(said, seen, p_yes),
    )


def _blend(
    state: State, market: MarketState, priced: float | None, seen: Sensitivities | None
) -> float | None:
    contract = market.contract
    if priced is None or seen is None or contract is None:
        return None
    left = max(contract.close_time - state.now, 0) / SECOND
    return state.shrinkage.predict_one(left, float(state.index.real[R_P]), priced)


def note(state: State, market: MarketState) -> None:
    """Keep what is believed this second; the evaluation at this instant was just made."""
    p_yes, seen = float(state.index.real[R_P]), around(state, market)
    priced, said = market_price(state, market), market.estimated
    p_market = None if priced is None else priced.p
    fresh = said is not None and seen is not None and state.now - said.at <= ESTIMATE_FRESH
    simulated = None
    if said is not None and fresh and said.estimates:
        simulated = median(p for _, p, _ in said.estimates)
    market.trail.add(
        state.now // SECOND,
        Believed(
            model=scaled(None if math.isnan(p_yes) else p_yes),
            blend=scaled(_blend(state, market, p_market, seen)),
            market=scaled(p_market),
            simulated=scaled(simulated),
            low=scaled(None if seen is None else seen.low),
            high=scaled(None if seen is None else seen.high),
        ),
    )


def fan(state: State, market: MarketState) -> FanView | None:
    """The average of sixty prints from now to the close: at the close it is the number's own mean
    and deviation, before it the same path and volatility. ``None`` without a number to come.
    """
    contract, index = market.contract, state.index
    if contract is None or index.value is None or math.isnan(index.real[R_P]):
        return None
    close, last = contract.close_time // SECOND, index.last_second
    ahead = close - last
    if market.book.array[M_FIXED] or ahead <= 0:
        return None
    asked = question(state, market)
    # closer together where the average still turns
    steps = {1 + round((ahead - 1) * (each / FAN_POINTS) ** 2) for each in range(FAN_POINTS + 1)}
    means = _means_of_ends(state, last, index.value)
    mean, sd = [], []
    for step in sorted(steps)[:-1]:
        unseen = min(step - 1, WINDOW)
        share, first = unseen / WINDOW, max(1, step - WINDOW)
        seconds = share * share * mean_variance(unseen, float(first))
        mean.append(IndexValue(round(means[unseen])))
        sd.append(_cents(asked.sigma * math.sqrt(seconds)))
    mean.append(_cents(float(index.real[R_EXPECTED])))
    sd.append(_cents(float(index.real[R_SD])))
    return FanView(tuple(last + step for step in sorted(steps)), tuple(mean), tuple(sd))


def _means_of_ends(state: State, last: int, value: IndexValue) -> list[float]:
    """Expected cents of the average with 0, 1, ... 60 of its prints still to come."""
    known = [int(print_at(state.index.array, last - back)) for back in range(WINDOW)]
    means, total, present = [float(value)], 0, 0
    for place, cents in enumerate(known, start=1):
        if cents:
            total, present = total + cents, present + 1
        mean = total / present if present else value
        means.append((place * mean + (WINDOW - place) * value) / WINDOW)
    return means[::-1]


def _cents(dollars: float) -> IndexValue:
    return IndexValue(round(dollars * INDEX_SCALE))
