"""How an engine stands, from one snapshot: one line, a few lines, or a record for machines."""

from typing import Final

from kalshi_assistant.control.records import Record, index_dollars, iso, market_record, seconds_left
from kalshi_assistant.domain.time import format_iso
from kalshi_assistant.domain.units import (
    MONEY_SCALE,
    Money,
    floor_to,
    format_money,
    format_price,
    format_quantity,
)
from kalshi_assistant.engine.snapshot import BreakerView, MarketView, Snapshot, TradingView

CENT: Final = MONEY_SCALE // 100
MARKET_IN_SHORT: Final = (
    "seconds_left", "strike", "p_yes", "no_number", "market_mid", "veto", "position",
)  # fmt: skip


def open_breakers(snapshot: Snapshot) -> list[BreakerView]:
    """Everything that stops entries now."""
    trading = snapshot.trading
    return [] if trading is None else [each for each in trading.breakers if each.state != "closed"]


def line(snapshot: Snapshot) -> str:
    """The state in one line, times in UTC."""
    parts = [
        f"{format_iso(snapshot.at)[11:19]}Z {snapshot.mode} {snapshot.environment}",
        _market_in_short(snapshot),
    ]
    if snapshot.paused is not None:
        parts.append(f"PAUSED: {snapshot.paused}")
    if snapshot.trading is not None:
        parts.append(_money_in_short(snapshot.trading))
    if stopping := open_breakers(snapshot):
        parts.append(f"STOPPED by {', '.join(each.name for each in stopping)}")
    parts.append(_feeds_in_short(snapshot))
    return " | ".join(parts)


def lines(snapshot: Snapshot) -> list[str]:
    """The state for a person."""
    found = [f"as of {format_iso(snapshot.at)}, settings {snapshot.config}"]
    found.append(f"market    {_market_in_short(snapshot)}")
    index = snapshot.index
    value = index_dollars(index.value)
    found.append(f"index     {'none yet' if value is None else f'{value} ({index.label})'}")
    if snapshot.trading is not None:
        found += _trading_lines(snapshot.trading)
    found.append(f"feeds     {_feeds_in_short(snapshot)}")
    found.append(
        f"windows   {snapshot.checked_windows} checked, {snapshot.matched_windows} as the venue "
        f"settled them; {len(snapshot.signals)} signals lately"
    )
    notices = (
        ("PAUSED", snapshot.paused),
        ("exchange", snapshot.exchange_says),
        ("unreachable", snapshot.unreachable),
        ("clock", snapshot.clock.wrong),
    )
    found += [f"{name:<9} {text}" for name, text in notices if text is not None]
    for each in open_breakers(snapshot):
        found.append(f"STOPPED   {each.name}: {each.reason} ({each.stops})")
    return found


def record(snapshot: Snapshot) -> Record:
    """The state for a machine: dollars as strings, times ISO 8601 UTC, what is not known null."""
    index, market = snapshot.index, snapshot.market
    return {
        "at": format_iso(snapshot.at),
        "events": snapshot.sequence,
        "config": snapshot.config,
        "paused": snapshot.paused,
        "exchange": snapshot.exchange_says,
        "unreachable": snapshot.unreachable,
        "clock": snapshot.clock.wrong,
        "polled": snapshot.polled,
        "index": index_dollars(index.value),
        "index_label": index.label,
        "index_at": iso(index.value_at),
        "market": None if market is None else _market(market, snapshot.at),
        "trading": None if snapshot.trading is None else _trading(snapshot.trading),
        "stopped_by": [
            {
                "name": each.name,
                "state": each.state,
                "reason": each.reason,
                "since": iso(each.since),
            }
            for each in open_breakers(snapshot)
        ],
        "feeds": {each.name: each.state for each in snapshot.feeds},
        "windows_checked": snapshot.checked_windows,
        "windows_matched": snapshot.matched_windows,
    }


def _market(market: MarketView, at: int) -> Record:
    known = market_record(market, at)
    return {"ticker": market.ticker, **{name: known[name] for name in MARKET_IN_SHORT}}


def _trading(trading: TradingView) -> Record:
    return {
        "may_enter": trading.closed_because is None,
        "closed_because": trading.closed_because,
        "armed": trading.armed,
        "at_venue": trading.venue,
        "cash": format_money(trading.cash),
        "equity": format_money(trading.equity),
        "day_pnl": format_money(trading.day_pnl),
        "worst": format_money(trading.worst),
        "orders": [
            {
                "id": each.id,
                "ticker": each.ticker,
                "outcome": each.outcome,
                "limit": format_price(each.limit),
                "quantity": format_quantity(each.quantity),
                "filled": format_quantity(each.filled),
                "state": each.state,
            }
            for each in trading.orders
        ],
    }


def _trading_lines(trading: TradingView) -> list[str]:
    account = "at the venue" if trading.venue else "on paper"
    may = trading.closed_because or "entries may leave"
    stake = f"at stake {_dollars(trading.worst)}, {len(trading.orders)} orders open"
    return [f"trading   {may}", f"account   {account}, {_money_in_short(trading)}, {stake}"]


def _money_in_short(trading: TradingView) -> str:
    return f"equity {_dollars(trading.equity)}, day {_dollars(trading.day_pnl, sign=True)}"


def _market_in_short(snapshot: Snapshot) -> str:
    market = snapshot.market
    if market is None:
        return "no market yet"
    number = market.number
    probability = "no number" if number.p_yes is None else f"P(YES) {number.p_yes:.3f}"
    mid = "-" if market.market_mid is None else f"{market.market_mid:.3f}"
    stance = "may trade" if market.veto is None else market.veto.replace("_", " ")
    left = seconds_left(market, snapshot.at)
    return f"{market.ticker} {left:.0f} s left, {probability}, market {mid}, {stance}"


def _feeds_in_short(snapshot: Snapshot) -> str:
    down = [each.name for each in snapshot.feeds if each.state == "down"]
    up = sum(each.state == "up" for each in snapshot.feeds)
    return f"{up} feeds up" if not down else f"{up} feeds up, DOWN: {', '.join(down)}"


def _dollars(amount: Money, *, sign: bool = False) -> str:
    mark = "-" if amount < 0 else "+" if sign else ""
    return f"{mark}${format_money(floor_to(Money(abs(amount)), CENT))}"
