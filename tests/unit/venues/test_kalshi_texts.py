"""The venue's texts in house units: every usual price is looked up, the limits hold."""

from decimal import Decimal

import pytest

from kalshi_assistant.domain.units import UnitError, format_price
from kalshi_assistant.venues.kalshi import texts
from kalshi_assistant.venues.kalshi.texts import CACHED_COUNTS_MAX, NonsenseError


def test_every_price_between_nothing_and_a_dollar_is_known():
    bids = texts.yes_prices("yes", in_yes_dollars=False)
    asks = texts.yes_prices("no", in_yes_dollars=False)
    for price in range(1, 10_000):
        assert bids[format_price(price)] == price
        assert asks[format_price(price)] == 10_000 - price
    assert texts.yes_prices("no", in_yes_dollars=True)["0.4400"] == 4_400


def test_other_spellings_are_parsed_and_not_kept():
    bids = texts.yes_prices("yes", in_yes_dollars=False)
    known = len(bids)
    assert bids["0.5"] == 5_000
    assert len(bids) == known


@pytest.mark.parametrize("text", ["0", "1", "0.00000", "1.0000", "-0.5", "2"])
def test_a_level_rests_strictly_between_nothing_and_a_dollar(text):
    with pytest.raises((NonsenseError, UnitError)):
        texts.yes_prices("yes", in_yes_dollars=False)[text]


def test_remembered_counts_are_bounded():
    counts = texts.counts()
    for number in range(2 * CACHED_COUNTS_MAX + 5):
        assert counts[f"{number}.00"] == number * 100
        assert len(counts) <= CACHED_COUNTS_MAX


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (texts.signed_count, "99999999999999"),
        (texts.count, "-1"),
        (texts.money, "999999999999999"),
        (texts.index_value, "999999999999999"),
        (texts.average, "0"),
        (texts.average, "999999999999999"),
    ],
)
def test_what_is_too_large_or_of_the_wrong_sign_is_nonsense(read, text):
    with pytest.raises(NonsenseError):
        read(text)


@pytest.mark.parametrize("number", ["0", "-1", "NaN", "Infinity", "1e30", "1e-9", "1e999999"])
def test_a_number_that_is_no_index_value_is_nonsense(number):
    with pytest.raises((NonsenseError, UnitError)):
        texts.index_number(Decimal(number))
