"""Delays between attempts: growing, bounded, jittered, and a value that can be looked at.

The n-th delay lies in ``[ceiling / 2, ceiling]`` with ``ceiling = min(longest, first * 2**n)``:
half of it is jitter, so that many clients dropped together do not come back together, and none
comes back at once.
"""

from collections.abc import Iterator

import numpy as np

from kalshi_assistant.domain.time import Nanos


def delays(chance: np.random.Generator, first: Nanos, longest: Nanos) -> Iterator[Nanos]:
    """Delays without end, in nanoseconds. Raises ValueError unless ``0 < first <= longest``."""
    if not 0 < first <= longest:
        raise ValueError("a backoff needs 0 < first <= longest")
    return _grow(chance, first, longest)


def _grow(chance: np.random.Generator, first: Nanos, longest: Nanos) -> Iterator[Nanos]:
    ceiling = int(first)
    while True:
        yield Nanos(int(chance.integers(ceiling - ceiling // 2, ceiling + 1)))
        ceiling = min(2 * ceiling, int(longest))
