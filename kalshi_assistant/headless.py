"""The assistant without a screen: snapshots in, a line of JSON or of text for every change out.

``Lines`` is pure: snapshots in, records out. ``run`` only paces and prints. Fields of a record are
part of the promise to whoever reads them: money and prices are strings in dollars, probabilities
are numbers, times ISO 8601 UTC with ``Z``, and what is not known is ``null``.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Final, Protocol, TextIO, TypeVar

from msgspec import MsgspecError

from kalshi_assistant.control import standing
from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.domain.units import (
    format_index,
    format_money,
    format_price,
    format_quantity,
)
from kalshi_assistant.engine.snapshot import FeedView, LogLine, MarketView, ReplicaView, Snapshot

Record = dict[str, object]


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

MARKET_FIELDS: Final = (
    "seconds_left", "strike", "p_yes", "no_number", "market_mid", "p_blend", "band", "simulated",
    "contradicted_by", "bid", "ask", "book_known", "edge_yes", "edge_no", "veto", "expected", "sd",
    "distance", "sigmas", "prints_known", "prints_missing", "prints_left", "warnings", "position",
)  # fmt: skip
"""Fields of a number that are ``null`` while there is no market."""

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
        records = [_note(told) for told in _newer(snapshot.log, old_log)
                   if told.level not in TOLD_OTHERWISE]  # fmt: skip
        records += [
            _feed(view, snapshot.at)
            for view in snapshot.feeds
            if feeds.get(view.name) != _standing(view)
        ]
        records += [_signal(signal) for signal in _newer(snapshot.signals, old_signals)]
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


def _iso(at: int | None) -> str | None:
    return None if at is None else format_iso(at)


def _index(cents: int | None) -> str | None:
    return None if cents is None else format_index(cents)


def _dollars(value: float | None, decimals: int) -> str | None:
    """A dollar amount that is an estimate, rounded to ``decimals``."""
    return None if value is None or not isfinite(value) else f"{value:.{decimals}f}"


def _number(value: float | None, decimals: int) -> float | None:
    """A number for JSON, which has no word for infinity."""
    return None if value is None or not isfinite(value) else round(value, decimals)


def _probability(value: float | None) -> float | None:
    return _number(value, 6)


def number_record(snapshot: Snapshot) -> Record:
    """The number, the market beside it, and why nothing is traded."""
    market, index = snapshot.market, snapshot.index
    record: Record = {
        "type": "number",
        "at": format_iso(snapshot.at),
        "ticker": None if market is None else market.ticker,
        "index": _index(index.value),
        "index_label": index.label,
        "index_estimated": index.estimated,
        "index_error_bp": _number(index.error_bp, 4),
        "index_at": _iso(index.value_at),
        "replica": None if index.replica is None else _replica(index.replica),
        "information_only": snapshot.polled,
        "average_60s": _dollars(index.average_60, 4),
        "paused": snapshot.paused,
        "exchange": snapshot.exchange_says,
    }
    known = dict.fromkeys(MARKET_FIELDS) if market is None else _of_market(market, snapshot.at)
    return record | known


def _replica(view: ReplicaView) -> Record:
    return {
        "value": _index(view.value),
        "corrected": _index(view.corrected),
        "venues": list(view.used),
        "left_out": dict(view.left_out),
        "coverage": _number(view.coverage, 3),
        "compared": view.compared,
        "error_mean": _dollars(view.error_mean, 4),
        "error_sd": _dollars(view.error_sd, 4),
    }


def _of_market(market: MarketView, at: int) -> Record:
    number = market.number
    return {
        "seconds_left": round(max(0, market.close_time - at) / SECOND, 3),
        "strike": _index(market.strike),
        "p_yes": _probability(number.p_yes),
        "no_number": number.no_number,
        "market_mid": _probability(market.market_mid),
        "p_blend": _probability(market.belief.blend),
        "band": [_probability(number.band_low), _probability(number.band_high)],
        "simulated": {name: _probability(p) for name, p, _ in market.belief.estimates},
        "contradicted_by": list(market.belief.contradicted_by),
        "bid": _best(market.book.bids),
        "ask": _best(market.book.asks),
        "book_known": market.book.known,
        "edge_yes": _net(market.edge_yes),
        "edge_no": _net(market.edge_no),
        "veto": market.veto,
        "expected": _dollars(number.expected_average, 4),
        "sd": _dollars(number.sd, 4),
        "distance": _dollars(number.distance, 4),
        "sigmas": _number(number.sigmas, 4),
        "prints_known": number.prints_known,
        "prints_missing": number.prints_missing,
        "prints_left": number.prints_left,
        "warnings": list(number.warnings),
        "position": format_quantity(market.position),
    }


def _best(levels: Sequence[tuple[int, int]]) -> str | None:
    return format_price(levels[0][0]) if levels else None


def _net(edge: Edge | None) -> str | None:
    return None if edge is None else _dollars(edge.net, 4)


def _signal(signal: Signal) -> Record:
    edge = signal.edge
    return {
        "type": "signal",
        "at": format_iso(signal.made_at),
        "ticker": signal.ticker,
        "kind": signal.kind,
        "outcome": edge.outcome,
        "quantity": format_quantity(edge.quantity),
        "worst_price": format_price(edge.worst_price),
        "cost": format_money(edge.cost),
        "fee": format_money(edge.fee),
        "net_edge": _dollars(edge.net, 4),
        "threshold": _dollars(signal.threshold, 4),
        "p_yes": _probability(signal.p_yes),
        "seconds_left": _number(signal.seconds_left, 3),
        "config": signal.config,
    }


def window_record(report: WindowReport) -> Record:
    """One window after its close."""
    return {
        "type": "window",
        "ticker": report.ticker,
        "strike": _index(report.strike),
        "settlement": _index(report.settlement),
        "our_settlement": _index(report.our_settlement),
        "result": report.result,
        "prints": report.prints,
        "p_yes": {left: _probability(p_yes) for left, p_yes in report.p_yes.items()},
        "p_market": {left: _probability(p_yes) for left, p_yes in report.p_market.items()},
        "p_blend": {left: _probability(p_yes) for left, p_yes in report.p_blend.items()},
        "signals": report.signals,
        "vetoes": report.vetoes,
        "paper_pnl": format_money(report.paper_pnl),
    }


def _feed(view: FeedView, at: int) -> Record:
    age = None if view.last_event_at is None else round((at - view.last_event_at) / SECOND, 3)
    return {
        "type": "feed",
        "at": format_iso(at),
        "feed": view.name,
        "state": view.state,
        "reason": view.reason,
        "age_seconds": age,
        "gaps": view.gaps,
        "malformed": view.malformed,
        "delay_least_ms": _number(view.delay_least_ms, 3),
        "delay_p50_ms": _number(view.delay_p50_ms, 3),
        "delay_p95_ms": _number(view.delay_p95_ms, 3),
        "delay_p99_ms": _number(view.delay_p99_ms, 3),
    }


def _note(told: LogLine) -> Record:
    return {
        "type": "note",
        "at": format_iso(told.at),
        "level": told.level,
        "topic": told.topic,
        "text": told.text,
    }


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
