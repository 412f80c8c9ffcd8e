"""The published fee examples."""

import pytest

from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.market.fees import OrderFees, fee_terms

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
    assert paid == [20_000, 10_000, *[20_000, 10_000] * 4][:10] or sum(paid) in (180_000, 175_000)
    assert sum(paid) == 175_000 + fees.carried


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
    ("kind", "multiplier"), [("flat", "1"), ("quadratic", "0.0000001"), ("", "1")]
)
def test_a_fee_type_not_known_is_never_guessed(kind, multiplier):
    assert fee_terms(kind, multiplier) is None
