"""Does what the engine asks for: subscriptions, questions, paper orders, log lines."""

from collections.abc import Callable, Sequence

from kalshi_assistant.domain.events import Event, OrderFilled
from kalshi_assistant.domain.intents import (
    Announce,
    Estimate,
    Forecast,
    Inquire,
    Intent,
    Note,
    Reconcile,
    Report,
    Resync,
    SetTimer,
    Submit,
    Unwatch,
    Watch,
)
from kalshi_assistant.runtime.clock import Clock
from kalshi_assistant.runtime.compute import Estimator
from kalshi_assistant.runtime.http import VenueRest
from kalshi_assistant.runtime.listening import Listener
from kalshi_assistant.runtime.logs import Logs
from kalshi_assistant.runtime.paper_desk import PaperDesk


class Performer:
    """One venue's side of every intent; ``on_report`` hears of windows that are over."""

    def __init__(
        self,
        listener: Listener,
        rest: VenueRest,
        desk: PaperDesk,
        estimates: Estimator,
        logs: Logs,
        clock: Clock,
        put: Callable[[Sequence[Event]], None],
        on_report: Callable[[Report], None],
    ) -> None:
        self._listener = listener
        self._rest = rest
        self._desk = desk
        self._estimates = estimates
        self._logs = logs
        self._clock = clock
        self._put = put
        self._on_report = on_report

    def perform(self, intent: Intent) -> None:
        """Do it; what comes of it comes back as events."""
        match intent:
            case Watch() | Unwatch() | Resync() | Reconcile():
                self._listen(intent)
            case Inquire():
                self._rest.inquire(intent)
            case Submit():
                self._logs.trade(intent)
                self._put(self._desk.take(intent.order, self._clock.now()))
            case Announce():
                self._logs.signal(intent.signal)
            case Report():
                self._logs.trade(intent.window)
                self._on_report(intent)
            case Note():
                self._logs.main(intent.level, intent.topic, intent.text)
            case Forecast():
                self._logs.signal(intent)
            case Estimate():
                self._estimates.take(intent)
            case SetTimer():
                raise AssertionError("timers are the loop's")

    def arrivals(self) -> None:
        """Let paper orders that have arrived meet the book."""
        events = self._desk.arrivals(self._clock.now())
        for event in events:
            if isinstance(event, OrderFilled):
                self._logs.trade(event)
        self._put(events)

    def _listen(self, intent: Watch | Unwatch | Resync | Reconcile) -> None:
        match intent:
            case Watch():
                self._listener.watch(intent.ticker)
            case Unwatch():
                self._listener.unwatch(intent.ticker)
            case Resync():
                self._listener.resync(intent.ticker, intent.reason)
            case Reconcile():
                self._listener.check(intent.ticker)
