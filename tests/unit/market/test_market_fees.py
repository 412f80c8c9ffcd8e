"""The published fee examples."""

import pytest

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.market.fees import OrderFees, cost_of_walk, fee_terms

DIRECT, BROKER = 100, 10_000


def test_ten_contracts_at_56_cents_cost_17_and_a_quarter_cents():
    assert OrderFees(DIRECT).charge(70_000, 5_600, 1_000) == 172_500


@pytest.mark.parametrize(("precision", "fee"), [(DIRECT, 17_500), (BROKER, 20_000)])
def test_one_contract_at_50_cents(precision, fee):
    assert OrderFees(precision).charge(70_000, 5_000, 100) == fee


def test_a_broker_order_in_ten_fills_gets_its_rounding_back():
    """Ten single contracts at 50c: 17.5c of model fee; each rounds to 2c until a cent has
    gathered.
    """
    fees = OrderFees(BROKER)
    paid = [fees.charge(70_000, 5_000, 100) for _ in range(10)]
    assert paid == [20_000, 20_000, 20_000, 10_000] * 2 + [20_000, 20_000]
    assert (sum(paid), fees.carried) == (180_000, 5_000)


def test_crumbs_of_a_broker_order_never_get_their_rounding_back():
    """A rebate is capped by the fill's own fee, so fills below a cent of fee gather for nothing."""
    fees = OrderFees(BROKER)
    assert sum(fees.charge(70_000, 5_000, 1) for _ in range(100)) == 500_000
    assert fees.carried == 500_000 - 100 * 175


def test_a_rate_of_zero_still_pays_for_the_rounding_of_the_balance():
    assert OrderFees(DIRECT).charge(0, 5_600, 100) == 0
    assert OrderFees(DIRECT).charge(0, 5_601, 1) == 99


def test_taker_and_maker_fills_of_one_order_share_an_accumulator():
    fees = OrderFees(BROKER)
    assert [fees.charge(rate, 5_000, 100) for rate in (70_000, 17_500)] == [20_000, 10_000]
    assert fees.carried == 2_500 + 5_625


def test_walking_the_book_is_one_order():
    """3 at 56c and 7 at 57c, direct: 0.051744 and 0.120099 of model fee, each rounded up by a
    hundredth of a cent, the second with what the first left over.
    """
    assert cost_of_walk(70_000, DIRECT, [(5_600, 300), (5_700, 700)]) == (5_670_000, 171_900)


@pytest.mark.parametrize(
    ("kind", "multiplier", "terms"),
    [
        ("quadratic", "1", FeeTerms("quadratic", 70_000, 0)),
        ("quadratic", "0.5", FeeTerms("quadratic", 35_000, 0)),
        ("quadratic_with_maker_fees", "1", FeeTerms("quadratic_with_maker_fees", 70_000, 17_500)),
        (
            "quadratic_with_combo_maker_fees",
            "1",
            FeeTerms("quadratic_with_combo_maker_fees", 70_000, 35_000),
        ),
    ],
)
def test_rates_of_the_published_fee_types(kind, multiplier, terms):
    assert fee_terms(kind, multiplier) == terms


@pytest.mark.parametrize(
    ("kind", "multiplier"),
    [
        ("flat", "1"),
        ("", "1"),
        ("quadratic", "0.0000001"),
        ("quadratic", "-1"),
        ("quadratic", ""),
        ("quadratic", "1/0"),
        ("quadratic", "NaN"),
        ("quadratic", "Infinity"),
        ("quadratic", "1E+999999999"),
        ("quadratic_with_maker_fees", "0.0001"),
    ],
)
def test_terms_not_understood_are_never_guessed(kind, multiplier):
    assert fee_terms(kind, multiplier) is None
