"""The assistant without a screen: snapshots in, a line of JSON or of text for every change out.

``Lines`` is pure: snapshots in, records out (``control/records.py`` has their fields). ``run`` only
paces and prints.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, TextIO, TypeVar

from msgspec import MsgspecError

from kalshi_assistant.control import standing
from kalshi_assistant.control.records import (
    Record,
    feed_record,
    note_record,
    number_record,
    signal_record,
    window_record,
)
from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.signals import Signal
from kalshi_assistant.engine.snapshot import FeedView, LogLine, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlessSettings:
    """A run without a screen."""

    status_seconds: float = setting(
        60.0, "a line of status on standard error this often; 0: none", ge=0, le=86_400
    )

    def __post_init__(self) -> None:
        check_ranges(self)


PACE_SECONDS: Final = 0.25
TEXT_PACE_SECONDS: Final = 1.0
"""People read slower."""
EXIT_DONE: Final = 0
EXIT_OUTSIDE: Final = 3
BROKEN: Final = (AssistantError, OSError, EOFError, MsgspecError)
"""What a source raises when the connection to the engine breaks."""

TOLD_OTHERWISE: Final = frozenset({"signal", "window"})
"""Log levels with a record type of their own."""

_PASSES: Final = ("at", "seconds_left", "index_at", "band", "simulated", "replica")
"""Fields that change with time or chance alone and so are no news by themselves."""

Item = TypeVar("Item", Signal, LogLine)


class Source(Protocol):
    """Where snapshots come from."""

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Every snapshot the engine publishes, from now on."""
        ...


class Lines:
    """What is new in each snapshot, as records; it remembers one snapshot, no more."""

    def __init__(self) -> None:
        self._before: Snapshot | None = None
        self._number: Record | None = None

    def feed(self, snapshot: Snapshot) -> list[Record]:
        """Records for what changed since the snapshot before, oldest news first."""
        before, self._before = self._before, snapshot
        old_log = () if before is None else before.log
        old_signals = () if before is None else before.signals
        old_windows = () if before is None else before.windows
        feeds = {} if before is None else {view.name: _standing(view) for view in before.feeds}
        records = [note_record(told) for told in _newer(snapshot.log, old_log)
                   if told.level not in TOLD_OTHERWISE]  # fmt: skip
        records += [
            feed_record(view, snapshot.at)
            for view in snapshot.feeds
            if feeds.get(view.name) != _standing(view)
        ]
        records += [signal_record(signal) for signal in _newer(snapshot.signals, old_signals)]
        records += [
            window_record(report)
            for report in reversed(snapshot.windows)
            if report not in old_windows  # one that was completed later is news again
        ]
        return [*records, *self._changed_number(snapshot)]

    def _changed_number(self, snapshot: Snapshot) -> list[Record]:
        record = number_record(snapshot)
        told = {name: value for name, value in record.items() if name not in _PASSES}
        if told == self._number:
            return []
        self._number = told
        return [record]


def _newer(now: Sequence[Item], before: Sequence[Item]) -> list[Item]:
    """Items of ``now`` (newest first) that came after the newest of ``before``, oldest first."""
    if not before:
        return list(reversed(now))
    newest = before[0]
    fresh = []
    for item in now:
        if item == newest:
            break
        fresh.append(item)
    return fresh[::-1]


def _standing(view: FeedView) -> tuple[str, str | None, int, int]:
    return view.state, view.reason, view.gaps, view.malformed


def as_text(record: Record) -> str:
    """A record as one line for a person, times in UTC."""
    match record["type"]:
        case "number":
            said = _number_text(record)
        case "window":
            said = (
                f"settled {record['settlement']} (ours {record['our_settlement']}, "
                f"{record['prints']} prints), {_upper(record['result'])}, "
                f"paper {record['paper_pnl']}"
            )
        case "signal":
            said = (
                f"buy {record['quantity']} {_upper(record['outcome'])} "
                f"up to {record['worst_price']}, net {record['net_edge']} each"
            )
        case "feed":
            reason = f", {record['reason']}" if record["reason"] else ""
            said = (
                f"{record['feed']} {record['state']}{reason}, "
                f"{record['gaps']} gaps, {record['malformed']} malformed"
            )
        case _:
            said = f"{record['level']} {record['topic']}: {record['text']}"
    where = record.get("ticker", "") or ""
    at = record.get("at")
    clock = f"{at[11:19]}Z" if isinstance(at, str) else " " * 9
    return " ".join(part for part in (clock, str(record["type"]), str(where), said) if part)


def _upper(value: object) -> str:
    return "no result yet" if value is None else str(value).upper()


def _number_text(record: Record) -> str:
    if record["ticker"] is None:
        return "no market yet"
    p_yes, mid = record["p_yes"], record["market_mid"]
    number = f"no number ({_words(record['no_number'])})" if p_yes is None else f"P(YES) {p_yes}"
    stance = "may trade" if record["veto"] is None else f"not trading: {_words(record['veto'])}"
    edges = f"edge YES {record['edge_yes'] or '-'} NO {record['edge_no'] or '-'}"
    market = "-" if mid is None else mid
    return f"{record['seconds_left']} s left, {number}, market {market}, {edges}, {stance}"


def _words(code: object) -> str:
    return "not computed yet" if code is None else str(code).replace("_", " ")


class _ReaderGone(Exception):  # noqa: N818  # not an error: who read our lines has seen enough
    pass


class _Newest:
    """The newest snapshot of a source; one that nobody took in time is replaced."""

    def __init__(self, source: Source) -> None:
        self.shown: Snapshot | None = None
        """The newest there was, also once it was taken."""
        self._snapshot: Snapshot | None = None
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self.reading = asyncio.create_task(self._read(source))

    async def _read(self, source: Source) -> None:
        try:
            async for snapshot in source.snapshots():
                self._snapshot = self.shown = snapshot
                self._changed.set()
        finally:
            self._ended.set()
            self._changed.set()

    async def take(self) -> Snapshot | None:
        """Wait for a snapshot; ``None`` after the last one."""
        await self._changed.wait()
        self._changed.clear()
        taken, self._snapshot = self._snapshot, None
        if self._ended.is_set():
            self._changed.set()  # whoever asks again is answered at once
        return taken

    async def rest(self, seconds: float) -> None:
        """Let ``seconds`` pass, or less when the source has ended."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)


async def run(
    source: Source,
    *,
    as_json: bool = True,
    out: TextIO | None = None,
    err: TextIO | None = None,
    pace_seconds: float | None = None,
    status_seconds: float = 0.0,
) -> int:
    """Print what changes until the source ends; answers the exit code.

    A closed output is a quiet end: who read it has seen enough. Every ``status_seconds`` (0: never)
    a line of status goes to ``err``, whose reader may go away without a word.
    """
    out, err = out or sys.stdout, err or sys.stderr
    pace = (
        (PACE_SECONDS if as_json else TEXT_PACE_SECONDS) if pace_seconds is None else pace_seconds
    )
    newest, lines = _Newest(source), Lines()
    status = asyncio.create_task(_tell_status(newest, err, status_seconds))
    try:
        while (snapshot := await newest.take()) is not None:
            _print(lines.feed(snapshot), out, as_json=as_json)
            await newest.rest(pace)
        await newest.reading
    except _ReaderGone:
        _discard(out)
    except BROKEN as error:
        err.write(f"{error}\n")
        return EXIT_OUTSIDE
    finally:
        newest.reading.cancel()
        status.cancel()
    return EXIT_DONE


async def _tell_status(newest: _Newest, err: TextIO, seconds: float) -> None:
    """A line of status now and then, until cancelled or nobody reads it."""
    with suppress(OSError, ValueError):  # closed: nobody reads it
        while seconds > 0:
            await asyncio.sleep(seconds)
            if newest.shown is not None:
                err.write(f"status {standing.line(newest.shown)}\n")
                err.flush()


def _print(records: Sequence[Record], out: TextIO, *, as_json: bool) -> None:
    try:
        for record in records:
            text = json.dumps(record, allow_nan=False) if as_json else as_text(record)
            out.write(f"{text}\n")
        out.flush()
    except BrokenPipeError as error:
        raise _ReaderGone from error


def _discard(out: TextIO) -> None:
    """Let the interpreter end quietly: what is left unwritten goes nowhere."""
    if out is sys.stdout:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
