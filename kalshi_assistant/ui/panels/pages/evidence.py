"""Evidence: what each kind of signal has brought, and whether anything may be concluded from it."""

from typing import Final

from kalshi_assistant.engine.page_views import EvidenceView
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
    lines += [rule("how it is judged", room.width), *wrap(HOW, room.width, "faint")]
    return finished(scene, room, lines)


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
