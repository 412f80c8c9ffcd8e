"""A bad line, on purpose: frames lost, late, doubled, swapped, damaged, cut; connections dropped.

The wrapper sits between whatever makes frames and whatever reads them, and serves tests and soak
runs alike. Each fault draws from a stream of its own, so switching one on never moves another, and
the same seed damages the same frames on every machine.

Known limitation: time moves only with the frames that are fed; nothing happens between them.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np

from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.quant.rng import stream

Fault = Literal[
    "disconnect",
    "drop",
    "cut",
    "corrupt",
    "garble",
    "delay",
    "duplicate",
    "reorder",
    "silence",
    "slow",
]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

PARTS_PER_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSettings:
    """How bad the line is. Every share is a probability per frame; all zero is a perfect line."""

    drop: float = setting(0.0, "share of frames that are lost", ge=0, le=1)
    delay: float = setting(0.0, "share of frames at which the line stalls", ge=0, le=1)
    delay_ms_max: int = setting(2_000, "longest stall, in milliseconds", ge=1, le=600_000)
    duplicate: float = setting(0.0, "share of frames that arrive twice", ge=0, le=1)
    reorder: float = setting(0.0, "share of frames overtaken by later ones", ge=0, le=1)
    reorder_frames_max: int = setting(4, "how many later frames may overtake", ge=1, le=1_000)
    corrupt: float = setting(0.0, "share of frames with one bit or byte changed", ge=0, le=1)
    garble: float = setting(0.0, "share of frames with a byte that no text can hold", ge=0, le=1)
    silence: float = setting(
        0.0, "share of frames at which the line goes dead, to break much later", ge=0, le=1
    )
    silence_ms_max: int = setting(90_000, "longest such silence", ge=1, le=3_600_000)
    slow: float = setting(
        0.0, "share of frames at which the reader is so slow that it is cut off", ge=0, le=1
    )
    slow_ms_max: int = setting(5_000, "longest time it takes to be cut off", ge=1, le=600_000)
    cut: float = setting(0.0, "share of frames that end in the middle", ge=0, le=1)
    disconnect: float = setting(0.0, "share of frames at which the connection drops", ge=0, le=1)
    outage_ms_max: int = setting(5_000, "longest outage, in milliseconds", ge=0, le=600_000)
    skew_ms: float = setting(0.0, "error of the receiving clock", ge=-600_000, le=600_000)
    drift_ppm: float = setting(0.0, "its drift, in parts per million", ge=-10_000, le=10_000)

    def __post_init__(self) -> None:
        check_ranges(self)


class Delivery(NamedTuple):
    """What reaches the reader: a frame, or ``None`` where the connection dropped."""

    frame: bytes | None
    at: Nanos


class _Held(NamedTuple):
    frame: bytes
    after: int
    """Released once this many later frames went by."""


class Faults:
    """One connection's worth of trouble. ``happened`` counts what was done to it."""

    def __init__(self, settings: FaultSettings, seed: int, name: str = "line") -> None:
        self.happened: Counter[Fault] = Counter()
        self._settings = settings
        self._shares = {fault: float(getattr(settings, fault)) for fault in FAULTS}
        self._perfect = not any(self._shares.values())
        self._streams = {
            fault: stream(seed, f"faults.{name}.{fault}")
            for fault in (() if self._perfect else FAULTS)
        }
        self._held: list[_Held] = []
        self._stalled_until = Nanos(0)
        self._down_until = Nanos(0)
        self._silent_until = Nanos(0)
        self._first_at: Nanos | None = None

    def feed(self, frame: bytes, at: Nanos) -> list[Delivery]:
        """What the reader gets now that ``frame`` was sent to arrive at ``at``; often just that."""
        if self._perfect:
            return [Delivery(frame, self._read_clock(at))]
        broken = self._broken(at)
        if broken is not None:
            return broken
        arrivals = self._damaged(frame)
        at = self._stall(at)
        late = self._overtaken(arrivals)
        return [Delivery(each, self._read_clock(at)) for each in (*arrivals, *late)]

    def finish(self, at: Nanos) -> list[Delivery]:
        """The frames still held back, once nothing more will be fed."""
        held, self._held = self._held, []
        return [Delivery(each.frame, self._read_clock(self._stall_end(at))) for each in held]

    def _broken(self, at: Nanos) -> list[Delivery] | None:
        """What comes of a frame on a line that is down or goes down; ``None``: it holds."""
        if at < self._down_until or at < self._silent_until:
            return []
        if self._silent_until:  # what was sent meanwhile is lost, and with it the connection
            self._silent_until = Nanos(0)
            return [self._disconnect(at)]
        if self._strikes("disconnect"):
            return [self._disconnect(at)]
        if self._strikes("silence"):
            lasts = self._streams["silence"].random() * self._settings.silence_ms_max
            self._silent_until = Nanos(at + int(lasts * MILLISECOND))
            return []
        if self._strikes("slow"):
            lasts = self._streams["slow"].random() * self._settings.slow_ms_max
            self._stalled_until = max(self._stalled_until, Nanos(at + int(lasts * MILLISECOND)))
            return [self._disconnect(at)]
        return None

    def _strikes(self, fault: Fault) -> bool:
        share = self._shares[fault]
        struck = share > 0 and bool(self._streams[fault].random() < share)
        self.happened[fault] += struck
        return struck

    def _disconnect(self, at: Nanos) -> Delivery:
        """The line goes down: what was under way is gone."""
        outage = self._streams["disconnect"].random() * self._settings.outage_ms_max
        self._down_until = Nanos(at + int(outage * MILLISECOND))
        self._held.clear()
        return Delivery(None, self._read_clock(self._stall_end(at)))

    def _damaged(self, frame: bytes) -> list[bytes]:
        """The copies of ``frame`` that arrive: none, one or two."""
        if self._strikes("drop"):
            return []
        if self._strikes("cut"):
            frame = frame[: int(self._streams["cut"].integers(len(frame)))] if frame else frame
        if self._strikes("corrupt"):
            frame = corrupted(frame, self._streams["corrupt"])
        if self._strikes("garble"):
            place = int(self._streams["garble"].integers(len(frame) + 1))
            frame = frame[:place] + b"\xff" + frame[place:]
        return [frame, frame] if self._strikes("duplicate") else [frame]

    def _stall(self, at: Nanos) -> Nanos:
        """Bytes of one connection arrive in order: a late one holds up those behind it."""
        if self._strikes("delay"):
            stall = self._streams["delay"].random() * self._settings.delay_ms_max
            self._stalled_until = max(self._stalled_until, Nanos(at + int(stall * MILLISECOND)))
        return self._stall_end(at)

    def _stall_end(self, at: Nanos) -> Nanos:
        return max(at, self._stalled_until)

    def _overtaken(self, arrivals: list[bytes]) -> list[bytes]:
        """Hold back some of ``arrivals``; answer with those held long enough."""
        ready = [each.frame for each in self._held if each.after <= 1]
        self._held = [_Held(each.frame, each.after - 1) for each in self._held if each.after > 1]
        if arrivals and self._strikes("reorder"):
            later = self._streams["reorder"].integers(1, self._settings.reorder_frames_max + 1)
            self._held.append(_Held(arrivals.pop(), int(later)))
        return ready

    def _read_clock(self, at: Nanos) -> Nanos:
        """``at`` as the receiving clock shows it."""
        if self._first_at is None:
            self._first_at = at
        drifted = (at - self._first_at) * self._settings.drift_ppm / PARTS_PER_MILLION
        return Nanos(at + int(self._settings.skew_ms * MILLISECOND + drifted))


def corrupted(frame: bytes, chance: np.random.Generator) -> bytes:
    """``frame`` with one bit flipped or one byte replaced; an empty frame stays empty."""
    if not frame:
        return frame
    place = int(chance.integers(len(frame)))
    flipped = (
        1 << int(chance.integers(8)) if chance.random() < 0.5 else int(chance.integers(1, 256))
    )
    return frame[:place] + bytes([frame[place] ^ flipped]) + frame[place + 1 :]
