"""What a run, or the backtest of it, said and did about its orders: collected from its events and
what the engine asked for at each.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from kalshi_assistant.domain.entries import FillKept
from kalshi_assistant.domain.events import (
    AccountSeen,
    Event,
    LatencyMeasured,
    OrderChanged,
    OrderFilled,
)
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.intents import Announce, Cancel, Intent, Keep, Renew, Submit
from kalshi_assistant.domain.orders import Order
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.settings import PRECISION
from kalshi_assistant.sim.queueing import OF_RECORD

_OF_RECORD = (OF_RECORD, "venue")


@dataclass(slots=True)
class Told:
    """One life's signals, orders and fills of record, in the order in which they came."""

    signals: list[Signal] = field(default_factory=list)
    orders: dict[ClientOrderId, Order] = field(default_factory=dict)
    fills: dict[ClientOrderId, list[FillKept]] = field(default_factory=dict)
    delays: dict[ClientOrderId, int] = field(default_factory=dict)
    """Nanoseconds from when an order was made to the instant of the first thing heard of it."""
    ends: dict[ClientOrderId, OrderChanged] = field(default_factory=dict)
    """How orders ended that were not filled whole."""
    renewed: Counter[ClientOrderId] = field(default_factory=Counter)
    cancelled: dict[ClientOrderId, str] = field(default_factory=dict)
    """Why we asked for an order to be taken out."""
    measured: list[int] = field(default_factory=list)
    """Nanoseconds, as the run measured them itself."""
    at_venue: bool = False
    """Whether any fill was a venue's."""
    account: str = "broker"
    """As ``paper.account``: what the venue's balances showed of how finely it is kept, and whether
    that was before the first order.
    """

    def take(self, event: Event, intents: Iterable[Intent]) -> None:
        """One more event, and what was asked for at it."""
        if isinstance(event, OrderChanged | OrderFilled):
            self._heard(event)
        elif isinstance(event, LatencyMeasured) and event.delay > 0:
            self.measured.append(event.delay)
        elif isinstance(event, AccountSeen):
            self._balances(event.cash, *(cash for _, cash in event.shard_cash))
        for intent in intents:
            self._asked(intent)

    def _asked(self, intent: Intent) -> None:
        match intent:
            case Announce():
                self.signals.append(intent.signal)
            case Submit():
                self.orders[intent.order.what.id] = intent.order.what
            case Renew():
                self.renewed[intent.id] += 1
            case Cancel():
                self.cancelled.setdefault(intent.id, intent.reason)
            case Keep(entry=FillKept() as fill):
                self._balances(fill.cash)
                if fill.client_order_id is not None:
                    self.fills.setdefault(fill.client_order_id, []).append(fill)
            case _:
                pass

    def _balances(self, *amounts: Money) -> None:
        if self.account == "broker" and any(each % PRECISION["broker"] for each in amounts):
            self.account = "shown" if self.orders else "direct"

    def _heard(self, event: OrderChanged | OrderFilled) -> None:
        name = event.client_order_id
        if name is None or event.source not in _OF_RECORD:
            return
        self.at_venue = self.at_venue or event.source == "venue"
        order = self.orders.get(name)
        if order is not None:
            # the venue's own stamp, as far as its clock can be ours
            met = min(max(event.at, order.made_at), event.received_at)
            self.delays.setdefault(name, Nanos(met) - order.made_at)
        if isinstance(event, OrderChanged) and event.status in ("canceled", "rejected"):
            self.ends[name] = event

    @property
    def recorded(self) -> tuple[int, ...]:
        """Delays to draw from: those measured, else those of the orders. Nanoseconds."""
        return tuple(self.measured) or tuple(each for each in self.delays.values() if each > 0)
