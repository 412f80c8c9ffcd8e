"""Whole stretches of book changes through the kernel, one compiled call for each.

Rows lie in columns (``market.deltas``). What handles a row are the functions of the kernel's
``step``, so every number and every answer is the same to the bit. Most changes happen where nothing
of ours would be bought: after one of those an evaluation repeats the one before it, and ``follow``
knows that beforehand and only counts it.

**Invariant:** what ``steady`` says holds from one row to the next only. It is forgotten with every
fact that is not a change of this book, and at the instant from which the clock alone could change
an answer.
"""

import math

import numpy as np
import numpy.typing as npt

from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.kernel import evaluate, nearest
from kalshi_assistant.quant.ladder import change_level
from kalshi_assistant.quant.layout import (
    BID_SHIFT,
    FULL_PRICE,
    I_ASK_AGAIN,
    I_BLOCK_AGE,
    I_COOL_UNTIL,
    I_MIN_AGE,
    I_MIN_LEFT,
    I_OFFSET,
    I_SEEN_AT,
    I_SURE_LEFT,
    M_ASK,
    M_ASKED_YES,
    M_BID,
    M_CANDIDATES,
    M_CLOSE,
    M_DEPTH_BID,
    M_FEE_RATE,
    M_FIXED,
    M_KNOWN,
    M_LOOKS,
    M_NO_NUMBER,
    M_NUMBERS,
    M_OPEN,
    M_SIZE,
    M_TOUCHED,
    M_VETO,
    M_VETOES,
    M_WORST_YES,
    R_EDGE_NO,
    R_EDGE_YES,
    SIDE,
    TOP_MOVED,
    Ints,
    Reals,
)

Shorts = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.int8]
ROW_SHIFT = BID_SHIFT
"""Of an answer: the bits lie below, the row above."""

# --- slots of ``steady`` ---
S_UNTIL = 0  # ns: from here on nothing is taken for granted; 0: nothing is now
S_BID = 1  # changes of bids below this price, and of asks above the next, touch nothing of ours
S_ASK = 2
S_NEED_BID = 3  # nor do those at this price that leave so much there
S_NEED_ASK = 4
S_CANDIDATE = 5  # 1 where each evaluation counts as one with an edge
STEADY_SLOTS = 6
FOREVER = 2**62


@compiled
def _next_instant(market: Ints, index: Ints, now: int) -> int:
    """The first instant after ``now`` at which the same facts may be judged otherwise."""
    opens, closes = market[M_OPEN], market[M_CLOSE]
    until = FOREVER
    for instant in (
        index[I_SEEN_AT] + index[I_OFFSET] + index[I_BLOCK_AGE] + 1,
        closes - index[I_SURE_LEFT],
        opens,
        closes,
        opens + index[I_MIN_AGE],
        closes - index[I_MIN_LEFT] + 1,
        index[I_COOL_UNTIL],
        market[M_ASKED_YES] + index[I_ASK_AGAIN],
        market[M_ASKED_YES + 1] + index[I_ASK_AGAIN],
    ):
        if now < instant < until:
            until = instant
    return until


@compiled
def _reach(market: Ints, side: int, worst: int) -> tuple[int, int]:
    """(price up to which buying from ``side`` goes, how much must stay there); ``worst``: the last
    price touched, 0 where the side has not enough.
    """
    none = 0 if side == 0 else FULL_PRICE
    if worst == 0:
        return none, FOREVER  # any change may make it enough
    if worst != market[M_BID + side]:
        return worst, FOREVER
    return worst, market[M_SIZE] if market[worst + side * SIDE] >= market[M_SIZE] else FOREVER


@compiled
def settle(market: Ints, index: Ints, real: Reals, now: int, steady: Ints) -> None:
    """Say what stays as it was just evaluated at ``now``."""
    steady[S_UNTIL] = 0
    if market[M_KNOWN] == 0:
        return
    steady[S_UNTIL] = _next_instant(market, index, now)
    steady[S_CANDIDATE] = 0
    if market[M_NO_NUMBER] != 0 or market[M_FEE_RATE] < 0:  # no edges: only the top is looked at
        steady[S_BID], steady[S_NEED_BID] = market[M_BID], 1
        steady[S_ASK], steady[S_NEED_ASK] = market[M_ASK], 1
        return
    worst_no = market[M_WORST_YES + 1]
    worst_bid = FULL_PRICE - worst_no if worst_no != 0 else 0
    steady[S_BID], steady[S_NEED_BID] = _reach(market, 0, worst_bid)
    steady[S_ASK], steady[S_NEED_ASK] = _reach(market, 1, market[M_WORST_YES])
    some = not (math.isnan(real[R_EDGE_YES]) and math.isnan(real[R_EDGE_NO]))
    if some and market[M_FIXED] == 0 and market[M_OPEN] <= now < market[M_CLOSE]:
        steady[S_CANDIDATE] = 1


@compiled
def follow(
    market: Ints,
    index: Ints,
    real: Reals,
    side: int,
    price: int,
    change: int,
    now: int,
    steady: Ints,
) -> int:
    """``step`` with a change of a level, and all it writes; answers its bits, without TOP_MOVED
    where the top stays what it was. ``steady[S_UNTIL]`` must be 0 after any other fact.
    """
    limit = steady[S_BID + side]
    if now < steady[S_UNTIL] and 0 < price < FULL_PRICE:
        slot = price + side * SIDE
        content = market[slot] + change
        beyond = price < limit if side == 0 else price > limit
        if content >= 0 and (beyond or (price == limit and content >= steady[S_NEED_BID + side])):
            market[M_TOUCHED] = now
            market[slot] = content
            market[M_DEPTH_BID + side] += change
            _count(market, real, now, steady)
            return 0
    market[M_TOUCHED] = now  # ``step``, without asking what kind of fact it is
    bits = change_level(market, side, price, change) | evaluate(market, index, real, now)
    settle(market, index, real, now, steady)
    return bits


@compiled
def _count(market: Ints, real: Reals, now: int, steady: Ints) -> None:
    """The evaluation before, once more."""
    market[M_LOOKS] += 1
    if market[M_NO_NUMBER] == 0:
        market[M_NUMBERS] += 1
    veto = market[M_VETO]
    market[M_VETOES + veto] += 1
    if steady[S_CANDIDATE] == 1:
        market[M_CANDIDATES] += 1
        nearest(market, real, 0, veto, now)


@compiled
def advance(
    book: Ints,
    index: Ints,
    real: Reals,
    market: Shorts,
    side: Bytes,
    price: Shorts,
    change: Ints,
    received_at: Ints,
    first: int,
    last: int,
    before: int,
) -> int:
    """Handle the rows from ``first`` on that are about the market of ``first``: up to ``last``, to
    the first one received at ``before`` (ns) or later, or to one with an answer to be acted on.

    Row ``first`` is handled in any case. Receipts must not go back. Answers the row to go on from
    and, in the low byte, the bits of the last row handled; 0 where nothing follows from it.
    """
    number = market[first]
    row = first
    steady = np.zeros(STEADY_SLOTS, dtype=np.int64)
    while row < last and market[row] == number and (row == first or received_at[row] < before):
        bits = follow(
            book,
            index,
            real,
            np.int64(side[row]),  # type: ignore[arg-type]  # machine code knows one kind of integer
            np.int64(price[row]),  # type: ignore[arg-type]  # as above: ``step`` is compiled once
            change[row],
            received_at[row],
            steady,
        )
        row += 1
        if bits > TOP_MOVED:
            return int(row << ROW_SHIFT | bits)
    return int(row << ROW_SHIFT)


@compiled
def skip(market: Shorts, received_at: Ints, first: int, last: int, before: int) -> int:
    """Where ``advance`` would stop had it nothing to do: for a market nobody follows."""
    number = market[first]
    row = first + 1
    while row < last and market[row] == number and received_at[row] < before:
        row += 1
    return row
