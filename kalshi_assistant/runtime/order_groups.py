"""The order groups of the account: has them made, knows which takes entries, ends them.

Every request about a group is looked at again at the socket: a process that has lost the account
neither makes nor ends what is another's by now. One without an answer is not sent again by itself;
the engine asks anew, and then what is there is looked for first.
"""

import asyncio
from collections.abc import Callable, Sequence

from kalshi_assistant.domain.events import Event, GroupGone, GroupReady
from kalshi_assistant.domain.intents import EndGroup, HoldGroup
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.runtime.sending import Carrier, Check, NotSentError, UnansweredError
from kalshi_assistant.venues.kalshi.groups import GroupReader
from kalshi_assistant.venues.kalshi.rest import RefusalError


class OrderGroups:
    """What the gateway knows of them."""

    def __init__(
        self,
        carrier: Carrier,
        now: Callable[[], Nanos],
        put: Callable[[Sequence[Event]], None],
        check: Check,
        seconds: float,
        subaccount: int,
    ) -> None:
        """``check`` says why nothing may be changed at the venue; ``seconds`` is the time an answer
        has.
        """
        self._carrier, self._put, self._check, self._seconds = carrier, put, check, seconds
        self._reader = GroupReader(now, self._tell, subaccount)
        self._holding: set[int] = set()
        self.taking: dict[int, str] = {}
        """By shard: the group that entries go into."""
        self.ended: dict[str, int] = {}
        """Triggered for good, to be deleted when nothing can be in them any more."""

    async def hold(self, wanted: HoldGroup) -> None:
        """Have a group, once; one question a shard at a time."""
        shard = wanted.exchange_index
        if shard in self._holding:
            return
        self._holding.add(shard)
        try:
            await self._carrier.hold(self._reader.hold(wanted), self._seconds, self._check)
        except RefusalError as refused:
            self._reader.not_ready(wanted, f"{refused.error.code}: {refused.error.message}")
        except (NotSentError, UnansweredError) as error:
            self._reader.not_ready(wanted, str(error))
        finally:
            self._holding.discard(shard)

    async def end(self, ended: EndGroup) -> None:
        """Trigger it, or delete it; once. What is not done is done at the next start."""
        self.taking.pop(ended.exchange_index, None)
        if not ended.delete:
            self.ended[ended.group_id] = ended.exchange_index
        try:
            await self._carrier.hold(self._reader.end(ended), self._seconds, self._check)
        except (RefusalError, NotSentError, UnansweredError):
            return  # it is kept as ended, and the orders in it are cancelled one by one as well

    async def delete_ended(self) -> None:
        """When nothing of ours rests any more: leave none behind."""
        ended = [EndGroup(shard, name, delete=True) for name, shard in self.ended.items()]
        self.ended.clear()
        await asyncio.gather(*(self.end(each) for each in ended))

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, GroupReady):
                self.taking[event.exchange_index] = event.group_id
            elif isinstance(event, GroupGone):
                self.ended.pop(event.group_id, None)
                shards = [each for each, name in self.taking.items() if name == event.group_id]
                for shard in shards:
                    del self.taking[shard]
        self._put(events)
