"""What was believed along a window, second by second: bounded, for the screen; decides nothing."""

from typing import Final, NamedTuple

from kalshi_assistant.engine.snapshot import TrailView

SECONDS_KEPT: Final = 960
"""A window and the minute in which it is looked at before it opens."""
STEP_SECONDS: Final = 3
"""Readers get every third second: finer than a terminal draws a quarter of an hour."""
SCALE: Final = 10_000
UNKNOWN: Final = -1


class Believed(NamedTuple):
    """One second, in ten-thousandths; ``UNKNOWN`` where there was no number."""

    model: int = UNKNOWN
    blend: int = UNKNOWN
    market: int = UNKNOWN
    simulated: int = UNKNOWN
    low: int = UNKNOWN
    high: int = UNKNOWN


_NOTHING: Final = Believed()


def scaled(probability: float | None) -> int:
    """A probability in ten-thousandths."""
    return UNKNOWN if probability is None else round(probability * SCALE)


class Trail:
    """The last ``SECONDS_KEPT`` seconds, without holes: a second not looked at is unknown."""

    __slots__ = ("_first", "_rows", "_shown")

    def __init__(self) -> None:
        self._first = 0
        self._rows: list[Believed] = []
        self._shown: TrailView | None = None

    def add(self, second: int, believed: Believed) -> None:
        """Note a second; one before the newest is too late."""
        if not self._rows:
            self._first = second
        passed = second - self._first - len(self._rows)
        if passed < 0:
            return
        self._rows += [_NOTHING] * min(passed, SECONDS_KEPT)
        self._rows.append(believed)
        del self._rows[: max(0, len(self._rows) - SECONDS_KEPT)]
        self._first = second + 1 - len(self._rows)
        self._shown = None

    def view(self) -> TrailView | None:
        """Every ``STEP_SECONDS``-th second, always the same ones; ``None`` while there is none."""
        if self._shown is None:
            self._shown = self._view()
        return self._shown

    def _view(self) -> TrailView | None:
        start = -self._first % STEP_SECONDS
        rows = self._rows[start::STEP_SECONDS]
        if not rows:
            return None
        model, blend, market, simulated, low, high = zip(*rows, strict=True)
        return TrailView(
            first_second=self._first + start,
            step_seconds=STEP_SECONDS,
            model=model,
            blend=blend,
            market=market,
            simulated=simulated,
            low=low,
            high=high,
        )
