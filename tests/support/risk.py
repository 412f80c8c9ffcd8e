"""Orders and surroundings for the gate; every default is one that nothing refuses."""

from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.risk.exposure import LEAST, NONE, Charges
from kalshi_assistant.risk.limits import Look, share

DIRECT = Charges(70_000, 100)
BROKER = Charges(70_000, 10_000)
NOON = 1_000_000 * SECOND
CLOSE = NOON + 600 * SECOND


def entry(side=BID, limit=5_000, quantity=1_000, **changes):
    return Order("p-1-1", "T", side, limit, quantity, NOON, **changes)


def exit_order(side, limit=5_000, quantity=1_000, **changes):
    return Order(
        "p-1-2", "T", side, limit, quantity, NOON, reduce_only=True, purpose="exit", **changes
    )


def take_profit(side, limit=6_000, quantity=1_000):
    return Order(
        "p-1-3",
        "T",
        side,
        limit,
        quantity,
        NOON,
        time_in_force="good_till_canceled",
        post_only=True,
        purpose="take_profit",
    )


def look(**changes):
    calm = {
        "armed": True,
        "close_time": CLOSE,
        "charges": DIRECT,
        "best": 5_000,
        "position": 0,
        "leaving": 0,
        "window": NONE,
        "window_realized": 0,
        "others_worst": 0,
        "cash": 1_000_000_000,
        "reserved": 0,
        "day_realized": 0,
        "day_pnl": 0,
        "equity": 1_000_000_000,
        "peak": 1_000_000_000,
        "orders_last_minute": 0,
        "good_windows": 20,
    }
    return Look(**calm | changes)


def cut(wanted, seen, settings):
    """An entry's quantity as far as the canary lets it through."""
    return max(LEAST, int(wanted * share(seen.good_windows, settings)))


def may_leave(wanted, seen):
    """As much of an exit as is held and not yet on its way out."""
    return max(0, min(wanted, abs(seen.position) - seen.leaving))
