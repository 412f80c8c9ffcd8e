"""Composed frames of the spot exchanges with whole books."""

import json

from kalshi_assistant.domain.time import SECOND

NOW = 1_790_000_000 * SECOND
DOLLAR = 10_000
COIN = 100_000_000


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


def written(side):
    """A plain book's side (dollars to coins) as pairs of texts."""
    return [[str(price), str(size)] for price, size in side.items()]


def plain(side):
    """A side of facts as dollars to coins."""
    return {price // DOLLAR: size // COIN for price, size in side.items()}


# --- Coinbase Advanced Trade ---

COINBASE_STAMP = "2026-09-21T14:00:00.120Z"


def coinbase_frame(number, channel, *events, **more):
    frame = {"channel": channel, "client_id": "", "timestamp": COINBASE_STAMP}
    return encode(frame | {"sequence_num": number, "events": events} | more)


def coinbase_event(kind, bids, asks, product="BTC-USD"):
    updates = [
        {"side": side, "event_time": COINBASE_STAMP, "price_level": price, "new_quantity": size}
        for side, levels in (("bid", bids), ("offer", asks))
        for price, size in levels
    ]
    return {"type": kind, "product_id": product, "updates": updates}


def coinbase_snapshot(number=0, bids=(("84000.01", "0.35"),), asks=(("84000.02", "0.10"),), **more):
    return coinbase_frame(number, "l2_data", coinbase_event("snapshot", bids, asks, **more))


def coinbase_update(number, bids=(), asks=(), **more):
    return coinbase_frame(number, "l2_data", coinbase_event("update", bids, asks, **more))


def coinbase_heartbeat(number, counter=3049):
    said = {"current_time": COINBASE_STAMP, "heartbeat_counter": counter}
    return coinbase_frame(number, "heartbeats", said)


def coinbase_subscriptions(number):
    return coinbase_frame(number, "subscriptions", {"subscriptions": {"level2": ["BTC-USD"]}})


def coinbase_error(message="authentication failure"):
    return encode({"type": "error", "message": message})


# --- Kraken v2 ---

KRAKEN_STAMP = "2026-09-21T14:00:00.100000Z"
KRAKEN_ASKS = (
    ("45285.2", "0.00100000"),
    ("45286.4", "1.54571953"),
    ("45286.6", "1.54571109"),
    ("45289.6", "1.54560911"),
    ("45290.2", "0.15890660"),
    ("45291.8", "1.54553491"),
    ("45294.7", "0.04454749"),
    ("45296.1", "0.35380000"),
    ("45297.5", "0.09945542"),
    ("45299.5", "0.18772827"),
)
KRAKEN_BIDS = (
    ("45283.5", "0.10000000"),
    ("45283.4", "1.54582015"),
    ("45282.1", "0.10000000"),
    ("45281.0", "0.10000000"),
    ("45280.3", "1.54592586"),
    ("45279.0", "0.07990000"),
    ("45277.6", "0.03310103"),
    ("45277.5", "0.30000000"),
    ("45277.3", "1.54602737"),
    ("45276.6", "0.15445238"),
)
KRAKEN_CHECKSUM = 3310070434
"""The venue's published example, guide "Book checksum"."""


def kraken_book(kind, bids, asks, checksum, symbol="BTC/USD"):
    """Numbers stand as they are written: a float would lose their trailing zeros."""

    def levels(side):
        return ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in side)

    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}",'
        f'"bids":[{levels(bids)}],"asks":[{levels(asks)}],"checksum":{checksum},'
        f'"timestamp":"{KRAKEN_STAMP}"}}]}}'
    ).encode()


def kraken_snapshot(bids=KRAKEN_BIDS, asks=KRAKEN_ASKS, checksum=KRAKEN_CHECKSUM, **more):
    return kraken_book("snapshot", bids, asks, checksum, **more)


def kraken_update(checksum, bids=(), asks=(), **more):
    return kraken_book("update", bids, asks, checksum, **more)


def kraken_instrument(price=1, size=8, symbol="BTC/USD"):
    other = {"symbol": "PEPE/USD", "price_precision": 12, "qty_precision": 0}
    pair = {"symbol": symbol, "price_precision": price, "qty_precision": size, "status": "online"}
    data = {"assets": [{"id": "USD", "precision": 4}], "pairs": [other, pair]}
    return encode({"channel": "instrument", "type": "snapshot", "data": data})


KRAKEN_HEARTBEAT = encode({"channel": "heartbeat"})
KRAKEN_PONG = encode({"method": "pong", "req_id": 4, "time_in": KRAKEN_STAMP})
KRAKEN_STATUS = encode(
    {"channel": "status", "type": "update", "data": [{"system": "online", "version": "2.0.9"}]}
)


def kraken_subscribed(id_=2):
    result = {"channel": "book", "depth": 1000, "snapshot": True, "symbol": "BTC/USD"}
    return encode({"method": "subscribe", "result": result, "success": True, "req_id": id_})


def kraken_refused(method="subscribe", id_=2, error="Currency pair not supported BTC/USD"):
    said = {"error": error, "method": method, "success": False, "symbol": "BTC/USD"}
    return encode(said | {"req_id": id_, "time_in": KRAKEN_STAMP})


# --- Bitstamp v2 ---

BITSTAMP_CHANNEL = "diff_order_book_btcusd"
BITSTAMP_MICROS = 1_790_000_000_000_000
"""Stamps of composed changes and documents are given as microseconds after this."""


def bitstamp_book(micros, bids=(), asks=()):
    stamp = str(BITSTAMP_MICROS + micros)
    return {"timestamp": stamp[:-6], "microtimestamp": stamp, "bids": bids, "asks": asks}


def bitstamp_event(event, data, channel=BITSTAMP_CHANNEL):
    return encode({"event": event, "channel": channel, "data": data})


def bitstamp_diff(micros, bids=(), asks=(), **more):
    return bitstamp_event("data", bitstamp_book(micros, bids, asks), **more)


def bitstamp_document(micros, bids=(("83999", "0.40000000"),), asks=(("84002", "1.00000000"),)):
    return encode(bitstamp_book(micros, bids, asks))


BITSTAMP_SUBSCRIBED = bitstamp_event("bts:subscription_succeeded", {})
BITSTAMP_HEARTBEAT = bitstamp_event("bts:heartbeat", {"status": "success"}, channel="")
BITSTAMP_RECONNECT = bitstamp_event("bts:request_reconnect", "", channel="")


def bitstamp_error(message="Bad subscription string."):
    return bitstamp_event("bts:error", {"code": None, "message": message}, channel="")


# --- Gemini, new and old ---

GEMINI_NANOS = 1_790_000_000_123_456_789
GEMINI_BIDS = tuple((f"{83_999 - place}.50", "0.2") for place in range(60))
GEMINI_ASKS = tuple((f"{84_000 + place}.50", "0.3") for place in range(60))


def gemini_depth(first, last, bids=(), asks=(), symbol="btcusd"):
    frame = {"e": "depthUpdate", "E": GEMINI_NANOS, "s": symbol, "U": first, "u": last}
    return encode(frame | {"b": bids, "a": asks})


def gemini_snapshot(last=1004, bids=GEMINI_BIDS, asks=GEMINI_ASKS, **more):
    return gemini_depth(1000, last, bids, asks, **more)


GEMINI_SUBSCRIBED = encode({"id": "1", "status": 200})


def gemini_refused(message="Invalid stream"):
    return encode({"id": "1", "status": 400, "error": {"code": -1100, "msg": message}})


def gemini_l2(bids=(), asks=(), symbol="BTCUSD", **more):
    changes = [["buy", *level] for level in bids] + [["sell", *level] for level in asks]
    return encode({"type": "l2_updates", "symbol": symbol, "changes": changes} | more)


def gemini_l2_snapshot(bids=GEMINI_BIDS, asks=GEMINI_ASKS, **more):
    return gemini_l2(bids, asks, trades=[], auction_events=[], **more)


GEMINI_HEARTBEAT = encode({"type": "heartbeat", "timestamp": 1_790_000_000_000})
GEMINI_TRADE = encode(
    {
        "type": "trade",
        "symbol": "BTCUSD",
        "event_id": 1,
        "timestamp": 1_790_000_000_000,
        "price": "84000.5",
        "quantity": "0.1",
        "side": "buy",
    }
)
GEMINI_ERROR = encode({"result": "error", "reason": "InvalidJson", "message": "Bad frame"})
