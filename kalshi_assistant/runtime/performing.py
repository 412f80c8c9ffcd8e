"""Does what the engine asks for: subscriptions, questions, orders, log lines."""

from collections.abc import Callable
from typing import assert_never

from kalshi_assistant.domain.intents import (
    Announce,
    Cancel,
    Decrease,
    EndGroup,
    Estimate,
    Forecast,
    HoldGroup,
    Inquire,
    Intent,
    Keep,
    LookUp,
    Note,
    ReadAccount,
    Reconcile,
    Renew,
    Report,
    Resync,
    SetTimer,
    Submit,
    Unwatch,
    Watch,
)
from kalshi_assistant.runtime.compute import Estimator
from kalshi_assistant.runtime.http import VenueRest
from kalshi_assistant.runtime.listening import Listener
from kalshi_assistant.runtime.logs import Logs
from kalshi_assistant.runtime.ports import Gateway

OfOrders = Submit | Cancel | Renew | Decrease | LookUp | ReadAccount | HoldGroup | EndGroup
"""What whoever carries our orders is asked for."""


class Performer:
    """One venue's side of every intent; ``on_report`` hears of windows that are over."""

    def __init__(
        self,
        listener: Listener,
        rest: VenueRest,
        gateway: Gateway | None,
        estimates: Estimator,
        logs: Logs,
        on_report: Callable[[Report], None],
    ) -> None:
        """Without a ``gateway`` nothing is traded: what watches only sends nothing."""
        self._listener = listener
        self._rest = rest
        self._gateway = gateway
        self._estimates = estimates
        self._logs = logs
        self._on_report = on_report

    def perform(self, intent: Intent) -> None:  # noqa: C901  # one line per kind of intent
        """Do it; what comes of it comes back as events."""
        if isinstance(intent, OfOrders):
            self._trade(intent)
            return
        match intent:
            case Watch() | Unwatch() | Resync() | Reconcile():
                self._listen(intent)
            case Inquire():
                self._rest.inquire(intent)
            case Announce():
                self._logs.signal(intent.signal)
            case Keep():
                self._logs.trade(intent.entry)
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

    def _trade(self, intent: OfOrders) -> None:
        if self._gateway is not None:
            carry(self._gateway, intent, self._logs.trade)

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


def carry(
    gateway: Gateway,
    intent: OfOrders,
    log: Callable[[object], None],
) -> None:
    """Hand an intent about our orders to whoever carries them."""
    match intent:
        case Submit():
            log(intent)
            gateway.submit(intent.order)
        case Cancel():
            gateway.cancel(intent)
        case Renew():
            gateway.renew(intent)
        case Decrease():
            gateway.decrease(intent)
        case LookUp():
            gateway.look_up(intent)
        case ReadAccount():
            gateway.read_account(intent)
        case HoldGroup():
            gateway.hold_group(intent)
        case EndGroup():
            gateway.end_group(intent)
        case _:
            assert_never(intent)
