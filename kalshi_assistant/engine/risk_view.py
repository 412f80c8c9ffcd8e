"""Risk as readers see it: every limit with what is used of it, every breaker, every exposure."""

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from kalshi_assistant.domain.ids import Ticker
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

_ABOUT: Final = {spec.name: str(spec.metadata["about"]) for spec in fields(RiskSettings)}

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
    settings, worst, tickers = state.settings.risk, guard.worst(state), _at_stake(state)
    return RiskView(
        limits=tuple(_limit(row, state) for row in _rows(state, worst, tickers)),
        breakers=tuple(_breaker(each, settings) for each in state.breakers.shown(state.now)),
        exposures=tuple(_exposures(state, tickers)),
        worst=worst,
        canary_windows=settings.canary_windows,
        canary_share=settings.canary_share,
    )


_REFUSED: Final = "entries are refused"
_HALT: Final = "a halt until a person clears it"


def _rows(state: State, worst: Money, tickers: list[Ticker]) -> tuple[_Row, ...]:
    """The limits in the order in which the gate asks them."""
    desk, now = state.desk, guard.worth(state)
    errors, rejects = state.breakers.within_a_minute(state.now)
    could_lose = max(0, worst - (state.ledger.realized - desk.day_start), -now.day_pnl)
    below = max(0, desk.peak - now.equity) * HUNDREDTHS * 100 // desk.peak if desk.peak > 0 else 0
    free = state.ledger.cash - guard.reserved_cash(state)
    return (
        _Row("max_order_dollars", "dollars", None, "an order is cut to it", in_canary=True),
        _Row("max_window_dollars", "dollars", _window(state, tickers), _REFUSED, in_canary=True),
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


def _window(state: State, tickers: list[Ticker]) -> Money:
    """What the window that can lose most may still lose, with what it has lost already."""
    return max((guard.window_loss(state, each) for each in tickers), default=Money(0))


def _at_stake(state: State) -> list[Ticker]:
    """Markets in which something is held or under way."""
    tickers = {each.ticker: None for each in state.ledger.holdings()}
    return list(tickers | {each.order.ticker: None for each in state.orders.owing()})


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
        about=_ABOUT[row.name],
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
    closed = _closed(shown.name, settings)
    if shown.state == "closed":
        return closed
    return replace(
        closed, state=shown.state, reason=shown.reason, since=shown.since, until=shown.until
    )


@lru_cache(maxsize=64)
def _closed(name: str, settings: RiskSettings) -> GuardView:
    """A breaker that has not tripped: the same for as long as the settings are."""
    breaker = breaker_of(name)
    return GuardView(
        name=name,
        kind=breaker.kind,
        state="closed",
        reason=None,
        since=None,
        until=None,
        opens=opens(breaker, settings),
        stops=STOPS_IN_WORDS[breaker.stops],
        keeps=KEEPS_IN_WORDS[breaker.stops],
        closes=closes(breaker, settings),
    )


def _exposures(state: State, tickers: list[Ticker]) -> Iterator[ExposureView]:
    for ticker in tickers:
        held, found = state.ledger.position(ticker), guard.exposure_of(state, ticker)
        underway = sum(1 for _ in state.orders.owing(ticker))
        if held.quantity or underway:
            yield ExposureView(
                ticker, held.quantity, held.cost, underway, found.if_yes, found.if_no
            )
