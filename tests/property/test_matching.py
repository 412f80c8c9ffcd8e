"""The matching engine against the obvious one, and against itself."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.sim.matching import NO_ASK, NO_BID, Matcher
from tests.support.naive_matching import NaiveMatcher
from tests.support.order_streams import order_stream, play

PRICES = st.sampled_from([1, 10, 990, 1_000, 4_900, 5_000, 5_100, 9_000, 9_010, 9_999])
IN_FORCE = st.sampled_from(
    ["good_till_canceled", "immediate_or_cancel", "fill_or_kill", "post_only"]
)
ADDS = st.tuples(
    st.just("add"), st.integers(0, 3), st.integers(0, 1), PRICES, st.integers(1, 500), IN_FORCE
)
CANCELS = st.tuples(st.just("cancel"), st.integers(0, 60))
DECREASES = st.tuples(st.just("decrease"), st.integers(0, 60), st.integers(-5, 600))
STREAMS = st.lists(st.one_of(ADDS, ADDS, CANCELS, DECREASES), max_size=60)


def do(matcher, number, step):
    """One step of a stream; an added order's id is its place in the stream."""
    kind, *rest = step
    return matcher.add(number, *rest) if kind == "add" else getattr(matcher, kind)(*rest)


def sides(matcher):
    return [list(matcher.levels(side)) for side in (0, 1)]


def queues(matcher):
    prices = ((side, price) for side in (0, 1) for price, _ in matcher.levels(side))
    return {place: matcher.orders(*place) for place in prices}


@given(STREAMS)
def test_it_does_what_a_sorted_list_does(stream):
    ours, naive = Matcher(), NaiveMatcher()
    for number, step in enumerate(stream):
        assert do(ours, number, step) == do(naive, number, step)
        assert sides(ours) == sides(naive)
    assert ours.trades == naive.trades
    assert ours.changes == naive.changes
    assert queues(ours) == queues(naive)


@given(STREAMS)
def test_the_book_is_never_crossed_and_its_parts_agree(stream):
    matcher = Matcher()
    for number, step in enumerate(stream):
        do(matcher, number, step)
        bids, asks = sides(matcher)
        assert matcher.best_bid == (bids[0][0] if bids else NO_BID)
        assert matcher.best_ask == (asks[0][0] if asks else NO_ASK)
        assert matcher.best_bid < matcher.best_ask
        for (side, price), queue in queues(matcher).items():
            assert matcher.content(side, price) == sum(left for _, left in queue) > 0
            assert all(matcher.left(order_id) == left for order_id, left in queue)
        assert len(matcher) == sum(len(queue) for queue in queues(matcher).values())


@given(STREAMS)
def test_every_hundredth_is_traded_resting_cancelled_or_refused(stream):
    matcher, entered, cancelled = Matcher(), 0, 0
    for number, step in enumerate(stream):
        answer = do(matcher, number, step)
        if step[0] != "add":
            cancelled += answer
        elif step[-1] in ("good_till_canceled", "post_only"):
            entered += step[-2] if answer >= 0 else 0
        else:
            entered += max(answer, 0)
    traded = sum(trade[-1] for trade in matcher.trades)
    resting = sum(content for side in sides(matcher) for _, content in side)
    assert entered == 2 * traded + resting + cancelled


@given(STREAMS)
def test_the_changes_rebuild_the_book_and_never_cross_it(stream):
    matcher = Matcher()
    for number, step in enumerate(stream):
        do(matcher, number, step)
    book = ({}, {})
    for side, price, change in matcher.level_changes():
        book[side][price] = book[side].get(price, 0) + change
        assert book[side][price] >= 0
        if not book[side][price]:
            del book[side][price]
        assert max(book[0], default=NO_BID) < min(book[1], default=NO_ASK)
    bids, asks = sides(matcher)
    assert (book[0], book[1]) == (dict(bids), dict(asks))


def test_a_long_stream_is_matched_as_the_naive_engine_matches_it():
    stream = order_stream(7, 4_000, 200)
    ours, naive = Matcher(), NaiveMatcher()
    play(stream, ours)
    play(stream, naive)
    assert sides(ours) == sides(naive)
    assert queues(ours) == queues(naive)
    assert (ours.trades, ours.changes) == (naive.trades, naive.changes)
