"""Many settings through one panel in one go: the number once, the decisions for each setting.

What is passed over, and at which instants it is decided, is said in ``lab.fast_kernel``. Settings
that share what the number is made of (``number``) share the pass over the prints.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.time import MILLISECOND, SECOND, from_seconds
from kalshi_assistant.domain.units import QUANTITY_SCALE
from kalshi_assistant.engine.horizons import HORIZONS
from kalshi_assistant.engine.settings import PRECISION, EngineSettings
from kalshi_assistant.lab.fast_kernel import (
    A_CASH,
    A_START,
    ACCOUNT_SLOTS,
    FILL_SLOTS,
    Rules,
    decide,
    pay_out,
)
from kalshi_assistant.lab.fast_numbers import (
    BOUNDS,
    COUNTS,
    REALS,
    Terms,
    bounds,
    number_window,
    run_prints,
)
from kalshi_assistant.lab.panel_columns import Columns, Source
from kalshi_assistant.market.calendar import name_repeats, zone_offset
from kalshi_assistant.market.index import BASIS_POINT, Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.market.settlement import WINDOW
from kalshi_assistant.quant.layout import (
    FULL_PRICE,
    R_CERTAINTY,
    R_VERSION,
    new_market,
)
from kalshi_assistant.quant.learners import NowcastError, Shrinkage
from kalshi_assistant.runtime.replay import PANEL_TERMS
from kalshi_assistant.sim.panel_world import LENGTH
from kalshi_assistant.strategy.one_level import OneLevel
from kalshi_assistant.strategy.signals import set_question

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BELIEVE: Final = {"model": 0, "blend": 1, "both": 2}
HOUR: Final = 3_600
DEPTH: Final = 10_000
"""1/100 contract: what a quote is taken to show on each side."""
FILLS_A_WINDOW: Final = 2
NEVER: Final = 2**62
LEFT_OUT: Final = (
    "a pass over a panel leaves out: halts, pauses and limits of `risk`, exits, resting orders, "
    "drawn latencies, a settlement that differs from ours; `backtest` has them"
)


@dataclass(frozen=True, slots=True)
class Passed:
    """One setting over a stretch of windows."""

    fills: Ints
    """A row each, as in ``fast_kernel``."""
    start: int
    cash: int
    """Micro-dollars, at the first window and after the last payout."""
    results: Ints
    """Of every window decided on: 1 yes, 0 no, -1 unknown."""


def check(settings: EngineSettings) -> None:
    """Raise OperatorError for settings that a pass over a panel cannot follow."""
    wrong: list[str] = []
    if settings.exits.any_on:
        wrong.append("exits are on")
    if settings.orders.style != "take":
        wrong.append("orders.style is make")
    if settings.paper.latency_milliseconds >= settings.signal.cool_down_seconds * 1_000:
        wrong.append("paper.latency_milliseconds is not below signal.cool_down_seconds")
    if settings.number.nowcast_sd_bp and settings.number.nowcast_sd_bp > 0:
        wrong.append("number.nowcast_sd_bp is set (a panel says itself how far its index is off)")
    if wrong:
        raise OperatorError(
            f"a sweep over panels holds what it takes to settlement: {'; '.join(wrong)}; "
            "leave these settings out, or `backtest` each one"
        )


def rules_of(settings: EngineSettings) -> Rules:
    """What a setting decides with."""
    sizing, signal, gap = settings.sizing, settings.signal, settings.signal.gap
    a_second = settings.number.estimates_per_second
    look_ns = SECOND // a_second if a_second else SECOND
    return Rules(
        sizing=OneLevel(
            sizing.kelly_fraction,
            sizing.confidence,
            sizing.min_edge_dollars,
            sizing.target_edge_dollars,
            sizing.min_size_share,
            sizing.max_risk_dollars,
            sizing.max_exposure_dollars,
            int(sizing.max_contracts * QUANTITY_SCALE),
            QUANTITY_SCALE if sizing.whole_contracts else 1,
            int(sizing.beyond_depth),
        ),
        believe=BELIEVE[gap.believe] if gap.enabled else -1,
        extra=gap.extra_dollars,
        cool_ns=int(signal.cool_down_seconds * SECOND),
        latency_ns=settings.paper.latency_milliseconds * MILLISECOND,
        looks=(SECOND - 1) // look_ns,
        look_ns=look_ns,
        share=settings.paper.conservative_share,
        published_after=PANEL_TERMS.published_after,
    )


def terms_of(settings: EngineSettings, depth: int) -> Terms:
    """What is the same in every window."""
    assert PANEL_TERMS.fees is not None
    return Terms(
        PANEL_TERMS.fees.taker_rate_e6,
        PRECISION[settings.paper.account],
        settings.signal.quantity,
        depth,
    )


# --- the number ---


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the number was made of in some windows, and what was believed beside the market."""

    columns: Columns
    book: Ints
    """By window and second: bid, ask, second of the quote known then (0: none yet)."""
    reals: Floats
    counts: Ints
    masses: Floats
    """By window, before and after what it learnt last, by horizon: ``Shrinkage.masses``."""
    switches: Ints
    """ns: when it learnt."""


class _Numbering:
    """One index, its volatility and what settled windows teach, through a panel."""

    def __init__(
        self, settings: NumberSettings, source: Source, seconds: tuple[int, int], *, learns: bool
    ) -> None:
        """``seconds``: from which on and until when in a window a number is wanted; ``learns``:
        whether what settled windows teach is.
        """
        self._seconds = seconds
        self._settings = replace(settings, nowcast_sd_bp=source.error_bp)
        self._index = Index(BRTI, self._settings)
        self._market = new_market()
        self._shrinkage = Shrinkage(HORIZONS)
        self._guess = int(source.error_bp > 0)
        self._nowcast = NowcastError(source.error_bp) if source.error_bp else None
        self._learns = learns
        self._after = self._shrinkage.masses()
        self._before = self._after
        self._switch = 0
        self._next = 0
        self._horizons = np.array(HORIZONS, dtype=np.int64)
        if self._nowcast is not None:
            self._index.set_error(self._nowcast.sd_bp, self._nowcast.sd_bp)

    def read(self, columns: Columns) -> Numbers:
        """The next piece."""
        count = len(columns.opens)
        reals = np.zeros((count, LENGTH, REALS))
        counts = np.zeros((count, LENGTH, COUNTS), dtype=np.int64)
        book = _known_books(columns)
        masses = np.zeros((count, 2, len(HORIZONS), len(self._after[0])))
        switches = np.zeros(count, dtype=np.int64)
        pairs = np.full((len(HORIZONS), 2), np.nan)
        self._next = max(self._next, columns.first)
        for window, opens in enumerate(columns.opens.tolist()):
            self._skip_to(columns, opens)
            masses[window, 0], masses[window, 1] = self._before, self._after
            switches[window] = self._switch
            self._window(columns, window, opens, book, reals, counts, pairs)
            self._settle(columns, window, opens, pairs)
        return Numbers(columns, book, reals, counts, masses, switches)

    def _prints(self, columns: Columns, first: int, seconds: int) -> Ints:
        found = np.zeros(seconds, dtype=np.int64)
        start = first - columns.first
        known = columns.prints[max(start, 0) : max(start + seconds, 0)]
        found[max(-start, 0) : max(-start, 0) + len(known)] = known
        return found

    def _skip_to(self, columns: Columns, opens: int) -> None:
        """The index between two windows."""
        if opens <= self._next:
            return
        prints = self._prints(columns, self._next, opens - self._next)
        index = self._index
        run_prints(
            index.array, index.real, self._next, prints, self._guess, _zones(self._next, opens)
        )
        self._next = opens

    def _window(
        self,
        columns: Columns,
        window: int,
        opens: int,
        book: Ints,
        reals: Floats,
        counts: Ints,
        pairs: Floats,
    ) -> None:
        index, market = self._index, self._market
        begin_window(market, opens, int(columns.strikes[window]))
        index.real[R_VERSION] = -1.0
        number_window(
            market, index.array, index.real, opens, self._prints(columns, opens, LENGTH),
            self._guess, _zones(opens, opens + LENGTH), self._horizons, book[window],
            reals[window], counts[window], pairs, *self._seconds,
        )  # fmt: skip
        self._next = opens + LENGTH

    def _settle(self, columns: Columns, window: int, opens: int, pairs: Floats) -> None:
        """What the window's result teaches, known some seconds after its close."""
        result = int(columns.results[window])
        self._before = self._after
        self._switch = (opens + LENGTH) * SECOND + PANEL_TERMS.published_after
        if result < 0:
            return
        if self._learns:
            told = [
                (left, float(model), float(price))
                for left, (model, price) in zip(HORIZONS, pairs, strict=True)
                if model == model and price == price  # not nan
            ]
            self._shrinkage.learn_window(told, result == 1)
            self._after = self._shrinkage.masses()
        if self._nowcast is not None:
            self._learn_error(columns, window, opens, yes=result == 1)

    def _learn_error(self, columns: Columns, window: int, opens: int, *, yes: bool) -> None:
        strike, nowcast = int(columns.strikes[window]), self._nowcast
        prints = self._prints(columns, opens + LENGTH - WINDOW, WINDOW)
        known = prints[prints > 0]
        if strike == 0 or WINDOW - len(known) > self._settings.max_missing_prints:
            return
        assert nowcast is not None
        mean = float(known.sum()) / len(known)
        nowcast.learn_one((mean - strike + 0.5) / mean / BASIS_POINT, yes)
        self._index.set_error(nowcast.sd_bp, nowcast.sd_bp)


def begin_window(market: Ints, opens: int, strike: int) -> None:
    """Point an array without a book at a window."""
    from kalshi_assistant.quant.layout import M_CLOSE, M_ID, M_OPEN, M_STRIKE

    market[M_ID] = 1
    market[M_OPEN], market[M_CLOSE] = opens * SECOND, (opens + LENGTH) * SECOND
    market[M_STRIKE] = strike


def _zones(first: int, last: int) -> Ints:
    """New York's offset by hour, from the hour of ``first`` on."""
    hours = range(first // HOUR, last // HOUR + 1)
    return np.array([zone_offset(hour * HOUR) for hour in hours], dtype=np.int64)


def named_once(opens: Ints) -> npt.NDArray[np.bool_]:
    """Of each window: whether its ticker is its own, so that it is traded at all."""
    closes = (from_seconds(second + LENGTH) for second in opens.tolist())
    return np.array([not name_repeats(close) for close in closes], dtype=np.bool_)


def _known_books(columns: Columns) -> Ints:
    """The newest quote at the end of each second of each window."""
    at = np.arange(LENGTH)
    newest = np.maximum.accumulate(np.where(columns.quoted > 0, at, -1), axis=1)
    rows = np.arange(len(columns.opens))[:, None]
    place = np.maximum(newest, 0)
    book = np.empty((*newest.shape, 3), dtype=np.int64)
    known = newest >= 0
    book[..., 0] = np.where(known, columns.bid[rows, place], 0)
    book[..., 1] = np.where(known, columns.ask[rows, place], FULL_PRICE)
    book[..., 2] = np.where(known, columns.opens[:, None] + place, 0)
    return book


# --- the decisions ---


class _Deciding:
    """One setting through a panel."""

    def __init__(self, settings: EngineSettings, depth: int) -> None:
        check(settings)
        self.rules, self.terms = rules_of(settings), terms_of(settings, depth)
        self._index = Index(BRTI, settings.number)
        set_question(settings.signal, self._index.array, self._index.real)
        self.certainty = float(self._index.real[R_CERTAINTY])
        self.account = np.zeros(ACCOUNT_SLOTS, dtype=np.int64)
        self.account[A_START] = self.account[A_CASH] = settings.paper.cash
        self.fills: list[Ints] = []

    def take(
        self,
        market: Ints,
        numbers: Numbers,
        bound: Floats,
        first: int,
        looked: Ints,
        places: Ints,
        seconds: tuple[int, int],
    ) -> None:
        """The next windows, of which the first has the number ``first``."""
        columns = numbers.columns
        fills = np.zeros((FILLS_A_WINDOW * len(columns.opens), FILL_SLOTS), dtype=np.int64)
        count = decide(
            market, self._index.array, self._index.real, self.rules, self.terms, self.account,
            first, columns.opens, columns.strikes, columns.results, looked, numbers.book,
            numbers.reals, numbers.counts, bound, numbers.masses, numbers.switches, places, fills,
            *seconds,
        )  # fmt: skip
        self.fills.append(fills[:count].copy())

    def passed(self, results: Ints) -> Passed:
        """What came of it, everything paid out."""
        pay_out(self.account, NEVER)
        start, cash = int(self.account[A_START]), int(self.account[A_CASH])
        rows = np.concatenate(self.fills) if self.fills else np.zeros((0, FILL_SLOTS), np.int64)
        return Passed(rows, start, cash, results)


def groups(settings: Sequence[EngineSettings]) -> Iterator[list[int]]:
    """Places of the settings that share a number."""
    found: dict[NumberSettings, list[int]] = {}
    for place, each in enumerate(settings):
        found.setdefault(replace(each.number, estimates_per_second=0), []).append(place)
    yield from found.values()


def _wanted(settings: Sequence[EngineSettings]) -> tuple[int, int]:
    """The seconds of a window in which any of the settings may decide, and the one before."""
    first = min(each.signal.min_seconds_after_open for each in settings)
    left = min(each.signal.min_seconds_to_close for each in settings)
    return max(0, int(first) - 1), max(0, min(LENGTH, LENGTH - int(left) + 1))


def run_pass(
    source: Source,
    settings: Sequence[EngineSettings],
    first: int,
    last: int,
    *,
    warm: int = 0,
    depth: int = DEPTH,
) -> Iterator[tuple[int, list[Passed] | None]]:
    """Windows ``first`` to ``last`` (not with it) under settings that share a number.

    The number is learnt from ``warm`` windows before, in which nothing is decided. Yields (windows
    gone through, ``None``) on the way, and at the end what came of each setting. Raises
    OperatorError for settings that cannot be followed.
    """
    deciding = [_Deciding(each, depth) for each in settings]
    learns = any(each.rules.believe > 0 for each in deciding)
    seconds = _wanted(settings)
    numbering = _Numbering(settings[0].number, source, seconds, learns=learns)
    places = np.array(
        [Shrinkage(HORIZONS).place(left) for left in range(LENGTH + 1)], dtype=np.int64
    )
    market, start, results = new_market(), max(first - warm, 0), list[Ints]()
    for columns in source.columns(start, last):
        numbers = numbering.read(columns)
        numbered = start + np.arange(len(columns.opens))
        looked = (numbered >= first) & (columns.results >= 0) & named_once(columns.opens)
        bound = np.empty((*numbers.book.shape[:2], BOUNDS))
        bounded: Terms | None = None
        for each in deciding:
            if each.terms != bounded:
                bounds(each.terms, each.certainty, numbers.book, numbers.reals, bound, *seconds)
                bounded = each.terms
            each.take(market, numbers, bound, start, looked.astype(np.int64), places, seconds)
        results.append(columns.results[max(first - start, 0) :])
        start += len(columns.opens)
        yield start, None
    known = np.concatenate(results) if results else np.zeros(0, dtype=np.int64)
    yield start, [each.passed(known) for each in deciding]
