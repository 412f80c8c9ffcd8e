"""The decisions of a sweep over panels, compiled.

``fast_numbers`` keeps, second by second, what the number was made of. ``decide`` puts that back
into the kernel's arrays for each setting and asks the kernel's own functions (number, edges,
vetoes, crossing) at the instants at which an engine on this panel asks them:

- on each whole second, before its print: the index and the book of the second before;
- at the print: the new index, and still the book of the second before;
- between seconds, when the number is simulated: index and book of this second; a crossing there is
  counted as asked and nothing comes of it.

A crossing is named, sized and charged as live; the order meets the newest quote before its arrival,
within its limit, and what it bought is held to settlement.

**Left out**, against the engine: everything under ``risk`` but the sizes of ``sizing`` (halts,
pauses, limits per order, window and day), exits, resting orders, delay capture and momentum (which
never fire on a panel: no own latency is measured, no trades are told), vetoes from outside
(settlement mismatch, pauses), drawn latencies.

Known limitation: seconds at which no edge can come within ``hysteresis`` of the threshold are
passed over; the bound is computed with a margin, and the veto counts of an engine are not kept.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kalshi_assistant.lab.fast_numbers import (
    K_FIXED,
    K_FLIGHT,
    K_MISSING,
    K_SEEN,
    K_SEEN_AT,
    MARGIN,
    N_HIGH,
    N_LOW,
    N_RAW,
    N_SECONDS,
    N_SLOPE,
    Terms,
    may_cross,
    middle,
)
from kalshi_assistant.quant import learners
from kalshi_assistant.quant.closed_form import LAST_DOUBT
from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.kernel import (
    crossed,
    net_edge,
    number,
    threshold_of,
    why_not_here,
    why_not_now,
)
from kalshi_assistant.quant.ladder import fee_of_fill
from kalshi_assistant.quant.layout import (
    CROSSED_YES,
    FULL_PRICE,
    I_COOL_UNTIL,
    I_SEEN,
    I_SEEN_AT,
    M_ABOVE,
    M_ASK,
    M_ASKED_NO,
    M_ASKED_YES,
    M_BID,
    M_CLOSE,
    M_DEPTH_ASK,
    M_DEPTH_BID,
    M_FEE_RATE,
    M_FIRED,
    M_FIXED,
    M_FLIGHT,
    M_ID,
    M_KNOWN,
    M_MISSING,
    M_NO_NUMBER,
    M_OPEN,
    M_PRECISION,
    M_SIZE,
    M_STRIKE,
    M_TOUCHED,
    NAN,
    R_DELAY,
    R_EDGE_NO,
    R_EDGE_YES,
    R_FALL,
    R_HAIRCUT_YES,
    R_HIGH,
    R_LATENCY,
    R_LOW,
    R_OWNER,
    R_P,
    R_RAW,
    R_SECONDS,
    R_SLIPPAGE,
    R_SLOPE,
    R_THRESHOLD,
    R_THRESHOLD_AT,
    R_VERSION,
    SECOND,
    SIDE,
    Ints,
    Reals,
)
from kalshi_assistant.strategy.one_level import OneLevel, Priced, size_one_level

_logit = compiled(learners.logit)
_expit = compiled(learners.expit)
_WEIGHTS = learners.WEIGHTS

# --- columns of a fill ---
F_WINDOW, F_AT, F_NO, F_LIMIT, F_WANTED, F_PRICE, F_BOUGHT, F_FEE, F_SURE, F_SURE_FEE = range(10)
FILL_SLOTS = 10
"""Window; instant of the decision, ns; 1 for NO; limit, wanted size; price, size and fee of the
fill (prices of the outcome bought, size 0: none); size and fee under the careful assumption.
"""

# --- an account, micro-dollars ---
A_START, A_CASH, A_REALIZED, A_COOL, A_PENDING = range(5)
A_HELD = 5
"""From here on four slots for each market not paid out: quantity, cost, when it is, 1 for YES."""
HELD = 4
ACCOUNT_SLOTS = A_HELD + 8 * HELD


class Rules(NamedTuple):
    """What a setting decides with, beyond what stands in the kernel's arrays."""

    sizing: OneLevel
    believe: int
    """0 model, 1 blend, 2 both, -1: the baseline gap is off."""
    extra: float
    cool_ns: int
    latency_ns: int
    looks: int
    """How often within a second the number is simulated."""
    look_ns: int
    share: float
    """Of a shown size that the careful assumption counts on."""
    published_after: int


@compiled
def _begin(market: Ints, number: int, opens: int, strike: int) -> None:
    """A new window in an array that is used again."""
    market[M_ID] = number
    market[M_OPEN] = opens * SECOND
    market[M_CLOSE] = (opens + 900) * SECOND
    market[M_STRIKE] = strike
    market[M_ABOVE] = 0
    market[M_FIRED] = 0
    market[M_ASKED_YES] = 0
    market[M_ASKED_NO] = 0


# --- the decision ---


@compiled
def _show(market: Ints, row: Ints, depth: int) -> None:
    """The book of a quote; what stood there before leaves."""
    market[market[M_BID]] = 0
    market[SIDE + market[M_ASK]] = 0
    bid, ask = row[0], row[1]
    market[M_BID], market[M_ASK] = bid, ask
    market[M_DEPTH_BID] = market[M_DEPTH_ASK] = 0
    if bid > 0:
        market[bid] = market[M_DEPTH_BID] = depth
    if ask < FULL_PRICE:
        market[SIDE + ask] = market[M_DEPTH_ASK] = depth
    market[M_KNOWN] = 1 if row[2] != 0 else 0
    market[M_TOUCHED] = row[2] * SECOND


@compiled
def _know(market: Ints, index: Ints, real: Reals, reals: Reals, counts: Ints) -> None:
    """What the number was made of at a second, back in the kernel's arrays."""
    real[R_RAW], real[R_SLOPE] = reals[N_RAW], reals[N_SLOPE]
    real[R_LOW], real[R_HIGH] = reals[N_LOW], reals[N_HIGH]
    real[R_SECONDS] = reals[N_SECONDS]
    market[M_MISSING], market[M_FLIGHT] = counts[K_MISSING], counts[K_FLIGHT]
    market[M_FIXED] = counts[K_FIXED]
    index[I_SEEN_AT], index[I_SEEN] = counts[K_SEEN_AT], counts[K_SEEN]


@compiled
def _ask(market: Ints, index: Ints, real: Reals, now: int) -> int:
    """``kernel.evaluate`` without its counts: the crossed sides."""
    number(market, index, real, now)
    real[R_EDGE_YES] = real[R_EDGE_NO] = NAN
    if market[M_NO_NUMBER] != 0 or why_not_now(market, now) != 0:
        return 0
    if why_not_here(market, index, real, now) != 0:
        return 0
    real[R_EDGE_YES] = net_edge(market, real, 0)
    real[R_EDGE_NO] = net_edge(market, real, 1)
    bits, _ = crossed(market, index, real, now)
    return bits


@compiled
def _blend(model: float, price: float, masses: Reals) -> float:
    """``Shrinkage.predict_one``."""
    base = _logit(price)
    gap = _logit(model) - base
    blend = 0.0
    for place in range(len(_WEIGHTS)):
        blend += masses[place] * _expit(base + _WEIGHTS[place] * gap)
    return min(max(blend, LAST_DOUBT), 1.0 - LAST_DOUBT)


@compiled
def _believed(rules: Rules, real: Reals, side: int, price: float, masses: Reals) -> float:
    """The probability of a side that is believed; nan where there is none (``strategy.gap``)."""
    p_yes = real[R_P]
    model = p_yes if side == 0 else 1.0 - p_yes
    if rules.believe == 0:
        return float(model)
    if math.isnan(price):
        return NAN
    blend = _blend(p_yes, price, masses)
    if side == 1:
        blend = 1.0 - blend
    return blend if rules.believe == 1 else min(model, blend)


@compiled
def _wanted(
    market: Ints,
    real: Reals,
    rules: Rules,
    terms: Terms,
    account: Ints,
    side: int,
    masses: Reals,
) -> int:
    """The size a crossed side is bought in, 0 where nothing comes of it."""
    if rules.believe < 0:
        return 0
    price = middle(market[M_BID], market[M_ASK])
    probability = _believed(rules, real, side, price, masses)
    if math.isnan(probability):
        return 0
    p_yes, over = real[R_P], real[R_EDGE_YES + side] - real[R_THRESHOLD]
    model = p_yes if side == 0 else 1.0 - p_yes
    if over - (model - probability) < rules.extra:
        return 0
    worse = real[R_RAW] - real[R_LOW] if side == 0 else real[R_HIGH] - real[R_RAW]
    priced = Priced(
        probability,
        real[R_SLIPPAGE],
        real[R_DELAY],
        real[R_HAIRCUT_YES + side],
        max(worse, 0.0),
        terms.rate_e6,
        terms.precision,
        market[M_ASK] if side == 0 else FULL_PRICE - market[M_BID],
        terms.depth,
    )
    exposure = 0
    for place in range(account[A_PENDING]):
        exposure += account[A_HELD + place * HELD + 1]
    return size_one_level(
        rules.sizing,
        priced,
        real[R_THRESHOLD],
        account[A_START] + account[A_REALIZED],
        account[A_CASH],
        exposure,
    )


@compiled
def pay_out(account: Ints, before: int) -> None:
    """Every market paid out before an instant, the oldest first."""
    kept = 0
    for place in range(account[A_PENDING]):
        row = A_HELD + place * HELD
        quantity, cost, due = account[row], account[row + 1], account[row + 2]
        if due < before:
            won = quantity > 0 if account[row + 3] == 1 else quantity < 0
            payout = abs(quantity) * 10_000 if won else 0
            account[A_CASH] += payout
            account[A_REALIZED] += payout - cost
        else:
            to = A_HELD + kept * HELD
            account[to : to + HELD] = account[row : row + HELD]
            kept += 1
    account[A_PENDING] = kept


@compiled
def _enter(account: Ints, signed: int, price: int, fee: int, due: int, yes: int) -> None:
    """A fill in the account of record, netted as ``execution.ledger`` nets it."""
    place = account[A_PENDING] - 1
    if place < 0 or account[A_HELD + place * HELD + 2] != due:
        place = account[A_PENDING]
        account[A_PENDING] += 1
        row = A_HELD + place * HELD
        account[row] = account[row + 1] = 0
        account[row + 2], account[row + 3] = due, yes
    row = A_HELD + place * HELD
    held = account[row]
    closing = min(abs(signed), abs(held)) if signed * held < 0 else 0
    if closing > 0:
        cost = account[row + 1] * closing // abs(held)
        received = (FULL_PRICE - price) * closing
        account[row] += closing if held < 0 else -closing
        account[row + 1] -= cost
        account[A_CASH] += received
        account[A_REALIZED] += received - cost
    opening = abs(signed) - closing
    account[row] += opening if signed > 0 else -opening
    account[row + 1] += price * opening
    account[A_CASH] -= price * opening + fee
    account[A_REALIZED] -= fee


@compiled
def _fill(
    account: Ints,
    rules: Rules,
    terms: Terms,
    book: Ints,
    opens: int,
    yes: int,
    fill: Ints,
) -> None:
    """The order meets the newest quote before its arrival."""
    arrives = fill[F_AT] + rules.latency_ns
    at = (arrives - 1) // SECOND - opens
    if at >= book.shape[0] or arrives >= (opens + 900) * SECOND or book[at, 2] == 0:
        return
    side = fill[F_NO]
    price = book[at, 1] if side == 0 else FULL_PRICE - book[at, 0]
    if price <= 0 or price >= FULL_PRICE or price > fill[F_LIMIT]:
        return
    bought = min(fill[F_WANTED], terms.depth)
    fee, _ = fee_of_fill(terms.rate_e6, terms.precision, price, bought, 0)
    fill[F_PRICE], fill[F_BOUGHT], fill[F_FEE] = price, bought, fee
    if price == fill[F_LIMIT]:
        sure = min(fill[F_WANTED], int(rules.share * terms.depth))
        if sure > 0:
            fee_sure, _ = fee_of_fill(terms.rate_e6, terms.precision, price, sure, 0)
            fill[F_SURE], fill[F_SURE_FEE] = sure, fee_sure
    due = (opens + 900) * SECOND + rules.published_after
    _enter(account, bought if side == 0 else -bought, price, fee, due, yes)


@compiled
def _fire(
    market: Ints,
    index: Ints,
    real: Reals,
    rules: Rules,
    terms: Terms,
    account: Ints,
    bits: int,
    now: int,
    masses: Reals,
    book: Ints,
    window: int,
    opens: int,
    yes: int,
    fills: Ints,
    count: int,
) -> int:
    """What comes of crossed sides; answers how many fills there are by now."""
    for side in range(2):
        if bits & CROSSED_YES << side == 0:
            continue
        quantity = _wanted(market, real, rules, terms, account, side, masses)
        if quantity == 0:
            continue
        market[M_FIRED] |= 1 << side
        index[I_COOL_UNTIL] = now + rules.cool_ns
        fill = fills[count]
        fill[:] = 0
        fill[F_WINDOW], fill[F_AT], fill[F_NO] = window, now, side
        fill[F_LIMIT] = market[M_ASK] if side == 0 else FULL_PRICE - market[M_BID]
        fill[F_WANTED] = quantity
        _fill(account, rules, terms, book, opens, yes, fill)
        count += 1
    return count


@compiled
def _cannot_cross(market: Ints, real: Reals, bound: Reals, enough: float) -> bool:
    """Whether nothing can come of a second: no side that may still fire is up, or can come up."""
    waiting = 3 & ~market[M_FIRED]
    if market[M_ABOVE] & waiting != 0:
        return False
    if waiting & 1 != 0 and may_cross(real, bound, enough, 0):
        return False
    return waiting & 2 == 0 or not may_cross(real, bound, enough, 1)


@compiled
def _second(
    market: Ints,
    index: Ints,
    real: Reals,
    rules: Rules,
    terms: Terms,
    account: Ints,
    at: int,
    reals: Reals,
    counts: Ints,
    masses: Reals,
    switch: int,
    book: Ints,
    window: int,
    opens: int,
    yes: int,
    fills: Ints,
    count: int,
) -> int:
    """Everything that is asked in one second; answers how many fills there are by now."""
    now = (opens + at) * SECOND
    for look in range(2 + rules.looks):
        if look < 2:
            seen = at - 1 + look
            _know(market, index, real, reals[seen], counts[seen])
            _show(market, book[at - 1], terms.depth)
        elif look == 2:
            _show(market, book[at], terms.depth)
        then = now if look < 2 else now + (look - 1) * rules.look_ns
        bits = _ask(market, index, real, then)
        if bits == 0 or look >= 2:
            continue
        pay_out(account, now + look)
        known = masses[1 if now + look > switch else 0]
        count = _fire(
            market, index, real, rules, terms, account, bits, now, known, book, window, opens,
            yes, fills, count,
        )  # fmt: skip
    return count


@compiled
def decide(
    market: Ints,
    index: Ints,
    real: Reals,
    rules: Rules,
    terms: Terms,
    account: Ints,
    first_window: int,
    opens: Ints,
    strikes: Ints,
    results: Ints,
    looked: Ints,
    book: npt.NDArray[np.int64],
    reals: npt.NDArray[np.float64],
    counts: npt.NDArray[np.int64],
    bound: npt.NDArray[np.float64],
    masses: npt.NDArray[np.float64],
    switches: Ints,
    places: Ints,
    fills: Ints,
    begin: int,
    end: int,
) -> int:
    """One setting over some windows; answers how many rows of ``fills`` were written.

    ``masses``: by window, before (0) and from the instant ``switches`` on (1), by horizon;
    ``places``: the horizon by seconds left; ``looked``: 0 for windows that are passed over.
    """
    count = 0
    index[I_COOL_UNTIL] = account[A_COOL]
    enough = real[R_THRESHOLD] - real[R_FALL] + real[R_SLIPPAGE] + real[R_LATENCY] - MARGIN
    for window in range(opens.shape[0]):
        pay_out(account, opens[window] * SECOND)
        if looked[window] == 0 or strikes[window] == 0:
            continue
        _begin(market, 1, opens[window], strikes[window])
        real[R_OWNER], real[R_VERSION] = 1.0, 0.0
        real[R_THRESHOLD_AT] = threshold_of(market)
        market[M_SIZE], market[M_FEE_RATE] = terms.size, terms.rate_e6
        market[M_PRECISION] = terms.precision
        for at in range(begin + 1, end):
            if market[M_FIRED] == 3:
                break
            if _cannot_cross(market, real, bound[window, at], enough):
                continue
            known = masses[window, :, places[book.shape[1] - at]]
            count = _second(
                market, index, real, rules, terms, account, at, reals[window], counts[window],
                known, switches[window], book[window], first_window + window, opens[window],
                results[window], fills, count,
            )  # fmt: skip
        _show(market, np.array([0, FULL_PRICE, 0]), terms.depth)
    account[A_COOL] = index[I_COOL_UNTIL]
    return count
