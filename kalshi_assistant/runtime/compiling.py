"""Machine code made in a process of its own: compiling here would hold the interpreter for seconds.

The child fills the cache on disk, this process loads from it at its first call. One child at a
time: the machine has other things to do. Before there is a first number there is nothing else to
do, and ``compile_both`` uses two cores.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Final, Literal

LOOK_SECONDS: Final = 0.05
Warm = Literal["warm_estimates", "warm_number", "warm_replica"]
"""Functions of ``runtime.warm``."""

COMPILER: Final = "from kalshi_assistant.runtime.warm import {what}; {what}()"


async def compile_aside(what: Warm, turn: asyncio.Lock) -> None:
    """Have the machine code of ``what`` in the cache; ``turn`` is the children's. Raises
    RuntimeError when it cannot be made.
    """
    async with turn:
        with _compiler(what) as (process, said):
            while process.poll() is None:  # noqa: ASYNC110  # a process tells nobody that it ended
                await asyncio.sleep(LOOK_SECONDS)
            if process.returncode != 0:
                said.seek(0)
                last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
                ended = f"it ended with {process.returncode} and gave no reason"
                raise RuntimeError(f"{what} could not be compiled: {last or ended}")


def compile_both(aside: Warm, here: Callable[[], None]) -> None:
    """Have a child make the machine code of ``aside`` while ``here`` makes some in this process.

    A child that fails costs time only: whoever calls what it should have made compiles it then.
    """
    with _compiler(aside) as (process, _):
        here()
        process.wait()


@contextmanager
def _compiler(what: Warm) -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes]]]:
    """The child at work and what it says; ended with the block, however that ends."""
    code = COMPILER.format(what=what)
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603  # our own code, arguments as a list
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )
        try:
            yield process, said
        finally:
            process.kill()
            process.wait()
