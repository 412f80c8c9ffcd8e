"""The one decorator for compiled functions: cached machine code, GIL released, IEEE arithmetic as
written.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` at its first call and keep the result on disk.

    No fast-math: the same inputs give the same bits in a loop and in a single call. Nobody calls
    from C, so the wrappers for that, a tenth of the work of compiling, are left out.
    """
    njit = cast("Callable[..., object]", numba.njit)  # its types leave out what is rarely wanted
    return cast("Callable[P, R]", njit(function, cache=True, nogil=True, no_cfunc_wrapper=True))
