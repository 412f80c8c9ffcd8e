"""The hot path: one compiled call per event over preallocated arrays, and the same call in a loop
over a recording.

Everything that moves lies in three arrays, see ``quant.layout``.

``step`` applies one fact and evaluates the number and both edges; ``run`` is ``step`` over rows;
``move`` changes a level of a book that no number is asked of. Each event is evaluated in full;
nothing is remembered between two events but what the arrays hold.

Known limitation: the wanted size times the fee rate must stay below 2**63 / 2.5e7 (about 5,000
contracts at 0.07), which the settings guarantee.
"""

import math

from kalshi_assistant.quant.closed_form import (
    WINDOW,
    bridge_variance,
    claim,
    digital,
    mean_variance,
    unit_student_density,
)
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.ladder import change_level, clear, set_level, walk
from kalshi_assistant.quant.layout import (
    ASK_SHIFT,
    BID_SHIFT,
    CLEAR,
    CROSSED_YES,
    DELTA,
    FULL_PRICE,
    I_ASK_AGAIN,
    I_BLOCK_AGE,
    I_BOOK_AGE,
    I_COOL_UNTIL,
    I_ESTIMATED,
    I_LAST,
    I_MAX_MISSING,
    I_MAX_SPREAD,
    I_MIN_AGE,
    I_MIN_LEFT,
    I_OFFSET,
    I_SEEN,
    I_SEEN_AT,
    I_SURE_LEFT,
    I_VERSION,
    I_WATCH,
    I_WATCH_ID,
    I_WATCH_SUM,
    I_ZONE,
    LEVEL,
    M_ABOVE,
    M_AHEAD,
    M_ASK,
    M_ASKED_YES,
    M_BID,
    M_BLOCK,
    M_CANDIDATES,
    M_CLOSE,
    M_COST_YES,
    M_CROSSINGS,
    M_FEE_RATE,
    M_FEE_YES,
    M_FIRED,
    M_FIXED,
    M_FLIGHT,
    M_GUESSED,
    M_ID,
    M_KNOWN,
    M_LOOKS,
    M_MISSING,
    M_NEAR,
    M_NEAR_AT,
    M_NEAR_SIDE,
    M_NEAR_VETO,
    M_NO_NUMBER,
    M_NUMBERS,
    M_OPEN,
    M_RISK,
    M_SEEN,
    M_SIZE,
    M_STRIKE,
    M_SUM,
    M_TOUCHED,
    M_VETO,
    M_VETOES,
    NAN,
    PAST,
    PRINT,
    R_BAND_HIGH,
    R_BAND_LOW,
    R_BASE,
    R_CERTAINTY,
    R_CUT,
    R_DELAY,
    R_EDGE_NO,
    R_EDGE_YES,
    R_EXPECTED,
    R_FALL,
    R_GUESS,
    R_HAIRCUT_NO,
    R_HAIRCUT_YES,
    R_HIGH,
    R_LATENCY,
    R_LOW,
    R_NOISE,
    R_NOWCAST,
    R_OWNER,
    R_P,
    R_PROFILE,
    R_RAW,
    R_REACH,
    R_SD,
    R_SECONDS,
    R_SIGMA,
    R_SLIPPAGE,
    R_SLOPE,
    R_SPREAD,
    R_TAIL,
    R_TAU,
    R_THRESHOLD,
    R_THRESHOLD_AT,
    R_UNIT_SD,
    R_VERSION,
    R_WARM,
    REACTED,
    SECOND,
    TICK,
    V_BAND,
    V_BOOK,
    V_BOOK_STALE,
    V_CLOSED,
    V_COLD,
    V_COOLING,
    V_EARLY,
    V_EDGE,
    V_FEES_UNKNOWN,
    V_FIRED,
    V_FIXED,
    V_INDEX_MISSING,
    V_INDEX_STALE,
    V_LATE,
    V_MISSING,
    V_NOT_FALLEN,
    V_NOT_OPEN,
    V_RISK,
    V_SPREAD,
    V_STRIKE_UNKNOWN,
    V_THIN,
    Ints,
    Reals,
)
from kalshi_assistant.quant.ring import (
    guess_at,
    hole,
    in_flight,
    observe,
    print_at,
    store_print,
    take_print,
)
from kalshi_assistant.quant.volatility import base_sigma, log_variance_sd, season, season_seconds

UNDERWAY = 2
"""Prints that may be in flight without being called holes: they come a second or so late."""
LONG = 7 * 86_400.0
"""Seconds; over more than this the day's profile is an average anyway."""


@compiled
def _refresh_window(market: Ints, index: Ints, real: Reals) -> None:
    """Recount the settlement window's prints: known, missing, in flight, ahead; expected value
    and variance of A.

    Writes R_EXPECTED (dollars), R_UNIT_SD (the deviation for sigma = 1) and R_NOISE (dollars).
    """
    close = market[M_CLOSE] // SECOND
    last = index[I_LAST]
    total, seen, missing, run, guessed = 0, 0, 0, 0, 0
    bridged, spread = 0.0, 0.0
    for second in range(close - WINDOW, min(close - 1, last) + 1):
        value = print_at(index, second)
        if value != 0:
            if run > 0:
                bridged += hole(index, second - run, run)
                spread += bridge_variance(run)
                run = 0
            total += value
            seen += 1
            guessed += guess_at(index, second)
        else:
            missing += 1
            run += 1
    if run > 0:  # the hole reaches the end of the window: its right neighbour is a later print
        bridged += hole(index, close - run, run)
        spread += bridge_variance(run)
    first = max(close - WINDOW, last + 1)
    left = max(close - first, 0)
    seen_at = index[I_SEEN_AT] / SECOND
    due = min(left, max(index[I_SEEN_AT] // SECOND - first + 1, 0))
    ahead = left - due
    market[M_SUM], market[M_SEEN], market[M_MISSING] = total, seen, missing
    market[M_FLIGHT], market[M_AHEAD] = due, ahead
    market[M_GUESSED] = guessed
    market[M_FIXED] = 1 if seen == WINDOW and guessed == 0 else 0
    underway, doubt = in_flight(index, first, due)
    expected = (total + bridged + underway + ahead * float(index[I_SEEN])) / WINDOW
    real[R_EXPECTED] = expected / 100.0
    real[R_TAU] = (first + due) - seen_at
    real[R_SPREAD] = (spread + doubt) / (WINDOW * WINDOW)
    real[R_UNIT_SD] = math.sqrt(_unit_variance(index, real, seen_at, first + due, ahead))
    real[R_NOISE] = _noise(index, real, seen, guessed, left) * index[I_SEEN] / 100.0
    _believe(market, index, real)
    real[R_OWNER] = market[M_ID]
    real[R_VERSION] = index[I_VERSION]


@compiled
def threshold_of(market: Ints) -> float:
    """Dollars at or above which the average is YES: the strike less half a cent."""
    return float(market[M_STRIKE] / 100.0 - 0.005)


@compiled
def _believe(market: Ints, index: Ints, real: Reals) -> None:
    """Deviation of the average, P(YES), its band and its slope: they change with the index only.

    The band is P(YES) with the volatility half its own error (in logs of the variance) lower and
    higher. The slope is what one deviation of the index in a second does to P(YES).
    """
    tail, spot = real[R_TAIL], index[I_SEEN] / 100.0
    real[R_BASE] = base_sigma(real)
    season_now = season(index[I_SEEN_AT] // SECOND, index[I_ZONE], real[R_PROFILE])
    real[R_SIGMA] = real[R_BASE] * spot * season_now
    threshold = threshold_of(market)
    real[R_THRESHOLD_AT] = threshold
    expected, half = real[R_EXPECTED], math.exp(0.5 * log_variance_sd(real))
    spread, noise = real[R_UNIT_SD] * real[R_BASE] * spot, real[R_NOISE]
    sd = math.sqrt(spread * spread + noise * noise)
    calm = math.sqrt(spread * spread / (half * half) + noise * noise)
    wild = math.sqrt(spread * spread * half * half + noise * noise)
    real[R_SD] = sd
    real[R_RAW] = digital(expected, threshold, sd, tail)
    ends = digital(expected, threshold, calm, tail), digital(expected, threshold, wild, tail)
    real[R_LOW], real[R_HIGH] = min(ends), max(ends)
    real[R_SLOPE] = 0.0
    if sd > 0.0:
        moving = (market[M_AHEAD] + market[M_FLIGHT]) / WINDOW
        density = unit_student_density((expected - threshold) / sd, tail)
        real[R_SLOPE] = moving * density / sd * real[R_SIGMA]


@compiled
def _noise(index: Ints, real: Reals, seen: int, guessed: int, left: int) -> float:
    """Deviation of A relative to the index from what is an estimate in it; the same error is in
    all that one source gave, so shares add up.

    While the index is seen through an estimate, holes and prints to come carry its error as well.
    """
    doubted = WINDOW - seen if index[I_ESTIMATED] == 1 else left
    return float((guessed * real[R_GUESS] + doubted * real[R_NOWCAST]) / WINDOW)


@compiled
def _unit_variance(index: Ints, real: Reals, seen_at: float, first: int, ahead: int) -> float:
    """Variance of the average where the de-seasonalised sigma is 1: each second by its profile.

    The way to the first print ahead is counted second by second; the window itself lies within a
    half hour of the profile and takes one factor.
    """
    zone, applied = index[I_ZONE], real[R_PROFILE]
    factor = season(first + ahead // 2, zone, applied)
    inside = factor * factor * (mean_variance(ahead, 1.0) - 1.0)
    way = first - seen_at
    if 0.0 < way < LONG:
        way = season_seconds(seen_at, float(first), zone, applied)
    variance = ahead * ahead * (way + inside) / (WINDOW * WINDOW) if ahead > 0 else 0.0
    return float(variance + real[R_SPREAD] * factor * factor)


@compiled
def _why_no_number(market: Ints, index: Ints, real: Reals, now: int) -> int:
    """The first reason for having no probability, 0 when there is one."""
    if market[M_STRIKE] == 0:
        return V_STRIKE_UNKNOWN
    if market[M_FIXED] == 1:
        return 0
    if index[I_SEEN] == 0:
        return V_INDEX_MISSING
    if now - index[I_SEEN_AT] - index[I_OFFSET] > index[I_BLOCK_AGE]:
        return V_INDEX_STALE
    if real[R_SECONDS] < real[R_WARM]:
        return V_COLD
    # a print or two are always underway; more of them than that are holes that have no name yet
    holes = market[M_MISSING] + max(market[M_FLIGHT] - UNDERWAY, 0)
    return V_MISSING if holes > index[I_MAX_MISSING] else 0


@compiled
def _fixed_outcome(market: Ints) -> float:
    """1 or 0 once all sixty prints are known: the mean rounded half up, a tie is YES.

    Known limitation: before 2026-08-21 the venue rounded in binary; a half cent may differ there.
    """
    mean = (2 * market[M_SUM] + WINDOW) // (2 * WINDOW)
    return 1.0 if mean >= market[M_STRIKE] else 0.0


@compiled
def number(market: Ints, index: Ints, real: Reals, now: int) -> None:
    """Write R_P, or nan and the reason, and what is taken off an edge because of how it came."""
    if real[R_VERSION] != index[I_VERSION] or real[R_OWNER] != market[M_ID]:
        _refresh_window(market, index, real)
    elif real[R_THRESHOLD_AT] != threshold_of(market):
        _believe(market, index, real)
    why = _why_no_number(market, index, real, now)
    market[M_NO_NUMBER] = why
    real[R_P] = NAN
    real[R_HAIRCUT_YES] = real[R_HAIRCUT_NO] = 0.0
    real[R_DELAY] = real[R_LATENCY]
    if why != 0:
        return
    if market[M_FIXED] == 1:
        real[R_P] = _fixed_outcome(market)
        return
    certain = market[M_CLOSE] - now <= index[I_SURE_LEFT]
    highest = 1.0 if certain else real[R_CERTAINTY]
    p_yes = claim(real[R_RAW], highest)
    real[R_P] = p_yes
    real[R_HAIRCUT_YES] = real[R_CUT] * max(p_yes - claim(real[R_LOW], highest), 0.0)
    real[R_HAIRCUT_NO] = real[R_CUT] * max(claim(real[R_HIGH], highest) - p_yes, 0.0)
    real[R_DELAY] += real[R_SLOPE] * real[R_REACH]


@compiled
def net_edge(market: Ints, real: Reals, outcome: int) -> float:
    """Net edge of buying ``outcome`` at size, dollars per contract; nan when the depth is not
    there.
    """
    if walk(market, outcome) == 0:
        return NAN
    probability = real[R_P] if outcome == 0 else 1.0 - real[R_P]
    spent = market[M_COST_YES + outcome] + market[M_FEE_YES + outcome]
    per_contract = spent / (market[M_SIZE] * 10_000.0)
    allowances = real[R_SLIPPAGE] + real[R_DELAY] + real[R_HAIRCUT_YES + outcome]
    return float(probability - per_contract - allowances)


@compiled
def why_not_now(market: Ints, now: int) -> int:
    """A veto that needs no number: decided outside, or the window is not open; 0 when none."""
    if market[M_BLOCK] != 0:
        return int(market[M_BLOCK])
    if now < market[M_OPEN]:
        return V_NOT_OPEN
    if now >= market[M_CLOSE]:
        return V_CLOSED
    if market[M_FEE_RATE] < 0 and market[M_STRIKE] != 0:
        return V_FEES_UNKNOWN
    return int(market[M_NO_NUMBER])


@compiled
def _doubted(market: Ints, index: Ints, now: int) -> int:
    """The veto on a book that is not known or was silent for long; 0 when none."""
    if market[M_KNOWN] == 0:
        return V_BOOK
    return V_BOOK_STALE if 0 < index[I_BOOK_AGE] < now - market[M_TOUCHED] else 0


@compiled
def why_not_here(market: Ints, index: Ints, real: Reals, now: int) -> int:
    """A veto on a number that exists: outcome, book, time, band, spread; 0 when none."""
    if market[M_FIXED] == 1:
        return V_FIXED
    doubt = _doubted(market, index, now)
    if doubt != 0:
        return doubt
    if now - market[M_OPEN] < index[I_MIN_AGE]:
        return V_EARLY
    if market[M_CLOSE] - now < index[I_MIN_LEFT]:
        return V_LATE
    if not real[R_BAND_LOW] <= real[R_P] <= real[R_BAND_HIGH]:
        return V_BAND
    return V_SPREAD if market[M_ASK] - market[M_BID] > index[I_MAX_SPREAD] else 0


@compiled
def _risen(market: Ints, real: Reals) -> int:
    """Bits of the sides at or above the threshold (1 YES, 2 NO); remembers in M_ABOVE who rose to
    it and has not fallen back by the hysteresis since.
    """
    over = 0
    for side in range(2):
        bit, edge = 1 << side, real[R_EDGE_YES + side]
        if edge >= real[R_THRESHOLD]:
            over |= bit
            if market[M_ABOVE] & bit == 0:
                market[M_ABOVE] |= bit
                market[M_ASKED_YES + side] = 0
                market[M_CROSSINGS] += 1
        elif edge < real[R_THRESHOLD] - real[R_FALL]:
            market[M_ABOVE] &= ~bit
    return over


@compiled
def crossed(market: Ints, index: Ints, real: Reals, now: int) -> tuple[int, int]:
    """(bits of the crossed sides to be answered now, veto code)."""
    if math.isnan(real[R_EDGE_YES]) and math.isnan(real[R_EDGE_NO]):
        return 0, V_THIN
    if market[M_RISK] != 0:
        return 0, V_RISK
    over = _risen(market, real)
    if over == 0:
        return 0, V_EDGE
    over &= ~market[M_FIRED]
    if over == 0:
        return 0, V_FIRED
    if now < index[I_COOL_UNTIL]:
        return 0, V_COOLING
    bits, again = 0, index[I_ASK_AGAIN]
    for side in range(2):
        asked = market[M_ASKED_YES + side]
        if over & 1 << side != 0 and (asked == 0 or 0 < again <= now - asked):
            market[M_ASKED_YES + side] = now
            bits |= CROSSED_YES << side
    return bits, 0 if bits != 0 else V_NOT_FALLEN


@compiled
def nearest(market: Ints, real: Reals, bits: int, veto: int, now: int) -> None:
    """Remember the best edge over the threshold of a side that neither fired nor crosses now."""
    for side in range(2):
        over = real[R_EDGE_YES + side] - real[R_THRESHOLD]
        if (bits & CROSSED_YES << side) != 0 or (market[M_FIRED] & 1 << side) != 0:
            continue
        if over > market[M_NEAR] * 1e-6 or (market[M_NEAR_AT] == 0 and not math.isnan(over)):
            market[M_NEAR] = math.floor(over * 1e6)
            market[M_NEAR_AT], market[M_NEAR_SIDE] = now, side
            if veto != 0:
                market[M_NEAR_VETO] = veto
            else:  # the other side crosses now
                market[M_NEAR_VETO] = V_EDGE if over < 0.0 else V_NOT_FALLEN


@compiled
def _reacted(market: Ints, index: Ints) -> int:
    """REACTED once, when the middle of the awaited book has followed the index; a book that is not
    believed any more is not awaited.
    """
    if index[I_WATCH_ID] != market[M_ID]:
        return 0
    if market[M_KNOWN] == 0:
        index[I_WATCH] = 0
        return 0
    two_sided = market[M_BID] > 0 and market[M_ASK] < FULL_PRICE
    way = (market[M_BID] + market[M_ASK] - index[I_WATCH_SUM]) * index[I_WATCH]
    if not two_sided or way < 0:
        return 0
    index[I_WATCH] = 0
    return REACTED


@compiled
def evaluate(market: Ints, index: Ints, real: Reals, now: int) -> int:
    """Number, both edges, veto; answers the crossed sides."""
    number(market, index, real, now)
    market[M_LOOKS] += 1
    real[R_EDGE_YES] = real[R_EDGE_NO] = NAN
    if market[M_NO_NUMBER] == 0:
        market[M_NUMBERS] += 1
        if market[M_KNOWN] == 1 and market[M_FEE_RATE] >= 0:
            for side in range(2):  # a loop: with constants each side would be compiled apart
                real[R_EDGE_YES + side] = net_edge(market, real, side)
    bits = 0
    veto = why_not_now(market, now)
    if veto == 0:
        veto = why_not_here(market, index, real, now)
    if veto == 0:
        bits, veto = crossed(market, index, real, now)
    market[M_VETO] = veto
    market[M_VETOES + veto] += 1
    some = not (math.isnan(real[R_EDGE_YES]) and math.isnan(real[R_EDGE_NO]))
    if some and market[M_FIXED] == 0 and market[M_OPEN] <= now < market[M_CLOSE]:
        market[M_CANDIDATES] += 1
        nearest(market, real, bits, veto, now)
    return bits if index[I_WATCH] == 0 else bits | _reacted(market, index)


@compiled
def _apply(
    market: Ints, index: Ints, real: Reals, kind: int, a: int, b: int, c: int, now: int
) -> int:
    """Apply one fact without evaluating."""
    if kind == DELTA:
        market[M_TOUCHED] = now
        return change_level(market, a, b, c)
    if kind == LEVEL:
        set_level(market, a, b, c)
    elif kind == CLEAR:
        market[M_TOUCHED] = now
        clear(market)
    elif kind == PRINT:
        return take_print(index, real, a, b, c, now)
    elif kind == TICK:
        observe(index, a, b, c, now)
    elif kind == PAST:
        return store_print(index, a, b, c)
    return 0


@compiled
def step(
    market: Ints, index: Ints, real: Reals, kind: int, a: int, b: int, c: int, now: int
) -> int:
    """Apply one fact at ``now`` (ns) and evaluate; answers bits."""
    bits = _apply(market, index, real, kind, a, b, c, now)
    if kind in (LEVEL, CLEAR, PAST):
        return bits
    return bits | evaluate(market, index, real, now)


@compiled
def move(market: Ints, side: int, price: int, change: int) -> int:
    """Change one level and evaluate nothing: for books that no number is asked of.

    Answers the bits in the low byte, the best bid from bit 8 and the best ask from bit 24 on.
    """
    bits = change_level(market, side, price, change)
    return int(bits | market[M_BID] << BID_SHIFT | market[M_ASK] << ASK_SHIFT)


@compiled
def run(market: Ints, index: Ints, real: Reals, rows: Ints, answers: Ints) -> None:
    """``step`` over ``rows`` of (kind, a, b, c, now); ``answers[i]`` receives the bits of row
    ``i``.
    """
    for row in range(rows.shape[0]):
        answers[row] = step(
            market,
            index,
            real,
            rows[row, 0],
            rows[row, 1],
            rows[row, 2],
            rows[row, 3],
            rows[row, 4],
        )
