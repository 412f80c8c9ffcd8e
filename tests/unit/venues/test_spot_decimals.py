"""The quick ways to read numbers of spot venues give what the plain ones give, and refuse the
same.
"""

import json
import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kalshi_assistant.venues.spot import depth, kraken
from kalshi_assistant.venues.spot.columns import read_column
from kalshi_assistant.venues.spot.decimals import (
    TEXTS_MAX,
    Known,
    SpotNumberError,
    SpotRangeError,
    parse_spot_price,
    parse_spot_size,
    price_of,
    size_of,
)
from kalshi_assistant.venues.spot.wire import PRICE_MAX, SIZE_MAX

WRITTEN = re.compile(r"[0-9]+(\.[0-9]+)?")


def plain_price(text):
    """By the decimal module; the kind of error where there is one."""
    if len(text) > 40 or not WRITTEN.fullmatch(text):
        return SpotNumberError
    value = Decimal(text) * 10_000
    if value != int(value) or value <= 0:
        return SpotNumberError
    return SpotRangeError if value > PRICE_MAX else int(value)


def plain_size(text):
    whole, point, decimals = text.partition(".")
    if not WRITTEN.fullmatch(text):
        return SpotNumberError
    # zeros at the end are nothing, so many as there are; what is cut is not counted
    short = len(decimals.rstrip("0")) <= 8
    if len(text if short else whole + point + decimals[:8]) > 40 and not (
        short and len(decimals) > 8 and len(whole) <= 31
    ):
        return SpotNumberError
    value = int(Decimal(f"{whole}{point}{decimals[:8]}") * 10**8)
    return SpotRangeError if value > SIZE_MAX else value


def outcome(parse, text):
    try:
        return parse(text)
    except SpotNumberError as error:
        return type(error)


digits = st.text("0123456789", max_size=12)
near_numbers = st.builds("{}{}{}{}".format, digits, st.sampled_from(["", "."]), digits, digits)
texts = st.one_of(
    st.decimals(0, 10**9, allow_nan=False, places=4).map(str),
    st.decimals(0, 10**8, allow_nan=False, places=8).map(str),
    near_numbers,
    st.text("0019.-+eE_, /\u00b2\u0663", max_size=12),
    st.builds(lambda text, zeros: text + "0" * zeros, near_numbers, st.integers(0, 45)),
)


@given(texts)
@example("")
@example(".")
@example("5.")
@example(".5")
@example("1_0.5")
@example("\u0663.\u0665")
@example("1.\u00b2")
@example("100000000")
@example("100000000.0001")
@example("21000000.00000000")
@example("21000000.00000001")
@example("0.123456789")
@example("0.12345678" + "9" * 60)
@example("0.1" + "0" * 60)
def test_a_text_means_what_the_decimal_module_says_or_is_refused(text):
    for plain, parse, remembered in (
        (plain_price, parse_spot_price, price_of),
        (plain_size, parse_spot_size, size_of),
    ):
        expected = plain(text)
        assert outcome(parse, text) == expected
        assert [outcome(remembered, text) for _ in range(2)] == [expected] * 2


def test_no_more_texts_are_remembered_than_the_bound_and_none_that_was_refused():
    asked = []

    def parse(text):
        asked.append(text)
        return parse_spot_size(text)

    known = Known(parse)
    for number in range(TEXTS_MAX + 1):
        assert known[str(number)] == number * 10**8
    assert len(known) == 1
    assert [known[str(TEXTS_MAX)], len(asked)] == [TEXTS_MAX * 10**8, TEXTS_MAX + 1]
    for _ in range(2):
        with pytest.raises(SpotNumberError):
            known["x"]
    assert asked[-2:] == ["x", "x"]


# --- columns ---

good = st.decimals(0, 10**12, allow_nan=False, places=8).map(lambda each: f"{each:f}")
columns = st.lists(st.one_of(good, texts), max_size=12)


@given(columns)
@example(["1.5", "2,5"])
@example(["1.5,2.5", ""])
@example(["1" * 400])
@example(["9007199254740993"])
@example(["0.123456789012345", "0.1234567890123456"])
@example(["45283.50000000000001"])
@example(["1/2"])
def test_a_column_is_read_as_its_texts_or_not_at_all(column):
    for places, parse in ((4, depth._near), (8, depth._size)):
        singly = [outcome(parse, text) for text in column]
        found = outcome(lambda _, p=places, f=parse: read_column(column, p, f), "")
        if found is None:
            continue
        if isinstance(found, type):
            assert SpotNumberError in singly
            continue
        # what is well written and out of range is for the reader of the column to judge
        limit = PRICE_MAX if places == 4 else SIZE_MAX
        for read, one in zip(found.tolist(), singly, strict=True):
            if one is SpotNumberError:
                assert read == 0
                assert places == 4
            else:
                assert read == one or (read > limit and one >= limit)


@given(st.lists(good, min_size=1, max_size=30))
def test_every_plainly_written_column_is_read(column):
    assert read_column(column, 8, depth._size) is not None


levels = st.lists(st.tuples(texts | good, texts | good), max_size=8)
plain_levels = st.lists(
    st.tuples(
        st.integers(0, PRICE_MAX * 2).map(lambda n: f"{n // 10_000}.{n % 10_000:04d}"),
        st.integers(0, SIZE_MAX * 2).map(lambda n: f"{n // 10**8}.{n % 10**8:08d}") | st.just("0"),
    ),
    max_size=30,
)


@given(levels | plain_levels, st.sampled_from([0, 1]))
def test_a_side_by_column_is_the_side_read_singly(written, side):
    prices, sizes = [price for price, _ in written], [size for _, size in written]

    def by_column(_):
        return depth._by_column(prices, sizes, side) if written else None

    singly = outcome(lambda _: depth.read_whole_side(prices, sizes, side), "")
    assert len(written) < depth.MANY
    assert by_column("") in (None, singly)


def test_a_long_side_is_read_by_column(monkeypatch):
    monkeypatch.setattr(depth, "parse_spot_price", None)
    prices = [f"{84_000 - place}.5" for place in range(depth.MANY)]
    side = depth.read_whole_side(prices, ["0.25"] * depth.MANY, 0)
    assert side[0] == (840_005_000, 25_000_000)
    assert side == tuple(sorted(side, reverse=True))
    assert len(side) == depth.MANY


@pytest.mark.parametrize("bad", ["x", "-1", "0", "84000.5", "1.00001", ""])
def test_a_long_side_with_one_bad_price_is_refused(bad):
    prices = [f"{84_000 - place}.5" for place in range(depth.MANY)] + [bad]
    with pytest.raises(SpotNumberError):
        depth.read_whole_side(prices, ["1"] * len(prices), 0)


# --- Kraken ---

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.decimals(0, 10**9, allow_nan=False).map(str),
    st.integers(-5, 10**30).map(str),
    st.text(max_size=5).map(json.dumps),
    st.sampled_from(["null", "true", '"1.5"', "0." + "0" * 30, "1e-30", "-0", "[1]"]),
)


def through_decimal(raw, parse):
    """The text that the decimal module makes of a number, and what it means."""
    try:
        number = msgspec.json.decode(raw, type=Decimal)
        if "E" in str(number) and not -20 < number.adjusted() < 20:
            return ValueError
        text = str(number)
        return parse(f"{number:f}" if "E" in text else text)
    except ValueError:
        return ValueError


@given(numbers.map(str.encode))
def test_a_number_of_kraken_is_what_its_decimal_is(raw):
    for parse, remembered in (
        (parse_spot_price, kraken.price_of),
        (parse_spot_size, kraken.size_of),
    ):
        try:
            found = remembered(raw)
        except ValueError:
            found = ValueError
        assert found == through_decimal(raw, parse)


changes = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), max_size=40)


@given(start=changes, moves=changes, side=st.sampled_from([0, 1]))
def test_the_checked_text_is_that_of_the_levels_after_every_change(start, moves, side):
    units, other = (1, 1), (10, 1)
    book = {price: size for price, size in start if size}
    kept = kraken._Side(tuple(book.items()), side)
    for price, size in moves:
        kept.put(price, size)
        book = {p: s for p, s in (book | {price: size}).items() if s}
        best = sorted(book, reverse=side == 0)[:10]
        assert kept.checked(units) == "".join(f"{p}{book[p]}" for p in best)
    again = kraken._Side(tuple(book.items()), side)
    assert kept.checked(other) == again.checked(other)
