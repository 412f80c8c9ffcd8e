"""The write tokens of the local exchange's account: a bucket of each shard beside the unscoped one.

A write that names a shard above 0 is paid by that shard's bucket, which is as large as the unscoped
one; shard 0 and batches are paid by the unscoped one; a write routed by its ticker by all of them.
Source: rate limits of October 2026.
"""

from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.sim.accounts import SHARDS
from kalshi_assistant.sim.reads import WRITE_CAPACITY, WRITE_PER_SECOND
from kalshi_assistant.sim.writes import Charge
from kalshi_assistant.venues.bucket import TokenBucket


class WriteBuckets:
    """All of them; full at first use."""

    def __init__(self) -> None:
        self._buckets = {shard: TokenBucket(WRITE_PER_SECOND, WRITE_CAPACITY) for shard in SHARDS}

    def take(self, charge: Charge, now: Nanos) -> bool:
        """Take what a write costs, from every bucket that it concerns or from none."""
        shards = SHARDS if charge.shard is None else (charge.shard,)
        buckets = [self._buckets[shard] for shard in shards]
        if charge.cost > WRITE_CAPACITY:
            return False
        if any(each.ready_at(charge.cost, now) > now for each in buckets):
            return False
        for each in buckets:
            each.take(charge.cost, now)
        return True
