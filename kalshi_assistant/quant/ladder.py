"""The levels of one book inside its array, and what buying from them costs.

Arrays and slots are those of ``quant.layout``: a YES price in 1/10,000 dollar *is* the index of its
level.
"""

from kalshi_assistant.quant.compiled import compiled
from kalshi_assistant.quant.layout import (
    FULL_PRICE,
    M_ASK,
    M_BID,
    M_COST_YES,
    M_DEPTH_ASK,
    M_DEPTH_BID,
    M_FEE_RATE,
    M_FEE_YES,
    M_KNOWN,
    M_PRECISION,
    M_SIZE,
    M_WORST_YES,
    NEGATIVE_LEVEL,
    OFF_LADDER,
    SIDE,
    TOP_MOVED,
    Ints,
)


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
def set_level(market: Ints, side: int, price: int, content: int) -> int:
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
def change_level(market: Ints, side: int, price: int, change: int) -> int:
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
    return set_level(market, side, price, content)


@compiled
def clear(market: Ints) -> None:
    """Empty both sides."""
    market[:M_BID] = 0
    market[M_BID] = 0
    market[M_ASK] = FULL_PRICE
    market[M_DEPTH_BID] = 0
    market[M_DEPTH_ASK] = 0


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
def walk(market: Ints, outcome: int) -> int:
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
