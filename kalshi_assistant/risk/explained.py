"""What the limits and breakers mean for a given bankroll, in words and by trial.

The preview asks the real gate and moves the real breakers; it derives nothing on its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from kalshi_assistant.domain.ids import ClientOrderId, Ticker
from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import HOUR, MINUTE, Nanos
from kalshi_assistant.domain.units import PRICE_SCALE, Money, Price, Quantity, format_quantity
from kalshi_assistant.risk.breakers import (
    BREAKERS,
    KEEPS_IN_WORDS,
    STOPS_IN_WORDS,
    Breakers,
    closes,
    opens,
    stays,
)
from kalshi_assistant.risk.exposure import NONE, Charges, worst_cost
from kalshi_assistant.risk.gate import approve
from kalshi_assistant.risk.limits import (
    EXIT_RATE,
    Look,
    Refused,
    RiskSettings,
    dollars,
    group_limit,
    money,
)

HALF: Final = Price(PRICE_SCALE // 2)
QUANTITY_MAX: Final = 100_000_000
"""A million contracts: no limit allows more than the search looks for."""
TRADES_MAX: Final = 10_000
_START: Final = Nanos(12 * HOUR)
_WINDOW: Final = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One setting of ``risk``: its value, what it is, and what that comes to."""

    name: str
    value: str
    about: str
    means: str


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """One breaker in words."""

    name: str
    halt: bool
    """Whether it stays until a person clears it."""
    opens: str
    stops: str
    keeps: str
    closes: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the gate would do, found by asking it."""

    canary: bool
    quantity: Quantity
    """The largest order at 50c that it lets through."""
    cost: Money
    """What that order can cost, fees included."""
    bound_by: str | None
    """The limit that refuses a hundredth of a contract more."""
    trades: int
    """Orders of that size, one a window, all lost, until entries stop for the day."""
    lost: Money
    stopped_by: str | None
    """What stops them then; ``None``: nothing did."""
    pauses: int
    """Pauses that losses in a row made on the way."""


def _of(amount: Money, bankroll: Money) -> str:
    if bankroll <= 0:
        return dollars(amount)
    return f"{dollars(amount)} is {100 * amount / bankroll:.3g}% of {dollars(bankroll)}"


Meaning = Callable[[RiskSettings, Money], str]

_MEANINGS: Final[dict[str, Meaning]] = {
    "max_order_dollars": lambda risk, roll: _of(money(risk.max_order_dollars), roll),
    "max_window_dollars": lambda risk, roll: _of(money(risk.max_window_dollars), roll),
    "max_open_dollars": lambda risk, roll: _of(money(risk.max_open_dollars), roll),
    "max_day_loss_dollars": lambda risk, roll: _of(money(risk.max_day_loss_dollars), roll),
    "day_loss_ends_with_day": lambda risk, _: (
        "New York's midnight lifts the halt"
        if risk.day_loss_ends_with_day
        else "a person clears it"
    ),
    "max_drawdown_percent": lambda risk, roll: (
        f"from a peak of {dollars(roll)} down to "
        f"{dollars(round(roll * (1 - risk.max_drawdown_percent / 100)))}"
    ),
    "min_cash_dollars": lambda risk, roll: (
        f"{dollars(max(0, roll - money(risk.min_cash_dollars)))} of {dollars(roll)} may be used"
    ),
    "max_losses_in_a_row": lambda risk, _: f"pause of {risk.loss_cooldown_minutes:g} minutes",
    "loss_cooldown_minutes": lambda risk, _: f"{risk.loss_cooldown_minutes / 15:.3g} windows",
    "small_loss_dollars": lambda risk, roll: _of(money(risk.small_loss_dollars), roll),
    "max_errors_per_minute": lambda risk, _: f"pause of {risk.error_pause_minutes:g} minutes",
    "error_pause_minutes": lambda risk, _: f"{risk.error_pause_minutes / 15:.3g} windows",
    "max_rejects_per_minute": lambda _, __: "a person clears the halt",
    "stale_quiet_seconds": lambda _, __: "entries wait, exits do not",
    "max_orders_per_minute": lambda risk, _: f"exits: {EXIT_RATE * risk.max_orders_per_minute}",
    "group_contracts_per_dollar": lambda risk, _: (
        f"{format_quantity(group_limit(risk))} contracts in 15 s, then the venue stops entries"
    ),
    "collar_cents": lambda risk, _: f"best ask 50c: a bid up to {50 + risk.collar_cents:g}c",
    "approval_milliseconds": lambda risk, _: f"{risk.approval_milliseconds / 1000:g} seconds",
    "canary_windows": lambda risk, _: f"{risk.canary_windows / 4:g} hours of windows at the least",
    "canary_share": lambda risk, _: (
        f"orders {_part(risk, risk.max_order_dollars)}, windows "
        f"{_part(risk, risk.max_window_dollars)} at most"
    ),
}
"""By setting; a test holds it to be complete."""


def _part(risk: RiskSettings, limit: float) -> str:
    return dollars(money(limit * risk.canary_share))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.12g}" if isinstance(value, (int, float)) else str(value)


def limits_explained(settings: RiskSettings, bankroll: Money) -> tuple[LimitRow, ...]:
    """Every limit, in the order of the configuration file."""
    return tuple(
        LimitRow(
            spec.name,
            _shown(getattr(settings, spec.name)),
            spec.metadata["about"],
            _MEANINGS[spec.name](settings, bankroll),
        )
        for spec in fields(settings)
    )


def breakers_explained(settings: RiskSettings) -> tuple[BreakerRow, ...]:
    """Every breaker, those that stop most first."""
    return tuple(
        BreakerRow(
            breaker.name,
            stays(breaker.name),
            opens(breaker, settings),
            STOPS_IN_WORDS[breaker.stops],
            KEEPS_IN_WORDS[breaker.stops],
            closes(breaker, settings),
        )
        for breaker in BREAKERS
    )


# --- the preview ---


@dataclass(slots=True)
class _Trial:
    """An account that holds nothing, with a book of 50c, before the real gate."""

    settings: RiskSettings
    charges: Charges
    good_windows: int
    cash: Money
    peak: Money
    lost: Money
    now: Nanos
    breakers: Breakers

    def ask(self, quantity: int) -> Approved[Order] | Refused:
        order = Order(
            ClientOrderId("preview"), Ticker("preview"), BID, HALF, Quantity(quantity), self.now
        )
        look = Look(
            armed=True,
            close_time=Nanos(self.now + _WINDOW),
            charges=self.charges,
            best=HALF,
            position=Quantity(0),
            leaving=Quantity(0),
            window=NONE,
            window_realized=Money(0),
            others_worst=Money(0),
            cash=self.cash,
            reserved=Money(0),
            day_realized=Money(-self.lost),
            day_pnl=Money(-self.lost),
            equity=self.cash,
            peak=self.peak,
            orders_last_minute=0,
            good_windows=self.good_windows,
        )
        return approve(order, look, self.breakers, self.settings, self.now)

    def largest(self) -> Quantity:
        """The largest quantity let through; every limit on size is monotonic."""
        low, high = 0, QUANTITY_MAX
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (
                (low, middle - 1) if isinstance(self.ask(middle), Refused) else (middle, high)
            )
        return Quantity(low)

    def lose(self, amount: Money) -> int:
        """One window, its order lost; answers how many pauses it began, and waits them out."""
        self.lost, self.cash = Money(self.lost + amount), Money(self.cash - amount)
        self.now = Nanos(self.now + 1)  # the day stands still: all of it happens on one
        opened = self.breakers.window_settled(Money(-amount), self.now)
        opened += self.breakers.equity(self.cash, self.peak, Money(-self.lost), self.now)
        pauses = sum(not stays(halt.breaker) for halt in opened)
        if pauses:
            self.now = Nanos(max(self.now, self.breakers.cooling_until))
        return pauses


def preview(settings: RiskSettings, bankroll: Money, charges: Charges, *, canary: bool) -> Preview:
    """The largest order at 50c, and how often it may be lost on one day."""
    good = 0 if canary else settings.canary_windows
    nothing = Money(0)
    trial = _Trial(settings, charges, good, bankroll, bankroll, nothing, _START, Breakers(settings))
    quantity = trial.largest()
    beyond = trial.ask(quantity + 1)
    cost = _cost(quantity, charges)
    trades = pauses = 0
    answer = trial.ask(quantity)
    while not isinstance(answer, Refused) and trades < TRADES_MAX:
        trades += 1
        pauses += trial.lose(cost)
        answer = trial.ask(quantity)
    return Preview(
        canary=canary,
        quantity=quantity,
        cost=cost,
        bound_by=beyond.name if isinstance(beyond, Refused) else None,
        trades=trades,
        lost=trial.lost,
        stopped_by=answer.name if isinstance(answer, Refused) else None,
        pauses=pauses,
    )


def _cost(quantity: Quantity, charges: Charges) -> Money:
    order = Order(ClientOrderId("preview"), Ticker("preview"), BID, HALF, quantity, _START)
    return worst_cost(order, charges)
