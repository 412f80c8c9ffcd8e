"""The merge of streams is the stable sort of their items."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.journal.merge import merge

Item = tuple[int, int, int]


def as_key(item: Item) -> int:
    """The time of an item; the rest tells items apart."""
    return item[0]


def streams_of(times: list[list[int]]) -> list[list[Item]]:
    """Ascending streams whose items know their stream and place."""
    return [
        [(at, number, place) for place, at in enumerate(sorted(stream))]
        for number, stream in enumerate(times)
    ]


@given(times=st.lists(st.lists(st.integers(0, 12), max_size=12), max_size=6))
def test_a_merge_is_the_stable_sort_of_everything(times: list[list[int]]) -> None:
    streams = streams_of(times)
    everything = [item for stream in streams for item in stream]
    assert list(merge(streams, as_key)) == sorted(everything, key=as_key)


@given(times=st.lists(st.lists(st.integers(0, 12), max_size=12), max_size=6))
def test_a_merge_of_unsorted_streams_loses_nothing_and_keeps_each_order(
    times: list[list[int]],
) -> None:
    streams = [
        [(at, number, place) for place, at in enumerate(stream)]
        for number, stream in enumerate(times)
    ]
    merged = list(merge(streams, as_key))
    assert [[item for item in merged if item[1] == n] for n in range(len(streams))] == streams


def test_a_merge_takes_no_more_than_it_gives() -> None:
    taken = []

    def endless(step: int):
        at = 0
        while True:
            taken.append(at)
            yield (at, step, 0)
            at += step

    merged = merge([endless(2), endless(3)], as_key)
    assert [next(merged)[0] for _ in range(5)] == [0, 0, 2, 3, 4]
    assert len(taken) <= 7
