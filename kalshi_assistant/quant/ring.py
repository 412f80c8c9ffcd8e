"""The index as a ring of one-second prints by epoch second, and the newest observation beside it.

A slot holds a print, or an estimate of one until the print itself comes. Arrays and slots are those
of ``quant.layout``.
"""

import numpy as np

from kalshi_assistant.quant.closed_form import WINDOW
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.layout import (
    I_ESTIMATED,
    I_GUESS,
    I_LAST,
    I_RECEIVED,
    I_SEEN,
    I_SEEN_AT,
    I_STAMP,
    I_VALUE,
    I_VERSION,
    PRINT_DIFFERS,
    RING,
    SECOND,
    Ints,
    Reals,
)
from kalshi_assistant.quant.volatility import forget, learn


@compiled
def relearn(index: Ints, real: Reals, seconds: Ints, values: Ints, guesses: Ints) -> None:
    """Learn the volatility anew from prints (epoch seconds ascending, cents, 1 where it is an
    estimate); the ring keeps the newest of them.
    """
    forget(real)
    index[I_STAMP : I_STAMP + RING] = 0
    index[I_LAST] = 0
    for place in range(len(seconds)):
        _learn_next(index, real, seconds[place], values[place], guesses[place])
    index[I_VERSION] += 1


@compiled
def guess_at(index: Ints, second: int) -> bool:
    """Whether the print of ``second`` is known as an estimate only."""
    slot = second & (RING - 1)
    return bool(index[I_STAMP + slot] == second and index[I_GUESS + slot] == 1)


@compiled
def print_at(index: Ints, second: int) -> int:
    """The print of ``second`` in cents, 0 when it is not known."""
    slot = second & (RING - 1)
    return int(index[I_VALUE + slot]) if index[I_STAMP + slot] == second else 0


def prints_from(index: Ints, first: int, count: int) -> Ints:
    """The prints of ``count`` seconds in cents, 0 where one is not known: all at once, as every
    snapshot wants a quarter of an hour of them.
    """
    seconds = np.arange(first, first + count)
    slots = seconds & (RING - 1)
    return np.where(index[I_STAMP + slots] == seconds, index[I_VALUE + slots], 0)


@compiled
def store_print(index: Ints, second: int, value: int, guess: int) -> int:
    """Keep a print by its second; the first value received for a second stays, but a print takes
    the place of an estimate.
    """
    slot = second & (RING - 1)
    held = index[I_STAMP + slot]
    if held == second and (index[I_GUESS + slot] == 0 or guess == 1):
        return PRINT_DIFFERS if guess == 0 and index[I_VALUE + slot] != value else 0
    if held <= second:
        index[I_STAMP + slot] = second
        index[I_VALUE + slot] = value
        index[I_GUESS + slot] = guess
        index[I_VERSION] += 1
    return 0


@compiled
def _learn_next(index: Ints, real: Reals, second: int, value: int, guess: int) -> None:
    """Store the newest print and learn from the change to it; the step from a print to an estimate,
    or back, is no change of the index.
    """
    last = index[I_LAST]
    store_print(index, second, value, guess)
    if last == 0 or guess_at(index, last) == (guess == 1):
        learn(index, real, second, value)
    index[I_LAST] = second


@compiled
def observe(index: Ints, at: int, value: int, guess: int, received: int) -> None:
    """Remember the newest observation; an older stamp never replaces a newer one."""
    if at > index[I_SEEN_AT]:
        index[I_SEEN_AT] = at
        index[I_SEEN] = value
        index[I_ESTIMATED] = guess
        index[I_RECEIVED] = received
        index[I_VERSION] += 1


@compiled
def take_print(index: Ints, real: Reals, second: int, value: int, guess: int, received: int) -> int:
    """Take a print or an estimate of one; answers ``PRINT_DIFFERS`` where another was there."""
    if second > index[I_LAST]:
        _learn_next(index, real, second, value, guess)
        observe(index, second * SECOND, value, guess, received)
        return 0
    return store_print(index, second, value, guess)


@compiled
def hole(index: Ints, first: int, missing: int) -> float:
    """Expected sum in cents of ``missing`` unseen prints from ``first`` on, between their
    neighbours.
    """
    after = print_at(index, first + missing)
    before = 0
    for back in range(1, WINDOW + 1):
        before = print_at(index, first - back)
        if before != 0:
            break
    if before == 0:
        before = after
    if after == 0:
        after = before
    return missing * 0.5 * (before + after)


@compiled
def in_flight(index: Ints, first: int, due: int) -> tuple[float, float]:
    """(expected sum in cents, variance of it at sigma = 1) of ``due`` prints from ``first`` on that
    the newest observation has passed and that were not received.

    A Brownian bridge from the newest print to that observation: a print on the observation's own
    second is certain, one long lost between the two is not.
    """
    last, end = float(index[I_LAST]), index[I_SEEN_AT] / SECOND
    start_value = float(print_at(index, index[I_LAST]))
    end_value, span = float(index[I_SEEN]), end - last
    if start_value == 0.0 or span <= 0.0:
        return due * end_value, 0.0
    total, variance, later = 0.0, 0.0, 0.0
    for back in range(due):
        since = first + due - 1 - back - last
        to_end = max(span - since, 0.0)
        total += start_value + (end_value - start_value) * min(since / span, 1.0)
        variance += since * (to_end + 2.0 * later) / span
        later += to_end
    return total, variance
