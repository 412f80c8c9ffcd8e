"""Composed traffic of the eight spot exchanges: a snapshot each, then seconds of their messages.

Every exchange has its own book and its own way to write numbers. Most changes are near the best
price, which walks; a level the price has walked over is removed by the next change. A third of the
sizes are round, the others have as many decimals as the exchange writes.
"""

from binascii import crc32
from collections.abc import Callable
from dataclasses import dataclass

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.spot.bitstamp import BitstampWire
from kalshi_assistant.venues.spot.bullish import BullishWire
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.cryptocom import CryptocomWire
from kalshi_assistant.venues.spot.gemini import GeminiWire
from kalshi_assistant.venues.spot.kraken import KrakenWire
from kalshi_assistant.venues.spot.lmax import LmaxWire
from kalshi_assistant.venues.spot.paxos import PaxosWire
from kalshi_assistant.venues.spot.wire import SpotWire
from tests.support.spot_frames import (
    bitstamp_diff,
    bitstamp_document,
    coinbase_snapshot,
    coinbase_update,
    encode,
    gemini_depth,
    kraken_snapshot,
    kraken_update,
)

NOW = 1_790_000_000 * SECOND
MID_CENTS = 8_400_000
WALK_CENTS = 480
"""How far the price goes in a second, one standard deviation."""
NEAR_CENTS = 2_000
"""Mean distance of a change from the price."""
ROUND_SIZES = tuple(int(each * 1e8) for each in (0.01, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2))

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Manner:
    """How an exchange writes: ticks of so many cents, so many decimals, their zeros kept or cut."""

    tick_cents: int = 1
    price_decimals: int = 2
    size_decimals: int = 8
    zeros: bool = True

    def price(self, cents: int) -> str:
        return f"{cents / 100:.{self.price_decimals}f}"

    def size(self, units: int) -> str:
        text = f"{units // 10**8}.{units % 10**8:08d}"[: -8 + self.size_decimals or None]
        return text if self.zeros else text.rstrip("0").rstrip(".")


class Market:
    """One exchange's book, in cents and 1e-8 bitcoin, and how it changes."""

    def __init__(self, name: str, manner: Manner, levels: int) -> None:
        self.rng = stream(1, f"traffic of {name}")
        self.manner, self.mid = manner, MID_CENTS
        self.sides: list[dict[int, int]] = [{}, {}]
        steps = self.rng.integers(1, 20, (2, levels)) * manner.tick_cents
        for side, sign in ((0, -1), (1, 1)):
            place = self.mid
            for step in steps[side]:
                place += sign * int(step)
                self.sides[side][place] = self._size()

    def walk(self) -> None:
        """A second passes."""
        step = round(self.rng.normal() * WALK_CENTS / self.manner.tick_cents)
        self.mid += step * self.manner.tick_cents

    def changes(self, count: int) -> tuple[Pairs, Pairs]:
        """Bids and asks that change, as they are written, each price once."""
        changed: list[dict[int, int]] = [{}, {}]
        for _ in range(count):
            side, price, size = self._change()
            changed[side][price] = size
        return self.written(changed[0]), self.written(changed[1])

    def written(self, levels: dict[int, int]) -> Pairs:
        manner = self.manner
        return [(manner.price(price), manner.size(size)) for price, size in levels.items()]

    def best(self, count: int) -> tuple[dict[int, int], dict[int, int]]:
        bids, asks = (sorted(side) for side in self.sides)
        return (
            {price: self.sides[0][price] for price in bids[: -count - 1 : -1]},
            {price: self.sides[1][price] for price in asks[:count]},
        )

    def _change(self) -> tuple[int, int, int]:
        side = int(self.rng.integers(2))
        levels, sign = self.sides[side], (-1, 1)[side]
        passed = max(levels) if side == 0 else min(levels)
        if (passed - self.mid) * sign <= 0:
            del levels[passed]
            return side, passed, 0
        tick = self.manner.tick_cents
        price = self.mid + sign * tick * (1 + int(self.rng.exponential(NEAR_CENTS) / tick))
        if price not in levels and self.rng.random() < 0.5:
            price = passed  # the best price changes most
        if price in levels and self.rng.random() < 0.4 and len(levels) > 60:
            del levels[price]
            return side, price, 0
        levels[price] = self._size()
        return side, price, levels[price]

    def _size(self) -> int:
        if self.rng.random() < 0.3:
            return int(self.rng.choice(ROUND_SIZES))
        unit = 10 ** (8 - self.manner.size_decimals)
        return max(1, int(self.rng.lognormal(-2.5, 1.3) * 1e8) // unit) * unit


@dataclass
class Exchange:
    """A wire, what it is given first, and what comes each second."""

    wire: SpotWire
    market: Market
    a_second: int
    most: int
    """Changes in a message."""
    begin: Callable[["Exchange"], list[bytes]]
    message: Callable[["Exchange"], bytes]
    fewest: int = 1
    document: Callable[["Exchange"], bytes] | None = None
    number: int = 0

    def some(self) -> tuple[Pairs, Pairs]:
        self.number += 1
        return self.market.changes(int(self.market.rng.integers(self.fewest, self.most + 1)))

    def whole(self) -> tuple[Pairs, Pairs]:
        bids, asks = (self.market.written(side) for side in self.market.sides)
        return bids, asks


def _kraken_checksum(market: Market) -> int:
    bids, asks = market.best(10)
    texts = market.written(asks) + market.written(bids)
    digits = [text.replace(".", "").lstrip("0") for level in texts for text in level]
    return crc32("".join(digits).encode())


def _kraken_begin(exchange: Exchange) -> list[bytes]:
    bids, asks = exchange.whole()
    return [kraken_snapshot(bids, asks, _kraken_checksum(exchange.market))]


def _kraken(exchange: Exchange) -> bytes:
    bids, asks = exchange.some()
    return kraken_update(_kraken_checksum(exchange.market), bids, asks)


def _cryptocom_frame(channel: str, data: dict[str, object]) -> bytes:
    head = {"instrument_name": "BTC_USD", "subscription": "book.BTC_USD.50", "channel": channel}
    result = head | {"depth": 50, "data": [data]}
    return encode({"id": -1, "method": "subscribe", "code": 0, "result": result})


def _counted(side: Pairs) -> list[tuple[str, str, str]]:
    return [(price, size, "0" if size == "0" else "2") for price, size in side]


def _cryptocom_begin(exchange: Exchange) -> list[bytes]:
    bids, asks = (exchange.market.written(side) for side in exchange.market.best(50))
    data = {"bids": _counted(bids), "asks": _counted(asks), "t": 1_790_000_000_100, "u": 0}
    return [_cryptocom_frame("book", data)]


def _cryptocom(exchange: Exchange) -> bytes:
    bids, asks = exchange.some()
    number, stamp = exchange.number, 1_790_000_000_110
    numbers = {"t": stamp, "tt": stamp - 1, "u": number, "pu": number - 1, "cs": 0}
    update = {"bids": _counted(bids), "asks": _counted(asks)}
    return _cryptocom_frame("book.update", {"update": update} | numbers)


def _bullish(exchange: Exchange) -> bytes:
    exchange.some()
    bids, asks = (exchange.market.written(side) for side in exchange.market.best(100))
    data = {
        "symbol": "BTCUSD",
        "bids": [text for level in bids for text in level],
        "asks": [text for level in asks for text in level],
        "sequenceNumberRange": [exchange.number, exchange.number],
        "datetime": "2026-09-21T14:13:20.100Z",
        "timestamp": "1790000000100",
        "publishedAtTimestamp": "1790000000101",
    }
    return encode({"type": "snapshot", "dataType": "V1TALevel2", "data": data})


def _named(side: Pairs, name: str) -> list[dict[str, str]]:
    return [{"price": price, name: size} for price, size in side]


def _paxos_begin(exchange: Exchange) -> list[bytes]:
    bids, asks = exchange.whole()
    sides = {"bids": _named(bids, "amount"), "asks": _named(asks, "amount")}
    return [encode({"type": "SNAPSHOT", "market": "BTCUSD", "final_snapshot": True} | sides)]


def _paxos(exchange: Exchange) -> bytes:
    bids, asks = exchange.some()
    side, (price, amount) = ("BUY", bids[0]) if bids else ("SELL", asks[0])
    body = {"side": side, "price": price, "amount": amount}
    return encode({"type": "UPDATE", "market": "BTCUSD"} | body)


def _lmax(exchange: Exchange) -> bytes:
    exchange.some()
    bids, asks = (exchange.market.written(side) for side in exchange.market.best(20))
    sides = {"bids": _named(bids, "quantity"), "asks": _named(asks, "quantity")}
    head = {"type": "ORDER_BOOK", "instrument_id": "btc-usd"}
    return encode(head | {"timestamp": "2026-09-21T14:00:00.000Z"} | sides)


def exchanges() -> dict[str, Exchange]:
    """All eight, with the rates of their documentation and of observation."""
    cut, tenth = Manner(zeros=False), Manner(10, 1)
    return {
        "coinbase": Exchange(
            CoinbaseWire(), Market("coinbase", cut, 20_000), 20, 20,
            lambda self: [coinbase_snapshot(0, *self.whole())],
            lambda self: (lambda sides: coinbase_update(self.number, *sides))(self.some()),
        ),
        "kraken": Exchange(
            KrakenWire(), Market("kraken", tenth, 1_000), 100, 5, _kraken_begin, _kraken
        ),
        "bitstamp": Exchange(
            BitstampWire(), Market("bitstamp", Manner(100, 0), 3_000), 7, 20,
            lambda self: [bitstamp_diff(0)],
            lambda self: (lambda sides: bitstamp_diff(self.number, *sides))(self.some()),
            fewest=5, document=lambda self: bitstamp_document(0, *self.whole()),
        ),
        "gemini": Exchange(
            GeminiWire(), Market("gemini", cut, 3_000), 100, 4,
            lambda self: [gemini_depth(0, 0, *self.whole())],
            lambda self: (lambda sides: gemini_depth(self.number, self.number, *sides))(
                self.some()
            ),
        ),
        "cryptocom": Exchange(
            CryptocomWire(), Market("cryptocom", Manner(size_decimals=5, zeros=False), 100), 46, 6,
            _cryptocom_begin, _cryptocom,
        ),
        "bullish": Exchange(
            BullishWire(), Market("bullish", Manner(10, 4), 200), 10, 20,
            lambda self: [_bullish(self)], _bullish,
        ),
        "paxos": Exchange(
            PaxosWire(), Market("paxos", Manner(25, 2, zeros=False), 500), 5, 1,
            _paxos_begin, _paxos,
        ),
        "lmax": Exchange(
            LmaxWire(), Market("lmax", Manner(10, 2, 2), 100), 1, 20,
            lambda self: [_lmax(self)], _lmax,
        ),
    }  # fmt: skip
