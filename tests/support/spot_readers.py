"""A plain reader of spot facts, and mutilations of spot frames."""

import json

import msgspec
from hypothesis import strategies as st

from kalshi_assistant.venues.spot.wire import SpotLost, SpotMoved, SpotReplaced


class PlainBook:
    """What a reader makes of facts: two dicts of price to size, and whether they hold."""

    def __init__(self):
        self.known = False
        self.sides = [{}, {}]

    def read(self, facts):
        for fact in facts:
            if isinstance(fact, SpotReplaced):
                self.known = True
                self.sides = [dict(fact.bids), dict(fact.asks)]
                assert list(fact.bids) == sorted(fact.bids, reverse=True)
                assert list(fact.asks) == sorted(fact.asks)
                assert all(size > 0 for side in self.sides for size in side.values())
            elif isinstance(fact, SpotLost):
                self.known = False
            elif isinstance(fact, SpotMoved):
                assert self.known, "a lost book moved"
                assert fact.changes
                for side, price, size in fact.changes:
                    change(self.sides[side], price, size)
        return self


def change(levels, price, size):
    """One level of a plain book takes a new size."""
    levels.pop(price, None)
    if size:
        levels[price] = size


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
"""Any document."""


def places(document):
    """The path of everything inside a document."""
    found, waiting = [], [((), document)]
    while waiting:
        path, node = waiting.pop()
        if path:
            found.append(path)
        if isinstance(node, dict):
            waiting += [((*path, key), inner) for key, inner in node.items()]
        elif isinstance(node, list):
            waiting += [((*path, place), inner) for place, inner in enumerate(node)]
    return found


@st.composite
def flipped(draw, frames):
    """A frame of which some bytes are others."""
    frame = bytearray(draw(st.sampled_from(frames)))
    for _ in range(draw(st.integers(1, 4))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame)


@st.composite
def planted(draw, frames):
    """A frame in which something else stands at one place."""
    document = json.loads(draw(st.sampled_from(frames)))
    *way, last = draw(st.sampled_from(places(document)))
    node = document
    for key in way:
        node = node[key]
    node[last] = draw(anything)
    return msgspec.json.encode(document)


def truncated(frames):
    """Every beginning of every frame."""
    return [frame[:length] for frame in frames for length in range(len(frame))]


changes = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 90), st.integers(0, 3)), max_size=30)
"""(side, dollars, coins)."""
