"""Workers do not outlive whoever began them."""

import os
import signal
import subprocess
import sys

import pytest

from kalshi_assistant.lab import processes

OWNER = """
import os, signal
from kalshi_assistant.lab.processes import pool
from kalshi_assistant.lab.sweep_workers import Pool

if __name__ == "__main__":
    workers = {made}
    print(workers.submit(os.getpid).result(), flush=True)
    signal.pause()
"""


def test_a_worker_answers():
    with processes.pool(1) as workers:
        assert workers.submit(os.getpid).result() != os.getpid()


@pytest.mark.parametrize("made", ["pool(1)", "Pool(1).executor()"], ids=["soak", "sweep"])
def test_a_worker_ends_with_an_owner_that_was_killed(tmp_path, made):
    script = tmp_path / "owner.py"
    script.write_text(OWNER.format(made=made))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as owner:
        assert int(owner.stdout.readline()) > 0
        owner.send_signal(signal.SIGKILL)
        # the worker holds the other end of this pipe: it closes when the worker is gone
        assert owner.stdout.read() == ""
