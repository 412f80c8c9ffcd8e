"""A client's wire and its venue's server joined in memory, over a book that moves by chance."""

from bisect import bisect_left, insort

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.spot import SpotBook
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.spot.served import STEPS, document, serve
from kalshi_assistant.venues.spot.bitstamp import BitstampWire
from kalshi_assistant.venues.spot.bullish import BullishWire
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.cryptocom import CryptocomWire
from kalshi_assistant.venues.spot.gemini import GeminiWire
from kalshi_assistant.venues.spot.kraken import KrakenWire
from kalshi_assistant.venues.spot.lmax import LmaxWire
from kalshi_assistant.venues.spot.paxos import PaxosWire
from kalshi_assistant.venues.spot.wire import SpotLost, SpotMalformed, SpotMoved, SpotReplaced

NOW = 1_790_000_000 * SECOND
MID = 840_000_000
COIN = 100_000_000

WIRES = {
    "coinbase": CoinbaseWire,
    "kraken": KrakenWire,
    "bitstamp": BitstampWire,
    "gemini": GeminiWire,
    "gemini l2": lambda: GeminiWire("l2"),
    "cryptocom": CryptocomWire,
    "bullish": BullishWire,
    "paxos": PaxosWire,
    "lmax": LmaxWire,
}
"""Every way a client reads a venue; the name begins with the venue's."""
DEPTHS = {"kraken": 1_000, "cryptocom": 50, "bullish": 100, "lmax": 20}
"""Levels a side of venues that do not publish their whole book."""


class ServedBook:
    """Levels by price, kept in order; what it gives is best first."""

    def __init__(self, bids=(), asks=()):
        self.sizes = (dict(bids), dict(asks))
        self.prices = tuple(sorted(sizes) for sizes in self.sizes)

    def levels(self, side):
        prices = self.prices[side] if side else self.prices[side][::-1]
        return [(price, self.sizes[side][price]) for price in prices]

    def move(self, changes):
        for side, price, size in changes:
            prices, sizes = self.prices[side], self.sizes[side]
            if size == 0:
                if sizes.pop(price, None) is not None:
                    del prices[bisect_left(prices, price)]
                continue
            if price not in sizes:
                insort(prices, price)
            sizes[price] = size
        return changes

    def best(self, side):
        return self.prices[side][0 if side else -1]


class Chance:
    """Changes of a book around its price, on the venue's own steps; never crossed."""

    def __init__(self, venue, seed, levels=1_150):
        self.rng = stream(seed, f"spot/{venue}")
        self.tick, self.lot = STEPS[venue]
        self.levels = levels
        gaps = self.rng.integers(1, 4, (2, levels)).cumsum(axis=1) * self.tick
        self.book = ServedBook(
            [(MID - int(gap), self.size()) for gap in gaps[0]],
            [(MID + int(gap), self.size()) for gap in gaps[1]],
        )

    def size(self):
        return int(self.rng.integers(1, 3 * COIN // self.lot)) * self.lot

    def moves(self):
        """Some changes, which the book has taken."""
        made = []
        for _ in range(self.rng.integers(1, 6)):
            made += self.book.move(self._one(int(self.rng.integers(2))))
        return made

    def _one(self, side):
        prices, kind = self.book.prices[side], self.rng.integers(10)
        if kind == 0 and len(prices) > self.levels:  # several of the best go at once
            count = int(self.rng.integers(1, 5))
            best = prices[:count] if side else prices[-count:]
            return [(side, price, 0) for price in best]
        if kind < 4:  # a level anywhere
            price = prices[int(self.rng.integers(len(prices)))]
            gone = kind == 1 and len(prices) > self.levels
            return [(side, price, 0 if gone else self.size())]
        away = int(self.rng.integers(1, 12 if kind < 9 else 3 * self.levels)) * self.tick
        price = self.book.best(1 - side) + (away if side else -away)
        known = price in self.book.sizes[side] and len(prices) > self.levels
        return [(side, price, 0 if known and kind < 7 else self.size())]


class Line:
    """One client of one venue: a wire, the book it feeds, and the server of its connection."""

    def __init__(self, kind, book, now=NOW):
        self.venue = kind.split()[0]
        self.served = book
        self.wire, self.book = WIRES[kind](), SpotBook()
        self.lost, self.malformed = [], []
        self.connect(now)

    def connect(self, now):
        """A new connection; the one before is gone, and with it what was known."""
        self.server = serve(self.venue, self.served)
        self.book.forget("connecting")
        self.given_up = False
        self.wire.opened(now)
        self.hears(self.server.opened(now), now)
        self.talk(now)

    def hears(self, frames, now):
        for frame in frames:
            assert len(frame) <= self.wire.frame_bytes_max
            self.learns(self.wire.receive(frame, now))

    def learns(self, facts):
        for fact in facts:
            if isinstance(fact, SpotReplaced):
                self.book.replace(fact.bids, fact.asks)
            elif isinstance(fact, SpotMoved):
                assert self.book.known
                self.book.move(fact.changes)
            elif isinstance(fact, SpotLost):
                self.lost.append(fact)
                self.given_up |= fact.remedy == "reconnect"
                self.book.forget(fact.reason)
            elif isinstance(fact, SpotMalformed):
                self.malformed.append(fact)

    def talk(self, now):
        """The wire says what is due and asks for what it wants."""
        for command in self.wire.to_send(now):
            self.hears(self.server.receive(command.encode(), now), now)
        if self.wire.document_wanted(now) is not None:
            self.learns(self.wire.take_document(*document(self.venue, self.served, now), now))

    def step(self, changes, now):
        """Changes the served book has taken, and whatever is due."""
        self.hears(self.server.publish(changes, now), now)
        self.idle(now)

    def idle(self, now):
        self.hears(self.server.tick(now), now)
        self.talk(now)

    def sees(self, side):
        prices, sizes = self.book.levels(side)
        return list(zip(prices.tolist(), sizes.tolist(), strict=True))

    def right(self):
        """Whether the client's book is the served one as far as the venue publishes it."""
        depth = DEPTHS.get(self.venue)
        return self.book.known and all(
            self.sees(side) == self.served.levels(side)[:depth] for side in (0, 1)
        )
