"""How long an order is on its way: assumed and labelled so, then as measured."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.sim.latency import KEEP, LONGEST, LatencyModel

MS = MILLISECOND


def model(spread=0.5, least=3):
    return LatencyModel(100 * MS, spread, least)


def test_the_default_is_a_log_normal_around_its_median_and_says_so():
    subject = model()
    assert abs(subject.draw(0.5) - 100 * MS) < 1_000
    assert abs(subject.draw(0.8413447460685429) / (100 * MS) - 1.6487) < 1e-3
    assert subject.label == "assumed: median 100 ms, spread 0.5 (0 of 3 orders measured)"
    assert not subject.measured


def test_without_spread_or_median_there_is_no_chance():
    assert {LatencyModel(70 * MS, 0.0, 1).draw(u) for u in (0.0, 0.3, 0.999)} == {70 * MS}
    assert LatencyModel(0, 0.5, 1).draw(0.9) == 0


def test_enough_measured_delays_replace_it():
    subject = model()
    for delay in [30 * MS, 10 * MS]:
        subject.record(delay)
    assert not subject.measured
    subject.record(20 * MS)
    assert subject.label == "measured: 3 orders, median 20 ms"
    assert [subject.draw(u) for u in (0.0, 0.25, 0.5, 1.0)] == [10 * MS, 15 * MS, 20 * MS, 30 * MS]
    assert subject.samples == (30 * MS, 10 * MS, 20 * MS)


def test_what_cannot_be_a_delay_is_left_out_and_memory_is_bounded():
    subject = model()
    for delay in [0, -5, LONGEST + 1]:
        subject.record(delay)
    assert subject.samples == ()
    for delay in range(1, 2 * KEEP + 1):
        subject.record(delay)
    assert subject.samples == tuple(range(KEEP + 1, 2 * KEEP + 1))


@given(st.lists(st.integers(1, LONGEST), max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_part_is_never_a_shorter_delay(delays, one, other):
    subject = model()
    for delay in delays:
        subject.record(delay)
    low, high = sorted((one, other))
    assert subject.draw(low) <= subject.draw(high)
    if subject.measured:
        assert min(delays) <= subject.draw(one) <= max(delays)
