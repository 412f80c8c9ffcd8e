"""What the forecasts of this run were worth so far: every window that got its result counts once,
however long ago that was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.engine.page_views import Forecaster, ScoreView

FORECASTERS: Final[tuple[Forecaster, ...]] = ("model", "market", "blend")


@dataclass(slots=True)
class Scores:
    """Squared errors of each forecaster, summed by the seconds left at which it spoke."""

    _sums: dict[tuple[Forecaster, str], tuple[int, float]] = field(default_factory=dict)

    def add(self, forecasts: Mapping[Forecaster, Mapping[str, float]], result: Outcome) -> None:
        """A window has its result; ``forecasts`` are P(YES) by seconds left."""
        happened = 1.0 if result == "yes" else 0.0
        for by, claims in forecasts.items():
            for horizon, p_yes in claims.items():
                count, total = self._sums.get((by, horizon), (0, 0.0))
                self._sums[by, horizon] = (count + 1, total + (p_yes - happened) ** 2)

    def view(self) -> tuple[ScoreView, ...]:
        """Every forecaster at every horizon it spoke at, the farthest first."""
        order = {by: place for place, by in enumerate(FORECASTERS)}
        ranked = sorted(self._sums, key=lambda key: (order[key[0]], -int(key[1])))
        return tuple(
            ScoreView(by, int(horizon), count, total / count)
            for by, horizon in ranked
            for count, total in (self._sums[by, horizon],)
        )
