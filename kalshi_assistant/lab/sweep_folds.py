"""Walk-forward by whole days of New York: what is chosen on days is judged on later ones.

The days are cut into one block more than there are folds. Fold ``i`` chooses by the blocks before
``i`` and is judged on block ``i``. Source for purging and embargo: Lopez de Prado, "Advances in
financial machine learning", Wiley 2018, chapter 7.

- *Purged*: a window that opened on the day before a block's first day belongs to neither side.
- *Embargo*: so many days before the judged block are not chosen by: what is learnt while a panel is
  gone through (volatility, the market's weight) reaches from them into it.

A block is gone through in pieces of a week at most, each with the account it starts with, the
number warm from the days before: so pieces hang on nothing, and can be done anywhere in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import from_seconds
from kalshi_assistant.market.calendar import day_of

PIECE_DAYS: Final = 7
WARM_WINDOWS: Final = 192
"""Two days."""
EMBARGO_DAYS: Final = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """Windows ``first`` to ``last`` (not with it) of one block."""

    block: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Blocks:
    """Days as they were cut."""

    days: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    embargo: int

    @property
    def folds(self) -> int:
        """How often something is chosen and judged; 0: everything is one block."""
        return len(self.blocks) - 1

    def chosen_by(self, fold: int) -> tuple[str, ...]:
        """The days that a fold (from 1) chooses by."""
        before = [day for block in self.blocks[:fold] for day in block]
        return tuple(before[: len(before) - self.embargo])

    @property
    def searched_by(self) -> tuple[str, ...]:
        """The days a search may look at: those of the last choice."""
        return self.chosen_by(self.folds) if self.folds else self.days

    @property
    def judged(self) -> tuple[str, ...]:
        """The days out of sample; all of them where nothing is chosen."""
        if self.folds == 0:
            return self.days
        return tuple(day for block in self.blocks[1:] for day in block)


@dataclass(frozen=True, slots=True)
class Plan:
    """Days in blocks, windows in pieces."""

    blocks: Blocks
    pieces: tuple[Piece, ...]


def days_of(opens: Sequence[int], length: int) -> list[str]:
    """The day each window closes on."""
    return [day_of(from_seconds(second + length)).isoformat() for second in opens]


def plan(opens: Sequence[int], length: int, folds: int, embargo: int = EMBARGO_DAYS) -> Plan:
    """Cut windows into blocks and pieces. Raises OperatorError for too few days."""
    closes = days_of(opens, length)
    begins = [day_of(from_seconds(second)).isoformat() for second in opens]
    days = list(dict.fromkeys(closes))
    cut_days = cut(days, folds, embargo)
    pieces: list[Piece] = []
    for place, block in enumerate(cut_days.blocks):
        first = next(at for at, day in enumerate(closes) if day == block[0])
        last = max(at for at, day in enumerate(closes) if day == block[-1]) + 1
        if place and begins[first] < block[0]:
            first += 1  # purged
        pieces += _pieces(place, first, last, closes)
    return Plan(cut_days, tuple(pieces))


def cut(days: Sequence[str], folds: int, embargo: int = EMBARGO_DAYS) -> Blocks:
    """Days in ``folds + 1`` blocks of about the same length. Raises OperatorError."""
    count = folds + 1
    if folds and len(days) < count * (embargo + 1):
        most = len(days) // (embargo + 1) - 1
        remedy = f"write --folds {most} or fewer" if most >= 1 else "write --folds 0"
        raise OperatorError(
            f"too few days for {folds} folds: {len(days)} (each of {count} blocks takes "
            f"{embargo + 1}); {remedy}, or give more data"
        )
    size, more = divmod(len(days), count)
    blocks: list[tuple[str, ...]] = []
    at = 0
    for place in range(count):
        end = at + size + (1 if place < more else 0)
        blocks.append(tuple(days[at:end]))
        at = end
    return Blocks(tuple(days), tuple(blocks), embargo if folds else 0)


def _pieces(block: int, first: int, last: int, closes: Sequence[str]) -> list[Piece]:
    found: list[Piece] = []
    begin, seen = first, dict[str, None]()
    for at in range(first, last):
        if closes[at] not in seen and len(seen) == PIECE_DAYS:
            found.append(Piece(block, begin, at))
            begin, seen = at, {}
        seen[closes[at]] = None
    if begin < last:
        found.append(Piece(block, begin, last))
    return found
