"""Two lines that are always there: which market, how long, against what, and in which state."""

from typing import Final

from kalshi_assistant.domain.time import MINUTE
from kalshi_assistant.engine.snapshot import MarketView, Snapshot
from kalshi_assistant.ui.panels.scene import Room, Scene, index_age, is_stale
from kalshi_assistant.ui.renderables.ink import (
    Line,
    Role,
    Span,
    faded,
    fit,
    length,
    line,
    spread,
)
from kalshi_assistant.ui.renderables.words import (
    WAITING,
    age,
    arrow,
    clock,
    countdown,
    dollars,
    index_dollars,
)

LEAST_STATE: Final = 12
"""Cells that what is wrong has at least, whatever stands beside it."""


def header(scene: Scene, room: Room) -> list[Line]:
    """Market, window, countdown and mode; strike, index and pauses."""
    snapshot = scene.snapshot
    standing = _standing(snapshot)
    space = room.width - length(standing) - 1
    window, against = line(*_window(snapshot, room, space)), line(*_against(snapshot))
    state = line(_state(snapshot))
    if scene.trouble is not None:  # that it is real money stays true when the numbers are old
        standing = standing if snapshot.mode == "live" else faded(standing)
        window, against, state = faded(window), faded(against), faded(state)
    return [
        spread(window, standing, room.width),
        spread(against, _as_far(state, room.width - length(against) - 1), room.width),
    ]


def _as_far(state: Line, space: int) -> Line:
    """What is wrong does not cut the index off; where there is no room at all, it does."""
    return state if length(state) <= space else fit(state, max(LEAST_STATE, space))


def _standing(snapshot: Snapshot) -> Line:
    """Watching, paper or live, as a word and in reverse, and where; live says whose money it is."""
    mode, where = snapshot.mode.upper(), snapshot.environment
    if snapshot.mode != "live":
        return ((f" {mode} ", "here"), (f" {where}", "strong"))
    trading = snapshot.trading
    armed = trading is not None and trading.armed
    whose = "real money" if where == "prod" else "play money"
    return (
        (f" {mode}: {whose}{'' if armed else ', not armed'} ", "alert"),
        (f" {where}", "strong"),
    )


def _window(snapshot: Snapshot, room: Room, space: int) -> list[str | Span]:
    market = snapshot.market
    if market is None:
        return [_nothing_yet(snapshot)]
    opens = clock(market.open_time, room.zone, "%H:%M")
    closes = clock(market.close_time, room.zone, "%H:%M %Z")
    remaining = _remaining(snapshot.at, market)
    short: list[str | Span] = [(market.ticker, "strong"), "  ", *remaining]
    long: list[str | Span] = [(market.ticker, "strong"), f"  {opens}-{closes}  ", *remaining]
    # what is cut at the end must not be the countdown
    return long if length(line(*long)) <= space else short


def _nothing_yet(snapshot: Snapshot) -> str:
    if snapshot.upcoming_open is None:
        return WAITING
    return f"next window opens in {countdown(snapshot.upcoming_open - snapshot.at)}"


def _remaining(at: int, market: MarketView) -> list[str | Span]:
    if at < market.open_time:
        return ["opens in ", (countdown(market.open_time - at), "strong")]
    if at >= market.close_time:
        return [("closed, awaiting the result", "warn")]
    left = market.close_time - at
    return ["closes in ", (countdown(left), "alert" if left <= MINUTE else "strong")]


def _against(snapshot: Snapshot) -> list[str | Span]:
    market, index = snapshot.market, snapshot.index
    strike = None if market is None else market.strike
    parts: list[str | Span] = ["strike ", (index_dollars(strike), "strike"), "  "]
    if index.value is None:
        return [*parts, ("no index yet", "warn")]
    old = is_stale(index, snapshot.at)
    role: Role = "faint" if old else "index"
    name: Span = (f"{index.label} ", "warn" if index.estimated else "plain")
    parts += [name, (index_dollars(index.value), role)]
    if strike is not None:
        parts += [" ", _gap((index.value - strike) / 100, old=old)]
    if old:
        parts.append((f" ({age(index_age(index, snapshot.at) or 0)} old)", "warn"))
    return parts


def _gap(gap: float, *, old: bool) -> Span:
    side = "below" if gap < 0 else "above"
    role: Role = "no" if gap < 0 else "yes"
    return f"{arrow(gap)} {dollars(abs(gap))} {side}", "faint" if old else role


def _state(snapshot: Snapshot) -> Span:
    """What stops everything first; else whether a signal could be made of what is seen."""
    said = _halts(snapshot)
    if snapshot.exchange_says is not None:
        said.append(f"exchange: {snapshot.exchange_says}")
    if snapshot.paused is not None:
        said.append(f"PAUSED: {snapshot.paused}" if snapshot.paused else "PAUSED")
    if snapshot.clock.wrong is not None and snapshot.clock.ahead_ms is not None:
        said.append(f"CLOCK {snapshot.clock.ahead_ms:+,.0f} ms")
    if said:
        return " · ".join(said), "alert"
    trading = snapshot.trading
    if trading is not None and trading.closed_because is not None:
        return "no entries", "warn"
    return ("info only", "warn") if snapshot.polled else ("signals on", "faint")


def _halts(snapshot: Snapshot) -> list[str]:
    """What only a person can lift."""
    if snapshot.risk is None:
        return []
    standing = [
        each for each in snapshot.risk.breakers if each.kind == "halt" and each.state == "open"
    ]
    return [f"HALTED: {each.reason or each.name.replace('_', ' ')}" for each in standing]
