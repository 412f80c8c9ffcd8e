"""The kernel compiled before the first event needs it."""

import gc

from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant import kernel


def is_compiled() -> bool:
    """Whether machine code of this version lies in the cache already."""
    cached = getattr(kernel.step, "_cache", None)
    if cached is None:
        return False
    index = cached._cache_file._load_index()  # noqa: SLF001  # numba has no public word for it
    return bool(index)


def warm_up() -> None:
    """Call every compiled function once, and keep what exists by now out of garbage collection.

    After ``gc.freeze`` a full collection no longer walks over modules and tables: pauses of tens of
    milliseconds become microseconds.
    """
    index = Index("", NumberSettings())
    book = Book(index.array, index.real)
    book.load((), (), 1)
    book.change(BID, Price(1), Quantity(0), 1)
    book.move(BID, Price(1), Quantity(0), 1)
    index.absorb([(1, Price(1))], 1)  # type: ignore[list-item]  # any number will do
    index.tail(1)
    gc.collect()
    gc.freeze()
