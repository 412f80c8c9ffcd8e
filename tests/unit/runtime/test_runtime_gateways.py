"""Cancels, changes, look-ups and the end of a live gateway before a scripted venue."""

import asyncio
import json

import msgspec
import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import Cancel, Decrease, LookUp, ReadAccount, Renew
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import MILLISECOND, SECOND, format_iso
from kalshi_assistant.runtime.gateway_settings import GatewaySettings
from kalshi_assistant.venues.kalshi.tokens import Tokens
from tests.support.gateway_stand import (
    LIST,
    ONE,
    ORDERS,
    PATIENCE,
    READ,
    STAMP,
    VENUE_ID,
    created,
    opened,
    refused,
)
from tests.support.kalshi_frames import TICKER
from tests.support.scripted_venue import HANG, RESET

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


# --- cancel ---


def cancel_of(order):
    return Cancel(order.id, VENUE_ID, TICKER, 2, "reprice")


def taken_out():
    return 200, {"order_id": VENUE_ID, "reduced_by": "6.00", "ts_ms": 5}


async def test_a_cancelled_order_is_told_as_the_records_have_it():
    async with opened() as stand:
        order = stand.order()
        stand.venue.on("DELETE", ONE, taken_out())
        resting = stand.record(order)
        gone = {"status": "canceled", "fill_count_fp": "4.00", "remaining_count_fp": "0.00"}
        stand.venue.on(
            "GET", READ, (404, ""), (200, {"order": resting}), (200, {"order": resting | gone})
        )
        stand.gateway.cancel(cancel_of(order))
        found = await stand.next()
        assert (found.status, found.filled, found.client_order_id) == ("canceled", 400, order.id)
        await stand.none_more()
        ((_, _, query, _, _),) = stand.venue.reached("DELETE")
        assert query == {"subaccount": "0", "exchange_index": "2", "market_ticker": TICKER}


async def test_a_cancel_the_records_never_show_stays_in_doubt():
    async with opened() as stand:
        order = stand.order()
        stand.venue.on("DELETE", ONE, taken_out())
        stand.venue.on("GET", READ, (200, {"order": stand.record(order)}))
        stand.gateway.cancel(cancel_of(order))
        found = await stand.next()
        assert isinstance(found, e.OrderUncertain)
        assert (found.request, "records do not show" in found.reason) == ("cancel", True)
        assert len(stand.venue.reached("GET", READ)) == 8


async def test_a_cancel_is_repeated_until_it_is_answered_and_doubt_is_told_once():
    async with opened(create_seconds=0.2) as stand:
        order = stand.order()
        answers = [(503, ""), RESET, HANG, (500, ""), (404, refused("not_found"))]
        stand.venue.on("DELETE", ONE, *answers)
        stand.gateway.cancel(cancel_of(order))
        stand.gateway.cancel(cancel_of(order))
        doubt, found = await stand.next(), await stand.next()
        assert (doubt.request, doubt.client_order_id) == ("cancel", order.id)
        assert isinstance(found, e.CancelRefused)
        assert (found.code, found.order_id) == ("not_found", VENUE_ID)
        await stand.none_more()
        # the library itself repeats an idempotent request once where the connection was used before
        assert len(stand.venue.reached("DELETE")) in (5, 6)


async def test_a_cancel_that_is_rate_limited_comes_again():
    async with opened() as stand:
        order = stand.order()
        stand.venue.on("DELETE", ONE, (429, {"error": "too many requests"}), taken_out())
        stand.venue.on("GET", READ, (200, {"order": stand.record(order, status="executed")}))
        stand.gateway.cancel(cancel_of(order))
        first, found = await stand.next(), await stand.next()
        assert (type(first), first.final) == (e.RequestRefused, False)
        assert found.status == "executed"


@pytest.mark.parametrize("answer", [(409, refused("trading_is_paused")), (400, ""), (403, "")])
async def test_a_refused_cancel_is_told_as_refused(answer):
    async with opened() as stand:
        stand.venue.on("DELETE", ONE, answer)
        stand.gateway.cancel(cancel_of(stand.order()))
        assert isinstance(await stand.next(), e.CancelRefused)
        await stand.none_more()


async def test_cancels_wait_for_tokens():
    async with opened(tokens=Tokens(write=(100, 2))) as stand:
        stand.venue.on("DELETE", ONE, (404, ""))
        stand.venue.on("DELETE", f"{ORDERS}/v-2", (404, ""))
        stand.gateway.cancel(cancel_of(stand.order()))
        stand.gateway.cancel(Cancel("n-1-2", "v-2", TICKER, 2, ""))
        found = [await stand.next(), await stand.next()]
        assert {event.order_id for event in found} == {VENUE_ID, "v-2"}


async def test_an_order_id_that_is_none_is_not_cancelled():
    async with opened() as stand:
        stand.gateway.cancel(Cancel("n-1-1", "../batched", TICKER, 2, ""))
        found = await stand.next()
        assert (type(found), found.code) == (e.CancelRefused, "not_sendable")
        assert stand.venue.seen == []


# --- renew, decrease ---


def renewal(stand, **fields):
    expires = (stand.clock.now() // SECOND + 30) * SECOND
    renew = Renew("n-1-1", VENUE_ID, TICKER, BID, 5_600, 1_000, expires, 2)
    return msgspec.structs.replace(renew, **fields)


def amended(asked):
    return 200, {
        "order_id": VENUE_ID,
        "remaining_count": "6.00",
        "fill_count": "4.00",
        "ts_ms": 5,
    }


async def test_a_renewal_moves_the_expiry():
    async with opened() as stand:
        stand.venue.on("POST", f"{ONE}/amend", amended)
        renew = renewal(stand)
        stand.gateway.renew(renew)
        found = await stand.next()
        assert (found.status, found.filled, found.remaining) == ("resting", 400, 600)
        ((_, _, _, raw, _),) = stand.venue.reached("POST")
        assert json.loads(raw)["expiration_time"] == renew.expires_at // SECOND
        await stand.none_more()


RENEWALS = {
    "refused": ((400, refused("x")), e.OrderUncertain),
    "unknown": ((404, ""), e.OrderUncertain),
    "forbidden": ((403, ""), e.OrderUncertain),
    "limited": ((429, ""), e.RequestRefused),
    "in trouble": ((500, ""), e.OrderUncertain),
    "reset": (RESET, e.OrderUncertain),
    "another order": ((200, {"order_id": "v-9"}), e.Malformed),
}


@pytest.mark.parametrize("name", RENEWALS)
async def test_a_renewal_is_sent_once(name):
    answer, kind = RENEWALS[name]
    async with opened() as stand:
        stand.venue.on("POST", f"{ONE}/amend", answer)
        stand.gateway.renew(renewal(stand))
        found = await stand.next()
        assert isinstance(found, kind)
        if kind is e.OrderUncertain:  # the order is looked up
            assert (found.client_order_id, found.request) == ("n-1-1", "amend")
        if kind is e.RequestRefused:
            assert (found.request, found.final) == ("amend n-1-1", False)
        await stand.gateway.close()
        assert len(stand.venue.reached("POST")) == 1


async def test_a_renewal_may_be_forbidden_unsendable_or_without_tokens():
    checks = {"renew": lambda renew: "lease lost" if renew.count == 700 else None}
    async with opened(tokens=Tokens(write=(1, 5)), checks=checks) as stand:
        stand.gateway.renew(renewal(stand, exchange_index=None))
        stand.gateway.renew(renewal(stand, count=700))
        stand.gateway.renew(renewal(stand))
        found = [await stand.next() for _ in range(3)]
        assert [(event.code, event.final) for event in found] == [
            ("not_sendable", True),
            ("not_allowed", True),
            ("no_write_tokens", False),
        ]
        assert stand.venue.seen == []


async def test_a_decreased_order_is_told_as_the_records_have_it():
    async with opened() as stand:
        order = stand.order()
        answer = 200, {"order_id": VENUE_ID, "remaining_count": "3.00", "ts_ms": 5}
        stand.venue.on("POST", f"{ONE}/decrease", answer)
        before = stand.record(order)
        after = before | {"remaining_count_fp": "3.00"}
        stand.venue.on("GET", READ, (200, {"order": before}), (200, {"order": after}))
        stand.gateway.decrease(Decrease(order.id, VENUE_ID, TICKER, 300, 2))
        found = await stand.next()
        assert (found.status, found.remaining) == ("resting", 300)
        ((_, _, _, raw, _),) = stand.venue.reached("POST")
        assert json.loads(raw)["reduce_to"] == "3.00"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, refused("x")), e.OrderUncertain),
        ((404, ""), e.OrderUncertain),
        ((429, ""), e.RequestRefused),
        ((502, ""), e.OrderUncertain),
        (RESET, e.OrderUncertain),
    ],
)
async def test_a_decrease_is_sent_once(answer, kind):
    async with opened() as stand:
        stand.venue.on("POST", f"{ONE}/decrease", answer)
        stand.gateway.decrease(Decrease("n-1-1", VENUE_ID, TICKER, 300, 2))
        found = await stand.next()
        assert isinstance(found, kind)
        if kind is e.OrderUncertain:  # the order is looked up
            assert (found.client_order_id, found.request) == ("n-1-1", "decrease")
        else:
            assert (found.request, found.final) == ("decrease n-1-1", False)
        await stand.none_more()
        assert len(stand.venue.reached("POST")) == 1


# --- look-ups, the account ---


def as_of(at):
    return 200, {"as_of_time": format_iso(at)}


async def test_an_order_in_doubt_is_looked_up_until_the_records_are_late_enough():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, (500, ""))
        order = stand.submit(stand.order())
        assert isinstance(await stand.next(), e.OrderUncertain)
        late = stand.clock.now() + 60 * SECOND
        stand.venue.on("GET", STAMP, as_of(order.made_at), (503, ""), as_of(late))
        stand.venue.on("GET", LIST, (200, {"orders": []}))
        stand.gateway.look_up(LookUp(order, None))
        stand.gateway.look_up(LookUp(order, None))
        first, found = await stand.next(), await stand.next()
        assert (type(first), first.request) == (e.RequestRefused, f"look up {order.id}")
        assert (type(found), found.client_order_id) == (e.OrderAbsent, order.id)
        await stand.none_more()
        assert len(stand.venue.reached("GET", STAMP)) == 3
        assert len(stand.venue.reached("POST")) == 1


async def test_an_order_in_doubt_that_is_there_is_found():
    async with opened() as stand:
        order = stand.order()
        stand.venue.on("GET", STAMP, as_of(order.made_at))
        stand.venue.on("GET", LIST, (200, {"orders": [stand.record(order)]}))
        stand.gateway.look_up(LookUp(order, None))
        found = await stand.next()
        assert (found.status, found.order_id) == ("resting", VENUE_ID)
        await stand.none_more()


async def test_an_order_may_arrive_until_its_answer_was_given_up():
    async with opened() as stand:

        def late_and_lost(_):
            stand.clock.by += 10 * SECOND
            return 500, ""

        stand.venue.on("POST", ORDERS, late_and_lost)
        order = stand.submit(stand.order())
        assert isinstance(await stand.next(), e.OrderUncertain)
        early, late = (as_of(order.made_at + seconds * SECOND) for seconds in (5, 60))
        stand.venue.on("GET", STAMP, early, late)
        stand.venue.on("GET", LIST, (200, {"orders": []}))
        stand.gateway.look_up(LookUp(order, None))
        assert isinstance(await stand.next(), e.OrderAbsent)
        assert len(stand.venue.reached("GET", STAMP)) == 2


async def test_while_an_order_is_out_no_records_decide_about_it():
    async with opened(create_seconds=0.5) as stand:
        stand.venue.on("POST", ORDERS, HANG)
        late = stand.clock.now() + 60 * SECOND
        stand.venue.on("GET", STAMP, as_of(late))
        stand.venue.on("GET", LIST, (200, {"orders": []}))
        order = stand.submit(stand.order())
        stand.gateway.look_up(LookUp(order, None))
        assert isinstance(await stand.next(), e.OrderUncertain)
        assert stand.venue.reached("GET") == []
        assert isinstance(await stand.next(), e.OrderAbsent)


async def test_an_order_of_an_earlier_process_may_have_left_until_this_one_began():
    async with opened() as stand:
        started = stand.clock.now()
        order = stand.order(made_at=started - 60 * SECOND)
        stand.venue.on("GET", STAMP, as_of(started + SECOND), as_of(started + 11 * SECOND))
        stand.venue.on("GET", LIST, (200, {"orders": []}))
        stand.gateway.look_up(LookUp(order, None))
        found = await stand.next()
        assert found.as_of == (started + 11 * SECOND) // MILLISECOND * MILLISECOND
        assert len(stand.venue.reached("GET", STAMP)) == 2


def account(venue, at):
    venue.on("GET", STAMP, as_of(at))
    cash = {"balance_dollars": "5.00", "balance_breakdown": []}
    venue.on("GET", "/portfolio/balance", (200, cash))
    for name, key in (
        ("orders", "orders"),
        ("fills", "fills"),
        ("settlements", "settlements"),
        ("positions", "market_positions"),
    ):
        venue.on("GET", f"/portfolio/{name}", (200, {key: [], "cursor": ""}))
    venue.on("GET", "/portfolio/subaccounts/netting", (200, {"netting_configs": []}))


async def test_the_account_is_read_one_reading_after_the_other():
    async with opened() as stand:
        account(stand.venue, stand.clock.now())
        stand.gateway.read_account(ReadAccount("start", 40 * SECOND))
        await stand.arrived()
        for since in (30, 20, 25):
            stand.gateway.read_account(ReadAccount("later", since * SECOND))
        found = [await stand.next(), await stand.next()]
        # one reading stands for all that were asked for meanwhile, and reaches back as far as any
        assert [event.since // SECOND for event in found] == [40, 20]
        await stand.none_more()
        assert len(stand.venue.reached("GET", STAMP)) == 2


async def test_an_account_that_cannot_be_read_is_told_as_refused():
    async with opened() as stand:
        account(stand.venue, stand.clock.now())
        stand.venue.on("GET", "/portfolio/balance", (401, ""), RESET, (200, "{}"))
        kinds = []
        for _ in range(3):
            stand.gateway.read_account(ReadAccount("start", 0))
            event = await stand.next()
            kinds.append((type(event), getattr(event, "final", None)))
        assert kinds[0] == (e.RequestRefused, True)
        # the library repeats a question whose connection was reset
        assert kinds[1][0] in (e.RequestRefused, e.Malformed)
        assert kinds[2] == (e.Malformed, None)


# --- connections, the end ---


async def test_a_connection_is_open_before_the_first_order():
    async with opened(warm_connections=1) as stand:
        warm = asyncio.Event()

        def status(_):
            warm.set()
            return 200, {}

        stand.venue.on("GET", "/exchange/status", status)
        stand.venue.on("POST", ORDERS, created)
        stand.gateway.start()
        async with asyncio.timeout(PATIENCE):
            await warm.wait()
        stand.submit(stand.order())
        assert (await stand.next()).status == "canceled"
        assert len(stand.venue.reached("GET")) == 1


async def test_the_end_waits_for_an_answer():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, created)
        stand.submit(stand.order())
        await stand.arrived()
        await stand.gateway.close()
        assert stand.told.get_nowait().status == "canceled"


async def test_what_has_not_left_at_the_end_does_not_leave():
    async with opened() as stand:
        stand.submit(stand.order())
        await stand.gateway.close()
        found = stand.told.get_nowait()
        assert (found.status, found.reason) == ("rejected", "closing: not sent")
        assert stand.venue.seen == []


async def test_the_end_reports_what_stays_in_doubt_and_takes_nothing_more():
    async with opened(create_seconds=5, closing_seconds=0.1) as stand:
        stand.venue.on("POST", ORDERS, HANG)
        stand.venue.on("DELETE", ONE, HANG)
        order = stand.submit(stand.order())
        stand.gateway.cancel(cancel_of(order))
        await stand.arrived(2)
        await stand.gateway.close()
        found = [stand.told.get_nowait(), stand.told.get_nowait()]
        assert {(type(event), event.request) for event in found} == {
            (e.OrderUncertain, "create"),
            (e.OrderUncertain, "cancel"),
        }
        stand.submit(stand.order(2))
        stand.gateway.cancel(cancel_of(order))
        stand.gateway.renew(renewal(stand))
        stand.gateway.decrease(Decrease(order.id, VENUE_ID, TICKER, 300, 2))
        last = [stand.told.get_nowait() for _ in range(4)]
        assert last[0].reason == "closing: not sent"
        assert [event.code for event in last[1:]] == ["closing", "not_allowed", "closing"]
        assert len(stand.venue.seen) == 2


def test_settings_have_bounds():
    with pytest.raises(RangeError):
        GatewaySettings(create_seconds=0, kept_share=1)


@pytest.mark.parametrize("setting", [{"margin_seconds": 9.9}, {"create_seconds": 5.1}])
def test_no_setting_lets_absence_be_proven_while_a_request_may_linger(setting):
    with pytest.raises(RangeError):
        GatewaySettings(**setting)
