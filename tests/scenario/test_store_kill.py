"""A trading process killed at any instant: what it called kept is there, whole and once."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.store import LEASE_SECONDS, PATIENCE, Store
from tests.support.trading import NOON, opened

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
    import os, sys
    from pathlib import Path
    from kalshi_assistant.domain.entries import OrderKept
    from kalshi_assistant.execution.ledger import Ledger
    from tests.support.trading import NOON, fill, opened, order

    store, lease = opened(Path(sys.argv[1]))
    ledger = Ledger.restore(store.restored(lease.epoch, NOON).standing)
    number = 0
    while True:
        number += 1
        ticker, ours = f"T{number // 3}", order(number, fair=600_000, top=5_500)
        store.keep(lease.epoch, [], [ours], NOON)
        entries = [
            ledger.fill(fill(number, number % 2, 5_000 + number % 700, 10, 7, ticker), ours),
            OrderKept(NOON, ours.id, f"v{number}", "filled", 10, None),
        ]
        if number % 3 == 2:
            entries.append(ledger.settle(ticker, "yes" if number % 2 else "no", NOON))
        store.keep(lease.epoch, entries, [], NOON)
        if number % 50 == 0:
            store.renew(lease.epoch, NOON)
        os.write(1, b"%d\\n" % number)
"""


def killed(path: Path, lines: int) -> int:
    """Run a real writer, kill it in the middle; the last number it called kept."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        for _ in range(lines):
            assert child.stdout.readline(), "the writer ended by itself"
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().splitlines(keepends=True)
    said = [int(line) for line in rest if line.endswith(b"\n")]
    return said[-1] if said else lines


@pytest.mark.process
@pytest.mark.parametrize("seed", range(4))
def test_kill_9_loses_nothing_that_was_called_kept_and_the_sums_hold(tmp_path, seed):
    path = tmp_path / "ledger.sqlite"
    said = killed(path, int(stream(seed, "kill").integers(1, 400)))
    with closing(Store.open(path)) as store:
        assert store.claim("next", NOON) is None, "the dead one's lease has to run out"
        now = NOON + LEASE_SECONDS * SECOND + PATIENCE + 1
        told = store.restored(store.claim("next", now).epoch, now)
        assert not told.clean
        ledger = Ledger.restore(told.standing)
        fills = len(ledger.seen())
        assert said <= fills <= said + 1
        orders = store._row("SELECT count(*) FROM orders")[0]
        assert fills <= orders <= fills + 1
        assert len(told.orders) == orders - fills, "open is what has no fill yet"
        assert store._rows("PRAGMA integrity_check") == [("ok",)]
    assert {each.name for each in tmp_path.iterdir()} == {"ledger.sqlite"}


@pytest.mark.process
def test_one_killed_before_its_first_word_leaves_a_store_to_start_from(tmp_path):
    """The file appears whole or not at all, wherever making it was cut off."""
    path = tmp_path / "ledger.sqlite"
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        while not any(tmp_path.iterdir()):
            assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
    with closing(Store.open(path)) as store:
        assert store._rows("PRAGMA integrity_check") == [("ok",)]
    store, lease = opened(tmp_path / "other.sqlite")
    assert lease.epoch == 1
    store.close()
