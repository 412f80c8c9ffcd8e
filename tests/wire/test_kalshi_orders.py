"""Commands about orders and questions about the account are exactly these requests."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.intents import Cancel
from kalshi_assistant.domain.orders import ASK, BID, Order
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import parse_price, parse_quantity
from kalshi_assistant.venues.kalshi import orders, portfolio
from kalshi_assistant.venues.kalshi.answers import orders as answers
from kalshi_assistant.venues.kalshi.rest import EVERY_SHARD, Request
from tests.support.kalshi_frames import NOW, TICKER

OWN = "6d0b5c1e-2f5d-4d6b-9b43-3f3a0c1b7a10"
VENUE = "b1f0c1de-6a0e-4b54-9a52-2b8c7d0f1e22"
RESTING = Order(
    OWN,
    TICKER,
    BID,
    5_600,
    1_000,
    made_at=NOW,
    time_in_force="good_till_canceled",
    expires_at=1_795_281_240 * SECOND,
    exchange_index=2,
)
TAKING = Order(OWN, TICKER, ASK, 65, 1, made_at=NOW, exchange_index=2)
EVENTS = "/portfolio/events/orders"
GROUPS = "/portfolio/order_groups"


def changed(order, **fields):
    return msgspec.structs.replace(order, **fields)


# --- commands ---


def test_a_resting_order_is_written_as_the_venue_documents_it():
    request = orders.create(RESTING)
    assert request.body == (
        b'{"ticker":"KXBTC15M-26NOV211215-15",'
        b'"client_order_id":"6d0b5c1e-2f5d-4d6b-9b43-3f3a0c1b7a10","side":"bid","count":"10.00",'
        b'"price":"0.5600","time_in_force":"good_till_canceled",'
        b'"self_trade_prevention_type":"taker_at_cross","post_only":false,'
        b'"cancel_order_on_pause":true,"expiration_time":1795281240,"exchange_index":2,'
        b'"subaccount":0}'
    )
    assert (request.method, request.path, request.query) == ("POST", EVENTS, ())
    assert (request.signed, request.cost, request.bucket, request.shard) == (True, 10, "write", 2)


def test_an_order_that_takes_and_closes_rests_nowhere():
    order = changed(TAKING, reduce_only=True)
    assert json.loads(orders.create(order, subaccount=3, group_id="og_7c1").body) == {
        "ticker": TICKER,
        "client_order_id": OWN,
        "side": "ask",
        "count": "0.01",
        "price": "0.0065",
        "time_in_force": "immediate_or_cancel",
        "self_trade_prevention_type": "taker_at_cross",
        "post_only": False,
        "reduce_only": True,
        "order_group_id": "og_7c1",
        "exchange_index": 2,
        "subaccount": 3,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"exchange_index": None},
        {"exchange_index": -1},
        {"quantity": 0},
        {"quantity": -100},
        {"limit": 0},
        {"limit": 10_000},
        {"expires_at": 1_795_281_240 * SECOND + 1},
        {"expires_at": 0},
        {"id": ""},
        {"id": "x" * 65},
        {"id": "../everything"},
        {"reduce_only": True},
        {"time_in_force": "immediate_or_cancel"},
        {"time_in_force": "fill_or_kill", "expires_at": None, "reduce_only": True},
        {"time_in_force": "immediate_or_cancel", "expires_at": None, "post_only": True},
    ],
)
def test_an_order_that_cannot_be_meant_is_not_written(fields):
    with pytest.raises(ValueError, match=r"\w"):
        orders.create(changed(RESTING, **fields))


@pytest.mark.parametrize("subaccount", [-1, 64])
def test_there_are_64_subaccounts(subaccount):
    with pytest.raises(ValueError, match="no subaccount"):
        orders.create(RESTING, subaccount)


@pytest.mark.parametrize("group", ["", "a/b", "..", "x" * 101, "a b", "é"])
def test_a_group_without_a_proper_name_is_no_group(group):
    with pytest.raises(ValueError, match="not an id"):
        orders.create(RESTING, 0, group)


SHARD_2 = (("subaccount", "0"), ("exchange_index", "2"))
OTHERS = {
    "cancel": (
        orders.cancel(VENUE, TICKER, 2),
        Request(
            "DELETE",
            f"{EVENTS}/{VENUE}",
            (*SHARD_2, ("market_ticker", TICKER)),
            True,
            2,
            "write",
            b"",
            2,
        ),
    ),
    "cancel_somewhere": (
        orders.cancel(VENUE, TICKER, None, 5),
        Request(
            "DELETE",
            f"{EVENTS}/{VENUE}",
            (("subaccount", "5"), ("market_ticker", TICKER)),
            True,
            2,
            "write",
            b"",
            EVERY_SHARD,
        ),
    ),
    "cancel_all": (
        orders.cancel_all(4),
        Request("DELETE", EVENTS, (("subaccount", "4"),), True, 2, "write", b"", EVERY_SHARD),
    ),
    "cancel_batch": (
        orders.cancel_batch(
            [Cancel(OWN, VENUE, TICKER, 2, ""), Cancel(OWN, "v2", TICKER, None, "")]
        ),
        Request(
            "DELETE",
            f"{EVENTS}/batched",
            (),
            True,
            4,
            "write",
            b'{"orders":[{"order_id":"b1f0c1de-6a0e-4b54-9a52-2b8c7d0f1e22","subaccount":0,'
            b'"exchange_index":2,"market_ticker":"KXBTC15M-26NOV211215-15"},{"order_id":"v2",'
            b'"subaccount":0,"market_ticker":"KXBTC15M-26NOV211215-15"}]}',
        ),
    ),
    "amend": (
        orders.amend(
            VENUE,
            TICKER,
            BID,
            5_600,
            1_000,
            2,
            client_order_id=OWN,
            expires_at=1_795_281_270 * SECOND,
        ),
        Request(
            "POST",
            f"{EVENTS}/{VENUE}/amend",
            (("subaccount", "0"),),
            True,
            10,
            "write",
            b'{"ticker":"KXBTC15M-26NOV211215-15","side":"bid","price":"0.5600","count":"10.00",'
            b'"client_order_id":"6d0b5c1e-2f5d-4d6b-9b43-3f3a0c1b7a10",'
            b'"expiration_time":1795281270,"exchange_index":2}',
            2,
        ),
    ),
    "decrease": (
        orders.decrease(VENUE, TICKER, 2, to=250),
        Request(
            "POST",
            f"{EVENTS}/{VENUE}/decrease",
            (("subaccount", "0"),),
            True,
            10,
            "write",
            b'{"market_ticker":"KXBTC15M-26NOV211215-15","reduce_to":"2.50","exchange_index":2}',
            2,
        ),
    ),
    "group": (
        orders.create_group(5_000, 2),
        Request(
            "POST",
            f"{GROUPS}/create",
            (),
            True,
            10,
            "write",
            b'{"contracts_limit_fp":"50.00","subaccount":0,"exchange_index":2}',
            2,
        ),
    ),
    "group_limit": (
        orders.limit_group("og_7c1", 10_000, 2),
        Request(
            "PUT",
            f"{GROUPS}/og_7c1/limit",
            SHARD_2,
            True,
            10,
            "write",
            b'{"contracts_limit_fp":"100.00"}',
            2,
        ),
    ),
    "group_trigger": (
        orders.trigger_group("og_7c1", 2),
        Request("PUT", f"{GROUPS}/og_7c1/trigger", SHARD_2, True, 10, "write", b"{}", 2),
    ),
    "group_reset": (
        orders.reset_group("og_7c1", 2),
        Request("PUT", f"{GROUPS}/og_7c1/reset", SHARD_2, True, 10, "write", b"{}", 2),
    ),
    "group_delete": (
        orders.delete_group("og_7c1", 2),
        Request("DELETE", f"{GROUPS}/og_7c1", SHARD_2, True, 10, "write", b"", 2),
    ),
    "groups": (orders.list_groups(2), Request("GET", GROUPS, SHARD_2, True)),
    "group_read": (
        orders.read_group("og_7c1", 2),
        Request("GET", f"{GROUPS}/og_7c1", SHARD_2, True),
    ),
    "timestamp": (
        portfolio.user_data_timestamp(),
        Request("GET", "/exchange/user_data_timestamp"),
    ),
    "balance": (
        portfolio.balance(0),
        Request("GET", "/portfolio/balance", (("subaccount", "0"),), True),
    ),
    "orders_of": (
        portfolio.orders_of(TICKER, 0, NOW + 1, "next"),
        Request(
            "GET",
            "/portfolio/orders",
            (
                ("ticker", TICKER),
                ("min_ts", "1795280600"),
                ("cursor", "next"),
                ("subaccount", "0"),
                ("limit", "1000"),
            ),
            True,
        ),
    ),
    "order": (
        portfolio.order(VENUE),
        Request("GET", f"/portfolio/orders/{VENUE}", (), True, 2),
    ),
    "queue": (
        portfolio.queue_position(VENUE),
        Request("GET", f"/portfolio/orders/{VENUE}/queue_position", (), True),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_command_is_exactly_this_request(name):
    request, expected = OTHERS[name]
    assert request == expected


def test_a_batch_costs_what_its_cancels_cost_and_is_billed_unscoped():
    cancels = [Cancel(RESTING.id, name, TICKER, 2, "") for name in ("v-1", "v-2")]
    request = orders.cancel_batch(cancels, 5)
    assert (request.cost, request.shard, request.path) == (4, None, f"{EVENTS}/batched")
    named = [
        {"order_id": name, "subaccount": 5, "exchange_index": 2, "market_ticker": TICKER}
        for name in ("v-1", "v-2")
    ]
    assert json.loads(request.body) == {"orders": named}


def test_everything_of_the_account_names_no_subaccount():
    request = orders.cancel_all(None)
    assert (request.method, request.path, request.query) == ("DELETE", EVENTS, ())
    assert request.cost == 2


WRONG = {
    "no cancels": lambda: orders.cancel_batch([]),
    "an id that leads elsewhere": lambda: orders.cancel("../batched", TICKER, 2),
    "an id that says more": lambda: orders.cancel("a?subaccount=1", TICKER, 2),
    "no id": lambda: orders.cancel("", TICKER, 2),
    "an amendment without a shard": lambda: orders.amend(VENUE, TICKER, BID, 5_600, 100, None),
    "an amendment between seconds": lambda: orders.amend(
        VENUE, TICKER, BID, 5_600, 100, 2, expires_at=5
    ),
    "both ways to decrease": lambda: orders.decrease(VENUE, TICKER, 2, by=1, to=1),
    "no way to decrease": lambda: orders.decrease(VENUE, TICKER, 2),
    "a decrease to nothing": lambda: orders.decrease(VENUE, TICKER, 2, to=0),
    "a group for less than one": lambda: orders.create_group(99, 2),
    "a group without a shard": lambda: orders.create_group(100, None),
    "a trigger without a shard": lambda: orders.trigger_group("og", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_command_that_cannot_be_meant_is_not_built(name):
    with pytest.raises(ValueError, match=r"\w"):
        WRONG[name]()


@given(
    price=st.integers(1, 9_999),
    quantity=st.integers(1, 10**9),
    side=st.sampled_from([BID, ASK]),
    seconds=st.integers(1, 2**31),
)
def test_what_is_written_is_read_back_the_same(price, quantity, side, seconds):
    order = changed(RESTING, limit=price, quantity=quantity, side=side, expires_at=seconds * SECOND)
    written = json.loads(orders.create(order).body)
    assert parse_price(written["price"]) == price
    assert parse_quantity(written["count"]) == quantity
    assert answers.SIDES[written["side"]] == side
    assert written["expiration_time"] == seconds
