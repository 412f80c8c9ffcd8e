"""Momentum confirmation: the index has been going a side's way, and book and tape lean with it.

Off unless asked for. Nothing seen so far supports it: slopes of the index over one to fifteen
minutes were about zero in every study known to us. Where it is on, it only names edges that stand
above the threshold anyway, and it wants all of its inputs to agree.
"""

from dataclasses import dataclass
from typing import Literal

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.units import QUANTITY_SCALE
from kalshi_assistant.strategy.features import DIRECTION, Evidence, Features

MomentumVeto = Literal[
    "momentum_off",
    "index_history_too_short",
    "index_not_moving_that_way",
    "book_not_leaning_that_way",
    "levels_too_thin",
    "tape_not_confirming",
    "edge_below_kind",
]
"""In the order in which they are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentumSettings:
    """Momentum confirmation: off, since no data we know of supports it."""

    enabled: bool = setting(False, "whether it may make signals")
    seconds: int = setting(15, "over which index and tape are looked at", ge=1, le=900)
    min_sigmas: float = setting(
        1.5, "the index must have gone so many deviations of such a time", ge=0, le=20
    )
    levels: int = setting(5, "levels of each side that count as the book", ge=1, le=100)
    min_imbalance: float = setting(
        0.2, "lean of the book: bids less asks over both, for YES", ge=0, le=1
    )
    min_depth_contracts: float = setting(
        50.0, "contracts that either side must show in those levels", ge=0
    )
    min_flow: float = setting(
        0.1, "lean of the tape: YES less NO bought by takers over both, for YES", ge=0, le=1
    )
    extra_dollars: float = setting(
        0.0, "net edge needed beyond signal.threshold_dollars", ge=0, le=1
    )

    def __post_init__(self) -> None:
        check_ranges(self)


def momentum(
    settings: MomentumSettings, outcome: Outcome, over: float, features: Features
) -> Evidence | MomentumVeto:
    """The evidence for calling a crossing of ``outcome`` momentum, or why it is none; ``over``: net
    edge above the common threshold, dollars.
    """
    if not settings.enabled:
        return "momentum_off"
    direction, shape = DIRECTION[outcome], features.shape
    if features.index_sigmas is None:
        return "index_history_too_short"
    if features.index_sigmas * direction < settings.min_sigmas:
        return "index_not_moving_that_way"
    if shape is None or shape.imbalance * direction < settings.min_imbalance:
        return "book_not_leaning_that_way"
    if shape.thinner < settings.min_depth_contracts * QUANTITY_SCALE:
        return "levels_too_thin"
    return _of_tape(settings, direction, over, features)


def _of_tape(
    settings: MomentumSettings, direction: int, over: float, features: Features
) -> Evidence | MomentumVeto:
    shape = features.shape
    assert shape is not None
    assert features.index_sigmas is not None
    if features.flow is None or features.flow * direction < settings.min_flow:
        return "tape_not_confirming"
    if over < settings.extra_dollars:
        return "edge_below_kind"
    return (
        ("index_sigmas", features.index_sigmas),
        ("imbalance", shape.imbalance),
        ("depth_contracts", shape.thinner / QUANTITY_SCALE),
        ("flow", features.flow),
    )
