"""Random numbers one at a time, for those who need few and often.

A call of a numpy generator for one number costs more than what is done with the number, so they are
drawn in blocks. The order in which a block is used up is the caller's, so it is as repeatable as
the caller.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

_BLOCK: Final = 1_024


class Draws:
    """``uniform()`` on [0, 1) and standard ``normal()``, without end."""

    __slots__ = ("normal", "uniform")

    def __init__(self, rng: np.random.Generator) -> None:
        self.uniform: Callable[[], float] = _endless(rng.random).__next__
        self.normal: Callable[[], float] = _endless(rng.standard_normal).__next__


def _endless(
    draw: Callable[[int], "np.ndarray[tuple[int], np.dtype[np.float64]]"],
) -> Iterator[float]:
    while True:
        yield from draw(_BLOCK).tolist()
