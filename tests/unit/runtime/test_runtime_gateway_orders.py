"""Orders before a scripted venue: one leaves once or not at all."""

import json

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.venues.kalshi.signing import verify
from kalshi_assistant.venues.kalshi.tokens import Tokens
from tests.support.gateway_stand import ONE, ORDERS, VENUE_ID, Stand, created, opened, refused
from tests.support.kalshi_frames import TICKER
from tests.support.scripted_venue import HANG, RESET, ROOT, ScriptedVenue

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


# --- submit ---


async def test_an_order_that_is_taken():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, created)
        order = stand.submit(stand.order())
        found = await stand.next()
        assert (found.status, found.order_id, found.client_order_id) == (
            "canceled",
            VENUE_ID,
            order.id,
        )
        assert (found.filled, found.remaining, found.reason) == (400, 0, None)
        ((_, _, _, raw, headers),) = stand.venue.reached("POST")
        assert json.loads(raw)["exchange_index"] == 2
        assert headers["Content-Type"] == "application/json"
        assert [name for name, _, _ in stand.stamps] == ["sent", "acked"]
        assert stand.stamps[0][2] <= stand.stamps[1][2]
        await stand.none_more()


async def test_a_request_is_signed_for_its_path_and_moment():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, created)
        stand.submit(stand.order())
        await stand.next()
        ((_, _, _, _, headers),) = stand.venue.reached("POST")
        stamp = headers["KALSHI-ACCESS-TIMESTAMP"]
        signature = headers["KALSHI-ACCESS-SIGNATURE"]
        assert verify(stand.key.public_key(), stamp, "POST", ROOT + ORDERS, signature)


CERTAIN = [
    (400, refused("insufficient_balance"), "insufficient_balance: shard 2"),
    (400, refused("invalid_order", details="post only cross"), "post_only_cross: "),
    (401, "", "key_refused: "),
    (404, refused("not_found"), "market_unknown: "),
    (409, refused("trading_is_paused"), "trading_is_paused: "),
    (409, refused("fill_or_kill_insufficient_resting_volume"), "fill_or_kill: "),
    (429, {"error": "too many requests"}, "rate limited, not sent again"),
]


@pytest.mark.parametrize(("status", "body", "reason"), CERTAIN)
async def test_an_order_that_is_refused_is_not_sent_again(status, body, reason):
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, (status, body))
        order = stand.submit(stand.order())
        found = await stand.next()
        assert (found.status, found.client_order_id) == ("rejected", order.id)
        assert found.reason.startswith(reason)
        await stand.none_more()
        assert len(stand.venue.reached("POST")) == 1


DOUBTFUL = {
    "a server in trouble": (500, "oops"),
    "a gateway in trouble": (503, refused("service_unavailable")),
    "known already": (409, refused("order_already_exists")),
    "sent elsewhere": (307, ""),
    "sent elsewhere for good": (301, ""),
    "no content": (204, ""),
    "reset before the answer": RESET,
    "no answer": HANG,
}


@pytest.mark.parametrize("name", DOUBTFUL)
async def test_an_order_in_doubt_is_told_as_such_and_sent_once(name):
    async with opened(create_seconds=0.2) as stand:
        stand.venue.on("POST", ORDERS, DOUBTFUL[name])
        order = stand.submit(stand.order())
        found = await stand.next()
        assert isinstance(found, e.OrderUncertain), found
        assert (found.client_order_id, found.request) == (order.id, "create")
        await stand.none_more()
        assert [each[:2] for each in stand.venue.seen] == [("POST", ORDERS)]


async def test_a_reset_of_a_connection_used_before_sends_nothing_twice():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, created, RESET, created)
        stand.submit(stand.order(1))
        await stand.next()
        stand.submit(stand.order(2))
        assert isinstance(await stand.next(), e.OrderUncertain)
        await stand.none_more()
        assert len(stand.venue.reached("POST")) == 2


@pytest.mark.parametrize("body", ["", "{}", "[1]", {"order_id": VENUE_ID}])
async def test_a_confirmation_that_makes_no_sense_leaves_it_in_doubt(body):
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, (201, body))
        stand.submit(stand.order())
        assert isinstance(await stand.next(), e.Malformed)
        assert isinstance(await stand.next(), e.OrderUncertain)
        await stand.none_more()


async def test_where_nobody_listens_the_order_is_not_sent():
    async with opened() as stand:
        address = stand.venue.url
    async with ScriptedVenue().open() as venue:
        venue.url = address
        stand = Stand(venue, {}, None, {})
        stand.submit(stand.order())
        found = await stand.next()
        assert found.status == "rejected"
        assert found.reason.startswith("not sent: ")
        assert stand.stamps == []
        await stand.gateway.close()


async def test_the_same_order_twice_is_one_order():
    async with opened() as stand:
        stand.venue.on("POST", ORDERS, created)
        order = stand.submit(stand.order())
        stand.submit(order)
        first, second = await stand.next(), await stand.next()
        assert isinstance(first, e.RequestRefused)
        assert (first.code, first.final) == ("sent_before", True)
        assert second.client_order_id == order.id
        stand.submit(order)
        assert (await stand.next()).code == "sent_before"
        assert len(stand.venue.reached("POST")) == 1


async def test_an_approval_that_ran_out_sends_nothing():
    async with opened() as stand:
        stand.submit(stand.order(), seconds=-1)
        assert (await stand.next()).reason == "too_old"
        await stand.none_more()
        assert stand.venue.seen == []


async def test_an_approval_that_runs_out_on_the_way_to_the_socket_sends_nothing():
    """The clock moves between the first look and the last."""

    def slow(order):
        stand.clock.by += 3 * SECOND

    async with opened(checks={"order": slow}) as stand:
        stand.venue.on("POST", ORDERS, created)
        stand.submit(stand.order(), seconds=2)
        found = await stand.next()
        assert (found.status, found.reason) == ("rejected", "too_old")
        await stand.none_more()
        assert stand.venue.seen == []


@pytest.mark.parametrize("reasons", [["price_moved"], [None, "lease lost"]])
async def test_whoever_is_asked_may_still_say_no_before_the_first_byte(reasons):
    async with opened() as stand:
        stand.reasons = list(reasons)
        stand.venue.on("POST", ORDERS, created)
        stand.submit(stand.order())
        found = await stand.next()
        assert (found.status, found.reason) == ("rejected", reasons[-1])
        assert (stand.venue.seen, stand.stamps) == ([], [])
        stand.submit(stand.order(2))
        assert (await stand.next()).status == "canceled"


async def test_an_order_without_a_shard_never_leaves():
    async with opened() as stand:
        stand.submit(stand.order(exchange_index=None))
        found = await stand.next()
        assert (found.status, found.reason[:14]) == ("rejected", "not sendable: ")
        assert stand.venue.seen == []


async def test_orders_do_not_wait_for_tokens_and_leave_some_for_cancels():
    async with opened(tokens=Tokens(write=(1, 50))) as stand:
        stand.venue.on("POST", ORDERS, created)
        for number in range(6):
            stand.submit(stand.order(number))
        found = [await stand.next() for _ in range(6)]
        reasons = [event.reason for event in found if event.status == "rejected"]
        assert reasons == ["no write tokens: not sent"] * 2
        assert len(stand.venue.reached("POST")) == 4
        stand.venue.on("DELETE", ONE, (404, refused("not_found")))
        stand.gateway.cancel(Cancel("n-1-0", VENUE_ID, TICKER, 2, ""))
        assert isinstance(await stand.next(), e.CancelRefused)


# --- several cancels at once ---

BATCH = f"{ORDERS}/batched"


def cancels(*numbers):
    return [Cancel(f"n-1-{number}", f"v-{number}", TICKER, 2, "the end") for number in numbers]


def read_back(stand, *numbers):
    """The records show them as cancelled."""
    for number in numbers:
        order = stand.order(number)
        record = stand.record(order, order_id=f"v-{number}", status="canceled")
        stand.venue.on("GET", f"/portfolio/orders/v-{number}", (200, {"order": record}))


async def told(stand, count):
    found = [await stand.next() for _ in range(count)]
    return sorted((type(each).__name__, each.client_order_id, each.status) for each in found)


GONE = [("OrderChanged", f"n-1-{number}", "canceled") for number in (1, 2)]


async def test_cancels_asked_for_in_one_go_leave_as_one_request():
    async with opened() as stand:
        items = [{"order_id": f"v-{number}", "reduced_by": "1.00"} for number in (1, 2)]
        stand.venue.on("DELETE", BATCH, (200, {"orders": items}))
        read_back(stand, 1, 2)
        for each in (*cancels(1, 2), *cancels(1)):
            stand.gateway.cancel(each)
        assert await told(stand, 2) == GONE
        await stand.none_more()
        assert [path for _, path, *_ in stand.venue.reached("DELETE")] == [BATCH]


@pytest.mark.parametrize(
    "answer",
    [
        (400, {"error": {"code": "invalid_order", "message": "no"}}),
        (200, {"orders": []}),
        (200, {"orders": [{"order_id": "v-1", "error": {"code": "not_found"}}]}),
        (200, {"orders": [{"order_id": 7}]}),
        (200, "{"),
        RESET,
    ],
)
async def test_what_a_batch_did_not_take_is_cancelled_one_by_one(answer):
    async with opened() as stand:
        stand.venue.on("DELETE", BATCH, answer)
        for number in (1, 2):
            done = {"order_id": f"v-{number}", "reduced_by": "1.00", "ts_ms": 1_795_280_600_000}
            stand.venue.on("DELETE", f"{ORDERS}/v-{number}", (200, done))
        read_back(stand, 1, 2)
        for each in cancels(1, 2):
            stand.gateway.cancel(each)
        assert await told(stand, 2) == GONE
        await stand.none_more()
        paths = sorted({path for _, path, *_ in stand.venue.reached("DELETE")})
        assert paths == [BATCH, f"{ORDERS}/v-1", f"{ORDERS}/v-2"]


async def test_only_what_a_batch_refused_is_asked_for_again():
    async with opened() as stand:
        items = [{"order_id": "v-1", "error": None}, {"order_id": "v-2", "error": {"code": "x"}}]
        stand.venue.on("DELETE", BATCH, (200, {"orders": items}))
        done = {"order_id": "v-2", "reduced_by": "1.00", "ts_ms": 1_795_280_600_000}
        stand.venue.on("DELETE", f"{ORDERS}/v-2", (200, done))
        read_back(stand, 1, 2)
        for each in cancels(1, 2):
            stand.gateway.cancel(each)
        assert await told(stand, 2) == GONE
        assert len(stand.venue.reached("DELETE")) == 2


async def test_the_end_waits_for_cancels_asked_for_just_before_it():
    async with opened() as stand:
        items = [{"order_id": f"v-{number}", "reduced_by": "1.00"} for number in (1, 2)]
        stand.venue.on("DELETE", BATCH, (200, {"orders": items}))
        read_back(stand, 1, 2)
        for each in cancels(1, 2):
            stand.gateway.cancel(each)
        await stand.gateway.close()
        assert await told(stand, 2) == GONE
