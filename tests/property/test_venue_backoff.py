"""Delays lie within their bounds, grow, and repeat with their seed."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.backoff import delays

SPANS = st.integers(1, 10**12)


@given(seed=st.integers(0, 2**32), first=SPANS, more=SPANS)
def test_each_delay_lies_in_the_upper_half_below_its_ceiling(seed, first, more):
    longest = first + more
    ceiling = first
    for delay in islice(delays(stream(seed, "b"), first, longest), 60):
        assert ceiling - ceiling // 2 <= delay <= ceiling <= longest
        assert delay >= 1
        ceiling = min(2 * ceiling, longest)
    assert ceiling == longest or first * 2**60 < longest


@given(seed=st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_delays(seed):
    once, again = (list(islice(delays(stream(seed, "b"), 5, 10**9), 20)) for _ in range(2))
    assert once == again


def test_two_clients_do_not_come_back_together():
    one, other = (list(islice(delays(stream(seed, "b"), 10**9, 10**11), 8)) for seed in (1, 2))
    assert all(left != right for left, right in zip(one, other, strict=True))


@pytest.mark.parametrize(("first", "longest"), [(0, 1), (-1, 1), (2, 1)])
def test_bounds_without_room_are_refused(first, longest):
    with pytest.raises(ValueError, match="backoff"):
        delays(stream(1, "b"), first, longest)
