"""The venue's side of one recorded book: it numbers, it answers commands, it knows the truth.

The peer sends the changes of a recording under sids and numbers of its own, and a snapshot of what
it has whenever one is asked for. ``after[sid][seq]`` is the sum of the whole book at that number,
so that a reader can be compared at the very point it has reached, however far behind it is.
"""

from decimal import Decimal

import msgspec

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, FeedLost, Gap

BOOK = "orderbook_delta"
SEQUENCED = (BOOK, "trade", "market_lifecycle_v2", "cfbenchmarks_value", "cfbenchmarks_value_5hz")

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
_SPREAD = 0x9E37_79B9_7F4A_7C15
_MASK = 2**64 - 1


def weight(side, price):
    """A number that stands for one level: no two levels share one."""
    mixed = (side * 10_000 + price + 1) * _SPREAD & _MASK
    return (mixed ^ mixed >> 29) * _SPREAD & _MASK


WEIGHTS = [[weight(side, price) for price in range(10_001)] for side in (0, 1)]


class Total:
    """The levels of one book, and their weighted sum kept up with every change."""

    def __init__(self, bids=(), asks=()):
        self.sides = (dict(bids), dict(asks))
        self.sum = 0
        for side, levels in enumerate(self.sides):
            for price, size in levels.items():
                self.sum += WEIGHTS[side][price] * size

    def change(self, side, price, by):
        levels = self.sides[side]
        size = levels[price] = levels.get(price, 0) + by
        if not size:
            del levels[price]
        self.sum += WEIGHTS[side][price] * by
        return size


class Reader:
    """What whoever believes the events holds: books that are known, and no others."""

    def __init__(self):
        self.books = {}
        self.negative = 0

    def take(self, event):
        if isinstance(event, BookDelta):
            size = self.books[event.ticker].change(event.side, event.price, event.change)
            self.negative += size < 0
        elif isinstance(event, BookSnapshot):
            self.books[event.ticker] = Total(event.bids, event.asks)
        elif isinstance(event, Gap):
            for ticker in event.tickers:
                self.books.pop(ticker, None)
        elif isinstance(event, FeedLost) and event.feed == "kalshi.book":
            self.books.clear()


# --- the venue ---


def _scaled(text, by):
    return int(Decimal(text) * by)


class Peer:
    """One market's book at the venue, and one connection at a time to it."""

    def __init__(self, ticker):
        self.ticker = ticker
        self.book = Total()
        self.asked = 0
        self.connect()

    def connect(self):
        """A new connection: sids and numbers begin anew."""
        self.sids, self.seqs = {}, {}
        self.after = {}
        self.told = False

    # the recording

    def publish(self, document):
        """A frame of the recording happened; the frames that go out for it."""
        body, kind = document["msg"], document["type"]
        if kind == "orderbook_snapshot":
            self.book = Total(*(self._levels(body, name) for name in ("yes", "no")))
            return self._out(BOOK, document) if self.told else []
        if kind == "orderbook_delta":
            side, price = self._place(body["side"], body["price_dollars"])
            self.book.change(side, price, _scaled(body["delta_fp"], 100))
            return self._out(BOOK, document) if self.told else []
        return self._out("ticker", document) if kind in self.sids else []

    def _place(self, side, price):
        price = _scaled(price, 10_000)
        return (0, price) if side == "yes" else (1, 10_000 - price)

    def _levels(self, body, side):
        levels = body.get(f"{side}_dollars_fp", ())
        return {self._place(side, price)[1]: _scaled(size, 100) for price, size in levels}

    # commands

    def command(self, text):
        """The answers to a command of the client."""
        command = decode(text)
        match command["cmd"]:
            case "list_subscriptions":
                return [encode({"id": command["id"], "type": "ok", "msg": []})]
            case "subscribe":
                return self._subscribe(command["id"], command["params"])
            case "update_subscription":
                return self._update(command["id"], command["params"])
        raise AssertionError(f"not expected of this client: {command}")

    def _subscribe(self, id_, params):
        (channel,) = params["channels"]
        sid = self.sids.setdefault(channel, len(self.sids) + 1)
        reply = {"id": id_, "type": "subscribed", "msg": {"channel": channel, "sid": sid}}
        if channel != BOOK or self.told:
            return [encode(reply)]
        self.told = self.ticker in params["market_tickers"]
        return [encode(reply), *self._snapshot()]

    def _update(self, id_, params):
        (sid,) = params["sids"]
        channel = next((name for name, known in self.sids.items() if known == sid), None)
        if channel is None:
            message = {"code": 7, "msg": "Unknown sid"}
            return [encode({"id": id_, "type": "error", "msg": message})]
        if params["action"] == "get_snapshot":
            self.asked += 1
            return self._snapshot()
        return self._out(channel, {"id": id_, "type": "ok", "msg": {}})

    def _snapshot(self):
        bids, asks = (sorted(side.items()) for side in self.book.sides)
        body = {"market_ticker": self.ticker, "market_id": "m"}
        if bids:
            body["yes_dollars_fp"] = [_texts(price, size) for price, size in bids]
        if asks:
            body["no_dollars_fp"] = [_texts(10_000 - price, size) for price, size in asks]
        return self._out(BOOK, {"type": "orderbook_snapshot", "msg": body})

    def _out(self, channel, document):
        document = document | {"sid": self.sids[channel]}
        if channel in SEQUENCED:
            seq = self.seqs[channel] = self.seqs.get(channel, 0) + 1
            document["seq"] = seq
            if channel == BOOK:
                self.after[seq] = self.book.sum
        return [encode(document)]


def _texts(price, size):
    return f"{Decimal(price) / 10_000:.4f}", f"{Decimal(size) / 100:.2f}"
