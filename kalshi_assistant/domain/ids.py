"""Names of things: tickers and our own order ids."""

from typing import Final, NewType

import msgspec

Ticker = NewType("Ticker", str)
"""One market, e.g. ``KXBTC15M-26NOV211215-15``. Never parsed: two windows share one in the autumn
hour.
"""

Series = NewType("Series", str)
ClientOrderId = NewType("ClientOrderId", str)
Feed = NewType("Feed", str)
"""A source of events as a person would name it: ``kalshi.book``, ``kalshi.index``, ``clock``."""

BTC_15_MINUTES: Final = Series("KXBTC15M")
BRTI: Final = "BRTI"
SIMULATED: Final = "simulated"
"""The environment of the exchange that lives on this machine; for words only, nothing is decided by
it.
"""


class OrderIds(msgspec.Struct, frozen=True):
    """Ids of our orders: a namespace drawn once per store, the epoch of this start, a counter.

    Two processes never share (namespace, epoch), so no id is ever made twice.
    """

    namespace: str
    epoch: int

    def make(self, counter: int) -> ClientOrderId:
        """The id with this ``counter``; the caller counts."""
        return ClientOrderId(f"{self.namespace}-{self.epoch}-{counter}")

    def owns(self, text: str | None) -> bool:
        """Whether an order with this id was made under our namespace, by any start."""
        return text is not None and text.startswith(f"{self.namespace}-")
