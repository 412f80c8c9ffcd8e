"""Many changes of books as columns: what a recording is mostly made of, ready for the kernel.

**Invariant:** receipts never go back from one row to the next.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kalshi_assistant.domain.events import BookDelta
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.quant.layout import Ints

Shorts = npt.NDArray[np.int32]
Sides = npt.NDArray[np.int8]

COLUMNS: Final[dict[str, np.dtype[np.signedinteger]]] = {
    "market": np.dtype("<i4"),
    "side": np.dtype("i1"),
    "price": np.dtype("<i4"),
    "change": np.dtype("<i8"),
    "at": np.dtype("<i8"),
    "received_at": np.dtype("<i8"),
}
"""Every column with its type, in the order in which they are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Deltas:
    """Rows of one stretch of the past; ``market`` is a place in ``tickers``."""

    tickers: tuple[Ticker, ...]
    market: Shorts
    side: Sides
    price: Shorts
    change: Ints
    at: Ints
    received_at: Ints

    @classmethod
    def of(cls, tickers: tuple[Ticker, ...], columns: dict[str, npt.NDArray[np.int64]]) -> "Deltas":
        """From columns by name, which nobody may write to from here on."""
        for column in columns.values():
            column.flags.writeable = False
        return cls(tickers, **columns)  # type: ignore[arg-type]  # the names are those of COLUMNS

    def __len__(self) -> int:
        return len(self.received_at)

    def event(self, row: int) -> BookDelta:
        """One row as the event it was."""
        return BookDelta(
            Nanos(int(self.at[row])),
            Nanos(int(self.received_at[row])),
            self.tickers[self.market[row]],
            BID if self.side[row] == BID else ASK,
            Price(int(self.price[row])),
            Quantity(int(self.change[row])),
        )

    def received(self, row: int) -> Nanos:
        """When a row was received."""
        return Nanos(int(self.received_at[row]))

    def ticker(self, row: int) -> Ticker:
        """Whose book a row is about."""
        return self.tickers[int(self.market[row])]
