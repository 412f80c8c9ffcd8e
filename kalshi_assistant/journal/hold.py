"""A hold on a file: the sign that a living process uses it.

The system takes it back when its holder ends, however it ends, so a hold is never stale. Where the
system has none (no ``fcntl``) every file counts as free; there an open file cannot be deleted
anyway.
"""

import os
import sys
from pathlib import Path

if sys.platform == "win32":

    def take_hold(descriptor: int) -> bool:
        """Hold the open file; here always granted."""
        return descriptor >= 0

else:
    import fcntl

    def take_hold(descriptor: int) -> bool:
        """Hold the open file until it is closed; whether that worked (another holder says no)."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_held(path: Path) -> bool:
    """Whether a living process, this one included, holds ``path``; a missing file is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not take_hold(descriptor)
    finally:
        os.close(descriptor)
