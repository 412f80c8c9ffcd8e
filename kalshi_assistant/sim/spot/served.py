"""All eight constituents: their servers, their documents, and where both stand locally."""

from collections.abc import Callable
from typing import Final

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.sim.spot import (
    bitstamp,
    bullish,
    coinbase,
    cryptocom,
    gemini,
    kraken,
    lmax,
    paxos,
)
from kalshi_assistant.sim.spot.contract import Book, Change, Levels, SpotServer

__all__ = [
    "DOCUMENT_PATHS",
    "PATHS",
    "STEPS",
    "Book",
    "Change",
    "Levels",
    "SpotServer",
    "document",
    "serve",
]

_SERVERS: Final[dict[str, Callable[[Book], SpotServer]]] = {
    "coinbase": coinbase.CoinbaseServer,
    "kraken": kraken.KrakenServer,
    "bitstamp": bitstamp.BitstampServer,
    "gemini": gemini.GeminiServer,
    "cryptocom": cryptocom.CryptocomServer,
    "bullish": bullish.BullishServer,
    "paxos": paxos.PaxosServer,
    "lmax": lmax.LmaxServer,
}

PATHS: Final[dict[str, str]] = {venue: f"/{venue}" for venue in _SERVERS}
"""The path of each venue's socket."""
DOCUMENT_PATHS: Final[dict[str, str]] = {
    venue: f"/{venue}/order-book" for venue in ("bitstamp", "paxos")
}
"""The path of the order book of venues that have it by REST."""
STEPS: Final[dict[str, tuple[int, int]]] = {
    "coinbase": (100, 1),
    "kraken": (1_000, 1),
    "bitstamp": (10_000, 1),
    "gemini": (100, 1),
    "cryptocom": (100, 1_000),
    "bullish": (1_000, 1),
    "paxos": (2_500, 1),
    "lmax": (100, 1_000_000),
}
"""What the venue's own prices and sizes are multiples of; a book should keep to it, though nothing
is lost where it does not.
"""


def serve(venue: str, book: Book) -> SpotServer:
    """A new connection to ``venue``, one of ``PATHS``."""
    return _SERVERS[venue](book)


def document(venue: str, book: Book, now: Nanos) -> tuple[int, bytes] | None:
    """Status and body of the REST order book; ``None`` where the venue has none."""
    if venue == "bitstamp":
        return 200, bitstamp.order_book(book, now)
    if venue == "paxos":
        return 200, paxos.order_book(book)
    return None
