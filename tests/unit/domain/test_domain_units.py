"""Texts to integers and back, exactly; nonsense by name."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain import units
from kalshi_assistant.domain.units import UnitError


@given(st.integers(0, 10_000))
def test_prices_survive_being_written_and_read(price):
    assert units.parse_price(units.format_price(price)) == price


@given(st.integers(-(10**12), 10**12))
def test_money_and_quantities_survive_being_written_and_read(amount):
    assert units.parse_money(units.format_money(amount)) == amount
    assert units.parse_quantity(units.format_quantity(amount)) == amount


@given(st.integers(0, 10_000), st.integers(0, 10**7))
def test_price_times_quantity_is_the_exact_amount(price, quantity):
    exact = Fraction(price, 10_000) * Fraction(quantity, 100) * 10**6
    assert units.notional(price, quantity) == exact


@pytest.mark.parametrize(
    ("text", "cents"), [("91262.18", 9_126_218), ("77,362.10", 7_736_210), ("5", 500), ("0.50", 50)]
)
def test_index_values_take_thousands_separators(text, cents):
    assert units.parse_index(text) == cents


@pytest.mark.parametrize(
    "text", ["", "x", "1e5", "nan", "0.00001", "1.5", "-0.1", "\u0661", "1,0", " 0.5", "0.5\n"]
)
def test_what_is_no_price_is_named(text):
    with pytest.raises(UnitError, match="price"):
        units.parse_price(text)


@pytest.mark.parametrize("text", ["1,23.4", "0", "-5.00", "9" * 40, "1.234"])
def test_what_is_no_index_value_is_named(text):
    with pytest.raises(UnitError, match="index value"):
        units.parse_index(text)


@given(st.integers(-(10**9), 10**9), st.sampled_from([100, 10_000]))
def test_floor_goes_down_even_below_zero(money, step):
    floored = units.floor_to(money, step)
    assert floored % step == 0
    assert 0 <= money - floored < step


@given(st.integers(1, 10**9), st.integers(1, 100))
def test_half_up_mean_is_the_nearest_integer_and_a_half_goes_up(total, count):
    mean = Fraction(total, count)
    rounded = units.half_up_mean(total, count)
    assert abs(rounded - mean) <= Fraction(1, 2)
    assert rounded - mean != Fraction(-1, 2)


@pytest.mark.parametrize(
    ("price", "text"), [(5_600, "56"), (65, "0.65"), (10, "0.1"), (9_990, "99.9")]
)
def test_cents_are_shown_with_as_many_decimals_as_they_have(price, text):
    assert units.format_cents(price) == text
