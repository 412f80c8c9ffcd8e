"""The order book of one market: known or unknown, in one YES orientation.

**Invariant:** a book that answers is the venue's book after the last fact received; a book that
has seen trouble answers "unknown" until a snapshot comes. The arrays belong to the kernel; this
file gives them their meaning.
"""

from collections.abc import Iterable

from kalshi_assistant.domain.events import Level
from kalshi_assistant.domain.orders import ASK, BID, BookSide
from kalshi_assistant.domain.units import ONE_DOLLAR, Price, Quantity
from kalshi_assistant.market.deltas import Deltas
from kalshi_assistant.quant import layout
from kalshi_assistant.quant.batch import ROW_SHIFT, advance
from kalshi_assistant.quant.kernel import move, step
from kalshi_assistant.quant.layout import (
    BITS,
    CLEAR,
    DELTA,
    LEVEL,
    M_ASK,
    M_BID,
    M_KNOWN,
    M_NO_NUMBER,
    SIDE,
    Ints,
    Reals,
)

WAITING = "waiting for the first snapshot"


class Book:
    """One market's levels inside ``array``, and why they may not be believed."""

    __slots__ = ("_index", "_real", "_view", "array", "changed_at", "unknown_because")

    def __init__(self, index: Ints, real: Reals) -> None:
        self.array = layout.new_market()
        self._view = self.array.data
        self._index = index
        self._real = real
        self.unknown_because: str | None = WAITING
        self.changed_at: int | None = None

    @property
    def known(self) -> bool:
        """Whether the levels may be believed."""
        return self._view[M_KNOWN] == 1

    @property
    def best_bid(self) -> Price | None:
        """The highest price somebody wants to buy YES at; ``None`` when nobody does."""
        return Price(self._view[M_BID]) or None

    @property
    def best_ask(self) -> Price | None:
        """The lowest price somebody wants to sell YES at; ``None`` when nobody does."""
        best = self._view[M_ASK]
        return None if best == ONE_DOLLAR else Price(best)

    @property
    def has_number(self) -> bool:
        """Whether the last evaluation had a probability."""
        return self._view[M_NO_NUMBER] == 0

    def content(self, side: BookSide, price: Price) -> Quantity:
        """What rests on one level."""
        return Quantity(self._view[price + side * SIDE])

    def forget(self, because: str) -> None:
        """From here on the levels are not believed."""
        self.array[M_KNOWN] = 0
        self.unknown_because = because

    def load(self, bids: Iterable[Level], asks: Iterable[Level], at: int) -> None:
        """Replace everything with a snapshot; mends whatever was wrong."""
        self._step(CLEAR, 0, 0, 0, at)
        for side, levels in ((BID, bids), (ASK, asks)):
            for price, quantity in levels:
                self._step(LEVEL, side, price, quantity, at)
        self.array[M_KNOWN] = 1
        self.unknown_because = None
        self.changed_at = at

    def change(self, side: BookSide, price: Price, by: Quantity, at: int) -> int:
        """Add to one level and evaluate; answers the kernel's bits."""
        self.changed_at = at
        return self._step(DELTA, side, price, by, at)

    def change_many(self, deltas: Deltas, first: int, last: int, before: int) -> tuple[int, int]:
        """``change`` by rows of this book, see ``quant.batch.advance``; answers the row to go on
        from and the kernel's bits for the last one.
        """
        answer = advance(
            self.array,
            self._index,
            self._real,
            deltas.market,
            deltas.side,
            deltas.price,
            deltas.change,
            deltas.received_at,
            first,
            last,
            before,
        )
        row, bits = answer >> ROW_SHIFT, answer & BITS
        self.changed_at = int(deltas.received_at[row - 1])
        return row, bits

    def move(self, side: BookSide, price: Price, by: Quantity, at: int) -> int:
        """Add to one level and evaluate nothing; answers the kernel's bits and best prices."""
        self.changed_at = at
        return move(self.array, side, price, by)

    def differences(self, bids: Iterable[Level], asks: Iterable[Level]) -> int:
        """How many levels are not as in these sides."""
        count = 0
        for side, levels in ((BID, bids), (ASK, asks)):
            mine, theirs = dict(self.levels(side, int(ONE_DOLLAR))), dict(levels)
            count += len(set(mine.items()) ^ set(theirs.items()))
        return count

    def levels(self, side: BookSide, depth: int) -> tuple[Level, ...]:
        """The best ``depth`` levels of a side, best first."""
        if side == BID:  # nothing lies beyond the best: that half of a side is not looked at
            contents = self.array[: self._view[M_BID] + 1]
            best = contents.nonzero()[0][::-1][:depth]
            first = 0
        else:
            first = self._view[M_ASK]
            contents = self.array[SIDE + first : 2 * SIDE]
            best = contents.nonzero()[0][:depth]
        pairs = zip((best + first).tolist(), contents[best].tolist(), strict=True)
        return tuple(pairs)

    def _step(self, kind: int, a: int, b: int, c: int, at: int) -> int:
        return step(self.array, self._index, self._real, kind, a, b, c, at)
