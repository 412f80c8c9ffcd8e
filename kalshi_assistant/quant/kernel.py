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
)
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.layout import (
    ASK_SHIFT,
    BID_SHIFT,
    CLEAR,
    CROSSED_NO,
    CROSSED_YES,
    DELTA,
    FULL_PRICE,
    I_BLOCK_AGE,
    I_ESTIMATED,
    I_LAST,
    I_MAX_MISSING,
    I_MIN_AGE,
    I_MIN_LEFT,
    I_OFFSET,
    I_SEEN,
    I_SEEN_AT,
    I_SURE_LEFT,
    I_VERSION,
    I_ZONE,
    LEVEL,
    M_AHEAD,
    M_ASK,
    M_BID,
    M_BLOCK,
    M_CLOSE,
    M_COST_YES,
    M_DEPTH_ASK,
    M_DEPTH_BID,
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
    M_NO_NUMBER,
    M_NUMBERS,
    M_OPEN,
    M_PRECISION,
    M_SEEN,
    M_SIZE,
    M_STRIKE,
    M_SUM,
    M_VETO,
    M_VETOES,
    M_WORST_YES,
    NAN,
    NEGATIVE_LEVEL,
    OFF_LADDER,
    PAST,
    PRINT,
    R_BAND_HIGH,
    R_BAND_LOW,
    R_BASE,
    R_CERTAINTY,
    R_EDGE_NO,
    R_EDGE_YES,
    R_EXPECTED,
    R_GUESS,
    R_LATENCY,
    R_NOISE,
    R_NOWCAST,
    R_OWNER,
    R_P,
    R_PROFILE,
    R_SD,
    R_SECONDS,
    R_SIGMA,
    R_SLIPPAGE,
    R_SPREAD,
    R_TAIL,
    R_TAU,
    R_THRESHOLD,
    R_THRESHOLD_AT,
    R_UNIT_SD,
    R_VERSION,
    R_WARM,
    SECOND,
    SIDE,
    TICK,
    TOP_MOVED,
    V_BAND,
    V_BOOK,
    V_CLOSED,
    V_COLD,
    V_EARLY,
    V_EDGE,
    V_FEES_UNKNOWN,
    V_FIRED,
    V_FIXED,
    V_INDEX_MISSING,
    V_INDEX_STALE,
    V_LATE,
    V_MISSING,
    V_NOT_OPEN,
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
from kalshi_assistant.quant.volatility import base_sigma, season, season_seconds

UNDERWAY = 2
"""Prints that may be in flight without being called holes: they come a second or so late."""
LONG = 7 * 86_400.0
"""Seconds; over more than this the day's profile is an average anyway."""


@compiled
def _best_after_removal(market: Ints, side: int, price: int) -> int:
    """The next price with content, walking away from the touch; 0 or 10,000 when the side is
    empty.
    """
    if side == 0:
        while price > 0 and market[price] == 0:
            price -= 1
        return price
    while price < FULL_PRICE and market[SIDE + price] == 0:
        price += 1
    return price


@compiled
def _set_level(market: Ints, side: int, price: int, content: int) -> int:
    """Put ``content`` on a level and keep the best price right; answers TOP_MOVED or 0."""
    slot = price + side * SIDE
    market[M_DEPTH_BID + side] += content - market[slot]
    market[slot] = content
    best = market[M_BID + side]
    moved = best
    if content > 0:
        moved = max(best, price) if side == 0 else min(best, price)
    elif price == best:
        moved = _best_after_removal(market, side, price)
    market[M_BID + side] = moved
    return TOP_MOVED if moved != best or price == best else 0


@compiled
def _change_level(market: Ints, side: int, price: int, change: int) -> int:
    """Add ``change`` to a level of a known book; an unknown book waits for its snapshot.

    A level below zero means that frames were lost: from here on the book is not believed.
    """
    if market[M_KNOWN] == 0:
        return 0
    if price <= 0 or price >= FULL_PRICE:
        market[M_KNOWN] = 0
        return OFF_LADDER
    content = market[price + side * SIDE] + change
    if content < 0:
        market[M_KNOWN] = 0
        return NEGATIVE_LEVEL
    return _set_level(market, side, price, content)


@compiled
def _clear(market: Ints) -> None:
    market[:M_BID] = 0
    market[M_BID] = 0
    market[M_ASK] = FULL_PRICE
    market[M_DEPTH_BID] = 0
    market[M_DEPTH_ASK] = 0


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
    real[R_OWNER] = market[M_ID]
    real[R_VERSION] = index[I_VERSION]


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
def _number(market: Ints, index: Ints, real: Reals, now: int) -> None:
    """Write R_P and its inputs, or nan and the reason."""
    if real[R_VERSION] != index[I_VERSION] or real[R_OWNER] != market[M_ID]:
        _refresh_window(market, index, real)
    why = _why_no_number(market, index, real, now)
    market[M_NO_NUMBER] = why
    real[R_P] = NAN
    real[R_BASE] = base_sigma(real)
    spot = index[I_SEEN] / 100.0
    spread = real[R_UNIT_SD] * real[R_BASE] * spot
    noise = real[R_NOISE]
    real[R_SIGMA] = real[R_BASE] * spot * season(now // SECOND, index[I_ZONE], real[R_PROFILE])
    real[R_SD] = math.sqrt(spread * spread + noise * noise)
    real[R_THRESHOLD_AT] = market[M_STRIKE] / 100.0 - 0.005
    if why != 0:
        return
    if market[M_FIXED] == 1:
        real[R_P] = _fixed_outcome(market)
        return
    raw = digital(real[R_EXPECTED], real[R_THRESHOLD_AT], real[R_SD], real[R_TAIL])
    certain = market[M_CLOSE] - now <= index[I_SURE_LEFT]
    real[R_P] = claim(raw, 1.0 if certain else real[R_CERTAINTY])


@compiled
def fee_of_fill(
    rate_e6: int, precision: int, price: int, quantity: int, carried: int
) -> tuple[int, int]:
    """(net fee of a fill in micro-dollars, accumulator after it); twin of ``market.fees``."""
    trade = -(-(rate_e6 * quantity * (price * (FULL_PRICE - price))) // 10_000_000_000)
    rounding = -(price * quantity + trade) % precision
    pool = carried + rounding
    rebate = min(pool // precision * precision, (trade + rounding) // precision * precision)
    return trade + rounding - rebate, pool - rebate


@compiled
def _walk(market: Ints, outcome: int) -> int:
    """Buy the wanted size from the book; fills M_COST_*, M_FEE_*, M_WORST_*. 1 when it was there
    to buy.
    """
    side = 1 - outcome  # YES (0) buys from the asks, NO (1) from the bids
    wanted = market[M_SIZE]
    cost, fee, carried, worst = 0, 0, 0, 0
    rate, precision = market[M_FEE_RATE], market[M_PRECISION]
    if market[M_DEPTH_BID + side] >= wanted:
        price = market[M_BID + side]
        while wanted > 0 and 0 < price < FULL_PRICE:
            there = market[price + side * SIDE]
            if there > 0:
                take = min(there, wanted)
                worst = price if outcome == 0 else FULL_PRICE - price
                paid, carried = fee_of_fill(rate, precision, worst, take, carried)
                cost += worst * take
                fee += paid
                wanted -= take
            price += 1 if side == 1 else -1
    done = wanted == 0
    market[M_WORST_YES + outcome] = worst if done else 0
    market[M_COST_YES + outcome] = cost if done else 0
    market[M_FEE_YES + outcome] = fee if done else 0
    return 1 if done else 0


@compiled
def _edge(market: Ints, real: Reals, outcome: int) -> float:
    """Net edge of buying ``outcome`` at size, dollars per contract; nan when the depth is not
    there.
    """
    if _walk(market, outcome) == 0:
        return NAN
    probability = real[R_P] if outcome == 0 else 1.0 - real[R_P]
    spent = market[M_COST_YES + outcome] + market[M_FEE_YES + outcome]
    per_contract = spent / (market[M_SIZE] * 10_000.0)
    return float(probability - per_contract - real[R_SLIPPAGE] - real[R_LATENCY])


@compiled
def _why_not_now(market: Ints, now: int) -> int:
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
def _why_not_here(market: Ints, index: Ints, real: Reals, now: int) -> int:
    """A veto on a number that exists: outcome, book, time, band; 0 when none."""
    if market[M_FIXED] == 1:
        return V_FIXED
    if market[M_KNOWN] == 0:
        return V_BOOK
    if now - market[M_OPEN] < index[I_MIN_AGE]:
        return V_EARLY
    if market[M_CLOSE] - now < index[I_MIN_LEFT]:
        return V_LATE
    inside = real[R_BAND_LOW] <= real[R_P] <= real[R_BAND_HIGH]
    return 0 if inside else V_BAND


@compiled
def _crossing(market: Ints, real: Reals) -> tuple[int, int]:
    """(bits of the crossed sides not yet fired, veto code)."""
    yes, no = real[R_EDGE_YES], real[R_EDGE_NO]
    if math.isnan(yes) and math.isnan(no):
        return 0, V_THIN
    bits = 0
    if yes >= real[R_THRESHOLD]:
        bits |= CROSSED_YES
    if no >= real[R_THRESHOLD]:
        bits |= CROSSED_NO
    if bits == 0:
        return 0, V_EDGE
    bits &= ~(market[M_FIRED] * CROSSED_YES)
    return bits, 0 if bits != 0 else V_FIRED


@compiled
def _evaluate(market: Ints, index: Ints, real: Reals, now: int) -> int:
    """Number, both edges, veto; answers the crossed sides."""
    _number(market, index, real, now)
    market[M_LOOKS] += 1
    real[R_EDGE_YES] = real[R_EDGE_NO] = NAN
    if market[M_NO_NUMBER] == 0:
        market[M_NUMBERS] += 1
        if market[M_KNOWN] == 1 and market[M_FEE_RATE] >= 0:
            real[R_EDGE_YES] = _edge(market, real, 0)
            real[R_EDGE_NO] = _edge(market, real, 1)
    bits = 0
    veto = _why_not_now(market, now)
    if veto == 0:
        veto = _why_not_here(market, index, real, now)
    if veto == 0:
        bits, veto = _crossing(market, real)
    market[M_VETO] = veto
    market[M_VETOES + veto] += 1
    return bits


@compiled
def _apply(
    market: Ints, index: Ints, real: Reals, kind: int, a: int, b: int, c: int, now: int
) -> int:
    """Apply one fact without evaluating."""
    if kind == DELTA:
        return _change_level(market, a, b, c)
    if kind == LEVEL:
        _set_level(market, a, b, c)
    elif kind == CLEAR:
        _clear(market)
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
    return bits | _evaluate(market, index, real, now)


@compiled
def move(market: Ints, side: int, price: int, change: int) -> int:
    """Change one level and evaluate nothing: for books that no number is asked of.

    Answers the bits in the low byte, the best bid from bit 8 and the best ask from bit 24 on.
    """
    bits = _change_level(market, side, price, change)
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
