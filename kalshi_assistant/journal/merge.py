"""Several streams in time order as one."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heapreplace
from operator import attrgetter
from typing import Final, TypeVar

T = TypeVar("T")

RECEIVED_AT: Final = attrgetter("received_at")


def merge(streams: Iterable[Iterable[T]], key: Callable[[T], int] = RECEIVED_AT) -> Iterator[T]:
    """The items of ``streams``, smallest ``key`` first; equal keys in the order of the streams.

    Each stream should be ascending; an item behind its predecessor comes out as soon as it is
    reached, so the order within a stream is always kept. Lazy: one item per stream is held. While
    one stream is ahead of all others its items cost a comparison each, which is what merging a
    dense stream with sparse ones mostly is.
    """
    heads: list[tuple[int, int, T, Iterator[T]]] = []
    for order, stream in enumerate(streams):
        rest = iter(stream)
        for item in rest:
            heads.append((key(item), order, item, rest))
            break
    heapify(heads)
    while len(heads) > 1:
        _, order, item, rest = heads[0]
        yield item
        # What may still come out before another stream's turn: ties go to the earlier stream.
        bound_key, bound_order = min(heads[1:3])[:2]
        bound = bound_key + (order < bound_order)
        for item in rest:
            at = key(item)
            if at >= bound:
                heapreplace(heads, (at, order, item, rest))
                break
            yield item
        else:
            heappop(heads)
    for _, _, item, rest in heads:
        yield item
        yield from rest
