"""Why: from windows to orders, what stood in the way, and the story of one decision."""

from typing import Final

from kalshi_assistant.domain.signals import Edge, NearMiss
from kalshi_assistant.domain.units import PRICE_SCALE, complement
from kalshi_assistant.engine.page_views import DecisionView
from kalshi_assistant.engine.snapshot import FunnelCounts, FunnelView, Snapshot
from kalshi_assistant.ui.panels.pages.layout import (
    DASH,
    WIDE,
    beside,
    fact,
    facts,
    finished,
    mark,
    within,
)
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.panels.verdict import sentence
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, fit, line, rule, wrap
from kalshi_assistant.ui.renderables.plot import bar
from kalshi_assistant.ui.renderables.words import (
    UNKNOWN,
    age,
    arrow,
    clock,
    contracts,
    countdown,
    dollars,
    index_dollars,
    percent,
    price_cents,
    signed_cents,
)

REASONS: Final = 8
"""Reasons of a kind that are shown."""
FAILED: Final = ("rejected", "absent", "uncertain")
"""How the end of an order begins that came to nothing."""
STEPS: Final = (
    ("windows", "windows"),
    ("looks", "looks at the market"),
    ("numbers", "had a probability"),
    ("candidates", "had an edge"),
    ("crossings", "reached the threshold"),
    ("signals", "signals"),
    ("orders", "orders sent"),
)
"""Fields of ``FunnelCounts`` and their words, from the many to the few."""


def why_page(scene: Scene, room: Room, row: int) -> list[Line]:
    """What to do now and why, the funnel, the reasons, the decisions, the chosen one's story."""
    snapshot = scene.snapshot
    said, role = sentence(scene)
    chosen = within(row, len(snapshot.decisions))
    lines = [
        *wrap(said, room.width, role),
        *_counts(snapshot.funnel, room),
        *_decisions(snapshot, room, chosen),
    ]
    return finished(scene, room, lines)


# --- the funnel ---


def _counts(funnel: FunnelView | None, room: Room) -> list[Line]:
    if funnel is None:
        return [rule("from windows to orders", room.width), line(("nothing counted yet", "faint"))]
    if room.width < WIDE:
        return [
            *_funnel(funnel, room.width),
            *_reasons(funnel, room.width),
            *_nearest(funnel, room),
        ]
    half = room.width // 2 - 1
    both = beside(_funnel(funnel, half), _reasons(funnel, room.width - half - 2), half)
    return [*both, *_nearest(funnel, room)]


def _funnel(funnel: FunnelView, width: int) -> list[Line]:
    total, window = funnel.total, funnel.window
    largest = max(1, total.looks)
    found = [
        rule("from windows to orders", width),
        line((f"  {'':<22}{'this window':>13}{'all':>13}", "faint")),
    ]
    for name, word in STEPS:
        here = UNKNOWN if window is None else f"{getattr(window, name):,}"
        count: int = getattr(total, name)
        share = count / largest if name != "windows" else 0.0
        cells = bar(share, max(0, width - 54))
        found.append(line(f"  {word:<22}{here:>13}{count:>13,}  ", (cells, "faint")))
    return found


def _reasons(funnel: FunnelView, width: int) -> list[Line]:
    """Vetoes of this window (of all where there is none), and why crossings came to nothing."""
    counts: FunnelCounts = funnel.total if funnel.window is None else funnel.window
    where = "in all windows" if funnel.window is None else "in this window"
    lines = [rule("what stood in the way", width, where)]
    lines += _ranked(counts.vetoes, width, "looks") or [line(("  nothing", "faint"))]
    if counts.declined:
        lines.append(line(("  of the crossings:", "faint")))
        lines += _ranked(counts.declined, width, "times")
    return lines


def _ranked(counts: dict[str, int], width: int, unit: str) -> list[Line]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    largest = max(1, ranked[0][1]) if ranked else 1
    found: list[Line] = []
    for name, count in ranked[:REASONS]:
        said = f"  {name.replace('_', ' '):<26.26} {count:>10,} {unit} "
        found.append(line(said, (bar(count / largest, max(0, width - len(said) - 1)), "faint")))
    if len(ranked) > REASONS:
        more = sum(count for _, count in ranked[REASONS:])
        found.append(
            line((f"  and {len(ranked) - REASONS} more reasons, {more:,} {unit}", "faint"))
        )
    return found


def _nearest(funnel: FunnelView, room: Room) -> list[Line]:
    found = []
    named = (
        ("nearest", None if funnel.window is None else funnel.window.nearest),
        ("of all", funnel.total.nearest),
    )
    told = None
    for label, miss in named:
        if miss is not None and miss != told:
            found += facts(label, _miss(miss, room), room.width)
        told = miss
    return found


def _miss(miss: NearMiss, room: Room) -> str:
    short = f"{signed_cents(miss.over)}¢ from the threshold"
    because = miss.because.replace("_", " ")
    return f"{miss.outcome.upper()} {short} at {clock(miss.at, room.zone)}: {because}"


# --- decisions ---


def _decisions(snapshot: Snapshot, room: Room, chosen: int) -> list[Line]:
    views = snapshot.decisions
    if not views:
        return [
            rule("decisions", room.width),
            line(("  no edge has reached the threshold yet: there was nothing to decide", "faint")),
        ]
    table = [
        rule("decisions", room.width, f"{chosen + 1} of {len(views)}"),
        *(_decision(view, room, mark(place, chosen)) for place, view in enumerate(views)),
    ]
    return [*table, *story_of(views[chosen], room)]


def _decision(view: DecisionView, room: Room, before: Span) -> Line:
    role: Role = "faint"
    if view.kind is None:
        said = f"· not taken: {view.declined or 'no reason known'}"
    else:
        role = "yes" if view.outcome == "yes" else "no"
        failed = view.order is None or view.became.startswith(FAILED)
        sign = "✗" if failed else "✓"
        said = f"{sign} {view.kind.replace('_', ' ')}: {view.became or 'sent'}"
    edge = f"{signed_cents(view.edge.net)}¢"
    head = f"{view.outcome.upper():<3} {contracts(view.edge.quantity):>6} net {edge:>7}  "
    return fit(
        line(before, (f"{clock(view.at, room.zone)}  ", "faint"), head, (said, role)), room.width
    )


def story_of(view: DecisionView, room: Room) -> list[Line]:
    """What the model knew at that instant, and what became of it."""
    width = room.width
    title = rule(f"the story of {clock(view.at, room.zone)}", width, view.ticker)
    what = view.became if view.kind is not None else f"not taken: {view.declined or UNKNOWN}"
    evidence = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in view.evidence)
    known = [
        *facts("market", _market(view), width),
        *facts("index", _index(view), width),
        *facts("settles", _settles(view), width),
        *facts("book", _book(view), width),
        *facts("believed", _believed(view), width),
    ]
    costs = [
        fact("fair", *_fair(view)),
        *_split(view.edge, view.threshold),
    ]
    end = [
        *(facts("rests on", evidence, width) if evidence else []),
        *facts("came of it", what or "sent", width, "strong"),
        fact("settings", (view.config, "faint")),
    ]
    if width < WIDE:
        return [title, *known, *costs, *end]
    return [title, *beside(known, costs, width // 2), *end]


def _market(view: DecisionView) -> str:
    kind = "a crossing" if view.kind is None else view.kind.replace("_", " ")
    left = countdown(round(view.seconds_left * 1_000_000_000))
    strike = index_dollars(view.strike)
    return f"{kind} on {view.outcome.upper()}, {left} before the close, strike {strike}"


def _index(view: DecisionView) -> str:
    old = "never heard" if view.index_age is None else f"{age(view.index_age)} old"
    said = f"{view.index_label} {index_dollars(view.index)}, {old}"
    if view.index is None or view.strike is None:
        return said
    gap = (view.index - view.strike) / 100
    side = "below" if gap < 0 else "above"
    return f"{said}, {arrow(gap)} {dollars(abs(gap))} {side} the strike"


def _settles(view: DecisionView) -> str:
    lost = f", {view.prints_missing} missing" if view.prints_missing else ""
    prints = f"{view.prints_known} of 60 prints known{lost}"
    if view.expected_average is None:
        return prints
    return f"near {dollars(view.expected_average)} ± {dollars(view.sd)}; {prints}"


def _book(view: DecisionView) -> str:
    bid = "no bid" if view.best_bid is None else f"bid {price_cents(view.best_bid)}¢"
    ask = "no ask" if view.best_ask is None else f"ask {price_cents(view.best_ask)}¢"
    old = "" if view.book_age is None else f", changed {age(view.book_age)} before"
    return f"{bid}, {ask} for YES{old}"


def _believed(view: DecisionView) -> str:
    return (
        f"P(YES) {percent(view.p_yes)}, market {percent(view.p_market)}, "
        f"both {percent(view.p_blend)}"
    )


def _fair(view: DecisionView) -> list[str | Span]:
    best = _best(view)
    side = view.outcome.upper()
    if best is None:
        return [(f"{DASH}  no price for {side}", "faint")]
    worth = view.edge.raw + best / PRICE_SCALE
    size = f"{contracts(view.edge.quantity)} up to {price_cents(view.edge.worst_price)}¢"
    said = f" for {side}, offered at {price_cents(best)}¢; {size}"
    return [(f"{100 * worth:.1f}¢", "strong"), said]


def _best(view: DecisionView) -> int | None:
    if view.outcome == "yes":
        return view.best_ask
    return None if view.best_bid is None else complement(view.best_bid)


def _split(edge: Edge, threshold: float) -> list[Line]:
    """From the gap to what is left of it, step by step."""
    fee = edge.raw - edge.slippage - edge.latency - edge.haircut - edge.net
    costs = (
        ("gap", edge.raw, "fair less the best price"),
        ("fee", -fee, "the venue's"),
        ("slippage", -edge.slippage, "the book walked for the whole size"),
        ("latency", -edge.latency, "the book may move before the order is there"),
        ("haircut", -edge.haircut, "the volatility may be wrong"),
    )
    found = [
        fact(name, f"{signed_cents(value):>6}¢  ", (why, "faint")) for name, value, why in costs
    ]
    over = edge.net - threshold
    role: Role = "yes" if over >= 0 else "no"
    said = f"{arrow(over)} {signed_cents(over)}¢ against the {100 * threshold:g}¢ wanted"
    return [*found, fact("net", (f"{signed_cents(edge.net):>6}¢  ", "strong"), (said, role))]
