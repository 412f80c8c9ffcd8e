"""A panel as arrays: one row a second, one quote at most for the market then open.

For passes over years (``lab.fast_pass``); what the engine is told of the same panel by
``lab.backtest_input`` is the same, quote for quote and print for print.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import SECOND, whole_second
from kalshi_assistant.journal.panel_folder import Panel, read_panel
from kalshi_assistant.lab.panel_events import subject_of
from kalshi_assistant.sim import panel_world
from kalshi_assistant.sim.panel_world import LENGTH, World

Ints = npt.NDArray[np.int64]

RECIPE: Final = "world.json"
"""In a folder without tables: how its panel is made."""
NO_ASK: Final = 10_000
FAR_APART: Final = 2.0
"""Seconds between quotes from which old ones are warned of."""
TOGETHER: Final = 96
"""Windows of a real panel that are looked at together."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A stretch of the index, and the windows that lie in it.

    ``prints`` are those of the seconds from ``first`` on, cents, 0 where one is missing; ``bid``,
    ``ask`` and ``quoted`` (1 where a quote came) have a row of ``LENGTH`` for each window.
    """

    first: int
    prints: Ints
    opens: Ints
    strikes: Ints
    """Cents, 0 unknown."""
    results: Ints
    """1 yes, 0 no, -1 unknown."""
    bid: Ints
    ask: Ints
    quoted: Ints


class Source(Protocol):
    """A panel that can be gone through from any window on."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def opens(self) -> Ints:
        """Epoch second of every window's open, ascending."""

    @property
    def error_bp(self) -> float:
        """Believed error of an index that is an estimate; 0 for the index itself."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What is odd about it."""

    def columns(self, first: int, last: int) -> Iterator[Columns]:
        """Windows ``first`` to ``last`` (not with it), the index without a gap between pieces;
        before the first piece an hour of index, where there is one.
        """

    def ticker(self, window: int) -> str:
        """The market of a window."""


# --- the simulated world ---


@dataclass(frozen=True, slots=True)
class WorldSource:
    """A world made while it is read."""

    world: World
    name: str
    error_bp: float = 0.0
    notices: tuple[str, ...] = ()

    @property
    def opens(self) -> Ints:
        """One window after another."""
        count = np.arange(self.world.windows, dtype=np.int64)
        return np.asarray(panel_world.FIRST_OPEN + LENGTH * count)

    def ticker(self, window: int) -> str:
        """As ``ticker_of``."""
        return ticker_of(window)

    def columns(self, first: int, last: int) -> Iterator[Columns]:
        """Blocks from that of ``first`` on, cut to the windows asked for."""
        each = panel_world.BLOCK_WINDOWS
        for block in range(first // each, -(-last // each)):
            made = panel_world.block_of(self.world, block)
            begin, end = max(first - made.first_window, 0), min(last - made.first_window, each)
            yield _of_block(made, begin, end, self._before(block) if begin == 0 else None)

    def _before(self, block: int) -> tuple[int, Ints]:
        return panel_world.lead(self.world) if block == 0 else (0, np.zeros(0, dtype=np.int64))


def _of_block(
    made: panel_world.Block, begin: int, end: int, before: tuple[int, Ints] | None
) -> Columns:
    rows = slice(begin * LENGTH, end * LENGTH)
    first, prints = made.first + begin * LENGTH, made.prints[rows]
    if before is None and begin:
        start = max(begin * LENGTH - panel_world.LEAD, 0)
        first, prints = made.first + start, made.prints[start : end * LENGTH]
    elif before is not None and before[0]:
        first, prints = before[0], np.concatenate([before[1], prints])
    shape = (end - begin, LENGTH)
    opens = made.first + LENGTH * np.arange(begin, end, dtype=np.int64)
    return Columns(
        first,
        prints,
        opens,
        made.strikes[begin:end],
        made.yes[begin:end].astype(np.int64),
        made.bid[rows].reshape(shape),
        made.ask[rows].reshape(shape),
        np.ones(shape, dtype=np.int64),
    )


def ticker_of(window: int) -> Ticker:
    """The name of a window of a simulated world."""
    return Ticker(f"KXBTC15M-SYNTH{window:07d}-15")


# --- folders ---


@dataclass(frozen=True)
class FolderSource:
    """A panel's tables, read once."""

    name: str
    opens: Ints
    error_bp: float
    notices: tuple[str, ...]
    tickers: tuple[str, ...]
    whole: Columns = field(repr=False)

    def ticker(self, window: int) -> str:
        """The market's own."""
        return self.tickers[window]

    def columns(self, first: int, last: int) -> Iterator[Columns]:
        """Some windows at a time; the index of each piece begins where the last one's ended."""
        whole, known = self.whole, self.whole.first
        start = max(int(self.opens[first]) - panel_world.LEAD, known)
        for begin in range(first, last, TOGETHER):
            end = min(begin + TOGETHER, last)
            until = int(self.opens[end]) if end < last else int(self.opens[end - 1]) + LENGTH
            rows = slice(begin, end)
            yield Columns(
                start,
                whole.prints[start - known : max(until - known, start - known)],
                self.opens[rows],
                whole.strikes[rows],
                whole.results[rows],
                whole.bid[rows],
                whole.ask[rows],
                whole.quoted[rows],
            )
            start = max(until, start)


def source_of(folder: Path) -> Source:
    """A panel's folder, or one with only a recipe. Raises OperatorError."""
    recipe = folder / RECIPE
    if recipe.is_file() and not (folder / "meta.json").is_file():
        return WorldSource(read_recipe(recipe), folder.name or str(folder))
    return of_panel(read_panel(folder))


def read_recipe(path: Path) -> World:
    """The world a recipe describes. Raises OperatorError."""
    try:
        world = msgspec.json.decode(path.read_bytes(), type=World)
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise OperatorError(
            f"cannot read {path} ({error}); make it anew with `kalshi-assistant data synthesize`"
        ) from error
    if world.version != panel_world.VERSION:
        raise OperatorError(
            f"{path} is of generator version {world.version}, this program has "
            f"{panel_world.VERSION}; make it anew with `kalshi-assistant data synthesize`"
        )
    return world


def of_panel(panel: Panel) -> FolderSource:
    """A panel as it was read, as arrays. Raises OperatorError for one that no pass can take."""
    subject = subject_of(panel)
    if panel.quotes_kind != "point":
        raise OperatorError(
            f"{panel.name}: its quotes are means over a minute, at which nothing could be bought; "
            "a sweep needs quotes of an instant (`evaluate` takes this panel)"
        )
    opens = np.array([whole_second(each.open_time) for each in subject.markets], dtype=np.int64)
    for before, market in zip((None, *subject.markets), subject.markets, strict=False):
        length = (market.close_time - market.open_time) // SECOND
        if length != LENGTH or market.open_time % SECOND:
            raise OperatorError(
                f"{panel.name}: {market.ticker} is open for {length} s; a sweep takes quarter hours"
            )
        if before is not None and before.close_time > market.open_time:
            raise OperatorError(
                f"{panel.name}: {market.ticker} opens before {before.ticker} closes; keep one"
            )
    places = {each.ticker: place for place, each in enumerate(subject.markets)}
    shape = (len(opens), LENGTH)
    bid = np.zeros(shape, dtype=np.int64)
    ask = np.full(shape, NO_ASK, dtype=np.int64)
    quoted = np.zeros(shape, dtype=np.int64)
    for quote in panel.quotes:
        place = places[quote.ticker]
        at = quote.second - int(opens[place])
        if 0 <= at < LENGTH:
            bid[place, at] = quote.bid or 0
            ask[place, at] = NO_ASK if quote.ask is None else quote.ask
            quoted[place, at] = 1
    first, last = min(subject.prints), max(subject.prints)
    prints = np.zeros(last - first + 1, dtype=np.int64)
    prints[np.fromiter(subject.prints, dtype=np.int64) - first] = list(subject.prints.values())
    said = {"yes": 1, "no": 0, None: -1}
    notices = (f"{panel.name}: {panel.index_text}; an estimate",) if subject.estimated else ()
    apart = LENGTH * len(opens) / max(len(panel.quotes), 1)
    if apart > FAR_APART:
        text = (
            f"{panel.name}: quotes are {apart:,.0f} s apart on average, and each stands until the "
            "next: what was bought at an old one could not have been bought; "
            "--set signal.max_book_age_seconds=1 trades on fresh ones only"
        )
        notices = (*notices, text)
    return FolderSource(
        panel.name,
        opens,
        subject.error_bp,
        notices,
        tuple(each.ticker for each in subject.markets),
        Columns(
            first,
            prints,
            opens,
            np.array([each.strike or 0 for each in subject.markets], dtype=np.int64),
            np.array([said[each.result] for each in subject.markets], dtype=np.int64),
            bid,
            ask,
            quoted,
        ),
    )
