"""Whole stretches of book changes through the kernel's ``step``, one compiled call for each.

Rows lie in columns (``market.deltas``); the function that handles a row is the one of the live
path, so every number and every answer is the same to the bit.
"""

import numpy as np
import numpy.typing as npt

from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.kernel import step
from kalshi_assistant.quant.layout import BID_SHIFT, DELTA, TOP_MOVED, Ints, Reals

Shorts = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.int8]
ROW_SHIFT = BID_SHIFT
"""Of an answer: the bits lie below, the row above."""


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

    Row ``first`` is handled in any case. Answers the row to go on from and, in the low byte, the
    bits of the last row handled; 0 where nothing follows from it.
    """
    number = market[first]
    row = first
    while row < last and market[row] == number and (row == first or received_at[row] < before):
        bits = step(
            book,
            index,
            real,
            DELTA,
            np.int64(side[row]),  # type: ignore[arg-type]  # machine code knows one kind of integer
            np.int64(price[row]),  # type: ignore[arg-type]  # as above: ``step`` is compiled once
            change[row],
            received_at[row],
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
