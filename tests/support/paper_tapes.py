"""Random tapes for paper orders, and an order's fills by assumption."""

from hypothesis import strategies as st

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.queueing import POLICIES, Assumptions
from kalshi_assistant.sim.shadow import Shadow
from tests.support import build
from tests.support.build import OPEN, TICKER, ns

AT = ns(OPEN + 60)
BOTH_PAY = FeeTerms("quadratic_with_maker_fees", 70_000, 17_500)
PRICES = st.sampled_from([5_000, 4_900, 5_100, 4_800, 5_200])
SIZES = st.integers(1, 900)
SIDES = st.sampled_from([BID, ASK])
LEVELS = st.dictionaries(PRICES, SIZES, max_size=5)

DELTAS = st.tuples(st.just("delta"), SIDES, PRICES, st.integers(-900, 900))
TRADES = st.tuples(st.just("trade"), st.sampled_from(["yes", "no"]), PRICES, SIZES)
BOOKS = st.tuples(st.just("book"), LEVELS, LEVELS)
CHANGES = st.one_of(
    st.tuples(st.just("decrease"), st.integers(0, 900)),
    st.tuples(st.just("renew"), st.integers(1, 3_000)),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("tick")),
)
STEPS = st.tuples(
    st.integers(0, 400), st.one_of(DELTAS, DELTAS, TRADES, TRADES, TRADES, BOOKS, CHANGES)
)


def _busy(seed):
    """A long tape in which much happens near the middle; a plain list would mostly be short."""
    chance = stream(seed, "paper.tape")
    tape = []
    for _ in range(int(chance.integers(10, 80))):
        price = int(chance.choice([4_800, 4_900, 5_000, 5_100, 5_200], p=[0.1, 0.2, 0.4, 0.2, 0.1]))
        size, roll = int(chance.integers(1, 400)), chance.random()
        step = ("trade", ("yes", "no")[int(chance.integers(2))], price, size)
        if roll < 0.6:
            step = ("delta", int(chance.integers(2)), price, size - 200)
        elif roll > 0.985:
            step = ("decrease", size)
        elif roll > 0.97:
            levels = chance.integers(1, 900, 4)
            bids = {4_800: int(levels[0]), 4_900: int(levels[1])}
            step = ("book", bids, {5_000: int(levels[2]), 5_100: int(levels[3])})
        tape.append((int(chance.integers(0, 200)), step))
    return tape


TAPES = st.one_of(
    st.integers(0, 2**32).map(_busy),
    st.integers(0, 2**32).map(_busy),
    st.lists(STEPS, max_size=40),
)
ASSUMED = st.builds(
    Assumptions,
    exponent=st.sampled_from([0.5, 1.0, 2.0]),
    share=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    grace=st.sampled_from([0, 250 * MILLISECOND, 10_000 * MILLISECOND]),
)
ORDERS = st.tuples(
    SIDES,
    PRICES,
    st.integers(1, 1_500),
    st.sampled_from(
        ["good_till_canceled"] * 4 + ["immediate_or_cancel", "fill_or_kill"],
    ),
    st.sampled_from(["entry", "entry", "entry", "exit"]),
    st.sampled_from([False, False, True]),
)


def order(side=BID, limit=5_000, quantity=1_000, name="p-1-1", **more):
    terms = {"time_in_force": "good_till_canceled"} | more
    return Order(name, TICKER, side, limit, quantity, AT, **terms)


def drawn(terms, name="p-1-1"):
    """An order of ``ORDERS``; only what rests may be post-only."""
    side, limit, quantity, tif, purpose, post_only = terms
    post_only = post_only and tif == "good_till_canceled"
    return order(
        side, limit, quantity, name, time_in_force=tif, purpose=purpose, post_only=post_only
    )


def shadow(assumed=None, held=0, fees=BOTH_PAY, **terms):
    """A shadow of one market in which every assumption holds the same."""
    contract = build.contract(fees=fees, **terms)
    subject = Shadow(100, {TICKER: contract}.get, assumed)
    for policy in POLICIES:
        subject.holdings.set(policy, TICKER, held)
    return subject


def sides(bids, asks):
    """A book, best levels first, from prices and sizes that may cross: the bids give way."""
    best = min(asks, default=10_000)
    bids = {price: size for price, size in bids.items() if price < best}
    return (
        tuple(sorted(bids.items(), reverse=True)),
        tuple(sorted(asks.items())),
    )


def trade(at, taker, price, size, name):
    return e.TradeSeen(at, at, TICKER, name, price, size, taker, False)


def play(subject, tape, name="p-1-1", start=AT):
    """Yield each step's fact (``None`` where the step was ours) with what came of it."""
    now = start
    for number, (wait, (kind, *what)) in enumerate(tape):
        now += wait * MILLISECOND
        fact = None
        if kind == "delta":
            fact = e.BookDelta(now, now, TICKER, *what)
        elif kind == "trade":
            fact = trade(now, *what, f"t{number}")
        elif kind == "book":
            fact = e.BookSnapshot(now, now, TICKER, *sides(*what))
        if fact is not None:
            yield fact, subject.see(fact)
        elif kind == "decrease":
            yield None, subject.decrease(name, what[0], now) or []
        elif kind == "renew":
            yield None, subject.renew(name, now + what[0] * MILLISECOND, now) or []
        elif kind == "cancel":
            yield None, subject.cancel(name, now, "asked") or []
        else:
            yield None, subject.tick(now)


def by_policy(told):
    """The fills under each assumption, in their order."""
    fills = [each for each in told if isinstance(each, e.OrderFilled)]
    return {policy: [f for f in fills if f.source == policy] for policy in POLICIES}


def contracts(fills):
    """(own price, quantity) of every fill."""
    return [(f.price if f.side == BID else 10_000 - f.price, f.quantity) for f in fills]


def quantity(fills):
    return sum(fill.quantity for fill in fills)
