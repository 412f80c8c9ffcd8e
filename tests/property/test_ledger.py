"""The ledger against replayed fills: cash, positions and profit agree on two roads."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import OrderFilled
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.execution.ledger import Ledger

TICKERS = st.sampled_from(["A", "B"])
FILLS = st.lists(
    st.tuples(
        TICKERS,
        st.integers(0, 1),
        st.integers(1, 9_999),
        st.integers(1, 3_000),
        st.integers(0, 20_000),
    ),
    max_size=40,
)


def fill(number, ticker, side, price, quantity, fee):
    return OrderFilled(
        0, 0, ticker, "o", "o", str(number), side, price, quantity, True, fee, None, "venue"
    )


@given(FILLS, st.dictionaries(TICKERS, st.sampled_from(["yes", "no"])))
def test_cash_after_settlement_is_the_sum_of_what_every_fill_won(fills, results):
    """Netting is bookkeeping: each fill alone, held to the result, wins and loses the same in
    sum.
    """
    ledger, expected = Ledger(10**12), 10**12
    for number, (ticker, side, price, quantity, fee) in enumerate(fills):
        assert ledger.fill(fill(number, ticker, side, price, quantity, fee), None)
        result = results.get(ticker, "yes")
        won = (result == "yes") == (side == BID)
        cost = (price if side == BID else 10_000 - price) * quantity
        expected += (10_000 * quantity if won else 0) - cost - fee
    for ticker in ("A", "B"):
        ledger.settle(ticker, results.get(ticker, "yes"), 0)
    assert ledger.cash == expected
    assert ledger.open_positions == 0
    assert ledger.realized == expected - 10**12


@given(FILLS)
def test_a_fill_told_twice_counts_once(fills):
    once, twice = Ledger(10**12), Ledger(10**12)
    for number, each in enumerate(fills):
        once.fill(fill(number, *each), None)
        twice.fill(fill(number, *each), None)
        assert not twice.fill(fill(number, *each), None)
    assert (once.cash, once.fees, once.realized) == (twice.cash, twice.fees, twice.realized)


@given(FILLS)
def test_markets_report_the_profit_that_the_account_made(fills):
    ledger = Ledger(10**12)
    for number, each in enumerate(fills):
        ledger.fill(fill(number, *each), None)
    ends = [ledger.settle(*each, 0) for each in (("A", "yes"), ("B", "no"))]
    assert sum(end.pnl for end in ends if end) == ledger.cash - 10**12


@given(FILLS)
def test_at_every_step_the_position_is_the_sum_of_the_fills_and_the_cost_is_bounded(fills):
    """A holding of n contracts costs between nothing and n dollars, and none costs nothing."""
    ledger, net = Ledger(10**12), {"A": 0, "B": 0}
    for number, (ticker, side, price, quantity, fee) in enumerate(fills):
        ledger.fill(fill(number, ticker, side, price, quantity, fee), None)
        net[ticker] += quantity if side == BID else -quantity
        position = ledger.position(ticker)
        assert position.quantity == net[ticker]
        assert 0 <= position.cost <= 10_000 * abs(position.quantity)
        assert (position.cost == 0) == (position.quantity == 0)
    assert ledger.open_positions == sum(quantity != 0 for quantity in net.values())


def worth(ledger):
    """What the account would hold if YES won everywhere, and if NO did."""
    held = [ledger.position(ticker).quantity for ticker in ("A", "B")]
    yes = sum(10_000 * quantity for quantity in held if quantity > 0)
    no = sum(-10_000 * quantity for quantity in held if quantity < 0)
    return ledger.cash + yes, ledger.cash + no


@given(FILLS)
def test_every_fill_moves_both_possible_ends_by_what_it_won_or_lost_there(fills):
    """The second road: whether a fill opens, closes or turns over makes no difference to it."""
    ledger = Ledger(10**12)
    for number, (ticker, side, price, quantity, fee) in enumerate(fills):
        yes, no = worth(ledger)
        ledger.fill(fill(number, ticker, side, price, quantity, fee), None)
        sign = 1 if side == BID else -1
        assert worth(ledger) == (
            yes + sign * (10_000 - price) * quantity - fee,
            no - sign * price * quantity - fee,
        )
