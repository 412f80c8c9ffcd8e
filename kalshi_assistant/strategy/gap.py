"""Baseline gap: a probability against the executable price, after every cost.

The kernel compares the model. The market is usually the better forecaster, so by default the
model's distance from it has to survive the shrinkage learnt from settled windows: the more cautious
of model and blend is believed.
"""

from dataclasses import dataclass
from typing import Literal

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.strategy.features import Evidence, Features

GapVeto = Literal["gap_off", "market_price_unknown", "believed_edge_too_small"]
"""In the order in which they are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSettings:
    """Baseline gap: a probability against the executable price, after every cost."""

    enabled: bool = setting(True, "whether it may make signals")
    believe: str = setting(
        "both",
        "model, blend (the model shrunk toward the market), or both: the more cautious of the two",
        choices=("model", "blend", "both"),
    )
    extra_dollars: float = setting(
        0.0, "net edge needed beyond signal.threshold_dollars", ge=0, le=1
    )

    def __post_init__(self) -> None:
        check_ranges(self)


def of_side(p_yes: float, outcome: Outcome) -> float:
    """The probability that ``outcome`` wins."""
    return p_yes if outcome == "yes" else 1.0 - p_yes


def believed(believe: str, outcome: Outcome, features: Features) -> float | None:
    """The probability of ``outcome`` that is believed; ``None`` where the blend is needed and
    there is no market price to blend with.
    """
    model = of_side(features.p_model, outcome)
    if believe == "model":
        return model
    if features.p_blend is None:
        return None
    blend = of_side(features.p_blend, outcome)
    return blend if believe == "blend" else min(model, blend)


def baseline_gap(
    settings: GapSettings, outcome: Outcome, over: float, features: Features
) -> tuple[float, Evidence] | GapVeto:
    """(probability believed, evidence) for calling a crossing of ``outcome`` a baseline gap, or why
    it is none; ``over``: the model's net edge above the common threshold, dollars.
    """
    if not settings.enabled:
        return "gap_off"
    probability = believed(settings.believe, outcome, features)
    if probability is None:
        return "market_price_unknown"
    taken = of_side(features.p_model, outcome) - probability
    if over - taken < settings.extra_dollars:
        return "believed_edge_too_small"
    evidence: Evidence = (("p_model", features.p_model), ("p_believed", probability))
    if features.p_market is not None:
        evidence += (("p_market", features.p_market),)
    if features.p_blend is not None:
        evidence += (("p_blend", features.p_blend),)
    return probability, evidence
