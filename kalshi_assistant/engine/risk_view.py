"""Risk as readers see it: every limit with what is used of it, every breaker, every exposure."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final, Literal, NamedTuple

from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine import guard
from kalshi_assistant.engine.page_views import ExposureView, GuardView, LimitView, RiskView
from kalshi_assistant.engine.state import State
from kalshi_assistant.risk.breakers import (
    KEEPS_IN_WORDS,
    STOPS_IN_WORDS,
    Shown,
    breaker_of,
    closes,
    opens,
)
from kalshi_assistant.risk.limits import RiskSettings, money, share

HUNDREDTHS: Final = 100
"""Percent and cents are told in hundredths."""

Unit = Literal["dollars", "percent", "cents", "count", "milliseconds"]


class _Row(NamedTuple):
    """A limit that is shown: its unit, what is used (``None``: every order by itself), what
    happens.
    """

    name: str
    unit: Unit
    used: int | None
    at_limit: str
    in_canary: bool = False
    """Whether only a share of it is given in the canary."""
    is_floor: bool = False
    """Whether it must not be fallen below."""


def risk_view(state: State) -> RiskView | None:
    """``None`` while only watching."""
    if not state.settings.trades:
        return None
    settings = state.settings.risk
    return RiskView(
        limits=tuple(_limit(row, state) for row in _rows(state)),
        breakers=tuple(_breaker(each, settings) for each in state.breakers.shown(state.now)),
        exposures=tuple(_exposures(state)),
        worst=guard.worst(state),
        canary_windows=settings.canary_windows,
        canary_share=settings.canary_share,
    )


_REFUSED: Final = "entries are refused"
_HALT: Final = "a halt until a person clears it"


def _rows(state: State) -> tuple[_Row, ...]:
    """The limits in the order in which the gate asks them."""
    desk, now, worst = state.desk, guard.worth(state), guard.worst(state)
    errors, rejects = state.breakers.within_a_minute(state.now)
    could_lose = max(0, worst - (state.ledger.realized - desk.day_start), -now.day_pnl)
    below = max(0, desk.peak - now.equity) * HUNDREDTHS * 100 // desk.peak if desk.peak > 0 else 0
    free = state.ledger.cash - guard.reserved_cash(state)
    return (
        _Row("max_order_dollars", "dollars", None, "an order is cut to it", in_canary=True),
        _Row("max_window_dollars", "dollars", _window(state), _REFUSED, in_canary=True),
        _Row("max_open_dollars", "dollars", worst, _REFUSED),
        _Row("max_day_loss_dollars", "dollars", could_lose, f"entries end; once lost, {_HALT}"),
        _Row("max_drawdown_percent", "percent", below, _HALT),
        _Row("min_cash_dollars", "dollars", free, _REFUSED, is_floor=True),
        _Row("max_losses_in_a_row", "count", state.breakers.losses_in_a_row, "a pause of entries"),
        _Row("max_orders_per_minute", "count", desk.sent_lately(state.now), _REFUSED),
        _Row("max_errors_per_minute", "count", errors, "more: a pause of entries"),
        _Row("max_rejects_per_minute", "count", rejects, f"more: {_HALT}"),
        _Row("collar_cents", "cents", None, "an entry priced worse is refused"),
        _Row("approval_milliseconds", "milliseconds", None, "an order sent later is refused"),
    )


def _window(state: State) -> Money:
    """What the window that can lose most may still lose, with what it has lost already."""
    tickers = dict.fromkeys(
        [*(each.ticker for each in state.ledger.holdings()),
         *(each.order.ticker for each in state.orders.owing())]
    )  # fmt: skip
    return max((guard.window_loss(state, ticker) for ticker in tickers), default=Money(0))


def _limit(row: _Row, state: State) -> LimitView:
    settings = state.settings.risk
    configured = _amount(getattr(settings, row.name), row.unit)
    part = share(state.desk.good_windows, settings) if row.in_canary else 1
    limit = int(configured * part)
    left = None
    if row.used is not None:
        left = row.used - limit if row.is_floor else limit - row.used
    return LimitView(
        name=row.name,
        about=next(str(f.metadata["about"]) for f in fields(settings) if f.name == row.name),
        unit=row.unit,
        limit=limit,
        setting=configured,
        used=row.used,
        left=left,
        at_limit=row.at_limit,
    )


def _amount(value: float, unit: Unit) -> int:
    if unit == "dollars":
        return money(value)
    return round(value * HUNDREDTHS) if unit in ("percent", "cents") else round(value)


def _breaker(shown: Shown, settings: RiskSettings) -> GuardView:
    breaker = breaker_of(shown.name)
    return GuardView(
        name=shown.name,
        kind=breaker.kind,
        state=shown.state,
        reason=shown.reason,
        since=shown.since,
        until=shown.until,
        opens=opens(breaker, settings),
        stops=STOPS_IN_WORDS[breaker.stops],
        keeps=KEEPS_IN_WORDS[breaker.stops],
        closes=closes(breaker, settings),
    )


def _exposures(state: State) -> Iterator[ExposureView]:
    tickers = {each.ticker: None for each in state.ledger.holdings()}
    tickers |= {each.order.ticker: None for each in state.orders.owing()}
    for ticker in tickers:
        held, found = state.ledger.position(ticker), guard.exposure_of(state, ticker)
        underway = sum(1 for _ in state.orders.owing(ticker))
        if held.quantity or underway:
            yield ExposureView(
                ticker, held.quantity, held.cost, underway, found.if_yes, found.if_no
            )
