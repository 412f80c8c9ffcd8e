"""Evidence: what each kind of signal has brought, and whether anything may be concluded from it."""

from collections.abc import Mapping, Sequence
from typing import Final

from kalshi_assistant.engine.page_views import EvidenceView, Forecaster, ScoreView
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
from kalshi_assistant.ui.renderables.ink import Line, Role, Span, line, rule, wrap
from kalshi_assistant.ui.renderables.plot import bar
from kalshi_assistant.ui.renderables.words import arrow, signed_cents, signed_money

VERDICTS: Final[dict[str, Span]] = {
    "no evidence": ("·", "plain"),
    "promising": ("▲", "yes"),
    "refuted": ("▼", "no"),
}
POLICIES: Final = ("conservative", "realistic", "optimistic", "venue")
FORECASTERS: Final[dict[Forecaster, str]] = {"model": "model", "market": "market", "blend": "both"}
HEAD_CELLS: Final = 18
CELL: Final = 8
Scored = Mapping[tuple[Forecaster, int], ScoreView]
HOW: Final = (
    "The verdict is a bet renewed once a day (New York's), on all windows of the day together, "
    "because windows of one day rise and fall with one trend. It may be looked at every day: the "
    "chance of ever calling promising what earns nothing is at most 2.5 %, for each kind. It "
    "moves when a day is over. Whoever tries many settings finds something by chance: that chance "
    "is for one."
)


def evidence_page(scene: Scene, room: Room, row: int) -> list[Line]:
    """One block for each kind of signal; of the chosen one all there is to know."""
    views = scene.snapshot.evidence
    counts = f"fills counted: {views[0].policy}" if views else "nothing known"
    lines = [rule("evidence", room.width, counts)]
    if not views:
        lines.append(line(("no kind of signal is followed", "faint")))
    chosen = within(row, len(views))
    for place, view in enumerate(views):
        lines += _kind(view, room, mark(place, chosen), more=place == chosen)
    lines += _scored(scene.snapshot.scores, room)
    lines += [rule("how it is judged", room.width), *wrap(HOW, room.width, "faint")]
    return finished(scene, room, lines)


def _scored(views: Sequence[ScoreView], room: Room) -> list[Line]:
    """The forecasts of every window of this run, by the seconds left; the best of each marked."""
    title = rule("forecasts of this run", room.width, "Brier: lower is better, a coin has 0.25")
    if not views:
        return [title, line(("no window has its result yet", "faint"))]
    known = {(view.by, view.seconds_left): view for view in views}
    horizons = sorted({left for _, left in known}, reverse=True)
    horizons = horizons[-max(1, (room.width - HEAD_CELLS) // CELL) :]
    head = "".join(f"{f'{left} s':>{CELL}}" for left in horizons)
    counts = [max(each.windows for each in views if each.seconds_left == left) for left in horizons]
    return [
        title,
        line((f"{'  before the close':<{HEAD_CELLS}}{head}", "faint")),
        *(_forecaster(by, word, horizons, known) for by, word in FORECASTERS.items()),
        line((f"{'  windows':<{HEAD_CELLS}}" + "".join(f"{n:>{CELL},}" for n in counts), "faint")),
    ]


def _forecaster(by: Forecaster, word: str, horizons: Sequence[int], known: Scored) -> Line:
    spans: list[Span] = [(f"  {word:<{HEAD_CELLS - 2}}", "plain")]
    for left in horizons:
        scores = [known[each, left].brier for each in FORECASTERS if (each, left) in known]
        here = known.get((by, left))
        best = here is not None and len(scores) > 1 and here.brier == min(scores)
        said = DASH if here is None else f"{'✓' if best else ''}{here.brier:.4f}"
        spans.append((f"{said:>{CELL}}", "yes" if best else "plain"))
    return tuple(spans)


def sentence(view: EvidenceView) -> str:
    """The verdict in the words a person reads."""
    about = f"about {view.needed:,} windows"
    edge = f"{100 * view.planned_edge:g}¢"
    if view.verdict == "promising":
        return f"promising ({view.counted:,} windows): earns {_between(view)} a contract"
    if view.verdict == "refuted":
        return f"refuted ({view.counted:,} windows): loses {_lost(view)} a contract"
    if view.counted >= view.needed:
        return f"no evidence ({view.counted:,} of {about}): {edge} would most likely have shown"
    return f"no evidence ({view.counted:,} of {about})"


def _between(view: EvidenceView) -> str:
    return f"{signed_cents(view.low)}¢ to {signed_cents(view.high)}¢"


def _lost(view: EvidenceView) -> str:
    return f"{signed_cents(-view.high)}¢ to {signed_cents(-view.low)}¢".replace("+", "")


def _kind(view: EvidenceView, room: Room, before: Span, *, more: bool) -> list[Line]:
    sign, role = VERDICTS[view.verdict]
    name = view.kind.replace("_", " ")
    head = line(before, (f"{name:<15} ", "strong"), (f"{sign} {sentence(view)}", role))
    left = [_progress(view, room), _mean(view), _profits(view)]
    right = [_scores(view), _counts(view)]
    if room.width >= WIDE:
        drawn = [head, *beside(left, right, room.width // 2)]
    else:
        drawn = [head, *left, *right]
    if not more:
        return [*drawn, line("")]
    return [*drawn, *facts("", _in_full(view), room.width, "faint"), line("")]


def _progress(view: EvidenceView, room: Room) -> Line:
    width = min(40, max(10, room.width // 2 - 24))
    share = view.counted / view.needed if view.needed else 0.0
    cells = f"{bar(share, width):<{width}}"
    empty = cells.replace(" ", "░")
    said = f" {max(0, view.needed - view.counted):,} still needed"
    if view.verdict != "no evidence":
        said = f" enough; {view.needed:,} were planned"
    return fact("windows", (empty, "faint"), said)


def _mean(view: EvidenceView) -> Line:
    if view.mean is None:
        return fact("a contract", (DASH, "faint"), ("  nothing settled and counted yet", "faint"))
    role: Role = "no" if view.mean < 0 else "yes"
    said = f"{arrow(view.mean)} {signed_cents(view.mean)}¢"
    return fact("a contract", (said, role), f"  surely within {_between(view)}")


def _profits(view: EvidenceView) -> Line:
    known = sorted(view.profits, key=lambda each: _place(each[0]))
    if not known:
        return fact("profit", (DASH, "faint"))
    parts: list[str | Span] = []
    for policy, profit in known:
        role: Role = "no" if profit < 0 else "yes"
        parts += [f"{policy} ", (f"{arrow(profit)}{signed_money(profit)}", role), "  "]
    return fact("profit", *parts)


def _place(policy: str) -> int:
    return POLICIES.index(policy) if policy in POLICIES else len(POLICIES)


def _scores(view: EvidenceView) -> Line:
    if view.brier_model is None or view.brier_market is None:
        return fact("Brier", (DASH, "faint"), ("  no signal with a result", "faint"))
    gain = view.brier_market - view.brier_model
    better = "neither is better" if gain == 0 else "model" if gain > 0 else "market"
    who = better if gain == 0 else f"the {better} was better by {abs(gain):.4f}"
    role: Role = "plain" if gain == 0 else "yes" if gain > 0 else "no"
    return fact(
        "Brier",
        f"model {view.brier_model:.4f}  market {view.brier_market:.4f}  ",
        (f"{arrow(gain)} {who}", role),
    )


def _counts(view: EvidenceView) -> Line:
    text = f"{view.signals:,} in {view.windows:,} windows traded"
    wait = f", {view.waiting} awaiting a result" if view.waiting else ""
    return fact("signals", text, (wait, "faint"))


def _in_full(view: EvidenceView) -> str:
    settings = f"{view.configs} setting" + ("" if view.configs == 1 else "s")
    inside = "nothing is in the verdict yet"
    if view.counted:
        days = f"{view.days:,} day{'' if view.days == 1 else 's'}"
        inside = f"{view.counted:,} windows on {days} are in the verdict, under {settings}"
    return (
        f"{inside}; it is planned for an edge of {100 * view.planned_edge:g}¢ a contract after "
        f"costs, which {view.needed:,} windows would show four times in five"
    )
