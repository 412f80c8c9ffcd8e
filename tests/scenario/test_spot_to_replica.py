"""Frames of three exchanges through their wires and books into the replica of the index."""

from fractions import Fraction

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.market.replica import Levels, Replica, VenueBook
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.market.spot import SpotBook
from kalshi_assistant.venues.spot.bullish import BullishWire
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.lmax import LmaxWire
from kalshi_assistant.venues.spot.wire import SpotLost, SpotMalformed, SpotMoved, SpotReplaced
from tests.support.replica_twin import twin_value
from tests.support.spot_frames import coinbase_snapshot, coinbase_update, encode

pytestmark = pytest.mark.long

NOW = 1_795_281_000 * SECOND


class Venue:
    """A wire, the book it feeds, and when it last said anything."""

    def __init__(self, wire):
        self.wire, self.book = wire, SpotBook()
        wire.opened(NOW)
        wire.to_send(NOW + SECOND)

    def hears(self, frame, at=NOW):
        for fact in self.wire.receive(frame, at):
            if isinstance(fact, SpotReplaced):
                self.book.replace(fact.bids, fact.asks)
            elif isinstance(fact, SpotMoved):
                self.book.move(fact.changes)
            elif isinstance(fact, SpotLost):
                self.book.forget(fact.reason)
            assert not isinstance(fact, SpotMalformed), fact
        self.book.alive_at = at

    def seen(self, name):
        known = self.book.known
        levels = Levels(*self.book.levels(0), *self.book.levels(1)) if known else None
        return VenueBook(name, levels, self.book.alive_at, known)


def bullish(bids, asks):
    data = {
        "symbol": "BTCUSD", "bids": [text for level in bids for text in level],
        "asks": [text for level in asks for text in level], "sequenceNumberRange": [1, 1],
        "timestamp": "1790000000100",
    }  # fmt: skip
    return encode({"type": "snapshot", "dataType": "V1TALevel2", "data": data})


def lmax(bids, asks):
    sides = {
        name: [{"price": price, "quantity": size} for price, size in side]
        for name, side in (("bids", bids), ("asks", asks))
    }
    head = {"type": "ORDER_BOOK", "instrument_id": "btc-usd"}
    return encode(head | {"timestamp": "2026-09-21T14:00:00.000Z"} | sides)


@pytest.fixture
def venues():
    """The published golden book, its levels spread over three exchanges."""
    found = {"coinbase": Venue(CoinbaseWire()), "bullish": Venue(BullishWire())}
    found["lmax"] = Venue(LmaxWire())
    found["coinbase"].hears(
        coinbase_snapshot(
            0,
            bids=(("84000", "1"), ("83998", "2"), ("83400", "10")),
            asks=(("84001", "2"), ("84500", "10")),
        )
    )
    found["bullish"].hears(
        bullish([("83990", "2"), ("83950", "3")], [("84005", "1"), ("84010", "3")])
    )
    found["lmax"].hears(lmax([("83700", "4")], [("84100", "2"), ("84300", "4")]))
    return found


def value_of(venues, at=NOW, **settings):
    replica = Replica(ReplicaSettings(**settings))
    return replica.calculate(at, [venue.seen(name) for name, venue in venues.items()])


def test_the_golden_book_spread_over_three_exchanges_gives_the_golden_value(venues):
    """84,001.08 with twelve bitcoin deep; a dozen levels never bind the cap."""
    found = value_of(venues)
    assert found.value == 8_400_108
    assert found.exact == pytest.approx(84001.07982338, abs=1e-8)
    assert found.used == ("coinbase", "bullish", "lmax")


def test_a_change_on_one_exchange_moves_the_value_as_the_twin_says(venues):
    venues["coinbase"].hears(coinbase_update(1, bids=(("83999", "0.5"), ("83998", "0"))))
    books = []
    for venue in venues.values():
        sides = [venue.book.levels(side) for side in (0, 1)]
        books.append(
            tuple(
                [
                    (Fraction(int(price), 10_000), Fraction(int(size), 100_000_000))
                    for price, size in zip(*side, strict=True)
                ]
                for side in sides
            )
        )
    assert value_of(venues).exact == pytest.approx(float(twin_value(books).value), abs=1e-8)


def test_a_lost_book_and_a_silent_line_leave_the_others(venues):
    """A sequence gap at one, eleven seconds of silence at another."""
    venues["coinbase"].hears(coinbase_update(5, bids=(("83999", "1"),)))
    later = NOW + 11 * SECOND
    venues["bullish"].book.alive_at = later
    found = value_of(venues, at=later)
    assert found.used == ("bullish",)
    assert dict(found.left_out) == {"coinbase": "unknown", "lmax": "delayed"}
