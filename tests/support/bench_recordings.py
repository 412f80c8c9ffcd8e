"""Recorded markets made ready for three engines: ours, hftbacktest and nautilus_trader.

Each gets the same deltas in the same order. Both others want the new content of a level where the
venue tells its change, so contents are added up beforehand; nobody pays for it in its figure.
"""

from dataclasses import dataclass

import numpy as np

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, Gap, IndexPrinted, TimerFired
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.clock_set import TEND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.lab.backtest_input import Notices, recordings
from kalshi_assistant.quant.layout import DELTA, M_FEE_RATE, M_STRIKE, PRINT

ENOUGH = 1_000
"""Deltas; shorter stretches are left out."""


@dataclass
class Market:
    """One market from its first whole book on, up to the next one."""

    name: str
    arrays: tuple
    """The kernel's three, as they stood when its book had just come, warm."""
    rows: np.ndarray
    """(kind, a, b, c, now): its deltas with the index between them."""
    snapshot: BookSnapshot
    deltas: list
    contents: list
    """Of the level after each delta."""


def events_of(files, index, markets):
    """Everything in order of receipt, with a timer on every second, as an engine would get it."""
    material = recordings(files, index, markets, Notices())
    made, due = [], 0
    for event in material.events:
        now = event.received_at
        if now >= due:
            made.append(TimerFired(now, now, TEND))
            due = (now // SECOND + 1) * SECOND
        made.append(event)
    return made, material


def with_numbers(events, settings):
    """The stretches of these events between two whole books of a market that has a strike; their
    arrays come from an engine that heard everything before.
    """
    engine, found, current = Engine(settings), [], {}
    for event in events:
        engine.handle(event)
        ticker = getattr(event, "ticker", None)
        if isinstance(event, BookSnapshot):
            current.pop(ticker, None)
            begun = _begun(engine, event)
            if begun is not None:
                current[ticker] = begun
                found.append(begun)
        elif isinstance(event, Gap):
            current.clear()
        elif isinstance(event, IndexPrinted):
            row = (PRINT, event.at // SECOND, event.value, 1, event.received_at)
            for _, rows, _ in current.values():
                rows.append(row)
        elif type(event) is BookDelta and ticker in current:
            _changed(*current[ticker], event)
    made = []
    for market, rows, _ in found:
        if len(market.deltas) > ENOUGH:
            last = max(place for place, row in enumerate(rows) if row[0] == DELTA)
            market.rows = np.array(rows[: last + 1], dtype=np.int64)
            made.append(market)
    return made


def _begun(engine, snapshot):
    """A stretch that begins with this book; ``None`` where it has no number to come."""
    market = engine._state.markets.get(snapshot.ticker)
    if market is None or market.book.array[M_STRIKE] == 0 or not snapshot.bids:
        return None
    assert market.book.array[M_FEE_RATE] >= 0
    arrays = (market.book.array, engine._state.index.array, engine._state.index.real)
    levels = {(0, price): size for price, size in snapshot.bids}
    levels |= {(1, price): size for price, size in snapshot.asks}
    name = f"{snapshot.ticker}-{snapshot.received_at}"
    return Market(name, tuple(each.copy() for each in arrays), None, snapshot, [], []), [], levels


def _changed(market, rows, levels, event):
    key = (event.side, event.price)
    levels[key] = max(0, levels.get(key, 0) + event.change)
    rows.append((DELTA, event.side, event.price, event.change, event.received_at))
    market.deltas.append(event)
    market.contents.append(levels[key])
