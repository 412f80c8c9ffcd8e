"""Paper orders on their way and in the book: the gateway that sends nothing.

Each order meets the book it finds when it arrives, a latency drawn after it was made; a cancel or a
change is on its way as long. What comes of it goes to ``put`` as events, exactly as a venue's
answers would. What arrives between two events meets the book after the second of them.

Nothing here outlives the process: what rested is out of the book when the process ends. The next
one hears of it in ``Restored``, and answers ``cancel`` and ``look_up`` of such an order with its
end.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Final

from msgspec.structs import replace

from kalshi_assistant.domain.events import (
    BookDelta,
    CancelRefused,
    ClockJumped,
    Event,
    OrderAbsent,
    OrderChanged,
    RequestRefused,
    Restored,
)
from kalshi_assistant.domain.ids import ClientOrderId, Feed, Ticker
from kalshi_assistant.domain.intents import (
    Approved,
    Cancel,
    Decrease,
    EndGroup,
    HoldGroup,
    LookUp,
    ReadAccount,
    Renew,
)
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import PaperSettings
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim.admission import Sides
from kalshi_assistant.sim.latency import LatencyModel
from kalshi_assistant.sim.paper_order import refused, resting
from kalshi_assistant.sim.queueing import Assumptions
from kalshi_assistant.sim.shadow import NEVER, Shadow

DEPTH: Final = 1_000
"""Levels an order may walk."""
ENDS_KEPT: Final = 1_024
"""Finished orders whose end can still be looked up."""
PAPER: Final = Feed("paper")
LOST: Final = "the process that held it ended"

_Request = tuple[Order, dict[Price, Quantity]] | Cancel | Renew | Decrease


def latency_of(settings: PaperSettings) -> LatencyModel:
    """The model with its assumed latency; nothing is measured yet."""
    return LatencyModel(
        settings.latency_milliseconds * MILLISECOND,
        settings.latency_spread,
        settings.latency_samples,
    )


def assumptions_of(settings: PaperSettings) -> Assumptions:
    """What is assumed of queues."""
    return Assumptions(
        exponent=settings.queue_exponent,
        share=settings.conservative_share,
        grace=settings.cancel_grace_milliseconds * MILLISECOND,
    )


class PaperDesk:
    """A gateway to a venue that is only paper."""

    def __init__(
        self,
        engine: Engine,
        settings: PaperSettings,
        put: Callable[[Sequence[Event]], None],
        now: Callable[[], Nanos],
        seed: int,
        latency: LatencyModel | None = None,
    ) -> None:
        """``seed`` decides the latencies drawn from ``latency``, an assumed one where ``None``."""
        self._engine = engine
        self._put = put
        self._now = now
        self._chance = stream(seed, "paper.latency")
        self.latency = latency or latency_of(settings)
        assumed = assumptions_of(settings)
        self.shadow = Shadow(settings.precision, engine.contract, assumed)
        self._underway: list[tuple[int, int, _Request]] = []
        """(arrival, count, what): a heap."""
        self._count = 0
        self._coming: set[ClientOrderId] = set()
        self._ends: dict[ClientOrderId, OrderChanged] = {}
        self._due = int(NEVER)
        """When ``arrivals`` has something to do."""

    # --- the gateway ---

    def submit(self, approved: Approved[Order]) -> None:
        """Send an order on its way; a late approval is refused, an id is used once."""
        order, now = approved.what, self._now()
        if order.id in self._coming or order.id in self._ends or self.shadow.find(order.id):
            self._put([_refusal("create", order.id, now, "order_already_exists")])
            return
        late = self._engine.too_late(approved, now)
        if late is not None:
            self._tell([refused(order, now, late)])
            return
        against = ASK if order.side == BID else BID
        then = dict(self._engine.levels(order.ticker, against, DEPTH) or ())
        self._coming.add(order.id)
        delay = self.latency.of(order.id, self._uniform())
        self._send(max(now, Nanos(order.made_at + delay)), (order, then))

    def cancel(self, cancel: Cancel) -> None:
        """Ask for an order to be taken out."""
        self._send_later(cancel)

    def renew(self, renew: Renew) -> None:
        """Ask for an order's expiry to be moved; price and size stay what they are."""
        self._send_later(renew)

    def decrease(self, decrease: Decrease) -> None:
        """Ask for an order to be made smaller."""
        self._send_later(decrease)

    def look_up(self, question: LookUp) -> None:
        """Say what became of an order; one still on its way is answered by its arrival."""
        order, now = question.order, self._now()
        if order.id in self._coming:
            return
        stands = self.shadow.find(order.id)
        if stands is not None and not stands.over:
            self._put([resting(stands, now)])
        elif order.id in self._ends:
            self._put([replace(self._ends[order.id], at=now, received_at=now)])
        elif question.order_id is None:
            self._put([OrderAbsent(now, now, order.id, now)])
        else:
            self._put([_lost(order, Quantity(0), now)])

    def read_account(self, question: ReadAccount) -> None:
        """Nothing: the account on paper is our own ledger."""

    def hold_group(self, wanted: HoldGroup) -> None:
        """Nothing: there is no venue to limit what we do."""

    def end_group(self, ended: EndGroup) -> None:
        """Nothing, likewise."""

    def ahead(self, order_id: ClientOrderId) -> int | None:
        """Contracts served before an order of record that rests; ``None`` where none does."""
        stands = self.shadow.find(order_id)
        if stands is None or stands.over or stands.queue is None:
            return None
        return stands.queue.ahead

    # --- the loop's ---

    def see(self, event: Event) -> None:
        """Everything the engine handles, right after it did: what rests may be filled by it."""
        if type(event) is BookDelta and not self.shadow.busy:
            if event.received_at >= self._due:
                self.arrivals(event.received_at)
            return
        if isinstance(event, Restored):
            self._restored(event)
        elif isinstance(event, ClockJumped) and event.by < 0:
            self._set_back(event.by)
        self._tell(self.shadow.see(event))
        if event.received_at >= self._due:
            self.arrivals(event.received_at)

    def arrivals(self, now: Nanos) -> None:
        """Let arrive what is due at ``now``, and end what expired."""
        told: list[Event] = list(self.shadow.tick(now))
        while self._underway and self._underway[0][0] <= now:
            _, _, what = heappop(self._underway)
            match what:
                case (order, then):
                    self._coming.discard(order.id)
                    told += self.shadow.arrive(order, now, self._book(order.ticker), then)
                case Cancel():
                    told += self._cancelled(what, now)
                case Renew():
                    done = self.shadow.renew(what.id, what.expires_at, now)
                    told += [_refusal("renew", what.id, now)] if done is None else done
                case Decrease():
                    done = self.shadow.decrease(what.id, what.to, now)
                    told += [_refusal("decrease", what.id, now)] if done is None else done
        self._tell(told)

    def rests_in(self, ticker: Ticker) -> bool:
        """Whether a change of this market's book can be of interest to an order of ours."""
        return self.shadow.rests_in(ticker)

    @property
    def next_arrival(self) -> Nanos | None:
        """When ``arrivals`` next has something to do; ``None`` while nothing is on its way."""
        return None if self._due >= NEVER else Nanos(self._due)

    # --- inside ---

    def _uniform(self) -> float:
        return float(self._chance.random())

    def _send_later(self, what: Cancel | Renew | Decrease) -> None:
        self._send(Nanos(self._now() + self.latency.draw(self._uniform())), what)

    def _send(self, at: Nanos, what: _Request) -> None:
        self._count += 1
        heappush(self._underway, (at, self._count, what))
        self._plan()

    def _plan(self) -> None:
        first = self._underway[0][0] if self._underway else NEVER
        self._due = min(first, self.shadow.next_due)

    def _tell(self, told: Sequence[Event]) -> None:
        """Remember the ends of orders, plan, and let the events go."""
        for event in told:
            if isinstance(event, OrderChanged) and event.status != "resting":
                self._remember(ClientOrderId(event.order_id), event)
        self._plan()
        if told:
            self._put(told)

    def _remember(self, order_id: ClientOrderId, end: OrderChanged) -> None:
        self._ends[order_id] = end
        if len(self._ends) > ENDS_KEPT:
            del self._ends[next(iter(self._ends))]

    def _book(self, ticker: Ticker) -> Sides | None:
        bids = self._engine.levels(ticker, BID, DEPTH)
        asks = self._engine.levels(ticker, ASK, DEPTH)
        return None if bids is None or asks is None else (bids, asks)

    def _cancelled(self, cancel: Cancel, now: Nanos) -> list[Event]:
        """Out of the book; or refused as the venue refuses what does not rest."""
        told = self.shadow.cancel(cancel.id, now, cancel.reason)
        if told is not None:
            return list(told)
        end = self._ends.get(cancel.id)
        if end is not None and end.reason == LOST:
            return [replace(end, at=now, received_at=now)]
        text = "no such order rests" if end is None else f"the order is {end.status}"
        return [CancelRefused(now, now, cancel.id, cancel.order_id, "not_found", text)]

    def _set_back(self, by: int) -> None:
        """Our clock was set back: what is on its way arrives when it would have."""
        self._underway = [(at + by, count, what) for at, count, what in self._underway]
        self._plan()

    def _restored(self, event: Restored) -> None:
        """What rested in an earlier process is not in this one's book."""
        for each in event.orders:
            self._remember(each.order.id, _lost(each.order, each.filled, event.received_at))


def _refusal(request: str, order_id: ClientOrderId, now: Nanos, code: str = "not_found") -> Event:
    text = f"order {order_id}: {code.replace('_', ' ')}"
    return RequestRefused(now, now, PAPER, request, code, text, final=True)


def _lost(order: Order, filled: Quantity, now: Nanos) -> OrderChanged:
    return replace(refused(order, now, LOST), status="canceled", filled=filled)
