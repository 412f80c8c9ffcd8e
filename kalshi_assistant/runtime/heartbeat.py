"""How long the event loop keeps others waiting: a millisecond's nap, measured."""

import asyncio
from typing import Final

from kalshi_assistant.domain.time import MILLISECOND
from kalshi_assistant.engine.snapshot import StageView
from kalshi_assistant.runtime.clock import Stopwatch
from kalshi_assistant.runtime.histogram import Histogram
from kalshi_assistant.runtime.logs import Logs
from kalshi_assistant.runtime.probe import stage_view

NAP_SECONDS: Final = 0.001
BETWEEN_SECONDS: Final = 0.02
REPORT_SECONDS: Final = 30.0
TARGET_MS: Final = 2.0
"""With a screen, a browser and ``serve`` attached."""


class Heartbeat:
    """Measures the lateness of naps, shows it to readers and writes it to ``latency.json``."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._shown = Histogram()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            late, period = [], Stopwatch()
            while period.seconds() < REPORT_SECONDS:
                nap = Stopwatch()
                await asyncio.sleep(NAP_SECONDS)
                late.append(nap.seconds() - NAP_SECONDS)
                self._shown.add(int(late[-1] * 1e9))
                await asyncio.sleep(BETWEEN_SECONDS)
            self._logs.latency(summary(late))
            self._shown.turn()

    def view(self) -> StageView:
        """The lateness over the last half minute to a minute."""
        return stage_view("heartbeat", "ms", self._shown, MILLISECOND, TARGET_MS)


def summary(late_seconds: list[float]) -> dict[str, object]:
    """Count, median, p95, p99 and the worst, in milliseconds."""
    ordered = sorted(late_seconds)
    count = len(ordered)
    quantiles = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
    found = {
        name: round(ordered[int((count - 1) * part)] * 1_000, 3) for name, part in quantiles.items()
    }
    return {"what": "heartbeat", "count": count, **found, "max_ms": round(ordered[-1] * 1_000, 3)}
