"""Only what every limit allows is approved."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.risk.gate import Refused, RiskSettings, approve, worst_cost

SETTINGS = RiskSettings(max_order_dollars=5, max_window_dollars=8)


def order(side=BID, limit=5_000, quantity=1_000):
    return Order("p-1-1", "T", side, limit, quantity, 7)


def test_buying_no_costs_the_complement():
    assert worst_cost(order(BID, 3_000, 100)) == 300_000
    assert worst_cost(order(ASK, 3_000, 100)) == 700_000


def test_an_approval_is_for_a_quarter_of_a_second():
    approved = approve(order(), 0, 10**9, SETTINGS, 7)
    assert approved == Approved(order(), 7 + 250_000_000)


def test_each_limit_has_its_own_words():
    assert "max_order_dollars" in approve(order(quantity=1_001), 0, 10**9, SETTINGS, 0).reason
    assert "max_window_dollars" in approve(order(), 3_000_001, 10**9, SETTINGS, 0).reason
    assert "cash" in approve(order(), 0, 4_999_999, SETTINGS, 0).reason


@given(
    st.integers(0, 1),
    st.integers(1, 9_999),
    st.integers(1, 10_000),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
)
def test_nothing_approved_exceeds_a_limit(side, limit, quantity, spent, cash):
    wanted = order(side, limit, quantity)
    answer = approve(wanted, spent, cash, SETTINGS, 0)
    if not isinstance(answer, Refused):
        cost = worst_cost(wanted)
        assert cost <= min(5_000_000, cash)
        assert spent + cost <= 8_000_000
