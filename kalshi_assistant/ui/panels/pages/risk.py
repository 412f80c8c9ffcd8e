"""Risk: every limit with what is used of it, every breaker and what it blocks, the worst case."""

from typing import Final

from kalshi_assistant.engine.page_views import ExposureView, GuardView, LimitView, RiskView
from kalshi_assistant.engine.snapshot import OrderView, PaperView, TradingView
from kalshi_assistant.ui.panels.pages.layout import (
    DASH,
    WIDE,
    fact,
    finished,
    indented,
    mark,
    within,
)
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, line, rule
from kalshi_assistant.ui.renderables.plot import bar
from kalshi_assistant.ui.renderables.words import (
    age,
    arrow,
    clock,
    contracts,
    countdown,
    money,
    percent,
    price_cents,
    signed_money,
)

NEARLY: Final = 80
"""Percent of a limit from which it is pointed at."""
_STATES: Final[dict[str, tuple[Span, str]]] = {
    "closed": (("✓", "plain"), "closed"),
    "open": (("✗", "alert"), "OPEN"),
    "cooling": (("○", "warn"), "cooling"),
}


def risk_page(scene: Scene, room: Room, row: int) -> list[Line]:
    """The account, the limits, the breakers (the chosen one in full), what is exposed."""
    snapshot = scene.snapshot
    trading, risk = snapshot.trading, snapshot.risk
    if trading is None or risk is None:
        why = "nothing is traded while only watching: no limit is used, no breaker can trip"
        return finished(scene, room, [rule("risk", room.width, "off"), line((why, "faint"))])
    lines = [
        rule("risk", room.width, _worst_of(risk), "strong"),
        *_account(trading, snapshot.paper, room),
        *_canary(trading, risk),
        rule("limits", room.width, "used, limit, left"),
        *(_limit(each, room) for each in risk.limits),
        rule("breakers", room.width, _summary(risk.breakers)),
        *_breakers(risk.breakers, snapshot.at, room, within(row, len(risk.breakers))),
        rule("what can still be lost", room.width, _markets(risk)),
        *_exposures(risk.exposures, room),
        rule("orders under way", room.width, f"{len(trading.orders)}"),
        *_orders(trading.orders, snapshot.at),
    ]
    return finished(scene, room, lines)


# --- the account ---


def _worst_of(risk: RiskView) -> str:
    return f"worst case {money(-risk.worst)}"


def _account(trading: TradingView, account: PaperView, room: Room) -> list[Line]:
    closed = trading.closed_because
    state: Span = ("✓ may leave", "plain") if closed is None else (f"✗ none: {closed}", "alert")
    behind = "an account at the venue" if trading.venue else "paper"
    if trading.venue:
        behind += ", agrees with our ledger" if trading.agreed else ", not compared yet"
    below = trading.peak - trading.equity
    return [
        fact("entries", state),
        fact(
            "account",
            f"cash {money(trading.cash)}  worth {money(trading.equity)}  ",
            (f"{money(below)} below its peak" if below > 0 else "at its peak", "faint"),
            (f"  ({behind})" if room.width >= WIDE else "", "faint"),
        ),
        fact(
            "profit",
            "today ",
            _signed(trading.day_pnl),
            "  ever ",
            _signed(account.realized),
            (f"  fees {money(account.fees)}", "faint"),
        ),
    ]


def _signed(amount: int) -> Span:
    return f"{arrow(amount)} {signed_money(amount)}", "no" if amount < 0 else "yes"


def _canary(trading: TradingView, risk: RiskView) -> list[Line]:
    if risk.canary_windows == 0:
        return []
    good = f"{min(trading.good_windows, risk.canary_windows)} of {risk.canary_windows}"
    if not trading.canary:
        return [fact("canary", (f"✓ over: {good} windows went well, sizes are whole", "plain"))]
    share = percent(risk.canary_share)
    return [fact("canary", (f"! sizes are {share}: {good} windows went well", "warn"))]


# --- limits ---


def amount(value: int, unit: str) -> str:
    """A limit in its unit."""
    if unit == "dollars":
        return money(value)
    if unit == "percent":
        return f"{value / 100:.1f} %"
    if unit == "cents":
        return f"{value / 100:g}¢"
    return f"{value:,}{' ms' if unit == 'milliseconds' else ''}"


def _limit(view: LimitView, room: Room) -> Line:
    name = view.name.removesuffix("_dollars").removesuffix("_percent").removesuffix("_milliseconds")
    name = name.removeprefix("max_").removesuffix("_cents").replace("_", " ")
    limit = amount(view.limit, view.unit)
    small = ""
    if view.setting != view.limit:
        small = f"canary, else {amount(view.setting, view.unit)}"
    more: Span = (f"{small:<24} at the limit: {view.at_limit}", "faint")
    if room.width < WIDE:
        more = ("canary" if small else "", "faint")
    if view.used is None or view.left is None:
        return line(f"  {name:<18} {'each':>9}   {limit:<8} {'':<25}", more)
    used = amount(view.used, view.unit)
    role, sign = _nearness(view)
    floor = view.name.startswith("min_")
    taken = f"  {name:<18} {used:>9} {'≥' if floor else '/'} {limit:<8} "
    left = amount(abs(view.left), view.unit)
    said = f"{sign} {left} {'left' if view.left >= 0 else 'TOO LITTLE' if floor else 'OVER'}"
    share = 1.0 - _share_left(view)
    blocks = "" if floor else bar(share, 10)
    cells = (f"{blocks:<10} ", "faint" if role == "plain" else role)
    return line(taken, cells, (f"{said:<14}", role), more)


def _share_left(view: LimitView) -> float:
    left = view.left or 0
    return max(0.0, min(1.0, left / view.limit)) if view.limit > 0 else 0.0


def _nearness(view: LimitView) -> tuple[Role, str]:
    """How a limit is drawn: passed or reached, near, or with room."""
    left = view.left or 0
    if left < 0 or (left == 0 and view.limit > 0):
        return "alert", "✗"
    near = not view.name.startswith("min_") and left * 100 <= view.limit * (100 - NEARLY)
    return ("warn", "!") if near else ("plain", " ")


# --- breakers ---


def _summary(views: tuple[GuardView, ...]) -> str:
    stopping = sum(view.state != "closed" for view in views)
    return f"{stopping} of {len(views)} STOP SOMETHING" if stopping else "all closed"


def _breakers(views: tuple[GuardView, ...], at: int, room: Room, chosen: int) -> list[Line]:
    found: list[Line] = []
    for place, view in enumerate(views):
        found.append(_breaker(view, at, room, mark(place, chosen)))
        if view.state != "closed":
            found += indented(_does(view), room.width, 4, "plain")
        if place == chosen:
            found += indented(f"opens: {view.opens}", room.width, 4)
            if view.state == "closed":
                found += indented(_does(view), room.width, 4)
    pairs = dict.fromkeys((view.stops, view.keeps) for view in views)
    for stops, keeps in () if room.width >= WIDE else pairs:
        found += indented(f"{stops}: {keeps}", room.width, 2)
    return found


def _breaker(view: GuardView, at: int, room: Room, before: Span) -> Line:
    sign, word = _STATES[view.state]
    head = line(before, sign, (f" {view.name.replace('_', ' '):<20}", "strong"))
    if view.state == "closed":
        keeps = f", {view.keeps}" if room.width >= WIDE else ""
        return line(*head, (f"{view.kind:<6} {view.stops}{keeps}", "faint"))
    since = "" if view.since is None else f" since {clock(view.since, room.zone)}"
    until = "" if view.until is None else f", closes in {countdown(view.until - at)}"
    return line(*head, (f"{word}{since}{until}: ", sign[1]), (view.reason or DASH, "strong"))


def _does(view: GuardView) -> str:
    return f"{view.stops}; {view.keeps}; closes: {view.closes}"


# --- what is exposed ---


def _markets(risk: RiskView) -> str:
    count = len(risk.exposures)
    return f"in {count} market{'' if count == 1 else 's'}"


def _exposures(views: tuple[ExposureView, ...], room: Room) -> list[Line]:
    if not views:
        return [line(("  nothing is held and nothing is under way", "faint"))]
    return [drawn for view in views for drawn in _exposure(view, room)]


def _exposure(view: ExposureView, room: Room) -> list[Line]:
    held = "nothing"
    if view.position:
        side = "YES" if view.position > 0 else "NO"
        held = f"{contracts(abs(view.position))} {side} for {money(view.cost)}"
    many = f", {view.orders} order{'' if view.orders == 1 else 's'}" if view.orders else ""
    first = line(f"  {view.ticker}  {held}{many}")
    ends = line("  if YES ", _signed(-view.loss_if_yes), "  if NO ", _signed(-view.loss_if_no))
    if room.width >= WIDE:
        return [(*first, *ends)]
    return [first, line("  ", *ends, (" at the worst", "faint"))]


def _orders(views: tuple[OrderView, ...], at: int) -> list[Line]:
    if not views:
        return [line(("  none", "faint"))]
    return [
        line(
            f"  {view.state:<10} {view.purpose:<11} {contracts(view.quantity):>7} "
            f"{view.outcome.upper():<3} at {price_cents(view.limit)}¢, "
            f"{contracts(view.filled)} filled",
            (f", {age(at - view.made_at)} old, {view.kind.replace('_', ' ')}", "faint"),
        )
        for view in views
    ]
