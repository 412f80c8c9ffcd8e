"""What a crossing is judged on: numbers of one instant, taken together by the engine."""

from typing import Final

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.events import Level

Evidence = tuple[tuple[str, float], ...]
"""Numbers by name, as they stand in a signal."""

DIRECTION: Final[dict[Outcome, int]] = {"yes": 1, "no": -1}
"""Which way index and book move for a side."""


class BookShape(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The best levels of both sides together; sizes in 1/100 contract."""

    bids: int
    asks: int

    @property
    def imbalance(self) -> float:
        """From -1 (only asks) to 1 (only bids); 0 for an empty book."""
        total = self.bids + self.asks
        return (self.bids - self.asks) / total if total else 0.0

    @property
    def thinner(self) -> int:
        """What the side with less holds."""
        return min(self.bids, self.asks)


def shape_of(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> BookShape:
    """The content of the levels given."""
    return BookShape(sum(held for _, held in bids), sum(held for _, held in asks))


class Features(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One instant. ``None`` is not known, never a default."""

    p_model: float
    """P(YES) of the model."""
    p_market: float | None
    """The middle of the book."""
    p_blend: float | None
    """The model shrunk toward the market by what settled windows have taught."""
    index_sigmas: float | None
    """Change of the index over ``momentum.seconds`` in deviations of such a change."""
    shape: BookShape | None
    """Of the best ``momentum.levels`` levels."""
    flow: float | None
    """Takers over ``momentum.seconds``: YES less NO over all that was traded, -1 to 1."""
