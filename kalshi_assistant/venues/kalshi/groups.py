"""To have an order group of ours at the venue: read again, found again, or made; never two.

A group has no name that we could choose. One that we know by its id is read; where there is none,
an empty one with our limit on our shard is taken for one whose making was answered and not heard,
before another is made. Sources: OpenAPI 3.34.0, the page on order groups of October 2026. What is
read does not show whether a group has triggered.
"""

from collections.abc import Callable, Generator
from typing import Final

from kalshi_assistant.domain.events import GroupGone, GroupNotReady, GroupReady, Malformed
from kalshi_assistant.domain.intents import EndGroup, HoldGroup
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.kalshi import orders
from kalshi_assistant.venues.kalshi.answers.orders import (
    Group,
    parse_group,
    parse_group_created,
    parse_groups,
)
from kalshi_assistant.venues.kalshi.inquiries import Tell
from kalshi_assistant.venues.kalshi.rest import RefusalError, Request

CANDIDATES_MAX: Final = 5
"""So many groups of a list are read to find an empty one."""

GroupTalk = Generator[Request, bytes, None]


class GroupReader:
    """Carries on the conversations about groups of one subaccount."""

    def __init__(self, now: Callable[[], Nanos], tell: Tell, subaccount: int = 0) -> None:
        """``now`` is the venue's time, ``tell`` takes events as they are learnt."""
        self._now = now
        self._tell = tell
        self._subaccount = subaccount

    def hold(self, wanted: HoldGroup) -> GroupTalk:
        """Have a group; told as ``GroupReady`` or ``GroupNotReady``."""
        group_id, group = wanted.known, None
        if group_id is not None:
            group = yield from self._read(group_id, wanted.exchange_index)
            if group is None:
                self._tell([GroupGone(self._now(), self._now(), group_id)])
        if group is None:
            group_id, group = yield from self._found(wanted)
        if group_id is None:
            group_id = yield from self._made(wanted)
        elif isinstance(group, Group):
            yield from self._mended(wanted, group_id, group)
        if isinstance(group, Malformed) or group_id is None:
            self.not_ready(wanted, "what the venue says of it makes no sense")
        elif group is not None and not group.cancels:
            self.not_ready(wanted, f"{group_id} does not cancel anything (auto-cancel is off)")
        else:
            self._ready(wanted, group_id)

    def end(self, ended: EndGroup) -> GroupTalk:
        """Trigger a group, so that it takes nothing more, or delete it."""
        try:
            if ended.delete:
                yield orders.delete_group(ended.group_id, ended.exchange_index, self._subaccount)
            else:
                yield orders.trigger_group(ended.group_id, ended.exchange_index, self._subaccount)
        except RefusalError as refused:
            if refused.error.status != 404:
                raise
            self._tell([GroupGone(self._now(), self._now(), ended.group_id)])
            return
        if ended.delete:
            self._tell([GroupGone(self._now(), self._now(), ended.group_id)])

    def not_ready(self, wanted: HoldGroup, reason: str) -> None:
        """Say why there is none."""
        now = self._now()
        self._tell([GroupNotReady(now, now, wanted.exchange_index, reason)])

    def _ready(self, wanted: HoldGroup, group_id: str) -> None:
        now, shard = self._now(), wanted.exchange_index
        self._tell([GroupReady(now, now, shard, group_id, wanted.limit, wanted.reset)])

    def _read(
        self, group_id: str, shard: int
    ) -> Generator[Request, bytes, Group | Malformed | None]:
        """``None`` where it is not there."""
        try:
            body = yield orders.read_group(group_id, shard, self._subaccount)
        except RefusalError as refused:
            if refused.error.status != 404:
                raise
            return None
        found = parse_group(body, self._now())
        if isinstance(found, Malformed):
            self._tell([found])
        return found

    def _found(
        self, wanted: HoldGroup
    ) -> Generator[Request, bytes, tuple[str | None, Group | Malformed | None]]:
        """A group that can only be ours: with our limit, and nothing in it."""
        shard = wanted.exchange_index
        body = yield orders.list_groups(shard, self._subaccount)
        listed = parse_groups(body, shard, wanted.limit, self._now())
        if isinstance(listed, Malformed):
            self._tell([listed])
            return "", listed
        for group_id in listed[:CANDIDATES_MAX]:
            group = yield from self._read(group_id, shard)
            if isinstance(group, Group) and not group.orders and group.cancels:
                return group_id, group
        return None, None

    def _made(self, wanted: HoldGroup) -> Generator[Request, bytes, str | None]:
        shard = wanted.exchange_index
        made = parse_group_created(
            (yield orders.create_group(wanted.limit, shard, self._subaccount)), self._now()
        )
        if isinstance(made, Malformed):
            self._tell([made])
            return None
        return made

    def _mended(self, wanted: HoldGroup, group_id: str, group: Group) -> GroupTalk:
        """Our limit, and, where a person cleared the halt, orders taken again."""
        shard = wanted.exchange_index
        if group.limit != wanted.limit:
            yield orders.limit_group(group_id, wanted.limit, shard, self._subaccount)
        if wanted.reset:
            yield orders.reset_group(group_id, shard, self._subaccount)
