"""One side of a book for a client that sees only its best levels.

The whole side is kept in order, so that a level can be told when it comes into sight because others
went, without asking for the whole book at each change. Keys ascend and the best is last, where most
changes are.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

from kalshi_assistant.sim.spot.contract import Levels


class Ranked:
    """The side ``side`` of a book, seen ``depth`` levels deep."""

    __slots__ = ("_depth", "_keys", "_sign", "_sizes")

    def __init__(self, side: int, levels: Levels, depth: int) -> None:
        self._sign = 1 if side == 0 else -1
        self._depth = depth
        self._sizes = dict(levels)
        self._keys = [self._sign * price for price, _ in reversed(levels)]

    def best(self, count: int) -> list[tuple[int, int]]:
        """The best ``count`` levels, best first."""
        sizes, keys = self._sizes, self._keys[: -count - 1 : -1]
        if self._sign > 0:
            return [(key, sizes[key]) for key in keys]
        return [(-key, sizes[-key]) for key in keys]

    def seen(self) -> list[tuple[int, int]]:
        """What the client sees, best first."""
        return self.best(self._depth)

    def move(self, changes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Apply (price, new size); give what the client must hear.

        That is: what changed in sight, and what came into sight because others went. It is not told
        what went out of sight because better levels came: clients cut for themselves.
        """
        sign, old_edge = self._sign, self._edge()
        touched = self._apply(changes)
        if not touched:
            return []
        edge = self._edge()
        told = [
            (price, size)
            for price, size in touched.items()
            if (limit := edge if size else old_edge) is None or sign * price >= limit
        ]
        if old_edge is not None:
            keys = self._keys
            came = keys[max(0, len(keys) - self._depth) : bisect_left(keys, old_edge)]
            told += [
                (sign * key, self._sizes[sign * key]) for key in came if sign * key not in touched
            ]
        return told

    def _apply(self, changes: Iterable[tuple[int, int]]) -> dict[int, int]:
        """The levels that have a new size now, with it."""
        sign, sizes, keys = self._sign, self._sizes, self._keys
        touched: dict[int, int] = {}
        for price, size in changes:
            had = sizes.get(price, 0)
            if size == had:
                continue
            touched[price] = size
            if not size:
                del sizes[price]
                del keys[bisect_left(keys, sign * price)]
                continue
            sizes[price] = size
            if not had:
                insort(keys, sign * price)
        return touched

    def _edge(self) -> int | None:
        """The key of the last level in sight; ``None`` while everything is."""
        return self._keys[-self._depth] if len(self._keys) >= self._depth else None
