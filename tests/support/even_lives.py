"""Two lives of one past, event by event and in stretches, and everything in which they must be
equal.
"""

from dataclasses import replace

from kalshi_assistant.journal.tape import Stretch, parts
from kalshi_assistant.lab.backtest_input import Notices
from kalshi_assistant.lab.backtesting import Backtesting, result


def lived(material, events, settings, seed, grid, batch):
    """Every life of the grid through these events; answers the work and its object."""
    work = Backtesting(replace(material, events=iter(events)), settings, seed, grid, batch=batch)
    for _ in work.run():
        pass
    return work, result(work, Notices())


def outcome(life):
    """All that a life came to, down to what later answers hang on."""
    backtest = life.backtest
    return {
        "record": backtest.record,
        "fingerprint": backtest.engine.fingerprint(),
        "sequence": backtest.engine.sequence,
        "marks": life.marks.found,
        "paths": life.paths.kept,
        "snapshot": backtest.engine.snapshot(),
        "now": backtest.now,
    }


def same(material, events, settings, seed=0, grid=None):
    """Live both ways; asserts that nothing differs, and answers the work done in stretches."""
    events = list(events)
    one, one_object = lived(material, events, settings, seed, grid, batch=False)
    many, many_object = lived(material, events, settings, seed, grid, batch=True)
    assert one.events == many.events
    for left, right in zip(one.lives, many.lives, strict=True):
        ours, theirs = outcome(left), outcome(right)
        for name, value in ours.items():
            assert value == theirs[name], f"{name} differs at {left.backtest.latency.name}"
    assert one_object == many_object
    return many


def in_stretches(events):
    """How many of these events a batch takes in stretches."""
    return sum(part.last - part.first for part in parts(iter(events)) if isinstance(part, Stretch))
