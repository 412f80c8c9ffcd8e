"""What a crossing is: delay capture, momentum or baseline gap, asked in that order, or nothing.

The kernel found the edge of a side above the threshold; here it gets the name of the first kind
whose own conditions hold, with the numbers that kind rests on, or the reason each kind gives.
"""

from dataclasses import dataclass
from typing import get_args

from kalshi_assistant.domain.signals import Edge, SignalKind
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.strategy.delay import DelayVeto, Reaction, delay_capture
from kalshi_assistant.strategy.features import Evidence, Features
from kalshi_assistant.strategy.gap import GapVeto, baseline_gap, of_side
from kalshi_assistant.strategy.momentum import MomentumVeto, momentum
from kalshi_assistant.strategy.signals import SignalSettings

KindVeto = DelayVeto | MomentumVeto | GapVeto
"""Why a crossing is not of a kind."""
OFF = frozenset(("delay_off", "momentum_off", "gap_off"))
KIND_VETOES: tuple[str, ...] = tuple(
    dict.fromkeys((*get_args(DelayVeto), *get_args(MomentumVeto), *get_args(GapVeto)))
)


@dataclass(frozen=True, slots=True)
class Named:
    """A crossing with its kind."""

    kind: SignalKind
    probability: float
    """That its side wins, as believed: the model's, or less."""
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Declined:
    """A crossing that nothing comes of."""

    reason: str
    """The one to be counted: of the last kind asked that is not off, or off."""
    reasons: tuple[tuple[SignalKind, str], ...] = ()
    """Of each kind asked."""


def name_crossing(
    settings: SignalSettings,
    edge: Edge,
    threshold: float,
    features: Features,
    reaction: Reaction,
    own_p95: float | None,
    now: Nanos,
) -> Named | Declined:
    """The kind of the crossed ``edge``, or why it is of none."""
    outcome, over = edge.outcome, edge.net - threshold
    model = of_side(features.p_model, outcome)
    delayed = delay_capture(settings.delay, outcome, over, reaction, own_p95, now)
    if isinstance(delayed, tuple):
        return Named("delay_capture", model, delayed)
    moving = momentum(settings.momentum, outcome, over, features)
    if isinstance(moving, tuple):
        return Named("momentum", model, moving)
    gap = baseline_gap(settings.gap, outcome, over, features)
    if isinstance(gap, tuple):
        return Named("baseline_gap", *gap)
    reasons: tuple[tuple[SignalKind, str], ...] = (
        ("delay_capture", delayed),
        ("momentum", moving),
        ("baseline_gap", gap),
    )
    said = [reason for _, reason in reasons if reason not in OFF]
    return Declined(said[-1] if said else "every_kind_off", reasons)
