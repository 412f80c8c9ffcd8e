"""Worker processes of the laboratory, which end with the process that began them.

A pool whose owner was killed leaves workers that wait for ever for a word that nobody can say.
"""

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

ORPHANED = 1
"""Exit code of a worker whose owner is gone."""


def pool(count: int) -> ProcessPoolExecutor:
    """``count`` fresh processes; nothing of this one is copied into them."""
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=end_with_owner)


def end_with_owner() -> None:
    """Watch the process that began this one, and end at once when it is gone."""
    owner = parent_process()
    if owner is not None:
        threading.Thread(target=_end_after, args=(owner.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(ORPHANED)
