"""Forecasts of a window at the instants kept for its score, the market's price beside them, and
what its settlement teaches.
"""

import math
from bisect import bisect_left
from typing import NamedTuple

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import Estimated, MidSeen
from kalshi_assistant.domain.intents import Estimate, Forecast, Intent, Question
from kalshi_assistant.domain.signals import VETOES
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import INDEX_SCALE, ONE_DOLLAR, PRICE_SCALE
from kalshi_assistant.engine.horizons import HORIZONS
from kalshi_assistant.engine.state import MarketState, State
from kalshi_assistant.market.index import BASIS_POINT
from kalshi_assistant.quant.closed_form import WINDOW, mean_variance
from kalshi_assistant.quant.layout import (
    M_AHEAD,
    M_FIXED,
    M_MISSING,
    M_NO_NUMBER,
    R_EXPECTED,
    R_NOISE,
    R_P,
    R_SD,
    R_SIGMA,
    R_SPREAD,
    R_TAU,
    R_THRESHOLD_AT,
)
from kalshi_assistant.quant.volatility import jump_share, log_variance_sd

MID_FRESH = 5 * SECOND
"""A price from elsewhere than the book is believed this long."""
ONE_SIDED = 200
"""Two cents, in prices."""
MOVED = 0.02
"""A move of P(YES) that is simulated at once instead of in its turn."""


class MarketPrice(NamedTuple):
    """The market's P(YES): as of ``at``, or the mean of the ``over_seconds`` that end there."""

    p: float
    at: Nanos
    over_seconds: int


def market_price(state: State, market: MarketState) -> MarketPrice | None:
    """The middle of the book, else of the prices a panel gave; ``None`` where neither is known and
    fresh, or says nothing.

    A side nobody stands on counts as 0 or 1 dollar while the other is within ``ONE_SIDED`` of it:
    that is how a market looks that is sure. Further away its middle would be an invention.
    """
    book = market.book
    if book.known:
        p = _middle(book.best_bid or 0, book.best_ask or ONE_DOLLAR)
        return None if p is None else MarketPrice(p, state.now, 0)
    seen = market.mid
    if seen is None or state.now - seen.at > MID_FRESH:
        return None
    p = _middle(seen.bid, seen.ask)
    return None if p is None else MarketPrice(p, seen.at, seen.over_seconds)


def _middle(bid: int, ask: int) -> float | None:
    one_sided = bid == 0 or ask == ONE_DOLLAR
    if one_sided and ask - bid > ONE_SIDED:
        return None
    return (bid + ask) / (2 * PRICE_SCALE)


def mid_seen(state: State, event: MidSeen) -> tuple[Intent, ...]:
    """Best prices from elsewhere than the book: for forecasts, never traded on."""
    market = state.markets.get(event.ticker)
    if market is not None:
        market.mid = event
    return ()


def remember(state: State, market: MarketState) -> None:
    """Keep this second's number, so that a mean price has a mean number to stand beside."""
    market.numbers.append((state.now // SECOND, float(state.index.real[R_P])))


def model_then(market: MarketState, price: MarketPrice) -> float | None:
    """The model over the very seconds the market's price is of; ``None`` where half had no number.

    A mean price over a minute stands for the minute's middle, and a price of some seconds ago for
    those: the newest number would know more.
    """
    last = price.at // SECOND
    first = last - max(price.over_seconds, 1) + 1
    place = bisect_left(market.numbers, first, key=lambda pair: pair[0])
    found = [p for at, p in list(market.numbers)[place:] if at <= last and not math.isnan(p)]
    return sum(found) / len(found) if found and len(found) * 2 >= price.over_seconds else None


def forecast(state: State, market: MarketState, seconds_left: int) -> tuple[Intent, ...]:
    """Write the forecast of a horizon down; the evaluation at this instant was just made."""
    array, real = market.book.array, state.index.real
    p_model = float(real[R_P])
    known = not math.isnan(p_model)
    priced = market_price(state, market)
    then = blend = None
    if priced is not None:
        then = model_then(market, priced)
    if priced is not None and then is not None:
        blend = state.shrinkage.predict_one(seconds_left, then, priced.p)
        market.pairs.append((seconds_left, then, priced.p))
    key = str(seconds_left)
    _keep(market.forecasts, key, p_model if known else None)
    _keep(market.market_forecasts, key, None if priced is None else priced.p)
    _keep(market.blend_forecasts, key, blend)
    seen = state.index.value is not None
    no_number = int(array[M_NO_NUMBER])
    said = Forecast(
        ticker=market.ticker,
        made_at=state.now,
        seconds_left=seconds_left,
        p_model=p_model if known else None,
        no_number=VETOES[no_number - 1] if no_number else None,
        p_model_then=then,
        p_market=None if priced is None else priced.p,
        p_blend=blend,
        expected=float(real[R_EXPECTED]) if seen else None,
        threshold=float(real[R_THRESHOLD_AT]) if known else None,
        sd=float(real[R_SD]) if seen else None,
        sigma=float(real[R_SIGMA]) if seen else None,
        missing=int(array[M_MISSING]),
    )
    return (said, *ask(state, market))


def _keep(kept: dict[str, float], key: str, value: float | None) -> None:
    if value is not None:
        kept[key] = value


def ask(state: State, market: MarketState) -> tuple[Intent, ...]:
    """Have the number simulated, unless there is none or nothing is open any more."""
    p_model = float(state.index.real[R_P])
    if math.isnan(p_model) or market.book.array[M_FIXED] or state.index.value is None:
        return ()
    market.asked_at, market.asked_p = state.now, p_model
    return (Estimate(market.ticker, state.now, p_model, question(state, market)),)


def question(state: State, market: MarketState) -> Question:
    """The last evaluation in the primitives that pricing takes. The index must have a value."""
    array, real, index = market.book.array, state.index.real, state.index
    assert index.value is not None
    return Question(
        expected=float(real[R_EXPECTED]),
        threshold=float(real[R_THRESHOLD_AT]),
        sigma=_flat_sigma(state, market),
        ahead=int(array[M_AHEAD]),
        tau1=float(real[R_TAU]),
        spread_seconds=float(real[R_SPREAD]),
        noise_sd=float(real[R_NOISE]),
        spot=index.value / INDEX_SCALE,
        jump_share=jump_share(real),
        log_variance_sd=log_variance_sd(real),
    )


def _flat_sigma(state: State, market: MarketState) -> float:
    """The one volatility that gives the average the variance the day's profile gave it."""
    real, ahead = state.index.real, int(market.book.array[M_AHEAD])
    share = ahead / WINDOW
    seconds = share * share * mean_variance(ahead, float(real[R_TAU])) + float(real[R_SPREAD])
    variance = float(real[R_SD]) ** 2 - float(real[R_NOISE]) ** 2
    return math.sqrt(max(variance, 0.0) / seconds) if seconds > 0.0 else 0.0


def moved(state: State, market: MarketState) -> tuple[Intent, ...]:
    """A large move is simulated at once, at most ten times a second."""
    if market.asked_at is None or state.settings.number.estimates_per_second == 0:
        return ()
    p_model = float(state.index.real[R_P])
    if math.isnan(p_model) or abs(p_model - market.asked_p) < MOVED:
        return ()
    return ask(state, market) if state.now - market.asked_at >= SECOND // 10 else ()


def estimated(state: State, event: Estimated) -> tuple[Intent, ...]:
    """A worker's answer: shown, never traded on; an older one never replaces a newer."""
    market = state.markets.get(event.ticker)
    if market is not None and (market.estimated is None or market.estimated.at <= event.at):
        market.estimated = event
    return ()


def settled(state: State, market: MarketState, result: Outcome) -> None:
    """A window's result is known: what its forecasts were worth, and how far our index was off."""
    outcome = result == "yes"
    state.scores.add(
        {
            "model": market.forecasts,
            "market": market.market_forecasts,
            "blend": market.blend_forecasts,
        },
        result,
    )
    state.shrinkage.learn_window(market.pairs, outcome)
    market.pairs.clear()
    distance = _distance_bp(state, market)
    if distance is not None and state.nowcast is not None:
        state.nowcast.learn_one(distance, outcome)
        state.index.set_error(state.nowcast.sd_bp, state.nowcast.sd_bp)


def _distance_bp(state: State, market: MarketState) -> float | None:
    """How far our average ended above the threshold; ``None`` for a true index or many holes."""
    contract, index = market.contract, state.index
    if contract is None or contract.strike is None or not index.estimated:
        return None
    close = contract.close_time // SECOND
    prints = [index.print_of(second) for second in range(close - WINDOW, close)]
    known = [value for value in prints if value is not None]
    if WINDOW - len(known) > state.settings.number.max_missing_prints:
        return None
    mean = sum(known) / len(known)
    return (mean - contract.strike + 0.5) / mean / BASIS_POINT


def standing_horizon(left: int) -> int | None:
    """The horizon that was passed within the last second, by nanoseconds left; ``None`` if none."""
    for horizon in HORIZONS:
        if 0 <= horizon * SECOND - left < SECOND:
            return horizon
    return None
