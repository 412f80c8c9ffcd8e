"""Recorded days, undisturbed and on a bad line: no wrong book is ever passed for a good one.

On the bad line a scripted venue (``tests.support.peer``) plays the recording to the real session
through ``sim.faults``, answers what the session asks, and knows the book at every number. After
each frame every book that is passed on is compared with the venue's at the number reached.
"""

import csv
import json
from collections import Counter

import pytest

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, Gap, Malformed
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.journal.recording import BadLine, read_recording
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant.layout import NEGATIVE_LEVEL
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.faults import Faults, FaultSettings
from kalshi_assistant.venues.kalshi import schema
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from kalshi_assistant.venues.kalshi.wire import KalshiWire
from tests.support.peer import BOOK, Peer, Reader
from tests.support.recordings import data

pytestmark = pytest.mark.recordings

WITH_A_GAP = (
    "KXBTC15M-26MAY111500-00__1",
    "KXBTC15M-26MAY112000-00__1",
    "KXBTC15M-26MAY131400-00__2",
    "KXBTC15M-26MAY131600-00__1",
    "KXBTC15M-26MAY131700-00__1",
    "KXBTC15M-26MAY132000-00__1",
)
WITHOUT = ("KXBTC15M-26MAY110145-45__1", "KXBTC15M-26MAY131315-15__1")
SHORT = ("KXBTC15M-26MAY110815-15__1", "KXBTC15M-26MAY131200-00__2", "KXBTC15M-26MAY110145-45__2")


def frames(name, at_most=None):
    found = []
    for line in read_recording(data(f"frames/{name}.jsonl.gz")):
        assert not isinstance(line, BadLine)
        found.append(line)
        if len(found) == at_most:
            break
    return found


def index_row(name):
    with data("frames/index.csv").open(newline="") as file:
        return next(row for row in csv.DictReader(file) if row["file"] == f"{name}.jsonl.gz")


# --- as recorded ---


@pytest.mark.parametrize("name", [*WITH_A_GAP, *WITHOUT])
def test_a_recording_has_the_gaps_of_its_index_and_no_level_below_zero(name):
    row, wire, reader, seen = index_row(name), KalshiWire(), Reader(), Counter()
    index = Index("BRTI", NumberSettings())
    book = Book(index.array, index.real)
    for received_at, frame in frames(name):
        for event in wire.receive(frame, received_at):
            seen[type(event)] += 1
            reader.take(event)
            if isinstance(event, BookSnapshot):
                book.load(event.bids, event.asks, event.at)
            elif isinstance(event, BookDelta):
                bits = book.move(event.side, event.price, event.change, event.at)
                assert not bits & NEGATIVE_LEVEL
    assert seen[Malformed] == wire.withheld == reader.negative == 0
    assert seen[Gap] == int(row["seq_gaps"])
    assert seen[BookDelta] == int(row["deltas"])
    after_close = seen[BookSnapshot] - int(row["snapshots"])
    assert int(row["seq_gaps"]) <= after_close <= 1
    (plain,) = reader.books.values()
    assert [dict(book.levels(side, 10_000)) for side in (BID, ASK)] == list(plain.sides)


# --- on a bad line ---


class World:
    """The venue, the line and the session, moved by the frames of a recording."""

    def __init__(self, name, faults, seed):
        self.name, self.faults, self.seed = name, faults, seed
        self.ticker = index_row(name)["ticker"]
        self.peer, self.reader = Peer(self.ticker), Reader()
        self.session = KalshiSession(SessionSettings(), stream(seed, "backoff"))
        self.session.watch(self.ticker)
        self.line = None
        self.connections = self.compared = self.poisonings = 0
        self.happened = Counter()
        self.poisoned = False
        """A number was damaged into another that could be true: nothing on the wire tells."""
        self.sent = set()

    def run(self, recording):
        for at, frame in recording:
            self.connect(at)
            document = json.loads(frame)
            sent = self.peer.publish(document) if "market_ticker" in document["msg"] else []
            self.send(sent, at)
            self.take(self.session.tick(at))
            self.talk(at)
        self.close_line()
        return self

    def connect(self, now):
        if self.session.gone:
            self.close_line()
        if self.session.wants_connection(now):
            self.connections += 1
            self.session.connect(now)
            self.peer.connect()
            self.line = Faults(self.faults, self.seed, f"line{self.connections}")
            self.take(self.session.opened(now))
            self.talk(now)

    def close_line(self):
        if self.line is not None:
            self.happened += self.line.happened
            self.line = None

    def talk(self, now):
        while self.line is not None and (commands := self.session.to_send()):
            for command in commands:
                self.send(self.peer.command(command), now)

    def send(self, sent, now):
        for frame in sent:
            if self.line is None:
                return
            self.sent.add(frame)
            for arrived, _ in self.line.feed(frame, now):
                self.deliver(arrived, now)

    def deliver(self, arrived, now):
        if arrived is None:
            self.close_line()
            self.take(self.session.dropped(now, "the line went down"))
            return
        events = self.session.receive(arrived, now)
        self.take(events)
        if any(isinstance(event, BookSnapshot) for event in events):
            self.poisoned = False
        if arrived not in self.sent and not self.right() and self.could_be_true(arrived):
            self.poisoned = True
            self.poisonings += 1
        assert self.poisoned or self.right(), (self.name, self.seed, self.number())
        self.compared += not self.poisoned and self.ticker in self.reader.books

    def take(self, events):
        for event in events:
            self.reader.take(event)
            if self.reader.negative:
                self.resync()

    def resync(self):
        """What the engine does about a level below zero."""
        self.reader.negative = 0
        self.reader.books.clear()
        self.session.resync(self.ticker, "a level below zero")

    def number(self):
        return self.session._wire.last_sequence.get(BOOK)

    def right(self):
        """Whether the book, if it is passed for good, is the venue's at the number reached.

        A whole book that came under a false number is the newest there is.
        """
        book = self.reader.books.get(self.ticker)
        if book is None:
            return True
        return book.sum == self.peer.after.get(self.number(), self.peer.book.sum)

    def could_be_true(self, frame):
        """Whether a damaged frame reads as the one that was due, with another number in it."""
        message = schema.DECODE_FRAME(frame)
        assert isinstance(message, schema.DeltaFrame | schema.SnapshotFrame)
        return message.seq == self.number() and message.msg.market_ticker == self.ticker


LINES = {
    "perfect": FaultSettings(),
    "losing": FaultSettings(drop=0.01),
    "doubling": FaultSettings(duplicate=0.02),
    "swapping": FaultSettings(reorder=0.01),
    "cutting": FaultSettings(cut=0.01),
    "dropping": FaultSettings(disconnect=0.002),
    "corrupting": FaultSettings(corrupt=0.02),
    "all at once": FaultSettings(
        drop=0.005, duplicate=0.005, reorder=0.005, cut=0.005, corrupt=0.005, disconnect=0.001
    ),
}
SPOILS_NUMBERS = ("corrupting", "all at once")


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("line", LINES)
def test_no_wrong_book_is_passed_for_a_good_one(line, name):
    recording, happened, poisonings = frames(name), Counter(), 0
    for seed in range(3):
        world = World(name, LINES[line], seed).run(recording)
        happened += world.happened
        poisonings += world.poisonings
        assert world.compared > len(recording) // 4
    assert sum(happened.values()) >= (0 if line == "perfect" else 3)
    # a digit turned into another digit is told by nothing; it may not be more than a few frames
    assert poisonings <= (0.1 * happened["corrupt"] if line in SPOILS_NUMBERS else 0)


def test_a_perfect_line_needs_no_snapshot_and_loses_nothing():
    recording = frames(SHORT[0])
    world = World(SHORT[0], LINES["perfect"], 1).run(recording)
    assert (world.connections, world.peer.asked, world.session.withheld) == (1, 0, 0)


@pytest.mark.parametrize("name", WITH_A_GAP[:2])
def test_gaps_in_the_middle_of_a_window_mend_within_a_second(name):
    """Nearly every frame finds a book that is known, though one in five hundred is lost."""
    recording = frames(name, at_most=10_000)
    world = World(name, FaultSettings(drop=0.002), 5).run(recording)
    assert world.peer.asked >= 10
    assert world.compared > 0.97 * len(recording)
    assert (recording[-1][0] - recording[0][0]) > Nanos(30 * SECOND)
