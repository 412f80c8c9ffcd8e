"""History: the profit as a curve, windows with their results, trades."""

from itertools import pairwise
from typing import Final

from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.units import Money
from kalshi_assistant.engine.page_views import TradeView
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.panels.pages.layout import (
    WIDE,
    beside,
    fact,
    finished,
    indented,
    mark,
    within,
)
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.panels.story import agreement
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, line, rule
from kalshi_assistant.ui.renderables.plot import Plot
from kalshi_assistant.ui.renderables.words import (
    UNKNOWN,
    arrow,
    clock,
    contracts,
    index_dollars,
    money,
    percent,
    price_cents,
    signed_cents,
    signed_money,
)

CURVE_ROWS: Final = 6
FORECASTS: Final = ("600", "300", "120", "60")


def history_page(scene: Scene, room: Room, row: int) -> list[Line]:
    """The curve, then windows (the chosen one in full) and trades."""
    snapshot = scene.snapshot
    chosen = within(row, len(snapshot.windows))
    lines = [rule("profit", room.width, _profit(snapshot)), *_curve(snapshot, room)]
    if room.width >= WIDE:
        half = room.width // 2 - 1
        narrow = Room(half, room.height, room.zone, room.ascii_only)
        rest = Room(room.width - half - 2, room.height, room.zone, room.ascii_only)
        lines += beside(_windows(snapshot, narrow, chosen), _trades(snapshot, rest), half)
    else:
        lines += [*_windows(snapshot, room, chosen), *_trades(snapshot, room)]
    return finished(scene, room, lines)


# --- the curve ---


def _profit(snapshot: Snapshot) -> str:
    account = snapshot.paper
    if not account.enabled:
        return "nothing is traded"
    return f"{signed_money(account.realized)} in all, fees {money(account.fees)}"


def _curve(snapshot: Snapshot, room: Room) -> list[Line]:
    points = [profit for _, profit in snapshot.curve]
    if len(points) < 2:
        said = "  a curve begins with the second window paid out since this process began"
        return [line((said, "faint"))]
    low, high = min(0, *points), max(0, *points)
    gutter = 2 + max(len(signed_money(low)), len(signed_money(high)))
    plot = Plot(max(1, room.width - gutter), CURVE_ROWS, room.ascii_only)
    _draw(plot, points, low, high)
    labels = {0: signed_money(high), CURVE_ROWS - 1: signed_money(low)}
    drawn: list[Line] = [
        ((f"{labels.get(place, ''):>{gutter - 1}}", "faint"), ("│", "faint"), *cells)
        for place, cells in enumerate(plot.lines())
    ]
    first, last = snapshot.curve[0][0], snapshot.curve[-1][0]
    times = f"{clock(first, room.zone, '%d %b %H:%M')} to {clock(last, room.zone, '%d %b %H:%M')}"
    return [*drawn, line((f"{'':>{gutter}}{times}, {len(points)} windows paid out", "faint"))]


def _draw(plot: Plot, points: list[Money], low: int, high: int) -> None:
    """Steps from payout to payout, and the line of no profit."""
    height = max(1, high - low)

    def y(value: int) -> int:
        return (high - value) * (plot.down - 1) // height

    zero = y(0)
    for x in range(0, plot.across, 2):
        plot.dot(x, zero, "faint")
    wide = max(1, plot.across - 1)
    places = [place * wide // (len(points) - 1) for place in range(len(points))]
    for (x, value), (after, then) in pairwise(zip(places, points, strict=True)):
        role: Role = "yes" if value >= 0 else "no"
        for between in range(x, after):
            plot.dot(between, y(value), role)
        plot.upright(after, min(y(value), y(then)), max(y(value), y(then)), role)


# --- windows ---


def _windows(snapshot: Snapshot, room: Room, chosen: int) -> list[Line]:
    lines = [rule("windows", room.width, agreement(snapshot))]
    if not snapshot.windows:
        return [*lines, line(("  no window has closed yet", "faint"))]
    for place, window in enumerate(snapshot.windows):
        lines.append(_window(window, room, mark(place, chosen)))
        if place == chosen:
            lines += _window_in_full(window, room)
    return lines


def _window(window: WindowReport, room: Room, before: Span) -> Line:
    result: Span = (f"{UNKNOWN:<3}", "faint")
    if window.result is not None:
        result = (window.result.upper().ljust(3), "yes" if window.result == "yes" else "no")
    profit: Span = (f"{UNKNOWN:>11}", "faint")
    if window.signals:
        said = f"{arrow(window.paper_pnl)} {signed_money(window.paper_pnl)}"
        profit = (f"{said:>11}", "no" if window.paper_pnl < 0 else "yes")
    return line(
        before,
        (f"{clock(window.close_time, room.zone, '%d %b %H:%M')} ", "faint"),
        result,
        f" {index_dollars(window.settlement):>11} ",
        _agrees(window),
        f" {window.signals} signal{' ' if window.signals == 1 else 's'} ",
        profit,
    )


def _agrees(window: WindowReport) -> Span:
    if window.agrees is None:
        return "unchecked", "faint"
    return ("✓ agrees ", "plain") if window.agrees else ("✗ DIFFERS", "alert")


def _window_in_full(window: WindowReport, room: Room) -> list[Line]:
    ours = index_dollars(window.our_settlement)
    strike = index_dollars(window.strike)
    forecasts = ", ".join(
        f"{left} s {percent(window.p_yes.get(left))} (market {percent(window.p_market.get(left))})"
        for left in FORECASTS
        if left in window.p_yes
    )
    said = f"{window.ticker}: strike {strike}, ours {ours} of {window.prints} prints"
    if forecasts:
        said += f"; P(YES) before the close: {forecasts}"
    if window.vetoes:
        name, count = max(window.vetoes.items(), key=lambda item: item[1])
        said += f"; most often: {name.replace('_', ' ')} ({count:,})"
    if (miss := window.nearest_miss) is not None:
        said += f"; nearest miss {miss.outcome.upper()} {signed_cents(miss.over)}¢"
    return indented(said, room.width, 4)


# --- trades ---


def _trades(snapshot: Snapshot, room: Room) -> list[Line]:
    views = snapshot.trades
    title = rule("trades", room.width, f"{len(views)} since this process began")
    if not views:
        return [title, fact("", ("no fill yet", "faint"))]
    return [title, *(_trade(view, room) for view in views)]


def _trade(view: TradeView, room: Room) -> Line:
    entry = view.purpose == "entry"
    side: Role = "yes" if view.outcome == "yes" else "no"
    word = "bought" if entry else "closed by"
    why = view.kind if entry else f"{view.purpose}: {view.kind}"
    role = "taker" if view.is_taker else "maker"
    return line(
        (f"  {clock(view.at, room.zone, '%d %b %H:%M:%S')} ", "faint"),
        f"{word:<9} {contracts(view.quantity):>7} ",
        (f"{view.outcome.upper():<3}", side),
        f" at {price_cents(view.price):>5}¢ fee {money(view.fee):>6} ",
        (f"{role}, {why.replace('_', ' ')}", "faint"),
    )
