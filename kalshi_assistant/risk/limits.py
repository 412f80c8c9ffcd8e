"""The limits: settings, what the gate is told, and one pure check for each, in a fixed order.

Every check answers ``None`` or why the order may not leave, naming the setting and both numbers.
They bound what *could* happen, not what is likely: orders in flight count as filled wherever that
hurts, and fees as the dearest way the venue can charge them (``exposure.py``).

Orders that close a position skip the limits of entries. What they may do is less: never more than
is held and not already on its way out, so that the worst that can happen only gets smaller.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    ONE_CONTRACT,
    PRICE_SCALE,
    Money,
    Price,
    Quantity,
    format_cents,
    format_money,
    format_quantity,
)
from kalshi_assistant.risk.exposure import LEAST, Charges, Exposure, closing_side, worst_cost

CENT: Final = PRICE_SCALE // 100
EXIT_RATE: Final = 2
"""Exits may be sent at this many times the rate of entries: they must get out, but no storm."""

GROUP_CONTRACTS_MAX: Final = 1_000_000
"""The venue's order groups go up to this."""

FREE: Final = Charges(0, 1)
_WHOLE: Final = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """What may be lost, and when trading stops by itself."""

    max_order_dollars: float = setting(
        20.0, "most that one order may cost, fees included", gt=0, le=100_000
    )
    max_window_dollars: float = setting(
        40.0,
        "most that one window may lose: positions and open orders at their worst, and losses taken",
        gt=0,
        le=100_000,
    )
    max_open_dollars: float = setting(
        60.0, "most that all open windows may lose together", gt=0, le=1_000_000
    )
    max_day_loss_dollars: float = setting(
        100.0,
        "most that a day (New York's) may lose, open positions included; reaching it is a halt",
        gt=0,
        le=1_000_000,
    )
    day_loss_ends_with_day: bool = setting(
        False, "let the next day lift a halt of max_day_loss_dollars; else a person clears it"
    )
    max_drawdown_percent: float = setting(
        20.0, "most that equity may be below its peak, percent; reaching it is a halt", gt=0, le=100
    )
    min_cash_dollars: float = setting(
        5.0, "cash on a market's shard that no entry touches", ge=0, le=1_000_000
    )
    max_losses_in_a_row: int = setting(
        5, "losing windows one after another that start a pause of entries", ge=1, le=1_000
    )
    loss_cooldown_minutes: float = setting(60.0, "how long that pause is", ge=1, le=10_080)
    small_loss_dollars: float = setting(
        0.5, "windows that win or lose less neither count nor break a row", ge=0, le=10_000
    )
    max_errors_per_minute: int = setting(
        10, "more failed requests within a minute start a pause of entries", ge=1, le=10_000
    )
    error_pause_minutes: float = setting(
        5.0, "how long that pause is, counted from the last such minute", ge=0.1, le=1_440
    )
    max_rejects_per_minute: int = setting(
        5, "more orders refused by the venue within a minute are a halt", ge=1, le=10_000
    )
    stale_quiet_seconds: float = setting(
        5.0, "data must be fresh this long before entries go on", ge=0, le=600
    )
    max_orders_per_minute: int = setting(
        20, "entries stop at this many orders within a minute, exits at twice as many", ge=1, le=600
    )
    group_contracts_per_dollar: float = setting(
        2.0,
        "contracts for each dollar of max_window_dollars that entries may trade within 15 seconds, "
        "enforced by the venue too (live): its order group cancels our entries past that (2: what "
        "the window's limit buys at 50 cents)",
        gt=0,
        le=100,
    )
    collar_cents: float = setting(
        3.0, "an entry's limit may be this much worse than the best price", ge=0, le=99
    )
    approval_milliseconds: int = setting(
        250, "an approved order not sent within this is refused", ge=1, le=10_000
    )
    canary_windows: int = setting(
        20, "windows that must go well before orders have their full size; 0: none", ge=0, le=10_000
    )
    canary_share: float = setting(
        0.1, "share of the size, and of the limits per order and window, until then", gt=0, le=1
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an order may not leave: the limit or breaker by its name, and a sentence."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything the gate is told about one order's surroundings, at one instant."""

    armed: bool
    """The process may send orders at all."""
    disarmed_because: str = ""
    close_time: Nanos
    """The order's market's."""
    on_grid: bool = True
    """Whether the market takes orders at this price."""
    charges: Charges | None
    """``None``: the market's fees are not known."""
    best: Price | None
    """The best price an order of this side would meet now, in YES prices: the lowest ask for a bid.
    ``None`` where the book is not believed or nobody is there.
    """
    position: Quantity
    """Held in the order's market; positive is YES."""
    leaving: Quantity
    """``exposure.leaving`` of the market's open orders."""
    window: Exposure
    """Of the order's market, orders at rest, in flight and in doubt included, this one not."""
    window_realized: Money
    """Profit the window has made or lost already, after fees."""
    others_worst: Money
    """Sum of the worst losses of all other markets."""
    cash: Money
    """On the order's shard."""
    shard: int | None = None
    """Which one, at a venue: its collateral is taken there and nowhere else. ``None`` on paper."""
    reserved: Money
    """What open orders may still take of it: ``exposure.reserved``."""
    day_realized: Money
    """This New York day's profit of what was closed or settled, after fees."""
    day_pnl: Money
    """The same with open positions as ``exposure.mark`` has them."""
    equity: Money
    """Cash and what ``exposure.mark`` says of everything held."""
    peak: Money
    """The highest equity at a settlement, or since a person cleared a halt."""
    orders_last_minute: int
    """Orders of every purpose sent within the last minute."""
    good_windows: int
    """Windows traded without trouble since the canary began."""
    group_room: Quantity | None = None
    """What entries may still trade before the venue's order group triggers; ``None``: there is
    none.
    """


@dataclass(slots=True)
class Case:
    """One order before the gate; what several checks ask is computed once."""

    order: Order
    look: Look
    settings: RiskSettings
    now: Nanos
    _cost: Money | None = None
    _after: Money | None = None

    @property
    def cost(self) -> Money:
        """What the order can cost at the most."""
        if self._cost is None:
            assert self.look.charges is not None, "fees are checked before costs"
            self._cost = worst_cost(self.order, self.look.charges)
        return self._cost

    @property
    def after(self) -> Money:
        """What the window can lose with this order."""
        if self._after is None:
            self._after = self.look.window.plus(self.order, self.look.charges or FREE).worst
        return self._after


Check = Callable[[Case], str | None]


def money(dollars: float) -> Money:
    """A setting in dollars as money."""
    return Money(round(dollars * MONEY_SCALE))


def dollars(amount: int) -> str:
    """``-1237500`` as ``-$1.2375``."""
    return f"{'-' if amount < 0 else ''}${format_money(abs(amount))}"


def in_canary(good_windows: int, settings: RiskSettings) -> bool:
    """Whether orders are still small on purpose."""
    return good_windows < settings.canary_windows


def share(good_windows: int, settings: RiskSettings) -> Fraction:
    """What part of its size an entry may have, to a millionth."""
    if not in_canary(good_windows, settings):
        return _WHOLE
    return _millionths(settings.canary_share)


@lru_cache(maxsize=8)
def _millionths(part: float) -> Fraction:
    return Fraction(max(1, round(part * 1_000_000)), 1_000_000)


def past_collar(order: Order, best: Price, settings: RiskSettings) -> bool:
    """Whether the limit is worse than the best price by more than the collar."""
    worse = order.limit - best if order.side == BID else best - order.limit
    return worse > settings.collar_cents * CENT


def group_limit(settings: RiskSettings) -> Quantity:
    """What entries may trade within the venue's fifteen seconds: whole contracts, at least one."""
    contracts = int(settings.group_contracts_per_dollar * settings.max_window_dollars)
    return Quantity(min(max(contracts, 1), GROUP_CONTRACTS_MAX) * ONE_CONTRACT)


def below_peak(equity: Money, peak: Money, settings: RiskSettings) -> bool:
    """Whether equity is as far below its peak as it may be."""
    return peak > 0 and (peak - equity) * 100 >= settings.max_drawdown_percent * peak


# --- checks ---


def _shape(case: Case) -> str | None:
    order = case.order
    if order.quantity < LEAST or not 0 < order.limit < PRICE_SCALE:
        return "an order is for at least 0.01 contracts, between 0.01c and 99.99c"
    capped = order.reduce_only and order.time_in_force == "immediate_or_cancel"
    if order.purpose == "exit" and not capped:
        return "an exit is reduce-only and immediate, so that the venue caps it at what is held too"
    return None


def _armed(case: Case) -> str | None:
    because = case.look.disarmed_because
    return None if case.look.armed else f"trading is not armed{because and ': '}{because}"


def _grid(case: Case) -> str | None:
    if case.look.on_grid:
        return None
    return f"{format_cents(case.order.limit)}c is no step of the market's price grid"


def _open(case: Case) -> str | None:
    if case.now < case.look.close_time:
        return None
    return "the market has closed"


def _fees(case: Case) -> str | None:
    return "the market's fees are not known" if case.look.charges is None else None


def _collar(case: Case) -> str | None:
    order, best = case.order, case.look.best
    if best is None:
        return "there is no price to compare with risk.collar_cents: the book is not known or empty"
    if not past_collar(order, best, case.settings):
        return None
    return (
        f"the limit {format_cents(order.limit)}c is worse than the best price "
        f"{format_cents(best)}c by more than risk.collar_cents = {case.settings.collar_cents:g}"
    )


def _rate(case: Case) -> str | None:
    return _too_many(case, case.settings.max_orders_per_minute, "")


def _exit_rate(case: Case) -> str | None:
    return _too_many(case, EXIT_RATE * case.settings.max_orders_per_minute, "twice ")


def _too_many(case: Case, limit: int, times: str) -> str | None:
    sent, least = case.look.orders_last_minute, case.settings.max_orders_per_minute
    if sent < limit:
        return None
    return (
        f"{sent} orders were sent within a minute, and {times}"
        f"risk.max_orders_per_minute = {least} is the limit"
    )


def _scaled(case: Case, limit: float) -> Money:
    """A limit as it is now: a share of it in the canary."""
    return Money(int(money(limit) * share(case.look.good_windows, case.settings)))


def _over(case: Case, what: str, amount: int, name: str, limit: Money) -> str | None:
    if amount <= limit:
        return None
    full = money(getattr(case.settings, name))
    part = f" (in the canary {dollars(limit)})" if limit != full else ""
    return f"{what} {dollars(amount)}, more than risk.{name} = {dollars(full)}{part}"


def _order_dollars(case: Case) -> str | None:
    limit = _scaled(case, case.settings.max_order_dollars)
    return _over(case, "the order could cost", case.cost, "max_order_dollars", limit)


def _window_dollars(case: Case) -> str | None:
    limit = _scaled(case, case.settings.max_window_dollars)
    amount = case.after + max(0, -case.look.window_realized)
    return _over(case, "the window could lose", amount, "max_window_dollars", limit)


def _open_dollars(case: Case) -> str | None:
    amount = case.after + case.look.others_worst
    limit = money(case.settings.max_open_dollars)
    return _over(case, "all open windows could lose", amount, "max_open_dollars", limit)


def _group_room(case: Case) -> str | None:
    room, wanted = case.look.group_room, case.order.quantity
    if room is None or wanted <= room:
        return None
    return (
        f"{format_quantity(wanted)} contracts, and {format_quantity(room)} may trade before the "
        "venue's order group cancels our entries (risk.group_contracts_per_dollar)"
    )


def _day_loss(case: Case) -> str | None:
    limit = money(case.settings.max_day_loss_dollars)
    lost = -case.look.day_pnl
    if lost >= limit:
        return f"the day has lost {dollars(lost)}; risk.max_day_loss_dollars = {dollars(limit)}"
    amount = case.after + case.look.others_worst - case.look.day_realized
    return _over(case, "the day could lose", amount, "max_day_loss_dollars", limit)


def _drawdown(case: Case) -> str | None:
    look = case.look
    if not below_peak(look.equity, look.peak, case.settings):
        return None
    return (
        f"equity {dollars(look.equity)} is as far below its peak {dollars(look.peak)} as "
        f"risk.max_drawdown_percent = {case.settings.max_drawdown_percent:g} allows"
    )


def _cash(case: Case) -> str | None:
    free = case.look.cash - case.look.reserved - money(case.settings.min_cash_dollars)
    cost = case.cost
    if cost <= free:
        return None
    text = (
        f"the order could cost {dollars(cost)}, and {dollars(free)} is free: "
        f"{dollars(case.look.cash)} in cash{_where(case)} less {dollars(case.look.reserved)} for "
        f"open orders less risk.min_cash_dollars = {dollars(money(case.settings.min_cash_dollars))}"
    )
    if case.look.shard is None:
        return text
    return (
        f"{text}; the venue takes collateral from the market's own shard alone: transfer money to "
        f"shard {case.look.shard} (on its site, or by its intra-exchange transfer)"
    )


def _where(case: Case) -> str:
    return "" if case.look.shard is None else f" on shard {case.look.shard}"


def _held(case: Case) -> str | None:
    order, look = case.order, case.look
    if order.side != closing_side(look.position):
        return "there is nothing held that this order would close"
    free = abs(look.position) - look.leaving
    if order.quantity <= free:
        return None
    return (
        f"it would close {format_quantity(order.quantity)}; {format_quantity(abs(look.position))} "
        f"is held and {format_quantity(look.leaving)} may already be on its way out"
    )


def _no_more_risk(case: Case) -> str | None:
    after, before = case.after, case.look.window.worst
    if after <= before:
        return None
    return f"the window could lose {dollars(after)} with it and {dollars(before)} without"


FIRST: Final[tuple[tuple[str, Check], ...]] = (
    ("order", _shape),
    ("not_armed", _armed),
    ("off_grid", _grid),
)
"""Of every order, before the breakers are asked."""

ENTRY: Final[tuple[tuple[str, Check], ...]] = (
    ("market_closed", _open),
    ("fees_unknown", _fees),
    ("min_cash_dollars", _cash),
    ("collar_cents", _collar),
    ("max_orders_per_minute", _rate),
    ("max_order_dollars", _order_dollars),
    ("max_window_dollars", _window_dollars),
    ("max_open_dollars", _open_dollars),
    ("group_contracts_per_dollar", _group_room),
    ("max_day_loss_dollars", _day_loss),
    ("max_drawdown_percent", _drawdown),
)
"""Of an entry, in this order; those with a setting have its name."""

EXIT: Final[tuple[tuple[str, Check], ...]] = (
    ("market_closed", _open),
    ("max_orders_per_minute", _exit_rate),
    ("more_than_held", _held),
    ("more_risk", _no_more_risk),
)
"""Of an exit or a take-profit: it may leave where fees are not known, and at any price its maker
thinks right; whoever must get out is not told to wait for a better book.
"""


def first_failing(checks: tuple[tuple[str, Check], ...], case: Case) -> Refused | None:
    """The first check that says no."""
    for name, check in checks:
        reason = check(case)
        if reason is not None:
            return Refused(name, reason)
    return None
