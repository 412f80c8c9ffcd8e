"""The variance of the index per second, learnt print by print inside the kernel's arrays.

What is learnt is relative (changes over value) and *de-seasonalised*: every squared change is
divided by the day's profile, and the profile is put back where the variance is used.

1. **Blend.** Six exponentially weighted means of squared one-second changes, half-lives 5 min to
   1 day, each ``S = aS + (1 - a) r^2/dt, a = 2^(-dt/half-life)`` and bias-corrected by its weight.
   A young mean of a long half-life is simply the mean of what there is. Their shares start from
   published QLIKE fits and learn: each minute the forecast of five minutes ago is judged by what
   came, and shares move against the gradient of ``log f + x/f`` (exponentiated gradient, pulled
   back to where they started). Only the past is used.
2. **Variance ratio.** The index smooths, and a proxy may trend: variance over 30 s is compared with
   thirty times the variance over 1 s, and the ratio, shrunk to 1 while it is young, scales.
3. **Jumps.** MedRV against RV on a 15 s grid tells which share of the variance came in jumps. It
   shapes the Monte Carlo; the level needs the whole variance.
4. **Own error.** How far the forecasts were from what came, as a standard deviation of the log
   variance, less what five minutes of sampling would show anyway: the band of the number.

Sources: RiskMetrics (EWMA); Patton 2011 (QLIKE); Kivinen and Warmuth 1997 (exponentiated gradient);
Lo and MacKinlay 1988 (variance ratio); Andersen, Dobrev and Schaumburg 2012 (MedRV).

Known limitation: the profile is a coarse published one, half hours of New York's time on weekdays
and weekends; nothing here fits it.
"""

import math

import numpy as np

from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.layout import (
    COMPONENTS,
    I_LAST,
    I_MAX_GAP,
    I_STAMP,
    I_VALUE,
    I_ZONE,
    LAGS,
    R_FLOOR,
    R_JUDGED,
    R_MISS,
    R_MISS_WEIGHT,
    R_PROFILE,
    R_ROUGH,
    R_ROUGH_WEIGHT,
    R_SECONDS,
    R_SHARES,
    R_SIZE_1,
    R_SIZE_2,
    R_SIZE_AT,
    R_SMOOTH,
    R_STEP_1,
    R_STEP_Q,
    R_STEP_WEIGHT,
    R_SUMS,
    R_WEIGHTS,
    RING,
    Ints,
    Reals,
)

HALF_LIVES = np.array([300.0, 600.0, 1_800.0, 7_200.0, 21_600.0, 86_400.0])
"""Seconds."""
PRIOR_SHARES = np.array([0.15, 0.40, 0.15, 0.10, 0.05, 0.15])
"""Where the shares start: between the published QLIKE fits for 2 and for 60 minutes."""
JUDGE_MINUTES = 5
"""How long after a forecast its variance is compared with what came."""
RATE = 0.1
"""Step of the exponentiated gradient per minute."""
PULL = 0.005
"""Share of the way back to the prior, per minute."""
STEP_SECONDS = 30
"""The longer step of the variance ratio."""
STEP_HALF_LIFE = 21_600.0
STEP_PRIOR_SECONDS = 5_400.0
"""The ratio is believed by half once it has seen this much."""
RATIO_LOW, RATIO_HIGH = 0.5, 2.5
COARSE_SECONDS = 15
"""Grid of the jump-robust measure: on one second most changes of a venue's price are zero."""
COARSE_HALF_LIFE = 3_600.0
MEDIAN_SCALE = math.pi / (6.0 - 4.0 * math.sqrt(3.0) + math.pi)
JUDGE_NOISE = 0.2213
"""Variance of the log of a chi-squared mean with ten degrees of freedom: trigamma(5)."""
MISS_HALF_LIFE = 360.0
"""Minutes."""
MISS_PRIOR, MISS_PRIOR_WEIGHT = 0.35, 0.05
"""Squared log error before any was seen, and what that counts for against a full weight of 1."""

HALF_HOUR = 1_800
DAY = 86_400
WEEKDAY = np.repeat(
    np.array(
        [
            *(0.95, 0.90, 0.85, 0.85, 0.80, 0.80, 0.85, 0.92),  # 00-07 h
            *(1.00, 1.12, 1.65, 2.00, 1.74, 1.60, 1.40),  # 08:00, 08:30 ... 10:30, then 11 h
            *(1.22, 1.17, 1.15, 1.17, 1.07, 1.05),  # 12-17 h
            *(1.05, 1.05, 1.12, 1.15, 1.10, 1.02),  # 18-23 h
        ]
    ),
    np.array([2] * 8 + [1] * 6 + [2] * 13),
)
"""Volatility over its weekly mean by half hour, New York time, Monday to Friday."""
WEEKEND = np.repeat(np.array([0.65, 0.60, 0.70, 0.75, 0.83]), np.array([12, 6, 14, 8, 8]))


@compiled
def season(second: int, zone: int, applied: float) -> float:
    """The day's profile as a factor on volatility at an epoch second.

    ``zone`` is New York's offset from UTC in seconds, ``applied`` the share of the profile used:
    1 all of it, 0 none (a factor of 1).
    """
    local = second + zone
    weekday = (local // DAY + 3) % 7  # 1970-01-01 was a Thursday
    slot = local % DAY // HALF_HOUR
    factor = WEEKEND[slot] if weekday >= 5 else WEEKDAY[slot]
    return float(factor**applied)


@compiled
def season_seconds(start: float, end: float, zone: int, applied: float) -> float:
    """Seconds from ``start`` to ``end``, each counted by its squared profile."""
    total, at = 0.0, start
    while at < end:
        until = min((at // HALF_HOUR + 1.0) * HALF_HOUR, end)
        total += (until - at) * season(int(at), zone, applied) ** 2
        at = until
    return total


@compiled
def _held(index: Ints, second: int) -> int:
    slot = second & (RING - 1)
    return int(index[I_VALUE + slot]) if index[I_STAMP + slot] == second else 0


@compiled
def component(real: Reals, place: int) -> float:
    """De-seasonalised relative variance per second of one half-life, 0 before anything was seen."""
    weight = real[R_WEIGHTS + place]
    return float(real[R_SUMS + place] / weight) if weight > 0.0 else 0.0


@compiled
def variance_ratio(real: Reals) -> float:
    """Variance over 30 s against thirty times the variance over 1 s, shrunk to 1 while young."""
    weight = real[R_STEP_WEIGHT]
    if weight <= 0.0 or real[R_STEP_1] <= 0.0:
        return 1.0
    seen = weight * STEP_HALF_LIFE / math.log(2.0)
    trust = seen / (seen + STEP_PRIOR_SECONDS)
    ratio = 1.0 + trust * (real[R_STEP_Q] / real[R_STEP_1] - 1.0)
    return float(min(max(ratio, RATIO_LOW), RATIO_HIGH))


@compiled
def jump_share(real: Reals) -> float:
    """Share of the variance that came in jumps, 0 to 0.9: 1 - MedRV/RV, shrunk while young."""
    if real[R_ROUGH] <= 0.0:
        return 0.0
    trust = real[R_ROUGH_WEIGHT] / (real[R_ROUGH_WEIGHT] + 0.1)
    share = trust * (1.0 - real[R_SMOOTH] / real[R_ROUGH])
    return float(min(max(share, 0.0), 0.9))


@compiled
def log_variance_sd(real: Reals) -> float:
    """Standard deviation of the log of the variance around our forecast of it."""
    total = real[R_MISS] + MISS_PRIOR * MISS_PRIOR_WEIGHT
    mean = total / (real[R_MISS_WEIGHT] + MISS_PRIOR_WEIGHT)
    return float(math.sqrt(max(mean - JUDGE_NOISE, 0.04)))


@compiled
def base_sigma(real: Reals) -> float:
    """De-seasonalised relative volatility per square root of a second, never below the floor."""
    variance = 0.0
    for place in range(COMPONENTS):
        variance += real[R_SHARES + place] * component(real, place)
    return float(max(math.sqrt(variance * variance_ratio(real)), real[R_FLOOR]))


@compiled
def _learn_shares(real: Reals, row: int, came: float) -> None:
    """One step of the exponentiated gradient of QLIKE, and the log error of the blend."""
    blend = 0.0
    for place in range(COMPONENTS):
        blend += real[R_SHARES + place] * real[row + 1 + place]
    if blend <= 0.0 or came <= 0.0:
        return
    # the gradient by share k is (1/f - x/f^2) f_k; bounded, so that one jump moves little
    pull = min(max(1.0 - came / blend, -4.0), 1.0)
    total = 0.0
    for place in range(COMPONENTS):
        step = pull * real[row + 1 + place] / blend
        real[R_SHARES + place] *= math.exp(-RATE * min(max(step, -4.0), 4.0))
        total += real[R_SHARES + place]
    for place in range(COMPONENTS):
        share = real[R_SHARES + place] / total
        real[R_SHARES + place] = (1.0 - PULL) * share + PULL * PRIOR_SHARES[place]
    keep = 2.0 ** (-1.0 / MISS_HALF_LIFE)
    miss = math.log(came / blend)
    real[R_MISS] = keep * real[R_MISS] + (1.0 - keep) * miss * miss
    real[R_MISS_WEIGHT] = keep * real[R_MISS_WEIGHT] + (1.0 - keep)


@compiled
def _came(index: Ints, real: Reals, second: int) -> float:
    """De-seasonalised variance per second of the five minutes before ``second``, by 30 s steps; -1
    where a print of the grid is missing.
    """
    total = 0.0
    after = _held(index, second)
    for back in range(1, JUDGE_MINUTES * 60 // STEP_SECONDS + 1):
        before = _held(index, second - back * STEP_SECONDS)
        if before == 0 or after == 0:
            return -1.0
        change = (after - before) / before
        total += change * change
        after = before
    middle = second - JUDGE_MINUTES * 30
    factor = season(middle, index[I_ZONE], real[R_PROFILE])
    return total / (JUDGE_MINUTES * 60.0 * factor * factor)


@compiled
def _judge(index: Ints, real: Reals, second: int) -> None:
    """On a whole minute: judge the forecast of five minutes ago, write down today's."""
    minute = second // 60
    row = R_JUDGED + ((minute - JUDGE_MINUTES) & (LAGS - 1)) * (COMPONENTS + 1)
    if real[row] == minute - JUDGE_MINUTES:
        came = _came(index, real, second)
        if came >= 0.0:
            _learn_shares(real, row, came)
    row = R_JUDGED + (minute & (LAGS - 1)) * (COMPONENTS + 1)
    real[row] = minute
    ratio = variance_ratio(real)
    for place in range(COMPONENTS):
        real[row + 1 + place] = component(real, place) * ratio


@compiled
def _learn_ratio(index: Ints, real: Reals, second: int, value: int, square: float) -> None:
    """The two steps of the variance ratio, on seconds where both are known."""
    before = _held(index, second - STEP_SECONDS)
    if before == 0:
        return
    middle = second - STEP_SECONDS // 2
    factor = season(middle, index[I_ZONE], real[R_PROFILE])
    change = (value - before) / before / factor
    keep = 2.0 ** (-1.0 / STEP_HALF_LIFE)
    real[R_STEP_1] = keep * real[R_STEP_1] + (1.0 - keep) * square
    real[R_STEP_Q] = keep * real[R_STEP_Q] + (1.0 - keep) * change * change / STEP_SECONDS
    real[R_STEP_WEIGHT] = keep * real[R_STEP_WEIGHT] + (1.0 - keep)


@compiled
def _learn_jumps(index: Ints, real: Reals, second: int, value: int) -> None:
    """MedRV and RV on the coarse grid: the median of three neighbouring changes is blind to one."""
    before = _held(index, second - COARSE_SECONDS)
    if before == 0:
        return
    size = abs(value - before) / before
    in_row = real[R_SIZE_AT] == second - COARSE_SECONDS
    if in_row and real[R_SIZE_2] >= 0.0:
        one, two = real[R_SIZE_1], real[R_SIZE_2]
        median = max(min(one, two), min(max(one, two), size))
        keep = 2.0 ** (-COARSE_SECONDS / COARSE_HALF_LIFE)
        real[R_SMOOTH] = keep * real[R_SMOOTH] + (1.0 - keep) * MEDIAN_SCALE * median * median
        real[R_ROUGH] = keep * real[R_ROUGH] + (1.0 - keep) * size * size
        real[R_ROUGH_WEIGHT] = keep * real[R_ROUGH_WEIGHT] + (1.0 - keep)
    real[R_SIZE_2] = real[R_SIZE_1] if in_row else -1.0
    real[R_SIZE_1], real[R_SIZE_AT] = size, float(second)


@compiled
def learn(index: Ints, real: Reals, second: int, value: int) -> None:
    """Take the change from the newest print to ``value`` (cents) at ``second``.

    A hole longer than the limit teaches nothing. The print itself is stored by the caller.
    """
    last = index[I_LAST]
    gap = second - last
    if last == 0 or gap > index[I_MAX_GAP]:
        return
    before = index[I_VALUE + (last & (RING - 1))]
    change = (value - before) / before / season(second, index[I_ZONE], real[R_PROFILE])
    square = change * change / gap
    for place in range(COMPONENTS):
        keep = 2.0 ** (-gap / HALF_LIVES[place])
        real[R_SUMS + place] = keep * real[R_SUMS + place] + (1.0 - keep) * square
        real[R_WEIGHTS + place] = keep * real[R_WEIGHTS + place] + (1.0 - keep)
    real[R_SECONDS] += gap
    _learn_ratio(index, real, second, value, square)
    if second % COARSE_SECONDS == 0:
        _learn_jumps(index, real, second, value)
    if second % 60 == 0:
        _judge(index, real, second)


@compiled
def blocks(index: Ints, real: Reals) -> Reals:
    """Mean squares of one-second changes by blocks of ``COARSE_SECONDS``, over the mean of all
    blocks; newest last. Blocks with a missing print are left out.

    Each change is de-seasonalised; dividing by the mean takes out the level, so that what is left
    is how unevenly variance comes. Shape (blocks,), at most ``RING / COARSE_SECONDS``.
    """
    newest = index[I_LAST] // COARSE_SECONDS * COARSE_SECONDS
    found = np.empty(RING // COARSE_SECONDS)
    count = 0
    for start in range(newest - (len(found) - 1) * COARSE_SECONDS, newest, COARSE_SECONDS):
        total = 0.0
        for second in range(start + 1, start + COARSE_SECONDS + 1):
            before, after = _held(index, second - 1), _held(index, second)
            if before == 0 or after == 0:
                total = -1.0
                break
            change = (after - before) / before
            total += change * change
        if total >= 0.0:
            found[count] = total / season(start, index[I_ZONE], real[R_PROFILE]) ** 2
            count += 1
    kept = found[:count]
    mean = kept.mean() if count > 0 else 0.0
    return kept / mean if mean > 0.0 else kept[:0]


@compiled
def forget(real: Reals) -> None:
    """Back to knowing nothing."""
    real[: R_SECONDS + 1] = 0.0
    for place in range(COMPONENTS):  # a copy of arrays takes seconds to compile, for its error text
        real[R_SHARES + place] = PRIOR_SHARES[place]
    real[R_SIZE_2] = -1.0
