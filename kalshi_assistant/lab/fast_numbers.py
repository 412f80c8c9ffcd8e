"""What the number is made of, second by second of a panel, and how large an edge can get in each.

``number_window`` takes a window's prints and evaluates with the live path's own ``step``;
``bounds`` says in which seconds an edge may come near a threshold at all, so that a pass over many
settings looks at those only.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kalshi_assistant.quant.closed_form import claim
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.ladder import fee_of_fill
from kalshi_assistant.quant.layout import (
    FULL_PRICE,
    I_SEEN,
    I_SEEN_AT,
    I_ZONE,
    LOOK,
    M_FIXED,
    M_FLIGHT,
    M_MISSING,
    NAN,
    R_CUT,
    R_HIGH,
    R_LOW,
    R_P,
    R_RAW,
    R_REACH,
    R_SECONDS,
    R_SLOPE,
    SECOND,
    Ints,
    Reals,
)
from kalshi_assistant.quant.ring import take_print

# --- what is kept of the number, by second ---
N_RAW, N_LOW, N_HIGH, N_SLOPE, N_SECONDS = range(5)
REALS = 5
K_MISSING, K_FLIGHT, K_FIXED, K_SEEN_AT, K_SEEN = range(5)
COUNTS = 5
B_YES, B_NO, B_SLOPE, B_CUT_YES, B_CUT_NO = range(5)
BOUNDS = 5
MARGIN = 1e-9

ONE_SIDED = 200
"""``engine.forecasts.ONE_SIDED``."""


class Terms(NamedTuple):
    """What is the same in every window."""

    rate_e6: int
    precision: int
    size: int
    depth: int


@compiled
def middle(bid: int, ask: int) -> float:
    """The market's P(YES); nan where a one-sided book says nothing (``engine.forecasts``)."""
    if (bid == 0 or ask == FULL_PRICE) and ask - bid > ONE_SIDED:
        return NAN
    return (bid + ask) / 20_000


@compiled
def run_prints(index: Ints, real: Reals, first: int, prints: Ints, guess: int, zones: Ints) -> None:
    """Seconds in which no market is looked at; ``zones``: New York's offset by hour since
    ``first``'s.
    """
    for at in range(prints.shape[0]):
        second = first + at
        if prints[at] != 0:
            index[I_ZONE] = zones[second // 3_600 - first // 3_600]
            take_print(index, real, second, prints[at], guess, second * SECOND)


@compiled
def number_window(
    market: Ints,
    index: Ints,
    real: Reals,
    opens: int,
    prints: Ints,
    guess: int,
    zones: Ints,
    horizons: Ints,
    book: Ints,
    reals: Reals,
    counts: Ints,
    pairs: Reals,
    begin: int,
    end: int,
) -> None:
    """One window: fills ``reals`` and ``counts`` by second, and ``pairs`` (model, market) by
    horizon, nan where either is not known.

    ``book``: (bid, ask, second of the quote, 0 none) known at the end of each second; of the
    seconds before ``begin`` and from ``end`` on only the prints are taken.
    """
    for at in range(prints.shape[0]):
        second = opens + at
        now = second * SECOND
        for place in range(horizons.shape[0]):
            if prints.shape[0] - at == horizons[place]:
                step(market, index, real, LOOK, 0, 0, 0, now)
                pairs[place, 0] = real[R_P]
                pairs[place, 1] = NAN
                if book[at - 1, 2] != 0:
                    pairs[place, 1] = middle(book[at - 1, 0], book[at - 1, 1])
        if prints[at] != 0:
            index[I_ZONE] = zones[second // 3_600 - opens // 3_600]
            take_print(index, real, second, prints[at], guess, now)
        if at < begin or at >= end:
            continue
        step(market, index, real, LOOK, 0, 0, 0, now)
        reals[at, N_RAW], reals[at, N_SLOPE] = real[R_RAW], real[R_SLOPE]
        reals[at, N_LOW], reals[at, N_HIGH] = real[R_LOW], real[R_HIGH]
        reals[at, N_SECONDS] = real[R_SECONDS]
        counts[at, K_MISSING], counts[at, K_FLIGHT] = market[M_MISSING], market[M_FLIGHT]
        counts[at, K_FIXED] = market[M_FIXED]
        counts[at, K_SEEN_AT], counts[at, K_SEEN] = index[I_SEEN_AT], index[I_SEEN]


@compiled
def _dearest(terms: Terms, price: int) -> float:
    """Dollars a contract at one level, or what no probability pays where it is not there."""
    if price <= 0 or price >= FULL_PRICE or terms.depth < terms.size:
        return 2.0
    fee, _ = fee_of_fill(terms.rate_e6, terms.precision, price, terms.size, 0)
    return float((price * terms.size + fee) / (terms.size * 10_000.0))


@compiled
def _claims(raw: float, certainty: float) -> tuple[float, float]:
    """The lowest and the highest claim that ``raw`` can become."""
    held, free = claim(raw, certainty), claim(raw, 1.0)
    return min(held, free), max(held, free)


@compiled
def _least_cuts(reals: Reals, certainty: float) -> tuple[float, float]:
    """The least that a whole haircut takes off YES and off NO."""
    low, high = _claims(reals[N_RAW], certainty)
    _, low_high = _claims(reals[N_LOW], certainty)
    high_low, _ = _claims(reals[N_HIGH], certainty)
    return max(low - low_high, 0.0), max(high_low - high, 0.0)


@compiled
def bounds(
    terms: Terms,
    certainty: float,
    book: npt.NDArray[np.int64],
    reals: npt.NDArray[np.float64],
    found: npt.NDArray[np.float64],
    begin: int,
    end: int,
) -> None:
    """By window and second, over all that is looked at in it: the largest edge of each side before
    allowances, the least slope of the number, the least haircut of each side (``B_*``).
    """
    for window in range(book.shape[0]):
        low, high, yes, no = 1.0, 0.0, 2.0, 2.0
        found[window] = 0.0
        found[window, :, B_YES] = found[window, :, B_NO] = -2.0
        slope, cut_yes, cut_no = 0.0, 0.0, 0.0
        for at in range(begin, end):
            row, now = found[window, at], reals[window, at]
            row[B_YES], row[B_NO] = high - yes, 1.0 - low - no
            low, high = _claims(now[N_RAW], certainty)
            for _ in range(2):  # the new index on the old book, then on the new one
                row[B_YES] = max(row[B_YES], high - yes)
                row[B_NO] = max(row[B_NO], 1.0 - low - no)
                yes, no = 2.0, 2.0
                if book[window, at, 2] != 0:
                    yes = _dearest(terms, book[window, at, 1])
                    no = _dearest(terms, FULL_PRICE - book[window, at, 0])
            new_yes, new_no = _least_cuts(now, certainty)
            row[B_SLOPE] = min(slope, now[N_SLOPE])
            row[B_CUT_YES], row[B_CUT_NO] = min(cut_yes, new_yes), min(cut_no, new_no)
            slope, cut_yes, cut_no = now[N_SLOPE], new_yes, new_no


@compiled
def may_cross(real: Reals, bound: Reals, enough: float, side: int) -> bool:
    """Whether a side's edge may come within the hysteresis of the threshold in a second."""
    least = bound[B_SLOPE] * real[R_REACH] + real[R_CUT] * bound[B_CUT_YES + side]
    return bool(bound[B_YES + side] - least >= enough)
