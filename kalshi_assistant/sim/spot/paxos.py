"""Paxos, once itBit, the server's side: a snapshot in parts, then one level at a time.

Sources: WebSockets API, "Market Data Feed", and REST API v2, "Get Order Book", as read in autumn
2026. The URL selects the market, so the snapshot comes unasked and nothing is understood.

Not documented, and so a choice of this server: the size of a part; the error of a client that
sends something.
"""

from collections.abc import Sequence
from typing import Final

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.sim.spot.contract import Book, Change, Levels
from kalshi_assistant.sim.spot.written import price_text, size_text

MARKET: Final = "BTCUSD"
PART: Final = 500
"""Levels a side in one part of the snapshot."""
_SIDES: Final = ("BUY", "SELL")


class PaxosServer:
    """One connection for the book of BTCUSD."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._open = False

    @property
    def closed(self) -> bool:
        """Never."""
        return False

    def opened(self, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """The snapshot, in parts; the last one says so."""
        self._open = True
        bids, asks = self._book.levels(0), self._book.levels(1)
        starts = range(0, max(len(bids), len(asks), 1), PART)
        return [
            f'{{"type":"SNAPSHOT","market":"{MARKET}",'
            f"{_sides(bids[start : start + PART], asks[start : start + PART])},"
            f'"final_snapshot":{"true" if start == starts[-1] else "false"}}}'.encode()
            for start in starts
        ]

    def receive(self, frame: bytes, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """Nothing is understood."""
        return [b'{"type":"ERROR","message":"this connection takes no messages"}']

    def publish(self, changes: Sequence[Change], now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """One frame a change."""
        if not self._open:
            return []
        return [
            f'{{"type":"UPDATE","market":"{MARKET}","side":"{_SIDES[side]}",'
            f'"price":"{price_text(price, 2)}","amount":"{size_text(size)}"}}'.encode()
            for side, price, size in changes
        ]

    def tick(self, now: Nanos) -> list[bytes]:  # noqa: ARG002  # the contract's signature
        """Nothing: no heartbeats are documented."""
        return []


def order_book(book: Book) -> bytes:
    """The REST document: every level."""
    return f'{{"market":"{MARKET}",{_sides(book.levels(0), book.levels(1))}}}'.encode()


def _sides(bids: Levels, asks: Levels) -> str:
    return f'"bids":[{_levels(bids)}],"asks":[{_levels(asks)}]'


def _levels(levels: Levels) -> str:
    return ",".join(
        [
            f'{{"price":"{price_text(price, 2)}","amount":"{size_text(size)}"}}'
            for price, size in levels
        ]
    )
