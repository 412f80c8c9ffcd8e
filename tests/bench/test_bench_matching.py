"""Orders per second of the matching engine, beside a naive engine in the same run.

Run with ``pytest tests/bench/test_bench_matching.py -s``. The stream is a mix of orders that rest
(about half), cancels (four in ten) and orders that trade; about 500 orders rest at any time. The
figures include the loop that feeds the engine.
"""

import timeit

from kalshi_assistant.sim.matching import Matcher
from tests.support.naive_matching import NaiveMatcher
from tests.support.order_streams import order_stream, play

ORDERS, NAIVE_ORDERS, RESTING, ROUNDS = 200_000, 10_000, 500, 7
TARGET_PER_SECOND = 1_500_000


def per_second(engine, stream):
    """Orders per second in the best of some rounds."""
    rounds = timeit.repeat(lambda: play(stream, engine()), number=1, repeat=ROUNDS)
    return len(stream) / min(rounds)


def test_matching_is_an_order_of_magnitude_beyond_a_sorted_list(benchmark):
    stream = order_stream(1, ORDERS, RESTING)
    benchmark.pedantic(play, setup=lambda: ((stream, Matcher()), {}), rounds=ROUNDS)
    ours = per_second(Matcher, stream)
    naive = per_second(NaiveMatcher, stream[:NAIVE_ORDERS])
    print(  # noqa: T201 - the figure is the point
        f"\nmatching: {ours / 1e6:.2f} million orders/s, naive {naive / 1e6:.3f}, "
        f"ratio {ours / naive:.1f}; target {TARGET_PER_SECOND / 1e6:.1f} million"
    )
    assert ours > 10 * naive
