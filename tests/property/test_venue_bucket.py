"""The bucket never gives more than flowed in, and says exactly when it will give again."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.venues.bucket import TokenBucket

RATES = st.integers(1, 12_000)
STEPS = st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(0, 50)), min_size=1, max_size=60)


class NaiveBucket:
    """Tokens as a fraction, by the definition."""

    def __init__(self, rate, capacity):
        self.rate, self.capacity, self.level, self.at = rate, capacity, Fraction(capacity), None

    def take(self, cost, now):
        if self.at is not None:
            flow = Fraction(self.rate * (now - self.at), SECOND)
            self.level = min(Fraction(self.capacity), self.level + flow)
        self.at = now
        if cost > self.level:
            return False
        self.level -= cost
        return True


@given(rate=RATES, capacity=st.integers(1, 36_000), steps=STEPS)
def test_it_agrees_with_the_definition(rate, capacity, steps):
    bucket, naive, now = TokenBucket(rate, capacity), NaiveBucket(rate, capacity), 10**18
    for pause, cost in steps:
        now += pause
        assert bucket.take(cost, now) == naive.take(cost, now)


@given(rate=RATES, capacity=st.integers(50, 36_000), steps=STEPS)
def test_ready_at_is_the_first_instant_at_which_taking_succeeds(rate, capacity, steps):
    bucket, now = TokenBucket(rate, capacity), 10**18
    for pause, cost in steps:
        now += pause
        ready = bucket.ready_at(cost, now)
        assert ready >= now
        if ready > now:
            assert not bucket.take(cost, ready - 1)
        assert bucket.take(cost, ready)
        now = ready


@given(
    rate=RATES,
    capacity=st.integers(1, 600),
    keep=st.integers(0, 700),
    steps=st.lists(
        st.tuples(st.integers(0, SECOND), st.integers(0, 50), st.booleans()), max_size=60
    ),
)
def test_what_is_kept_is_left_for_those_who_may_have_it(rate, capacity, keep, steps):
    bucket, now = TokenBucket(rate, capacity), 10**18
    for pause, cost, modest in steps:
        now += pause
        if not modest:
            bucket.take(cost, now)
            continue
        there = bucket.holds(cost + keep, now)
        assert bucket.holds(cost, now, keep) == there
        assert bucket.take(cost, now, keep) == there
        if there:
            assert bucket.take(keep, now)


def test_a_fifth_kept_lets_eight_of_ten_orders_leave_and_ten_cancels_after_them():
    bucket, now = TokenBucket(100, 100), 10**18
    assert [bucket.take(10, now, keep=20) for _ in range(10)] == [True] * 8 + [False] * 2
    assert [bucket.take(2, now) for _ in range(11)] == [True] * 10 + [False]


@given(rate=RATES, capacity=st.integers(1, 600), back=st.integers(1, 10 * SECOND))
def test_a_clock_that_goes_back_brings_nothing(rate, capacity, back):
    bucket, now = TokenBucket(rate, capacity), 10**18
    assert bucket.take(capacity, now)
    assert not bucket.take(1, now - back)


@given(rate=RATES, capacity=st.integers(1, 600), back=st.integers(1, 3_600 * SECOND))
def test_after_a_clock_was_set_back_tokens_flow_as_before(rate, capacity, back):
    """Cancels pay from it: they must not wait for the old time to come again."""
    bucket, now = TokenBucket(rate, capacity), 10**18
    assert bucket.take(capacity, now)
    ready = bucket.ready_at(1, now - back)
    assert now - back < ready <= now - back + SECOND // rate + 1
    assert bucket.take(1, ready)


def test_the_basic_tier_reads_sixty_times_at_once_and_then_twenty_a_second():
    bucket, now = TokenBucket(200, 600), 10**18
    assert [bucket.take(10, now) for _ in range(61)] == [True] * 60 + [False]
    assert bucket.ready_at(10, now) == now + SECOND // 20


def test_what_never_fits_is_refused():
    with pytest.raises(ValueError, match="never fit"):
        TokenBucket(10, 20).ready_at(21, 0)


@pytest.mark.parametrize(("rate", "capacity"), [(0, 1), (1, 0), (-1, 5)])
def test_a_bucket_needs_room_and_flow(rate, capacity):
    with pytest.raises(ValueError, match="positive"):
        TokenBucket(rate, capacity)


def test_nothing_is_put_back():
    with pytest.raises(ValueError, match="cannot cost -1"):
        TokenBucket(10, 20).take(-1, 0)
    with pytest.raises(ValueError, match="nor -1 be kept"):
        TokenBucket(10, 20).take(1, 0, keep=-1)
