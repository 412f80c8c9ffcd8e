"""The account's tokens: one bucket for reads, one for writes on each shard.

Source: rate limit page of October 2026. A write with an explicit shard of at least 1 is billed to
that shard's own bucket, one on shard 0 and a batch to the unscoped one, and one that the venue
routes by ticker to every shard.
"""

from collections.abc import Sequence
from math import ceil

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.bucket import TokenBucket
from kalshi_assistant.venues.kalshi.answers.portfolio import AccountLimits
from kalshi_assistant.venues.kalshi.rest import EVERY_SHARD, Request

READ_RATE, READ_CAPACITY = 200, 600
WRITE_RATE, WRITE_CAPACITY = 100, 100
"""Of the smallest account: tokens a second, and the most that is saved up."""


class Tokens:
    """What every request of one account pays from, whoever sends it."""

    def __init__(
        self,
        read: tuple[int, int] = (READ_RATE, READ_CAPACITY),
        write: tuple[int, int] = (WRITE_RATE, WRITE_CAPACITY),
    ) -> None:
        """``(tokens a second, most saved up)`` each. Raises ValueError unless positive."""
        self._read = TokenBucket(*read)
        self._write = write
        self._shards = {0: TokenBucket(*write)}

    def resize(self, limits: AccountLimits) -> None:
        """Go by what the venue says of this account; what was paid already stays paid."""
        self._write = limits.write
        self._read.resize(*limits.read)
        for bucket in self._shards.values():
            bucket.resize(*limits.write)

    def take(self, request: Request, now: Nanos, kept_share: float = 0.0) -> bool:
        """Pay for ``request`` if ``kept_share`` of the capacity stays behind; else pay nothing."""
        buckets = self._payers(request)
        if not all(
            bucket.holds(request.cost, now, ceil(bucket.capacity * kept_share))
            for bucket in buckets
        ):
            return False
        for bucket in buckets:
            bucket.take(request.cost, now)
        return True

    def ready_at(self, request: Request, now: Nanos) -> Nanos:
        """When ``take`` will succeed if nothing else is taken: ``now`` or later.

        Raises ValueError where the request never fits.
        """
        return max(bucket.ready_at(request.cost, now) for bucket in self._payers(request))

    def _payers(self, request: Request) -> Sequence[TokenBucket]:
        if request.bucket == "read":
            return (self._read,)
        if request.shard == EVERY_SHARD:
            return tuple(self._shards.values())
        shard = request.shard or 0
        if shard not in self._shards:
            self._shards[shard] = TokenBucket(*self._write)
        return (self._shards[shard],)
