"""The jobs of a sweep: pure functions of (where the data is, settings, a piece of it).

A job may run in this process, in one of a pool, or on another machine; what it answers is plain
and small, and hangs on nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

import kalshi_assistant
from kalshi_assistant.domain.entries import FillKept, SettlementKept
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.units import QUANTITY_SCALE
from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.execution.evidence import COUNTS_ON_PAPER
from kalshi_assistant.lab import backtest_input
from kalshi_assistant.lab.backtesting import Backtesting
from kalshi_assistant.lab.fast_kernel import (
    F_BOUGHT,
    F_FEE,
    F_NO,
    F_PRICE,
    F_SURE,
    F_SURE_FEE,
    F_WINDOW,
)
from kalshi_assistant.lab.fast_pass import run_pass
from kalshi_assistant.lab.panel_columns import Ints, Source, WorldSource, source_of
from kalshi_assistant.lab.sweep_folds import WARM_WINDOWS, Piece, days_of
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.runtime.backtest import Latency, Record
from kalshi_assistant.sim.panel_world import LENGTH, World

ONE: Final = 10_000
"""A dollar a contract in micro-dollars for a hundredth of one."""
_BLOCK: Final = 2**20


class Where(msgspec.Struct, frozen=True, array_like=True):
    """Where the data is: a panel's folder, or the files of one past for the engine."""

    panel: str = ""
    files: tuple[str, ...] = ()
    index: str = ""
    markets: str = ""
    journal: bool = False
    depth: int = 10_000
    """1/100 contract that a panel's quote is taken to show."""


class Job(msgspec.Struct, frozen=True, array_like=True):
    """Some settings (their names, and themselves as JSON) on one piece."""

    where: Where
    settings: tuple[tuple[str, str], ...]
    piece: tuple[int, int, int]
    """Block, first window, the one after the last; zeros for the engine: all of it."""
    seed: int = 0


class Day(msgspec.Struct):
    """One setting on one of New York's days."""

    gains: list[float] = []
    """Dollars per contract of each window in which the careful assumption bought, in order."""
    pnl: int = 0
    """Micro-dollars, of the account of record."""
    careful: int = 0
    """The same under the careful assumption."""
    signals: int = 0
    fills: int = 0
    fees: int = 0


class Outcome(msgspec.Struct):
    """One setting on one piece, by day, and what was odd about the data."""

    days: dict[str, Day] = {}
    notices: list[str] = []


Outcomes = dict[str, Outcome]
"""By the name of the setting."""


def run(job: Job) -> Outcomes:
    """Do it. Raises OperatorError."""
    settings = [from_json(text) for _, text in job.settings]
    names = [name for name, _ in job.settings]
    if job.where.panel:
        found = _on_panel(job, settings)
    else:
        found = [_on_engine(job, each) for each in settings]
    return dict(zip(names, found, strict=True))


def warm() -> None:
    """Have the machine code of a pass in the cache before several processes ask for it."""
    source = WorldSource(World(windows=1), "")
    for _ in run_pass(source, [EngineSettings()], 0, 1):
        pass


# --- panels ---


@lru_cache(maxsize=2)
def opened(panel: str) -> Source:
    """A panel, read once in each process. Raises OperatorError."""
    return source_of(Path(panel))


def _on_panel(job: Job, settings: Sequence[EngineSettings]) -> list[Outcome]:
    source = opened(job.where.panel)
    _, first, last = job.piece
    passes = run_pass(source, settings, first, last, warm=WARM_WINDOWS, depth=job.where.depth)
    passed = next(found for _, found in passes if found is not None)
    closes = days_of(source.opens[first:last].tolist(), LENGTH)
    return [by_day(each.fills, first, each.results, closes) for each in passed]


def by_day(fills: Ints, first: int, yes: Ints, closes: Sequence[str]) -> Outcome:
    """The signals of a pass and what they brought, by the day their windows closed on."""
    found = Outcome()
    for rows in _windows(fills):
        window = int(rows[0, F_WINDOW]) - first
        day = found.days.setdefault(closes[window], Day())
        day.signals += len(rows)
        day.fills += int(np.count_nonzero(rows[:, F_BOUGHT]))
        day.fees += int(rows[:, F_FEE].sum())
        won = (rows[:, F_NO] == 0) == bool(yes[window])
        worth = np.where(won, ONE, 0) - rows[:, F_PRICE]
        day.pnl += int((worth * rows[:, F_BOUGHT] - rows[:, F_FEE]).sum())
        bought = int(rows[:, F_SURE].sum())
        if bought:
            profit = int((worth * rows[:, F_SURE] - rows[:, F_SURE_FEE]).sum())
            day.careful += profit
            day.gains.append(round(profit * QUANTITY_SCALE / bought / 1e6, 6))
    return found


def _windows(fills: Ints) -> Iterator[Ints]:
    """The rows of each window."""
    if len(fills):
        yield from np.split(fills, np.flatnonzero(np.diff(fills[:, F_WINDOW])) + 1)


# --- the engine ---


def _on_engine(job: Job, settings: EngineSettings) -> Outcome:
    """One life through everything, at the latency that the settings assume."""
    where, notices = job.where, backtest_input.Notices()
    files = [Path(each) for each in where.files]
    if where.journal:
        material = backtest_input.journal(files, notices)
    else:
        index, markets = (Path(each) if each else None for each in (where.index, where.markets))
        material = backtest_input.recordings(files, index, markets, notices)
    work = Backtesting(material, settings, job.seed, grid=(Latency("assumed", None),))
    for _ in work.run():
        pass
    found = _of_record(work.lives[0].backtest.record)
    found.notices = list(notices.texts)
    return found


def _of_record(record: Record) -> Outcome:
    found = Outcome()
    closes = {each.ticker: day_of(each.close_time).isoformat() for each in record.windows}

    def day(name: str) -> Day:
        return found.days.setdefault(name, Day())

    for window in record.windows:
        day(closes[window.ticker]).signals += window.signals
    for entry in record.entries:
        if isinstance(entry, FillKept):
            kept = day(closes.get(entry.ticker, day_of(entry.at).isoformat()))
            kept.fills += 1
            kept.fees += entry.fee
        elif isinstance(entry, SettlementKept):
            kept = day(closes.get(entry.ticker, day_of(entry.at).isoformat()))
            kept.pnl += entry.pnl
            kept.careful += dict(entry.policies).get(COUNTS_ON_PAPER, 0)
        elif isinstance(entry, EvidenceKept) and entry.gain is not None:
            day(entry.day).gains.append(round(entry.gain, 6))
    return found


# --- names ---


def data_digest(where: Where) -> str:
    """Sixteen hex digits of the bytes of all its files. Raises OSError."""
    if where.panel:
        folder = Path(where.panel)
        files = sorted(path for path in folder.iterdir() if path.is_file())
    else:
        named = (*where.files, where.index, where.markets)
        files = [Path(each) for each in named if each]
    told = blake2b(digest_size=8)
    for path in files:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                told.update(block)
    told.update(str(where.depth).encode())
    return told.hexdigest()


@lru_cache(maxsize=1)
def program_digest() -> str:
    """Sixteen hex digits of the program's own files: another program, other results."""
    told = blake2b(kalshi_assistant.__version__.encode(), digest_size=8)
    folder = Path(kalshi_assistant.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        told.update(path.relative_to(folder).as_posix().encode())
        told.update(path.read_bytes())
    return told.hexdigest()


def key_of(data: str, name: str, piece: Piece | None) -> str:
    """What the result of one setting on one piece is kept under; ``name`` is the setting's."""
    span = "all" if piece is None else f"{piece.first}-{piece.last}"
    text = f"{data}/{name}/{span}/{program_digest()}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def merged(outcomes: Sequence[Outcome]) -> Mapping[str, Day]:
    """Pieces joined, by day."""
    found: dict[str, Day] = {}
    for outcome in outcomes:
        for name, day in outcome.days.items():
            kept = found.setdefault(name, Day())
            kept.gains = kept.gains + day.gains
            kept.pnl += day.pnl
            kept.careful += day.careful
            kept.signals += day.signals
            kept.fills += day.fills
            kept.fees += day.fees
    return found
