"""Order groups of a live gateway before a scripted venue."""

import json

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import EndGroup, HoldGroup
from tests.support.gateway_stand import GROUP, ORDERS, created, opened
from tests.support.scripted_venue import HANG, RESET

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

GROUPS = "/portfolio/order_groups"
WANTED = HoldGroup(2, 8_000, None, reset=False)
MADE = (201, {"order_group_id": "og-2", "subaccount": 0, "exchange_index": 2})
NONE = (200, {"order_groups": []})
FOUND = {"is_auto_cancel_enabled": True, "contracts_limit_fp": "80.00", "orders": []}


def without_group(stand):
    stand.gateway.groups.taking.clear()
    return stand


async def test_an_entry_names_its_group_and_an_exit_names_none():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, created)
        stand.submit(stand.order(1))
        assert (await stand.next()).filled == 400
        stand.submit(stand.order(2, purpose="exit", reduce_only=True))
        assert (await stand.next()).filled == 400
        bodies = [json.loads(raw) for _, _, _, raw, _ in stand.venue.reached("POST")]
        assert [each.get("order_group_id") for each in bodies] == [GROUP, None]


@pytest.mark.parametrize("shard", [0, 2])
async def test_without_a_group_on_its_shard_no_entry_leaves(shard):
    async with opened() as stand:
        if shard == 2:
            without_group(stand)
        stand.submit(stand.order(exchange_index=shard))
        refused = await stand.next()
        assert refused.status == "rejected"
        assert f"no order group on shard {shard}" in refused.reason
        assert stand.venue.reached("POST") == []


async def test_a_group_that_was_made_takes_entries():
    async with opened() as stand:
        without_group(stand)
        stand.venue.on("GET", GROUPS, NONE)
        stand.venue.on("POST", f"{GROUPS}/create", MADE)
        stand.venue.on("POST", ORDERS, created)
        stand.gateway.hold_group(WANTED)
        ready = await stand.next()
        assert (type(ready), ready.group_id) == (e.GroupReady, "og-2")
        stand.submit(stand.order())
        assert (await stand.next()).filled == 400


@pytest.mark.parametrize("lost", [HANG, RESET, (500, {})])
async def test_one_whose_answer_was_lost_is_looked_for_before_another_is_made(lost):
    async with opened(create_seconds=0.3) as stand:
        without_group(stand)
        listed = {"id": "og-2", "is_auto_cancel_enabled": True, "contracts_limit_fp": "80.00"}
        stand.venue.on("GET", GROUPS, NONE, (200, {"order_groups": [listed]}))
        stand.venue.on("GET", f"{GROUPS}/og-2", (200, FOUND))
        stand.venue.on("POST", f"{GROUPS}/create", lost)
        stand.gateway.hold_group(WANTED)
        assert isinstance(await stand.next(), e.GroupNotReady)
        stand.gateway.hold_group(WANTED)
        assert (await stand.next()).group_id == "og-2"
        assert len(stand.venue.reached("POST", f"{GROUPS}/create")) == 1


async def test_a_refusal_is_told_and_nothing_is_repeated():
    async with opened() as stand:
        stand.venue.on("GET", GROUPS, NONE)
        stand.venue.on("POST", f"{GROUPS}/create", (403, {"error": {"code": "no", "message": "!"}}))
        stand.gateway.hold_group(WANTED)
        told = await stand.next()
        assert (type(told), told.reason) == (e.GroupNotReady, "no: !")
        await stand.none_more()
        assert len(stand.venue.reached("POST")) == 1


async def test_a_process_that_has_lost_the_account_leaves_groups_alone():
    async with opened(checks={"account": lambda: "the lease is another's"}) as stand:
        stand.gateway.hold_group(WANTED)
        assert (await stand.next()).reason == "the lease is another's"
        stand.gateway.end_group(EndGroup(2, GROUP, delete=False))
        await stand.none_more()
        assert stand.venue.seen == []


async def test_at_the_end_it_is_triggered_and_then_deleted():
    async with opened() as stand:
        stand.venue.on("PUT", f"{GROUPS}/{GROUP}/trigger", (200, {}))
        stand.venue.on("DELETE", f"{GROUPS}/{GROUP}", (200, {}))
        stand.gateway.end_group(EndGroup(2, GROUP, delete=False))
        stand.submit(stand.order())
        await stand.gateway.close()
        asked = [each[0] for each in stand.venue.seen if GROUPS in each[1]]
        assert asked == ["PUT", "DELETE"]
