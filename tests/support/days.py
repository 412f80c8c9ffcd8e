"""Invented days of windows for the verdict: how many, and what a contract brought in each."""

import math

import numpy as np

from kalshi_assistant.quant.rng import stream
from kalshi_assistant.quant.verdict import (
    BACK_DAYS,
    LEAST_MOST,
    SURE,
    Days,
    log_wealth,
    windows_needed,
)

PRICE = 0.5
"""Of the contracts that are bought, fee included."""


def typical_most(a_day):
    """About the largest count of a fortnight where ``a_day`` is the mean of a Poisson count."""
    return max(LEAST_MOST, math.ceil(a_day + 2.0 * math.sqrt(a_day)))


def planned(edge, a_day, variance=0.25):
    """How many windows the planner wants, and how many days that are."""
    needed = windows_needed(edge, variance, typical_most(a_day))
    return needed, math.ceil(needed / a_day)


def most_of(counts):
    """``most`` of every day of many histories, by the counts of the days before."""
    most = np.full(counts.shape, LEAST_MOST, dtype=np.int64)
    for day in range(1, counts.shape[1]):
        before = counts[:, max(0, day - BACK_DAYS) : day].max(axis=1)
        most[:, day] = np.maximum(LEAST_MOST, before)
    return most


def histories(name, replicates, days, a_day, edge=0.0, common=0.0, price=PRICE):
    """``replicates`` histories: each window wins with chance ``price + edge``; ``common`` is added
    to it or taken from it for a whole day.
    """
    chance = stream(7, f"verdict.{name}")
    counts = np.minimum(chance.poisson(a_day, (replicates, days)), 96).astype(np.int64)
    most = most_of(counts)
    counted = np.minimum(counts, most)
    shift = common * chance.choice((-1.0, 1.0), (replicates, days))
    wins = chance.binomial(counted, np.clip(price + edge + shift, 0.0, 1.0))
    return Days(counted, wins - counted * price, most)


def share_promising(days):
    """The share of the histories that were called promising on any day."""
    won = log_wealth(days, 0.0).max(axis=-1) >= -math.log(SURE)
    return int(won.sum()), float(won.mean())


def upper_95(hits, n):
    """The largest chance that gives so few ``hits`` out of ``n`` one time in twenty (Clopper and
    Pearson, 1934).
    """
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        below = sum(
            math.comb(n, k) * middle**k * (1.0 - middle) ** (n - k) for k in range(hits + 1)
        )
        low, high = (middle, high) if below > 0.05 else (low, middle)
    return high
