"""Delay capture: the index has moved and the book has not yet.

It rests on the venue being slower than we are, so the venue's reaction is measured: from the
receipt of an index value that completes a move to the receipt of the book's answer in that
direction. Both are stamped by our clock, so the stamps of others do not matter. Without enough
reactions, without a measured latency of our own, and while ours is longer than the fastest quarter
of reactions, nothing is called delay capture.

A book that moved *before* the index value reached us reacted in no time. One that did not follow
within ``wait_seconds`` may never have agreed with the move: it is left out, since counting it would
make the venue look slow. Moves on which the number itself hardly moved are not measured.

Known limitation: three quarters of quotes were seen to follow within a quarter of a second
elsewhere, and takers after that lost; over the internet this will mostly refuse, and say why.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import PRICE_SCALE
from kalshi_assistant.strategy.features import DIRECTION, Evidence

DelayVeto = Literal[
    "delay_off",
    "reaction_not_measured",
    "own_latency_not_measured",
    "venue_faster_than_us",
    "index_has_not_moved",
    "index_moved_the_other_way",
    "move_too_old",
    "edge_below_kind",
]
"""In the order in which they are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelaySettings:
    """Delay capture: the index moved and the book has not followed yet."""

    enabled: bool = setting(True, "whether it may make signals; it refuses until measured")
    move_bp: float = setting(
        1.5, "a move of the index worth waiting for, basis points", gt=0, le=1_000
    )
    span_seconds: float = setting(1.0, "within which it has to happen", gt=0, le=60)
    follow_dollars: float = setting(
        0.005, "the book has followed once its middle moved so far", gt=0, le=0.5
    )
    expected_dollars: float = setting(
        0.01, "only moves on which P(YES) moved so far are measured or captured", ge=0, le=0.5
    )
    wait_seconds: float = setting(5.0, "an answer is not waited for any longer", gt=0, le=60)
    keep: int = setting(200, "reactions remembered", ge=1, le=10_000)
    min_reactions: int = setting(30, "reactions needed before any is believed", ge=1, le=10_000)
    extra_dollars: float = setting(
        0.0, "net edge needed beyond signal.threshold_dollars", ge=0, le=1
    )

    def __post_init__(self) -> None:
        check_ranges(self)


class Measured(NamedTuple):
    """The venue's reaction time, seconds."""

    moves: int
    p25: float
    median: float


class Move(NamedTuple):
    """A move of the index that the book has not answered."""

    at: Nanos
    """Receipt of the value that completed it."""
    direction: int
    """+1 up, -1 down."""
    bp: float
    target: int
    """Best bid and ask together at which the book has followed."""


class _Seen(NamedTuple):
    at: Nanos
    value: int
    middle: int
    """Best bid and ask together."""
    p_yes: float


class Reaction:
    """Learns how long the venue's book takes to follow the index. Bounded."""

    __slots__ = ("_samples", "_seen", "_settings", "pending")

    def __init__(self, settings: DelaySettings) -> None:
        self._settings = settings
        self._seen: deque[_Seen] = deque(maxlen=64)
        self._samples: deque[int] = deque(maxlen=settings.keep)
        self.pending: Move | None = None
        """The move whose answer is awaited."""

    def adopt(self, settings: DelaySettings) -> None:
        """Measure by these settings from now on."""
        self._settings = settings
        self._samples = deque(self._samples, maxlen=settings.keep)

    @property
    def samples(self) -> tuple[int, ...]:
        """The reactions remembered, nanoseconds, oldest first."""
        return tuple(self._samples)

    def measured(self) -> Measured | None:
        """What is known; ``None`` before there are enough reactions."""
        count = len(self._samples)
        if count < self._settings.min_reactions:
            return None
        ordered = sorted(self._samples)
        return Measured(count, ordered[count // 4] / SECOND, ordered[count // 2] / SECOND)

    def index_seen(self, now: Nanos, value: int, middle: int, p_yes: float | None) -> None:
        """A value of the index (cents) received at ``now``, the number it gave (``None``: none),
        and the book: ``middle`` is best bid and ask together, 0 where either is missing.
        """
        wait = int(self._settings.wait_seconds * SECOND)
        if self.pending is not None and now - self.pending.at > wait:
            self.pending = None
        while self._seen and now - self._seen[0].at > self._settings.span_seconds * SECOND:
            self._seen.popleft()
        if middle == 0 or p_yes is None:
            self.forget()
            return
        if self.pending is None:
            self._look_for_a_move(now, value, middle, p_yes)
        self._seen.append(_Seen(now, value, middle, p_yes))

    def followed(self, now: Nanos) -> None:
        """The book has followed."""
        if self.pending is not None:
            self._samples.append(max(now - self.pending.at, 0))
            self.pending = None

    def forget(self) -> None:
        """The book is another one, or not known: what is under way says nothing."""
        self.pending = None
        self._seen.clear()

    def _look_for_a_move(self, now: Nanos, value: int, middle: int, p_yes: float) -> None:
        start = max(self._seen, key=lambda seen: abs(value - seen.value), default=None)
        if start is None:
            return
        change = value - start.value
        bp = change / start.value * 10_000.0
        direction = 1 if change > 0 else -1
        expected = (p_yes - start.p_yes) * direction
        if abs(bp) < self._settings.move_bp or expected < self._settings.expected_dollars:
            return
        target = start.middle + direction * round(2 * self._settings.follow_dollars * PRICE_SCALE)
        self._seen.clear()  # the same move is not found twice
        if (middle - target) * direction >= 0:
            self._samples.append(0)
        else:
            self.pending = Move(now, direction, bp, target)


def delay_capture(
    settings: DelaySettings,
    outcome: Outcome,
    over: float,
    reaction: Reaction,
    own_p95: float | None,
    now: Nanos,
) -> Evidence | DelayVeto:
    """The evidence for calling a crossing of ``outcome`` delay capture, or why it is none.

    ``over``: net edge above the common threshold, dollars; ``own_p95``: seconds from receiving an
    event to the venue's answer to an order, ``None`` while not measured.
    """
    if not settings.enabled:
        return "delay_off"
    measured, move = reaction.measured(), reaction.pending
    if measured is None:
        return "reaction_not_measured"
    if own_p95 is None:
        return "own_latency_not_measured"
    if own_p95 >= measured.p25:
        return "venue_faster_than_us"
    if move is None:
        return "index_has_not_moved"
    return _of_move(settings, outcome, over, measured, move, own_p95, now)


def _of_move(
    settings: DelaySettings,
    outcome: Outcome,
    over: float,
    measured: Measured,
    move: Move,
    own_p95: float,
    now: Nanos,
) -> Evidence | DelayVeto:
    if move.direction != DIRECTION[outcome]:
        return "index_moved_the_other_way"
    since = (now - move.at) / SECOND
    if since + own_p95 >= measured.p25:
        return "move_too_old"
    if over < settings.extra_dollars:
        return "edge_below_kind"
    return (
        ("move_bp", move.bp),
        ("since_move_seconds", since),
        ("own_p95_seconds", own_p95),
        ("reaction_p25_seconds", measured.p25),
        ("reaction_median_seconds", measured.median),
        ("reactions", float(measured.moves)),
    )
