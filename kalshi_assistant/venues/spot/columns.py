"""Thousands of decimal texts of a snapshot at once.

A snapshot of twenty thousand levels a side has eighty thousand texts, and the event loop waits for
all of them. Here they become floats by one decoding and integers by array arithmetic, and that is
exact: two decimals of at most fifteen digits are two floats, so a float that equals an integer of
the unit, divided by the scale, is the float of that very decimal. Every text for which this does
not hold, and every column in which one is not plainly written, is left to ``decimals``.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from kalshi_assistant.quant.layout import Ints

CHARACTERS_MAX: Final = 15
"""A text of so many characters has at most so many digits."""
_EXACT: Final = 2**53
_COMMA, _NINE = (ord(each) for each in ",9")
_DECODE: Final = msgspec.json.Decoder(list[float]).decode


def read_column(texts: Sequence[str], places: int, parse: Callable[[str], int]) -> Ints | None:
    """Every text as an integer of ``10**-places``; ``parse`` reads the few that are unusual.
    ``None`` where one has a character that no plain number has.
    """
    joined = ",".join(texts).encode()
    written = np.frombuffer(joined, np.uint8)
    # between the comma and the nine stand, besides digits and point, minus and slash
    if not joined or not (written.min() >= _COMMA and written.max() <= _NINE) or b"-" in joined:
        return None
    try:
        floats = _DECODE(b"[%b]" % joined)
    except msgspec.DecodeError:
        return None  # a slash, two points, none of the digits before or after one
    if len(floats) != len(texts):
        return None  # a comma of its own
    values = np.fromiter(floats, np.float64, len(floats))
    scaled = np.rint(values * 10.0**places)
    ends = np.flatnonzero(written == _COMMA)
    lengths = np.diff(ends, prepend=-1, append=len(written)) - 1
    usual = (scaled / 10.0**places == values) & (lengths <= CHARACTERS_MAX) & (scaled < _EXACT)
    found: Ints = np.where(usual, scaled, 0).astype(np.int64)
    for place in np.flatnonzero(~usual).tolist():
        found[place] = parse(texts[place])
    return found
