"""Real recordings, cut, doubled, reordered, lost and damaged on their way to the real wire.

A scripted peer sends a recording's book frames under its own sequence numbers and answers a broken
book with a snapshot, over the same bad line. Damage that leaves a well-formed frame with another
number in it cannot be told from the truth by any reader of the stream (the venue's line is
encrypted and would break); such frames are lost here.
"""

from collections import Counter

import msgspec
import pytest

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, Gap
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.journal.recording import read_recording
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.sim.faults import Faults, FaultSettings
from kalshi_assistant.venues.kalshi.wire import KalshiWire
from tests.support.recordings import data

FRAMES = 2_500
LINE = FaultSettings(drop=0.003, duplicate=0.003, reorder=0.003, cut=0.002, corrupt=0.004)
FILES = ("KXBTC15M-26MAY110845-45__1.jsonl.gz", "KXBTC15M-26MAY131315-15__1.jsonl.gz")

pytestmark = pytest.mark.recordings


class Peer:
    """The venue's side: the recording's book under new numbers, and snapshots on request."""

    def __init__(self, name):
        lines = read_recording(data(f"frames/{name}"))
        frames = (msgspec.json.decode(frame) for _, frame in lines)
        self._frames = (f for f in frames if f["type"].startswith("orderbook"))
        self._seq = 0
        self.sides = ({}, {})
        self.after = {}
        """The book after each number, as the venue has it."""

    def next(self):
        frame = next(self._frames, None)
        if frame is None:
            return None
        if frame["type"] == "orderbook_snapshot":
            return self._snapshot(frame["msg"])
        body = frame["msg"]
        side = self.sides[body["side"] == "no"]
        left = side.get(body["price_dollars"], 0) + round(float(body["delta_fp"]) * 100)
        side[body["price_dollars"]] = left
        if not left:
            del side[body["price_dollars"]]
        return self._numbered(frame)

    def snapshot(self, ticker):
        """What ``get_snapshot`` is answered with."""
        yes, no = ([[p, f"{q / 100:.2f}"] for p, q in side.items()] for side in self.sides)
        body = {
            "market_ticker": ticker,
            "market_id": "m",
            "yes_dollars_fp": yes,
            "no_dollars_fp": no,
        }
        frame = {"type": "orderbook_snapshot", "sid": 2, "msg": body}
        return self._numbered(frame)

    def _snapshot(self, body):
        for side, name in zip(self.sides, ("yes_dollars_fp", "no_dollars_fp"), strict=True):
            side.clear()
            side |= {price: round(float(count) * 100) for price, count in body.get(name, ())}
        self.ticker = body["market_ticker"]
        return self._numbered({"type": "orderbook_snapshot", "sid": 2, "msg": body})

    def _numbered(self, frame):
        self._seq += 1
        self.after[self._seq] = (dict(self.sides[0]), dict(self.sides[1]))
        return msgspec.json.encode({**frame, "seq": self._seq})


def well_formed(frame):
    try:
        msgspec.json.decode(frame)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return True


def subscribed():
    return b'{"id":1,"type":"subscribed","msg":{"channel":"orderbook_delta","sid":2}}'


class Reader:
    """Wire and book as the program joins them."""

    def __init__(self, ticker):
        index = Index("BRTI", NumberSettings())
        self.book = Book(index.array, index.real)
        self.wire = KalshiWire()
        self.wire.expect(ticker)
        self.wire.receive(subscribed(), 1)
        self.seen = Counter()

    def take(self, frame):
        for event in self.wire.receive(frame, 1):
            self.seen[type(event).__name__] += 1
            if isinstance(event, BookSnapshot):
                self.book.load(event.bids, event.asks, 1)
            elif isinstance(event, BookDelta):
                self.book.move(event.side, event.price, event.change, 1)
            elif isinstance(event, Gap):
                self.book.forget("gap")

    def levels(self):
        return [dict(self.book.levels(side, 10_000)) for side in (BID, ASK)]


def as_levels(sides):
    yes, no = sides
    bids = {round(float(price) * 10_000): count for price, count in yes.items()}
    asks = {10_000 - round(float(price) * 10_000): count for price, count in no.items()}
    return [bids, asks]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("seed", range(3))
def test_no_book_is_believed_that_is_not_the_venues_after_the_last_frame_read(name, seed):
    peer, line, reader, checked = Peer(name), Faults(LINE, seed), None, 0
    true = set()
    for _ in range(FRAMES):
        frame = peer.next()
        if frame is None:
            break
        reader = reader or Reader(peer.ticker)
        broken = reader.wire.broken if reader.seen["Gap"] else ()
        for sent in (frame, *(peer.snapshot(ticker) for ticker in broken)):
            true.add(sent)
            for delivered, _ in line.feed(sent, 1):
                if delivered in true or not well_formed(delivered):
                    reader.take(delivered)
        last = reader.wire.last_sequence.get("orderbook_delta")
        if reader.book.known and not reader.wire.broken:
            assert reader.levels() == as_levels(peer.after[last])
            checked += 1
    assert reader.seen["Gap"] > 3
    assert reader.seen["Malformed"] > 3
    assert checked > 500
    assert all(line.happened[fault] for fault in ("drop", "cut", "corrupt", "duplicate", "reorder"))
