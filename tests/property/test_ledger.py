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
        0, 0, ticker, "o", "o", str(number), side, price, quantity, True, fee, None, "paper_touch"
    )


@given(FILLS, st.dictionaries(TICKERS, st.sampled_from(["yes", "no"])))
def test_cash_after_settlement_is_the_sum_of_what_every_fill_won(fills, results):
    """Netting is bookkeeping: each fill alone, held to the result, wins and loses the same in
    sum.
    """
    ledger, expected = Ledger(10**12), 10**12
    for number, (ticker, side, price, quantity, fee) in enumerate(fills):
        assert ledger.fill(fill(number, ticker, side, price, quantity, fee))
        result = results.get(ticker, "yes")
        won = (result == "yes") == (side == BID)
        cost = (price if side == BID else 10_000 - price) * quantity
        expected += (10_000 * quantity if won else 0) - cost - fee
    for ticker in ("A", "B"):
        ledger.settle(ticker, results.get(ticker, "yes"))
    assert ledger.cash == expected
    assert ledger.open_positions == 0
    assert ledger.realized == expected - 10**12


@given(FILLS)
def test_a_fill_told_twice_counts_once(fills):
    once, twice = Ledger(10**12), Ledger(10**12)
    for number, each in enumerate(fills):
        once.fill(fill(number, *each))
        twice.fill(fill(number, *each))
        assert not twice.fill(fill(number, *each))
    assert (once.cash, once.fees, once.realized) == (twice.cash, twice.fees, twice.realized)


@given(FILLS)
def test_markets_report_the_profit_that_the_account_made(fills):
    ledger = Ledger(10**12)
    for number, each in enumerate(fills):
        ledger.fill(fill(number, *each))
    assert ledger.settle("A", "yes") + ledger.settle("B", "no") == ledger.cash - 10**12
