"""Machine code made by two processes is the same as that made by one, and a child may fail."""

import os
import subprocess
import sys

import pytest

from kalshi_assistant.runtime import compiling

IN_TWO_HALVES = """
from kalshi_assistant.quant import kernel
from kalshi_assistant.runtime import warm
from kalshi_assistant.runtime.compiling import compile_both

assert not warm.is_compiled()
compile_both("warm_number", warm.warm_learning)
warm.warm_up()
made = sum(kernel.number.stats.cache_hits.values())
assert made, "the child's half was compiled again"
assert warm.is_compiled()
"""


@pytest.mark.long
def test_what_a_child_compiled_is_loaded_not_compiled_again(tmp_path):
    empty = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", IN_TWO_HALVES], env=empty, check=True)


def test_a_child_that_fails_costs_nothing_but_time(monkeypatch):
    monkeypatch.setattr(compiling, "COMPILER", "raise SystemExit(3)  # {what}")
    done = []
    compiling.compile_both("warm_number", lambda: done.append("here"))
    assert done == ["here"]


def test_a_mistake_on_this_side_ends_the_child(monkeypatch):
    monkeypatch.setattr(compiling, "COMPILER", "import signal; signal.pause()  # {what}")

    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compiling.compile_both("warm_number", fail)
