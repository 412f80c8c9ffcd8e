"""Recordings that are not in the repository: found beside it, or the test is skipped with a
reason.
"""

from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def data(name):
    """The path of a recording; skips the test where it is not there."""
    path = _BESIDE / name
    if not path.exists():
        pytest.skip(f"needs the recording {name}, which is not part of the repository")
    return path
