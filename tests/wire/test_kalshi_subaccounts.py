"""Another subaccount is none of our business: the exchange names it, the wire drops it."""

from collections.abc import Iterator

import pytest

from kalshi_assistant.domain.events import (
    Malformed,
    OrderChanged,
    OrderFilled,
    PositionReported,
    RequestRefused,
)
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.sim import order_documents as documents
from kalshi_assistant.sim.private import FillRecord, OrderRecord, PositionRecord
from kalshi_assistant.venues.kalshi.wire import KalshiWire
from tests.support.kalshi_frames import NOW, TICKER, encode
from tests.support.trading_desk import live
from tests.unit.venues.test_kalshi_lookups import LATE, LIST, STAMP, Stand, listed, record
from tests.unit.venues.test_kalshi_statements import ORDERS, body, order, read

OURS, HAND = 3, 5


def messages(subaccount: int) -> Iterator[tuple[str, dict[str, object]]]:
    """One of each kind that is private, as the local exchange writes them."""
    filled = FillRecord(
        "t-9", "v-9", "by-hand", TICKER, 2, subaccount, BID, 5_600, 400, True, 69_000, NOW, 400
    )
    yield "fill", documents.fill_message(filled)
    placed = OrderRecord(
        order_id="v-9",
        client_order_id="by-hand",
        ticker=TICKER,
        exchange_index=2,
        subaccount=subaccount,
        side=BID,
        price=5_600,
        status="resting",
        initial=1_000,
        filled=400,
        remaining=600,
        taker_cost=2_240_000,
        maker_cost=0,
        taker_fees=69_000,
        maker_fees=0,
        self_trade="taker_at_cross",
        cancel_on_pause=False,
        group_id=None,
        created_at=NOW,
        updated_at=NOW,
        expires_at=None,
        reason="Trade",
    )
    yield "user_order", documents.user_order(placed)
    held = PositionRecord(
        TICKER, 2, subaccount, 400, 0, 2_240_000, 0, 0, 69_000, 2_240_000, 400, NOW, False
    )
    yield "market_position", documents.position_message(held)


def heard(wire: KalshiWire, said: Iterator[tuple[str, dict[str, object]]]) -> list[object]:
    return [
        event
        for name, content in said
        for event in wire.receive(encode({"type": name, "sid": 5, "msg": content}), NOW)
    ]


def test_messages_of_another_subaccount_are_counted_and_become_nothing():
    wire = KalshiWire(subaccount=OURS)
    assert heard(wire, messages(HAND)) == []
    assert wire.elsewhere == 3


def test_messages_of_our_subaccount_and_those_that_name_none_are_passed_on():
    kinds = [OrderFilled, OrderChanged, PositionReported]
    wire = KalshiWire(subaccount=OURS)
    assert [type(each) for each in heard(wire, messages(OURS))] == kinds
    nameless = (
        (name, {key: value for key, value in said.items() if not key.startswith("subaccount")})
        for name, said in messages(HAND)
    )
    assert [type(each) for each in heard(wire, nameless)] == kinds
    assert wire.elsewhere == 0


@pytest.mark.parametrize("number", [-1, 64, "5"])
def test_a_subaccount_that_cannot_be_is_told_as_nonsense(number):
    said = [(name, content | {"subaccount": number}) for name, content in messages(OURS)]
    (trouble,) = heard(KalshiWire(subaccount=OURS), iter(said[:1]))
    assert isinstance(trouble, Malformed)


def test_a_hand_fill_in_another_subaccount_halts_no_desk():
    desk = live()
    desk.feed(*heard(KalshiWire(subaccount=0), messages(HAND)))
    assert desk.state.breakers.halts == ()
    desk.feed(*heard(KalshiWire(subaccount=0), ((n, m) for n, m in messages(0) if n == "fill")))
    assert [each.breaker for each in desk.state.breakers.halts] == ["foreign"]


def test_a_reading_leaves_out_orders_and_fills_that_say_they_are_elsewhere():
    other = order("x-5") | {"subaccount_number": 5}
    mine = order("x-3") | {"subaccount_number": OURS}
    fill = {
        "trade_id": "t-1",
        "order_id": "x-3",
        "ticker": TICKER,
        "book_side": "bid",
        "count_fp": "1.00",
        "yes_price_dollars": "0.5600",
        "is_taker": True,
        "fee_cost": "0.017500",
        "created_time": "2026-11-21T17:03:11.482Z",
    }
    fills = [fill | {"subaccount_number": OURS}, fill | {"trade_id": "t-2"}]
    elsewhere = fill | {"trade_id": "t-3", "subaccount_number": HAND}
    done, (seen,), asked = read(
        ORDERS=[body(orders=[other, mine, order("x-0")], cursor="")],
        FILLS=[body(fills=[*fills, elsewhere], cursor="")],
    )
    assert done
    assert ORDERS in {request.path for request in asked}
    assert [each.order_id for each in seen.orders] == ["x-3", "x-0"]
    assert [each.trade_id for each in seen.fills] == ["t-1", "t-2"]


def test_an_order_found_in_another_subaccount_is_not_the_one_that_was_sent():
    stand = Stand({STAMP: [LATE], LIST: [listed(record(subaccount_number=HAND))]})
    assert stand.look()
    (told,) = stand.told
    assert isinstance(told, RequestRefused)
    assert "found in subaccount 5, sent to 0" in told.message
    stand = Stand({STAMP: [LATE], LIST: [listed(record(subaccount_number=0))]})
    assert stand.look()
    assert [type(each) for each in stand.told] == [OrderChanged]
