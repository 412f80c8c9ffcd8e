"""The kernel compiled before the first event needs it, the simulations in a process beside it."""

import gc

import numpy as np

from kalshi_assistant.domain.intents import Question
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Price, Quantity
from kalshi_assistant.market.book import Book
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.replica import Levels, Replica, VenueBook
from kalshi_assistant.market.replica_settings import ReplicaSettings
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.market.spot import SpotBook
from kalshi_assistant.quant import kernel, ladder, layout, ring
from kalshi_assistant.quant.montecarlo import estimate, make_draws
from kalshi_assistant.quant.rng import stream


def is_compiled() -> bool:
    """Whether machine code of this version lies in the cache already."""
    cached = getattr(kernel.step, "_cache", None)
    if cached is None:
        return False
    index = cached._cache_file._load_index()  # noqa: SLF001  # numba has no public word for it
    return bool(index)


def warm_up() -> None:
    """Call every compiled function once, and keep what exists by now out of garbage collection.

    After ``gc.freeze`` a full collection no longer walks over modules and tables: pauses of tens of
    milliseconds become microseconds.
    """
    index = Index("", NumberSettings())
    book = Book(index.array, index.real)
    book.load((), (), 1)
    book.change(BID, Price(1), Quantity(0), 1)
    book.move(BID, Price(1), Quantity(0), 1)
    for second in (1, 3, 2):  # the last fills a hole, from which everything is learnt anew
        index.absorb([(second, Price(1))], 1)  # type: ignore[list-item]  # any number will do
    index.tail(1)
    gc.collect()
    gc.freeze()


def warm_number() -> None:
    """Make the machine code of the number alone: nearly half of the kernel's, for a process beside
    the one that does the rest.
    """
    kernel.number(layout.new_market(), layout.new_index(), layout.new_real(), 1)


def warm_learning() -> None:
    """Make the machine code of prints, volatility and books alone: nearly the other half."""
    index, real, market = layout.new_index(), layout.new_real(), layout.new_market()
    one = np.ones(1, dtype=np.int64)
    ring.take_print(index, real, 1, 1, 0, 1)
    ring.relearn(index, real, one, one, one)
    ladder.change_level(market, 0, 1, 1)
    ladder.clear(market)
    market[layout.M_SIZE] = 1
    ladder.walk(market, 0)


def warm_replica() -> None:
    """Compute the index of a made-up book, which fills the cache of machine code.

    For a process of its own, as ``warm_estimates``; in a process that finds the cache filled it
    takes a fraction of a second.
    """
    book = SpotBook()
    book.replace([(9_999_0000, 10**9)], [(10_001_0000, 10**9)])
    levels = Levels(*book.levels(0), *book.levels(1))
    Replica(ReplicaSettings()).calculate(Nanos(1), [VenueBook("", levels, Nanos(1), True)])


def warm_estimates() -> None:
    """Simulate one made-up question with every method, which fills the cache of machine code.

    For a process of its own: compiling holds the interpreter lock for seconds.
    """
    question = Question(
        expected=100.0,
        threshold=100.0,
        sigma=0.01,
        ahead=60,
        tau1=240.0,
        spread_seconds=0.0,
        noise_sd=0.0,
        spot=100.0,
        jump_share=0.1,
        log_variance_sd=0.3,
    )
    estimate(question, make_draws(stream(0, "warm"), 100), np.ones(100))
