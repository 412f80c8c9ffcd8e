"""A session and the simulated venue over a bad line: once it is good again, so is every book."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    FeedBack,
    FeedLost,
    Gap,
    IndexPrinted,
)
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine import feeds
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.session import Session
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from tests.support.kalshi_frames import NEXT, TICKER

START = 1_795_280_600 * SECOND
TICK = SECOND // 2
MARKETS = (TICKER, NEXT)


class Venue:
    """Two books that change and an index that prints."""

    def __init__(self, chance):
        self.chance = chance
        self.books = {ticker: ({5_000: 100}, {5_200: 100}) for ticker in MARKETS}
        self.shared = Frames()

    def book(self, ticker):
        if ticker not in self.books:
            return None
        bids, asks = (tuple(side.items()) for side in self.books[ticker])
        return BookSnapshot(START, START, ticker, bids, asks)

    def live(self, now):
        """What happens in one tick."""
        events = []
        for _ in range(int(self.chance.integers(0, 4))):
            ticker, side = MARKETS[int(self.chance.integers(2))], int(self.chance.integers(2))
            price = (5_000, 5_200)[side] + 100 * int(self.chance.integers(3)) * (2 * side - 1)
            change = 100 * int(self.chance.integers(1, 5))
            levels = self.books[ticker][side]
            levels[price] = levels.get(price, 0) + change
            events.append(BookDelta(now, now, ticker, side, price, change))
        if now % SECOND == 0:
            value = 9_000_000 + int(self.chance.integers(1_000))
            events.append(IndexPrinted(now, now, "BRTI", value, "kalshi_1hz"))
        return self.shared.publish(events)


class Client:
    """The session and what its reader believes."""

    def __init__(self, seed):
        settings = SessionSettings(reply_seconds=2, silence_seconds=10, longest_delay_seconds=4)
        self.session = KalshiSession(settings, stream(seed, "backoff"))
        self.books, self.up = {}, set()

    def take(self, events):
        for event in events:
            if isinstance(event, BookSnapshot):
                self.books[event.ticker] = (dict(event.bids), dict(event.asks))
            elif isinstance(event, BookDelta):
                side = self.books[event.ticker][event.side]
                side[event.price] = side.get(event.price, 0) + event.change
            elif isinstance(event, Gap):
                for ticker in event.tickers:
                    self.books.pop(ticker, None)
            elif isinstance(event, FeedBack):
                assert event.feed not in self.up
                self.up.add(event.feed)
            elif isinstance(event, FeedLost):
                self.up.remove(event.feed)
                if event.feed in (feeds.BOOK, feeds.SOCKET):
                    self.books.clear()


class Bench:
    """Virtual time, one venue, one client, and a line that may be bad."""

    def __init__(self, seed):
        self.chance = stream(seed, "line")
        self.venue, self.client = Venue(stream(seed, "venue")), Client(seed)
        self.now, self.server = START, None

    def run(self, seconds, badness):
        for _ in range(int(seconds * SECOND) // TICK):
            self.now += TICK
            notices = self.venue.live(self.now)
            if self.server is not None:
                self.deliver(self.server.publish(notices, self.now), badness)
            self.step(badness)

    def step(self, badness):
        session = self.client.session
        if self.server is not None and (session.gone or self.chance.random() < badness / 20):
            self.server = None
            self.client.take(session.dropped(self.now, "gone"))
        if session.wants_connection(self.now):
            session.connect(self.now)
            if self.chance.random() < badness:
                self.client.take(session.refused(self.now, 503, "busy"))
            else:
                self.server = Session(self.venue.shared, self.venue.book)
                self.client.take(session.opened(self.now))
        self.client.take(session.tick(self.now))
        for command in session.to_send():
            if self.server is not None and self.chance.random() >= badness / 4:
                self.deliver(self.server.receive(command, self.now), badness)

    def deliver(self, frames, badness):
        for frame in frames:
            roll = self.chance.random() / badness if badness else 9
            if roll < 0.3:
                continue
            length = int(self.chance.integers(len(frame))) if roll < 0.6 else len(frame)
            for _ in range(2 if 0.6 <= roll < 0.9 else 1):
                self.client.take(self.client.session.receive(frame[:length], self.now))


@given(seed=st.integers(0, 2**32), badness=st.sampled_from([0.0, 0.05, 0.2]))
def test_when_the_line_is_good_again_every_book_is_the_venues(seed, badness):
    bench = Bench(seed)
    bench.client.session.watch(TICKER)
    bench.run(20, badness)
    bench.client.session.watch(NEXT)
    bench.run(20, badness)
    bench.run(60, 0.0)
    assert bench.client.session.state == "live"
    assert bench.client.books == bench.venue.books
    assert bench.client.up == {
        feeds.SOCKET,
        feeds.BOOK,
        feeds.TRADES,
        feeds.QUOTES,
        feeds.LIFECYCLE,
        feeds.INDEX,
    }
    bench.client.session.unwatch(TICKER)
    bench.client.books.pop(TICKER)
    bench.run(5, 0.0)
    assert set(bench.client.books) == {NEXT}
    assert bench.client.session.last_print_second == bench.now // SECOND


@given(seed=st.integers(0, 2**32))
def test_on_a_good_line_nothing_is_asked_twice(seed):
    bench = Bench(seed)
    for ticker in MARKETS:
        bench.client.session.watch(ticker)
    bench.run(30, 0.0)
    assert bench.client.session._last_id == 6
    assert bench.client.session.withheld == 0
    assert bench.client.books == bench.venue.books
