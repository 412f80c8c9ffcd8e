"""How long the event loop keeps others waiting: a millisecond's nap, measured."""

import asyncio
from typing import Final

from kalshi_assistant.runtime.clock import Stopwatch
from kalshi_assistant.runtime.logs import Logs

NAP_SECONDS: Final = 0.001
BETWEEN_SECONDS: Final = 0.02
REPORT_SECONDS: Final = 30.0


class Heartbeat:
    """Measures the lateness of naps and writes its quantiles to ``latency.json``."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            late, period = [], Stopwatch()
            while period.seconds() < REPORT_SECONDS:
                nap = Stopwatch()
                await asyncio.sleep(NAP_SECONDS)
                late.append(nap.seconds() - NAP_SECONDS)
                await asyncio.sleep(BETWEEN_SECONDS)
            self._logs.latency(summary(late))


def summary(late_seconds: list[float]) -> dict[str, object]:
    """Count, median, p95, p99 and the worst, in milliseconds."""
    ordered = sorted(late_seconds)
    count = len(ordered)
    quantiles = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}
    found = {
        name: round(ordered[int((count - 1) * part)] * 1_000, 3) for name, part in quantiles.items()
    }
    return {"what": "heartbeat", "count": count, **found, "max_ms": round(ordered[-1] * 1_000, 3)}
