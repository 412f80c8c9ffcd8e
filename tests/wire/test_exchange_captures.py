"""Raw captures of three exchanges: every line is of a kind that is known, and every book decodes.

The markets in them are others, so symbols are written anew; Coinbase's is of its older feed, whose
snapshots and changes are put into the frames of the one that is listened to, texts as recorded.
"""

import gzip
import json
from collections import Counter
from decimal import Decimal

import pytest

from kalshi_assistant.venues.spot.bitstamp import BitstampWire
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.gemini import GeminiWire
from kalshi_assistant.venues.spot.wire import (
    PRICE_MAX,
    PRICE_SCALE,
    SIZE_MAX,
    SIZE_SCALE,
    SpotLost,
    SpotMalformed,
)
from tests.support import recordings
from tests.support.spot_frames import encode
from tests.support.spot_readers import PlainBook, change

pytestmark = pytest.mark.recordings
NOW = 1_795_281_000 * 10**9

KNOWN = {
    "COINBASE.ws.28.0.gz": {
        *("snapshot", "l2update", "match", "last_match", "ticker", "subscriptions"),
    },
    "BITSTAMP.ws.1.0.gz": {"data", "trade", "bts:subscription_succeeded"},
    "GEMINI.ws.1.0.gz": {"l2_updates", "trade", "heartbeat"},
}


def lines(name):
    """(sent by the client, object) of each line that is not a connection's begin."""
    path = recordings.data(f"exchange_frames/{name}")
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        if "<->" in line or not line.strip():
            continue
        head, _, text = line.partition(": ")
        yield "<-" in head, json.loads(text)


def received(name):
    return [said for sent, said in lines(name) if not sent]


def kind(said):
    return said.get("type") or said["event"]


@pytest.mark.parametrize("name", list(KNOWN))
def test_every_line_is_of_a_kind_that_is_known(name):
    kinds = Counter(kind(said) for said in received(name))
    assert kinds.keys() <= KNOWN[name]
    assert sum(kinds.values()) > 600


@pytest.mark.parametrize(
    ("name", "wire"),
    [("BITSTAMP.ws.1.0.gz", BitstampWire), ("GEMINI.ws.1.0.gz", lambda: GeminiWire("l2"))],
)
def test_frames_of_other_markets_and_channels_are_passed_over(name, wire):
    """All of them as recorded: none is of our market, none is damage."""
    listener = wire()
    listener.opened(NOW)
    for said in received(name):
        facts = listener.receive(encode(said), NOW)
        assert not any(isinstance(fact, SpotMalformed | SpotLost) for fact in facts), said


def advanced(said, number):
    """A frame of the older feed in the form of the newer one."""
    if said["type"] == "snapshot":
        levels = [("bid", *level) for level in said["bids"]]
        levels += [("offer", *level) for level in said["asks"]]
    else:
        names = {"buy": "bid", "sell": "offer"}
        levels = [(names[side], price, size) for side, price, size in said["changes"]]
    updates = [
        {"side": side, "price_level": price, "new_quantity": size} for side, price, size in levels
    ]
    kind_ = "snapshot" if said["type"] == "snapshot" else "update"
    event = {"type": kind_, "product_id": "BTC-USD", "updates": updates}
    return encode(
        {
            "channel": "l2_data",
            "timestamp": said.get("time", "2021-04-17T16:43:37.000000Z"),
            "sequence_num": number,
            "events": [event],
        }
    )


def fits(text):
    """Whether a price can be told in 1/10,000: bitcoin prices of coins cannot."""
    scaled = Decimal(text) * PRICE_SCALE
    return scaled == scaled.to_integral_value() and scaled > 0


def test_coinbases_books_decode_to_the_last_level():
    frames = [s for s in received("COINBASE.ws.28.0.gz") if s["type"] in ("snapshot", "l2update")]
    followed = 0
    for product in sorted({said["product_id"] for said in frames}):
        ours = [said for said in frames if said["product_id"] == product]
        first = ours[0]
        if first["type"] != "snapshot" or not fits(first["asks"][0][0]):
            continue
        wire, book, model = CoinbaseWire(), PlainBook(), [{}, {}]
        wire.opened(NOW)
        for number, said in enumerate(ours):
            facts = wire.receive(advanced(said, number), NOW)
            assert not any(isinstance(fact, SpotMalformed | SpotLost) for fact in facts), said
            book.read(facts)
            for side, key in ((0, "bids"), (1, "asks")):
                for price, size in said.get(key, ()):
                    change(model[side], *scaled(price, size))
            for side, price, size in said.get("changes", ()):
                change(model[side != "buy"], *scaled(price, size))
        # asks at ten billion dollars are left out, and nobody holds more than there is
        kept = [
            {price: min(size, SIZE_MAX) for price, size in side.items() if price <= PRICE_MAX}
            for side in model
        ]
        assert book.sides == kept
        followed += len(ours)
    assert followed > 2_000


def scaled(price, size):
    return int(Decimal(price) * PRICE_SCALE), int(Decimal(size) * SIZE_SCALE)
