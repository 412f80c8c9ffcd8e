"""What is told of all that could be told: repetition, routing, quiet hours, limits, digests.

Pure: the time comes with the snapshot. What always holds:

- every candidate is passed on, or counted as suppressed with a reason (``repeated``: the same news
  of the same rule within its time; ``no_channel``: no channel takes anything so mild);
- what is passed on to a channel is sent as a message of its own, or within a digest, or waits in
  the digest to come: ``Counts`` adds up at every instant;
- a channel gets at most ``per_minute`` messages within any sixty seconds, digests included, but for
  the last one at the end. A third of them is kept for what is severe;
- in quiet hours only what is severe is sent; the rest comes as one digest afterwards.

Time here is its own: it advances with the snapshots and never goes back, so another engine with
another clock neither opens nor closes a limit.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.alerts.grammar import Rule
from kalshi_assistant.alerts.message import (
    RANK,
    TEXT_MAX,
    Candidate,
    Message,
    Outgoing,
    Severity,
    cut,
)
from kalshi_assistant.alerts.settings import AlertSettings
from kalshi_assistant.alerts.watching import Watching
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso
from kalshi_assistant.engine.snapshot import Snapshot

KEYS_MAX: Final = 4_096
"""Pieces of news remembered; beyond, the one told longest ago is forgotten and may come again."""
SHOWN_MAX: Final = 8
"""Candidates of a digest that are shown; all are counted."""
WINDOW: Final = 60 * SECOND
AT_MAX: Final = 2**62
"""A later instant is nonsense and is taken for this one."""


@dataclass(slots=True)
class Counts:
    """What became of every candidate, and of every one passed on to a channel."""

    considered: int = 0
    passed: int = 0
    suppressed: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    """Messages of their own, by channel."""
    merged: dict[str, int] = field(default_factory=dict)
    """Candidates that went into digests which were sent."""
    digests: dict[str, int] = field(default_factory=dict)

    def suppress(self, reason: str) -> None:
        """One more for this reason."""
        self.suppressed[reason] = self.suppressed.get(reason, 0) + 1


@dataclass(slots=True)
class _Told:
    """The last time a piece of news was told."""

    at: int
    repeated: int = 0


class _Digest:
    """What waits for one channel: every candidate counted, the newest shown."""

    def __init__(self) -> None:
        self.since = 0
        self.count = 0
        self.severity: Severity = "info"
        self._of_rule: dict[int, int] = {}
        self._newest: deque[Candidate] = deque(maxlen=SHOWN_MAX)

    def add(self, candidate: Candidate, severity: Severity, now: int) -> None:
        """One more; the digest is as severe as the most severe of it."""
        if not self.count:
            self.since = now
        self.count += 1
        self._of_rule[candidate.rule] = self._of_rule.get(candidate.rule, 0) + 1
        self._newest.append(candidate)
        if RANK[severity] > RANK[self.severity]:
            self.severity = severity

    def message(self, number: int, at: Nanos, rules: Sequence[Rule]) -> Message:
        """All of it as one message."""
        tally = [f"{count} x {rules[rule].text}" for rule, count in sorted(self._of_rule.items())]
        shown = [
            f"{format_iso(each.at)} {each.title}: {cut(each.text, 120)}" for each in self._newest
        ]
        hidden = self.count - len(shown)
        head = [f"the last {len(shown)} of {self.count}:"] if hidden else []
        return Message(
            number=number,
            at=at,
            severity=self.severity,
            title=f"{self.count} alerts",
            text=cut("\n".join([*tally, *head, *shown]), TEXT_MAX),
            count=self.count,
            rules=tuple(rules[rule].text for rule in sorted(self._of_rule)),
        )


class _Lane:
    """One channel's limit and digest."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._reserved = per_minute // 3
        self._times: deque[int] = deque()
        self.digest = _Digest()

    def free(self, severity: Severity, now: int) -> bool:
        """Whether a message may leave now."""
        while self._times and now - self._times[0] >= WINDOW:
            self._times.popleft()
        kept = 0 if severity == "severe" else self._reserved
        return len(self._times) < self._per_minute - kept

    def sent(self, now: int) -> None:
        """One left."""
        self._times.append(now)


class Policy:
    """Snapshots in, messages with their channels out."""

    def __init__(self, settings: AlertSettings, channels: Sequence[str] | None = None) -> None:
        """``channels`` are those that are there; else those that are switched on."""
        self._settings, self._limits = settings, settings.limits
        self._rules = settings.parsed
        self._watching = Watching(self._rules)
        names = settings.enabled if channels is None else tuple(channels)
        self._lanes = {name: _Lane(self._limits.per_minute) for name in names}
        self._routes = [self._route(rule) for rule in self._rules]
        self._quiet = settings.quiet.hours
        self._told: OrderedDict[tuple[int, str], _Told] = OrderedDict()
        self._now = 0
        self._last_at: int | None = None
        self._number = 0
        self.counts = Counts()

    def see(self, snapshot: Snapshot) -> list[Outgoing]:
        """What is to be sent now that this is known."""
        return self.consider(self._watching.see(snapshot), snapshot.at)

    def gone(self, reason: str) -> list[Outgoing]:
        """The engine went away; another that comes is looked at anew."""
        found = self._watching.gone(reason)
        return self.consider(found, self._at(None))

    def begin_anew(self) -> None:
        """Another engine is attached: its history is no news."""
        self._watching.begin_anew()

    @property
    def overruns(self) -> int:
        """How often more happened between two snapshots than one shows."""
        return self._watching.overruns

    def consider(self, candidates: Iterable[Candidate], at: Nanos) -> list[Outgoing]:
        """What is to be sent of these, and of what has waited."""
        at = self._at(at)
        quiet = self._quiet is not None and self._quiet.hold(at)
        out: list[Outgoing] = []
        for candidate in candidates:
            self._consider(candidate, at, out, quiet=quiet)
        out += self._due(at, quiet=quiet)
        return out

    def close(self) -> list[Outgoing]:
        """What still waits, as last digests: the end is no reason to keep it back."""
        at = self._at(None)
        return [self._digest(name, lane, at) for name, lane in self._lanes.items()
                if lane.digest.count]  # fmt: skip

    def waiting(self, channel: str) -> int:
        """Candidates in the digest that a channel has to come."""
        return self._lanes[channel].digest.count

    def _at(self, at: Nanos | None) -> Nanos:
        """Advance the time; ``None``: no time has passed that is known of."""
        if at is None:
            return Nanos(0 if self._last_at is None else self._last_at)
        inside = min(max(int(at), 0), AT_MAX)
        if self._last_at is not None:
            self._now += max(0, inside - self._last_at)
        self._last_at = inside
        return Nanos(inside)

    def _route(self, rule: Rule) -> tuple[str, ...]:
        """The channels that take what a rule tells."""
        wanted = self._lanes if rule.channels is None else rule.channels
        return tuple(
            name
            for name in self._lanes
            if name in wanted and RANK[rule.severity] >= RANK[self._settings.least(name)]
        )

    def _consider(
        self, candidate: Candidate, at: Nanos, out: list[Outgoing], *, quiet: bool
    ) -> None:
        counts, rule = self.counts, self._rules[candidate.rule]
        counts.considered += 1
        if not self._routes[candidate.rule]:
            counts.suppress("no_channel")
            return
        repeated = self._repeated(candidate, rule)
        if repeated is None:
            counts.suppress("repeated")
            return
        counts.passed += 1
        for name in self._routes[candidate.rule]:
            lane = self._lanes[name]
            hold = rule.severity != "severe" and (quiet or lane.digest.count > 0)
            if hold or not lane.free(rule.severity, self._now):
                lane.digest.add(candidate, rule.severity, self._now)
            else:
                lane.sent(self._now)
                counts.sent[name] = counts.sent.get(name, 0) + 1
                out.append(Outgoing(name, self._single(candidate, rule, repeated, at)))

    def _repeated(self, candidate: Candidate, rule: Rule) -> int | None:
        """How often it was held back since it was told last; ``None``: hold it back now."""
        key, every = (candidate.rule, candidate.key), rule.every_seconds
        every = self._limits.repeat_seconds if every is None else every
        told = self._told.get(key)
        if told is not None and self._now - told.at < every * SECOND:
            told.repeated += 1
            return None
        self._told[key] = _Told(self._now)
        self._told.move_to_end(key)
        if len(self._told) > KEYS_MAX:
            self._told.popitem(last=False)
        return 0 if told is None else told.repeated

    def _single(self, candidate: Candidate, rule: Rule, repeated: int, at: Nanos) -> Message:
        again = f"\n({repeated} more like it since it was told last)" if repeated else ""
        return Message(
            number=self._count(),
            at=candidate.at or at,
            severity=rule.severity,
            title=candidate.title,
            text=candidate.text + again,
            rules=(rule.text,),
        )

    def _due(self, at: Nanos, *, quiet: bool) -> Iterator[Outgoing]:
        """Digests whose time has come."""
        for name, lane in self._lanes.items():
            digest = lane.digest
            if not digest.count:
                continue
            severe = digest.severity == "severe"
            gathered = self._now - digest.since >= self._limits.digest_seconds * SECOND
            if (severe or (gathered and not quiet)) and lane.free(digest.severity, self._now):
                yield self._digest(name, lane, at)

    def _digest(self, name: str, lane: _Lane, at: Nanos) -> Outgoing:
        digest, lane.digest = lane.digest, _Digest()
        lane.sent(self._now)
        counts = self.counts
        counts.digests[name] = counts.digests.get(name, 0) + 1
        counts.merged[name] = counts.merged.get(name, 0) + digest.count
        return Outgoing(name, digest.message(self._count(), at, self._rules))

    def _count(self) -> int:
        self._number += 1
        return self._number
