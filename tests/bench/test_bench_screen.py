"""What the screen costs: its process at a terminal of its own while the busiest recording plays.

Run with ``pytest tests/bench/test_bench_screen.py -s``. The recording is replayed as fast as it
was, by the program itself, at two sizes; what is counted is the processor time of the process that
draws (not of the engine behind it), with everything it does: the socket, the drawing, the terminal.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.support.recordings import data

pytestmark = [
    pytest.mark.process,
    pytest.mark.recordings,
    pytest.mark.skipif(sys.platform != "linux", reason="reads processor time from /proc"),
]

BUSIEST = "frames/KXBTC15M-26MAY131915-15__1.jsonl.gz"
PANEL = "panels/2026-05-coinbase"
TARGET = 0.15
"""Of a core."""
SECONDS = 20.0
START_SECONDS = 120.0
BEGINNING = b"closes in"


def processor_seconds(pid):
    """Of one process, all its threads, up to now."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drained(descriptor, seconds, until=None):
    """Read what the screen draws for so long, or until it says so; answers the bytes."""
    read = bytearray()
    deadline = time.perf_counter() + seconds
    while (left := deadline - time.perf_counter()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            read += os.read(descriptor, 65_536)
        if until is not None and until in read:
            break
    return bytes(read)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 60)])
def test_the_screen_leaves_the_machine_to_the_engine(columns, rows, tmp_path):
    index, markets = (str(data(f"{PANEL}/{name}.csv.gz")) for name in ("index", "markets"))
    words = ["replay", str(data(BUSIEST)), "--index", index, "--markets", markets, "--speed", "1"]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "kalshi_assistant", *words]
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment
    ) as screen:
        os.close(slave)
        try:
            seen = drained(master, START_SECONDS, BEGINNING)
            assert BEGINNING in seen, seen[-2_000:].decode(errors="replace")
            before, began = processor_seconds(screen.pid), time.perf_counter()
            drawn = drained(master, SECONDS)
            took = time.perf_counter() - began
            share = (processor_seconds(screen.pid) - before) / took
        finally:
            screen.terminate()
            os.close(master)
    print(  # noqa: T201 - the figure is the point
        f"\n{columns}x{rows}: {share:.1%} of a core, {len(drawn) / took / 1e3:.1f} kB a second "
        f"to the terminal, over {took:.0f} s"
    )
    assert share <= TARGET
