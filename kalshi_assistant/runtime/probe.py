"""How long everything takes: from the venue's stamp to the fill, against targets; and how orders
fared.

All stamps are nanoseconds of the one clock that also stamps ``received_at``: it runs on a clock
that is never set, and is re-anchored only after a jump. A difference that cannot be a delay
(negative, or longer than a minute within the process) is left out.

Ordinary facts are sampled one in sixteen; what led to a signal or an order is always timed.
**Invariant:** bounded, whatever is never answered.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from kalshi_assistant.domain.events import Event, OrderChanged, OrderFilled
from kalshi_assistant.domain.ids import ClientOrderId
from kalshi_assistant.domain.intents import Announce, Intent, Submit
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import MILLISECOND, MINUTE
from kalshi_assistant.domain.units import complement
from kalshi_assistant.engine.snapshot import StageView
from kalshi_assistant.runtime.histogram import Histogram
from kalshi_assistant.runtime.logs import Logs

SAMPLED: Final = 16
"""One ordinary fact in so many is timed."""
ORDERS_MAX: Final = 1_024
"""Orders followed at once, and values kept of those that ended."""
LONGEST: Final = MINUTE
WRITE_SECONDS: Final = 10.0
TURN_WRITES: Final = 30
"""Writes between two turns of the histograms: what is told covers five to ten minutes."""
WAITING_MAX: Final = 64

Stage = Literal[
    "venue to receipt",
    "receipt to handled",
    "tick to signal",
    "receipt to durable",
    "signal to order",
    "order to answer",
    "receipt to answer",
    "answer to fill",
]
TARGETS_MS: Final[dict[Stage, float | None]] = {
    "venue to receipt": None,
    "receipt to handled": None,
    "tick to signal": 1.0,
    "receipt to durable": None,
    "signal to order": 5.0,
    "order to answer": None,
    "receipt to answer": None,
    "answer to fill": None,
}
"""Every stage in its order, and what its p99 should stay below."""
DEPTH_TARGET: Final = 100.0
_PARTS: Final = (0.5, 0.95, 0.99)
_OF_RECORD: Final = frozenset(("realistic", "venue"))
_ENDS: Final = frozenset(("executed", "canceled"))


class _Track:
    """One order of ours on its way."""

    __slots__ = (
        "acked",
        "cost",
        "ended",
        "filled",
        "first_fill",
        "handled",
        "order",
        "received",
        "sent",
    )

    def __init__(self, order: Order, received: int, handled: int) -> None:
        self.order = order
        self.received, self.handled = received, handled
        self.sent: int | None = None
        self.acked: int | None = None
        self.first_fill: int | None = None
        self.filled = self.cost = 0
        """Contracts filled, and their prices (of the outcome bought) times contracts."""
        self.ended: int | None = None
        """Contracts that were filled when it ended, as it was told."""


class Probe:
    """Times the boundaries of the engine process. ``write`` and ``run`` need ``logs``."""

    def __init__(
        self,
        logs: Logs | None = None,
        on_answer: Callable[[int], None] | None = None,
        speed: float = 1.0,
    ) -> None:
        """``on_answer`` hears each delay from receipt to answer; leave it out on paper, where the
        answer's delay was drawn. ``speed`` is that of a clock that runs fast.
        """
        self._logs, self._on_answer, self._speed = logs, on_answer, speed
        self._stages: dict[Stage, Histogram] = {stage: Histogram() for stage in TARGETS_MS}
        self._depth = Histogram()
        self._rates: deque[float] = deque(maxlen=ORDERS_MAX)
        self._slips: deque[float] = deque(maxlen=ORDERS_MAX)
        self._tracks: dict[ClientOrderId, _Track] = {}
        self._received = self._handled = self._writes = 0
        self._waiting: list[int] = []
        """Receipts of sampled facts that are handled and not yet durable."""

    # --- the boundaries ---

    def received(self, event: Event) -> None:
        """A fact came in: how old it was by its source's stamp."""
        self._received += 1
        if self._received % SAMPLED == 0 and event.at != event.received_at:
            self._time("venue to receipt", event.received_at - event.at)

    def handled(self, event: Event, intents: tuple[Intent, ...], now: int) -> None:
        """``Engine.handle`` answered ``intents`` at ``now``."""
        self._handled += 1
        if self._handled % SAMPLED == 0:
            self._time("receipt to handled", now - event.received_at)
            if len(self._waiting) < WAITING_MAX:
                self._waiting.append(event.received_at)
        if intents:
            self._asked(event, intents, now)
        if type(event) is OrderChanged or type(event) is OrderFilled:
            self._told(event)

    def durable(self, now: int) -> None:
        """All that was handled so far is on disk."""
        for received in self._waiting:
            self._time("receipt to durable", now - received)
        self._waiting.clear()

    def sent(self, order_id: ClientOrderId, now: int) -> None:
        """The order was handed to the socket."""
        track = self._tracks.get(order_id)
        if track is not None and track.sent is None:
            track.sent = now
            self._time("signal to order", now - track.handled)

    def acked(self, order_id: ClientOrderId, now: int) -> None:
        """The venue answered; the first answer counts."""
        track = self._tracks.get(order_id)
        if track is None or track.acked is not None:
            return
        track.acked = now
        if track.sent is not None:
            self._time("order to answer", now - track.sent)
        delay = now - track.received
        if self._time("receipt to answer", delay) and self._on_answer is not None:
            self._on_answer(delay)

    def filled(self, order_id: ClientOrderId, now: int) -> None:
        """Something of the order traded; the first time counts."""
        track = self._tracks.get(order_id)
        if track is None or track.first_fill is not None:
            return
        track.first_fill = now
        if track.acked is not None:
            self._stages["answer to fill"].add(max(0, now - track.acked))

    def queued(self, depth: int) -> None:
        """So many events waited when a batch was taken."""
        self._depth.add(depth)

    # --- reading ---

    def view(self) -> tuple[StageView, ...]:
        """Every stage, the queue, and how orders fared."""
        stages = (
            stage_view(name, "ms", self._stages[name], MILLISECOND * self._speed, TARGETS_MS[name])
            for name in TARGETS_MS
        )
        return (
            *stages,
            stage_view("queue depth", "items", self._depth, 1.0, DEPTH_TARGET),
            _values("fill rate", "share", self._rates),
            _values("slippage", "cents", self._slips),
        )

    def write(self) -> None:
        """One line of ``latency.json`` with all of it."""
        if self._logs is not None:
            measured = [_as_mapping(view) for view in self.view() if view.count]
            self._logs.latency({"what": "stages", "stages": measured})
        self._writes += 1
        if self._writes % TURN_WRITES == 0:
            for histogram in (*self._stages.values(), self._depth):
                histogram.turn()

    async def run(self) -> None:
        """Write every ten seconds, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            self.write()

    # --- inside ---

    def _time(self, stage: Stage, delay: int) -> bool:
        """Count a delay that can be one."""
        if not 0 <= delay <= LONGEST:
            return False
        self._stages[stage].add(delay)
        return True

    def _asked(self, event: Event, intents: tuple[Intent, ...], now: int) -> None:
        for intent in intents:
            if type(intent) is Announce:
                self._time("tick to signal", now - event.received_at)
            elif type(intent) is Submit:
                order = intent.order.what
                self._tracks[order.id] = _Track(order, event.received_at, now)
                if len(self._tracks) > ORDERS_MAX:
                    del self._tracks[next(iter(self._tracks))]

    def _told(self, event: OrderChanged | OrderFilled) -> None:
        """What the account of record says of an order."""
        order_id = event.client_order_id
        track = None if order_id is None else self._tracks.get(order_id)
        if order_id is None or track is None or event.source not in _OF_RECORD:
            return
        self.acked(order_id, event.received_at)
        if isinstance(event, OrderFilled):
            self.filled(order_id, event.received_at)
            own = event.price if event.side == BID else complement(event.price)
            track.filled += event.quantity
            track.cost += own * event.quantity
        elif event.status in _ENDS:
            track.ended = event.filled
        elif event.status == "rejected":
            del self._tracks[order_id]
        if track.ended is not None and track.filled >= track.ended:
            self._fared(track)
            self._tracks.pop(order_id, None)

    def _fared(self, track: _Track) -> None:
        """The order is over and all its fills were told."""
        order = track.order
        self._rates.append(track.filled / order.quantity)
        if track.filled and order.top is not None:
            self._slips.append((track.cost / track.filled - order.top) / 100)


def stage_view(
    name: str,
    unit: Literal["ms", "items"],
    histogram: Histogram,
    scale: float,
    target: float | None,
) -> StageView:
    """What a histogram says of a stage, its values divided by ``scale``."""
    p50, p95, p99 = histogram.quantiles(_PARTS)
    return _view(
        name, unit, histogram.count, (histogram.mean, p50, p95, p99, histogram.worst), scale, target
    )


def _values(name: str, unit: Literal["share", "cents"], values: deque[float]) -> StageView:
    ordered, count = sorted(values), len(values)
    if not count:
        return _view(name, unit, 0, (None,) * 5, 1.0, None)
    parts = (ordered[int(part * (count - 1))] for part in _PARTS)
    return _view(name, unit, count, (sum(ordered) / count, *parts, ordered[-1]), 1.0, None)


def _view(
    name: str,
    unit: Literal["ms", "items", "share", "cents"],
    count: int,
    numbers: tuple[float | None, ...],
    scale: float,
    target: float | None,
) -> StageView:
    mean, p50, p95, p99, worst = (None if x is None else round(x / scale, 4) for x in numbers)
    met = None if target is None or p99 is None else p99 < target
    return StageView(name, unit, count, mean, p50, p95, p99, worst, target, met)


def _as_mapping(view: StageView) -> dict[str, object]:
    return {name: getattr(view, name) for name in view.__struct_fields__}
