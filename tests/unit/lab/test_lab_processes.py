"""Workers do not outlive whoever began them."""

import os
import signal
import subprocess
import sys

from kalshi_assistant.lab import processes

OWNER = """
import os, signal
from kalshi_assistant.lab.processes import pool

if __name__ == "__main__":
    print(pool(1).submit(os.getpid).result(), flush=True)
    signal.pause()
"""


def test_a_worker_answers():
    with processes.pool(1) as workers:
        assert workers.submit(os.getpid).result() != os.getpid()


def test_a_worker_ends_with_an_owner_that_was_killed(tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as owner:
        assert int(owner.stdout.readline()) > 0
        owner.send_signal(signal.SIGKILL)
        # the worker holds the other end of this pipe: it closes when the worker is gone
        assert owner.stdout.read() == ""
