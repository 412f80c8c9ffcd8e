"""Brute force: whole paths second by second, with nothing integrated, controlled or reused.

``full_path`` is compiled, the baseline of the benchmark; the others are plain numpy and oracles
of the variants: they draw the average itself and share no formula with the package but the model.
Prints are ``ahead``, the first ``tau1`` whole seconds away; dollars above the index, per sqrt
second where a rate is meant.
"""

import math

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def full_path(rng, paths, spot, fixed_sum, relative, ahead, tau1, threshold):
    """(p, se) of P(average of sixty >= threshold), a lognormal step for every second."""
    hits = 0
    for _ in range(paths):
        level, total = spot, fixed_sum
        for second in range(1, tau1 + ahead):
            level *= math.exp(relative * rng.standard_normal() - 0.5 * relative * relative)
            if second >= tau1:
                total += level
        hits += total >= 60.0 * threshold
    p = hits / paths
    return p, math.sqrt(p * (1.0 - p) / paths)


def averages_of(moves, ahead):
    """A minus its mean, dollars, from (paths, seconds) moves that end with the last print."""
    index = np.cumsum(moves, axis=1)
    return index[:, -ahead:].sum(axis=1) / 60.0


def wandering(rng, paths, sigma, ahead, tau1, log_sd, steps, memory):
    """Averages under a variance that is lognormal, mean-reverting and constant on equal steps."""
    seconds = tau1 + ahead - 1
    assert seconds % steps == 0, "the steps are whole seconds"
    keep = math.exp(-(seconds // steps) / memory)
    log = rng.standard_normal(paths)
    moves = np.empty((paths, seconds))
    for step, part in enumerate(np.split(np.arange(seconds), steps)):
        if step:
            log = keep * log + math.sqrt(1.0 - keep * keep) * rng.standard_normal(paths)
        deviation = sigma * np.exp(0.5 * (log_sd * log - 0.5 * log_sd * log_sd))
        moves[:, part] = deviation[:, None] * rng.standard_normal((paths, len(part)))
    return averages_of(moves, ahead)


def jumping(rng, paths, sigma, ahead, tau1, share, rate):
    """Averages under a diffusion and Gaussian jumps that carry ``share`` of the variance."""
    shape = (paths, tau1 + ahead - 1)
    moves = sigma * math.sqrt(1.0 - share) * rng.standard_normal(shape)
    size = sigma * math.sqrt(share / rate)
    moves += size * np.sqrt(rng.poisson(rate, shape)) * rng.standard_normal(shape)
    return averages_of(moves, ahead)


def resampled(rng, paths, sigma, ahead, tau1, bank, length):
    """Averages with the variance of each ``length`` seconds, back from the last print, drawn."""
    seconds = tau1 + ahead - 1
    blocks = -(-seconds // length)
    squares = rng.choice(bank / bank.mean(), (paths, blocks))
    scale = np.repeat(np.sqrt(squares), length, axis=1)[:, :seconds][:, ::-1]
    return averages_of(sigma * scale * rng.standard_normal((paths, seconds)), ahead)
