"""Which orders are taken, what becomes of them, and every way to be refused."""

import json

import pytest

from kalshi_assistant.domain.time import MINUTE, SECOND
from kalshi_assistant.sim import writes
from tests.support.trader import CLOSE, CRYPTO, NEXT, ORDERS, START, TICKER, Trader

SOON = START // SECOND + 10


@pytest.fixture
def trader():
    return Trader()


def code(answer):
    status, document = answer
    return status, document["error"]["code"]


class TestCreate:
    def test_an_order_that_meets_nothing_rests(self, trader):
        placed = trader.place("bid", 4_000, 10)
        assert (placed["fill_count"], placed["remaining_count"]) == ("0.00", "10.00")
        assert "average_fill_price" not in placed
        assert trader.exchange.book(TICKER).bids == ((4_000, 1_000),)
        assert trader.order(placed["order_id"])["status"] == "resting"

    def test_what_trades_at_once_is_acknowledged_with_its_averages(self, trader):
        trader.asks(5_600, 4)
        placed = trader.place("bid", 5_600, 10)
        assert (placed["fill_count"], placed["remaining_count"]) == ("4.00", "6.00")
        assert (placed["average_fill_price"], placed["average_fee_paid"]) == ("0.5600", "0.0173")
        assert trader.cash() == "997.6910"
        (level,) = trader.exchange.book(TICKER).bids
        assert level == (5_600, 600)

    def test_the_book_and_the_tape_say_so_with_our_own_id(self, trader):
        trader.asks(5_600, 4)
        trader.messages.clear()
        trader.place("bid", 5_600, 10, client_order_id="mine")
        (trade,) = trader.heard("trade")
        assert (trade["count_fp"], trade["taker_book_side"]) == ("4.00", "bid")
        gone, came = trader.heard("orderbook_delta")
        assert (gone["side"], gone["price_dollars"], gone["delta_fp"]) == ("no", "0.4400", "-4.00")
        assert (came["side"], came["price_dollars"], came["delta_fp"]) == ("yes", "0.5600", "6.00")
        assert {each["client_order_id"] for each in (gone, came)} == {"mine"}

    def test_changes_of_others_carry_no_id(self, trader):
        trader.place("bid", 5_000, 10)
        trader.messages.clear()
        trader.sells(5_000, 3)
        (delta,) = trader.heard("orderbook_delta")
        assert delta["delta_fp"] == "-3.00"
        assert "client_order_id" not in delta

    def test_selling_yes_is_buying_no(self, trader):
        trader.bids(5_600, 10)
        trader.place("ask", 5_600, 10)
        assert trader.position() == "-10.00"
        assert trader.cash() == "995.4275"  # 1000 - 4.40 - 0.1725

    @pytest.mark.parametrize(
        ("waits", "fills"), [("immediate_or_cancel", "4.00"), ("fill_or_kill", "4.00")]
    )
    def test_what_may_not_wait_leaves_nothing(self, trader, waits, fills):
        trader.asks(5_600, 4)
        wanted = 10 if waits == "immediate_or_cancel" else 4
        placed = trader.place("bid", 5_600, wanted, time_in_force=waits)
        assert (placed["fill_count"], placed["remaining_count"]) == (fills, "0.00")
        assert trader.exchange.book(TICKER).bids == ()

    def test_immediate_or_cancel_without_a_fill_is_taken_and_cancelled(self, trader):
        placed = trader.place("bid", 5_600, 1, time_in_force="immediate_or_cancel")
        assert (placed["fill_count"], placed["remaining_count"]) == ("0.00", "0.00")
        assert trader.order(placed["order_id"])["status"] == "canceled"

    def test_fill_or_kill_that_cannot_be_filled_is_no_order_and_uses_its_id(self, trader):
        trader.asks(5_600, 4)
        killed = trader.body("bid", 5_600, 5, time_in_force="fill_or_kill")
        gone = (409, "fill_or_kill_insufficient_resting_volume")
        assert code(trader.ask("POST", ORDERS, killed)) == gone
        assert trader.get("orders")["orders"] == []
        assert code(trader.ask("POST", ORDERS, killed)) == (409, "order_already_exists")

    def test_post_only_that_would_cross_is_refused_with_the_reason(self, trader):
        trader.asks(5_600, 4)
        status, document = trader.create("bid", 5_600, 1, post_only=True)
        assert status == 400
        assert document["error"]["code"] == "invalid_order"
        assert document["error"]["details"] == "post only cross"
        assert trader.place("bid", 5_500, 1, post_only=True)["remaining_count"] == "1.00"

    def test_a_used_id_is_refused_whatever_the_order(self, trader):
        trader.place("bid", 4_000, 1, client_order_id="once")
        assert trader.refused("ask", 6_000, 2, client_order_id="once") == (
            409,
            "order_already_exists",
        )

    def test_orders_without_an_id_never_collide(self, trader):
        for _ in range(2):
            assert "client_order_id" not in trader.place("bid", 4_000, 1, client_order_id=None)


class TestRefusals:
    @pytest.mark.parametrize(
        ("more", "answer"),
        [
            ({"price": "0.4050"}, (400, "invalid_order")),
            ({"price": "0.0000"}, (400, "invalid_order")),
            ({"price": "1.2000"}, (400, "invalid_order")),
            ({"price": "half"}, (400, "invalid_order")),
            ({"count": "0.00"}, (400, "invalid_order_size")),
            ({"count": "-1.00"}, (400, "invalid_order_size")),
            ({"count": "1.005"}, (400, "invalid_order_size")),
            ({"count": "1000000000000"}, (400, "invalid_order_size")),
            ({"side": "yes"}, (400, "invalid_parameters")),
            ({"count": 5}, (400, "invalid_parameters")),
            ({"time_in_force": None}, (400, "missing_parameters")),
            ({"time_in_force": "day"}, (400, "invalid_parameters")),
            ({"self_trade_prevention_type": None}, (400, "missing_parameters")),
            ({"subaccount": 64}, (400, "invalid_parameters")),
            ({"client_order_id": "x" * 257}, (400, "invalid_parameters")),
            ({"reduce_only": True}, (400, "invalid_order")),
            ({"expiration_time": START // SECOND}, (400, "invalid_order")),
            (
                {"expiration_time": SOON, "time_in_force": "immediate_or_cancel"},
                (400, "invalid_order"),
            ),
            ({"post_only": True, "time_in_force": "fill_or_kill"}, (400, "invalid_order")),
            ({"ticker": "KXNONE"}, (404, "not_found")),
            ({"ticker": None}, (400, "missing_parameters")),
            ({"exchange_index": 0}, (404, "not_found")),
            ({"exchange_index": 9}, (400, "invalid_parameters")),
            ({"order_group_id": "none"}, (404, "not_found")),
            ({"ticker": NEXT}, (409, "market_inactive")),
            ({"count": "5000.00"}, (400, "insufficient_balance")),
            ({"subaccount": 1}, (400, "insufficient_balance")),
        ],
    )
    def test_what_cannot_be_is_named(self, trader, more, answer):
        assert trader.refused("bid", 4_000, 10, **more) == answer
        assert trader.get("orders")["orders"] == []
        assert trader.cash() == "1000.0000"

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"ticker": 1}', b"\xff", b"null"])
    def test_no_body_breaks_it(self, trader, body):
        for path in (ORDERS, f"{ORDERS}/batched", "portfolio/order_groups/create"):
            answer = writes.answer(trader.exchange, "POST", path, {}, body, START)
            assert answer[0] == 400
            assert json.loads(answer[1])["error"]["code"]

    def test_a_body_without_end_is_not_read(self, trader):
        body = b" " * (writes.BODY_MAX + 1)
        assert writes.answer(trader.exchange, "POST", ORDERS, {}, body, START)[0] == 413

    def test_money_on_another_shard_does_not_count(self):
        trader = Trader(crypto_dollars=1.0, default_dollars=500.0)
        assert trader.refused("bid", 5_000, 10) == (400, "insufficient_balance")
        moved = {
            "source": "event_contract",
            "destination": "event_contract",
            "amount": 4_200 * 10,
            "source_exchange_shard": 0,
            "destination_exchange_shard": 2,
            "client_transfer_id": "t1",
        }
        path = "portfolio/intra_exchange_instance_transfer"
        assert trader.ask("POST", path, moved)[0] == 200
        assert code(trader.ask("POST", path, moved)) == (409, "transfer_already_exists")
        breakdown = trader.get("balance")["balance_breakdown"]
        assert [each["balance"] for each in breakdown] == ["495.8000", "5.2000"]
        assert trader.place("bid", 5_000, 10)["remaining_count"] == "10.00"
        too_much = moved | {"amount": 10**9, "client_transfer_id": "t2"}
        assert code(trader.ask("POST", path, too_much)) == (400, "insufficient_balance")

    def test_a_transfer_takes_its_time(self):
        trader = Trader(default_dollars=10.0, transfer_ms=2_000)
        moved = {
            "source": "event_contract",
            "destination": "event_contract",
            "amount": 100_000,
            "source_exchange_shard": 0,
            "destination_exchange_shard": 2,
        }
        assert trader.ask("POST", "portfolio/intra_exchange_instance_transfer", moved)[0] == 200
        assert trader.get("balance")["balance_dollars"] == "1000.0000"
        trader.later(2)
        assert trader.get("balance")["balance_dollars"] == "1010.0000"

    def test_every_operation_is_refused_past_the_close(self):
        trader = Trader()
        order_id = trader.place("bid", 4_000, 10)["order_id"]
        cleared = trader.exchange.market(TICKER).timetable.cleared_at
        trader.hear(CLOSE)
        assert cleared > CLOSE
        gone = (409, "market_inactive")
        assert trader.refused("bid", 4_000, 1) == gone
        assert code(trader.cancel(order_id)) == gone
        assert code(trader.decrease(order_id, reduce_by="1.00")) == gone
        assert code(trader.amend(order_id, "bid", 4_100, 10)) == gone
        trader.hear(cleared)
        (told,) = [each for each in trader.heard("user_orders") if each["status"] == "canceled"]
        assert told["last_update_reason"] == "CloseCancel"
        assert code(trader.cancel(order_id)) == (404, "not_found")


class TestCollateral:
    def test_resting_orders_hold_their_cost(self):
        trader = Trader(crypto_dollars=10.0)
        trader.place("bid", 5_000, 15)
        assert trader.refused("bid", 5_000, 6) == (400, "insufficient_balance")
        assert trader.cash() == "10.0000"
        trader.place("bid", 4_000, 5)

    def test_a_taker_needs_its_fee_too(self):
        trader = Trader(crypto_dollars=5.0)
        assert trader.refused("bid", 5_000, 10) == (400, "insufficient_balance")
        trader.place("bid", 5_000, "9.60")

    def test_what_closes_a_position_needs_nothing(self):
        trader = Trader(crypto_dollars=6.0)
        trader.asks(5_000, 10)
        trader.place("bid", 5_000, 10)
        trader.place("ask", 4_900, 10)
        assert trader.refused("ask", 4_900, 10) == (400, "insufficient_balance")

    def test_without_netting_it_does(self):
        trader = Trader(crypto_dollars=6.0, netting=False)
        trader.asks(5_000, 10)
        trader.place("bid", 5_000, 10)
        assert trader.refused("ask", 4_900, 10) == (400, "insufficient_balance")


class TestSelfTrade:
    def test_the_taker_ends_where_it_would_meet_its_own(self, trader):
        trader.asks(5_500, 3)
        own = trader.place("ask", 5_600, 5)
        trader.asks(5_700, 5)
        placed = trader.place("bid", 5_700, 10)
        assert (placed["fill_count"], placed["remaining_count"]) == ("3.00", "0.00")
        assert trader.order(own["order_id"])["remaining_count_fp"] == "5.00"
        assert trader.heard("user_orders")[-1]["last_update_reason"] == "SelfTradeCancel"

    def test_or_the_resting_one_gives_way(self, trader):
        trader.asks(5_500, 3)
        own = trader.place("ask", 5_600, 5)
        trader.asks(5_700, 5)
        placed = trader.place("bid", 5_700, 10, self_trade_prevention_type="maker")
        assert (placed["fill_count"], placed["remaining_count"]) == ("8.00", "2.00")
        assert trader.order(own["order_id"])["status"] == "canceled"
        reasons = {each["order_id"]: each for each in trader.heard("user_orders")}
        assert reasons[own["order_id"]]["last_update_reason"] == "SelfTradeCancel"

    def test_an_own_order_that_is_not_reached_stays(self, trader):
        trader.asks(5_500, 3)
        own = trader.place("ask", 5_600, 5)
        trader.place("bid", 5_700, 3, self_trade_prevention_type="maker")
        assert trader.order(own["order_id"])["status"] == "resting"

    def test_what_is_killed_takes_no_own_order_with_it(self, trader):
        own = trader.place("ask", 5_600, 5)
        killed = trader.create(
            "bid", 5_600, 5, time_in_force="fill_or_kill", self_trade_prevention_type="maker"
        )
        assert killed[0] == 409
        assert trader.order(own["order_id"])["status"] == "resting"


REDUCE = {"reduce_only": True, "time_in_force": "immediate_or_cancel"}


class TestReduceOnly:
    def test_it_closes_no_more_than_is_held(self, trader):
        trader.asks(5_000, 4)
        trader.place("bid", 5_000, 4)
        trader.bids(4_900, 10)
        placed = trader.place("ask", 4_900, 10, **REDUCE)
        assert (placed["fill_count"], placed["remaining_count"]) == ("4.00", "0.00")
        assert trader.position() == "0.00"
        assert trader.heard("user_orders")[-1]["last_update_reason"] == "ReduceOnlyCancel"

    @pytest.mark.parametrize("side", ["bid", "ask"])
    def test_without_a_position_it_does_nothing(self, trader, side):
        trader.asks(5_000, 4)
        trader.bids(4_900, 4)
        assert trader.place(side, 5_000, 4, **REDUCE)["fill_count"] == "0.00"


class TestCancelAndDecrease:
    def test_a_cancel_says_how_much_it_was(self, trader):
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        trader.sells(5_000, 4)
        status, document = trader.cancel(order_id)
        assert (status, document["reduced_by"]) == (200, "6.00")
        shown = trader.order(order_id)
        assert (shown["status"], shown["fill_count_fp"]) == ("canceled", "4.00")
        assert shown["remaining_count_fp"] == "0.00"
        assert code(trader.cancel(order_id)) == (404, "not_found")

    def test_by_its_id_alone_it_goes_to_the_wrong_shard(self, trader):
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        path = f"{ORDERS}/{order_id}"
        assert code(trader.ask("DELETE", path)) == (404, "not_found")
        assert code(trader.ask("POST", f"{path}/decrease", {"reduce_by": "1.00"}))[0] == 404
        assert code(trader.ask("DELETE", path, exchange_index=2, subaccount=1))[0] == 404
        assert code(trader.ask("DELETE", path, market_ticker=NEXT)) == (
            400,
            "order_ticker_mismatch",
        )
        assert trader.ask("DELETE", path, market_ticker=TICKER)[0] == 200

    def test_a_decrease_keeps_the_place_in_the_queue(self, trader):
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        trader.bids(5_000, 10)
        answer = trader.decrease(order_id, reduce_by="4.00")
        assert (answer[0], answer[1]["remaining_count"]) == (200, "6.00")
        trader.sells(5_000, 6)
        assert trader.order(order_id)["status"] == "executed"

    def test_it_can_be_to_an_amount_and_to_nothing(self, trader):
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        assert trader.decrease(order_id, reduce_to="2.50")[1]["remaining_count"] == "2.50"
        assert code(trader.decrease(order_id, reduce_to="3.00")) == (400, "invalid_order_size")
        assert code(trader.decrease(order_id))[1] == "invalid_parameters"
        both = trader.decrease(order_id, reduce_to="1.00", reduce_by="1.00")
        assert code(both)[1] == "invalid_parameters"
        assert trader.decrease(order_id, reduce_to="0")[1]["remaining_count"] == "0.00"
        assert trader.order(order_id)["status"] == "canceled"

    def test_everything_can_be_cancelled_at_once(self, trader):
        for price in (4_000, 4_100):
            trader.place("bid", price, 1)
        assert trader.ask("DELETE", ORDERS, subaccount=1) == (204, None)
        assert len(trader.exchange.book(TICKER).bids) == 2
        assert trader.ask("DELETE", ORDERS) == (204, None)
        assert trader.exchange.book(TICKER).bids == ()
        trader.place("bid", 4_000, 1)
        trader.later(59)
        assert len(trader.exchange.book(TICKER).bids) == 1

    def test_it_may_reach_orders_of_the_next_minute(self):
        trader = Trader(cancel_all_reach=1.0)
        trader.ask("DELETE", ORDERS)
        trader.later(1)
        order_id = trader.place("bid", 4_000, 1)["order_id"]
        trader.later(60)
        assert trader.order(order_id)["status"] == "canceled"
        trader.place("bid", 4_000, 1)
        trader.later(60)
        assert len(trader.exchange.book(TICKER).bids) == 1


class TestAmend:
    def test_smaller_keeps_its_place_and_dearer_or_larger_loses_it(self, trader):
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        trader.bids(5_000, 7)
        assert trader.amend(order_id, "bid", 5_000, 8)[1]["remaining_count"] == "8.00"
        queue = f"orders/{order_id}/queue_position"
        assert trader.get(queue)["queue_position_fp"] == "0.00"
        assert trader.amend(order_id, "bid", 5_000, 9)[1]["remaining_count"] == "9.00"
        assert trader.get(queue)["queue_position_fp"] == "7.00"

    def test_the_count_is_what_is_filled_and_what_shall_remain(self, trader):
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        trader.sells(5_000, 4)
        assert code(trader.amend(order_id, "bid", 5_000, 4)) == (400, "invalid_order_size")
        status, document = trader.amend(order_id, "bid", 5_100, 6)
        assert (status, document["remaining_count"], document["fill_count"]) == (
            200,
            "2.00",
            "0.00",
        )
        shown = trader.order(order_id)
        assert (shown["fill_count_fp"], shown["initial_count_fp"]) == ("4.00", "6.00")
        assert shown["yes_price_dollars"] == "0.5100"

    def test_it_trades_where_it_is_moved_to(self, trader):
        trader.asks(5_600, 4)
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        document = trader.amend(order_id, "bid", 5_600, 10)[1]
        assert (document["fill_count"], document["remaining_count"]) == ("4.00", "6.00")
        assert (document["average_fill_price"], document["average_fee_paid"]) == (
            "0.5600",
            "0.0173",
        )
        assert trader.exchange.book(TICKER).bids == ((5_600, 600),)

    def test_a_new_end_alone_keeps_the_place(self, trader):
        order_id = trader.place("bid", 5_000, 10, expiration_time=SOON)["order_id"]
        trader.bids(5_000, 7)
        assert trader.amend(order_id, "bid", 5_000, 10, expiration_time=0)[0] == 200
        trader.later(11)
        assert trader.get(f"orders/{order_id}/queue_position")["queue_position_fp"] == "0.00"
        assert "expiration_time" not in trader.order(order_id)

    @pytest.mark.parametrize(
        ("more", "answer"),
        [
            ({"side": "ask"}, (400, "order_side_mismatch")),
            ({"ticker": NEXT}, (400, "order_ticker_mismatch")),
            ({"client_order_id": "other"}, (400, "order_id_and_client_order_id_mismatch")),
            ({"updated_client_order_id": "taken"}, (409, "order_already_exists")),
            ({"price": "0.5050"}, (400, "invalid_order")),
            ({"price": "0.6000"}, (400, "invalid_order")),
            ({"count": "9000.00"}, (400, "insufficient_balance")),
            ({"expiration_time": 1}, (400, "invalid_order")),
        ],
    )
    def test_a_refused_amend_changes_nothing(self, trader, more, answer):
        trader.asks(6_000, 4)
        trader.place("bid", 1_000, 1, client_order_id="taken")
        order_id = trader.place("bid", 5_000, 10, post_only=True)["order_id"]
        before = trader.order(order_id), trader.exchange.book(TICKER)
        assert code(trader.amend(order_id, "bid", 5_100, 10, **more)) == answer
        assert (trader.order(order_id), trader.exchange.book(TICKER)) == before

    def test_it_can_be_renamed(self, trader):
        order_id = trader.place("bid", 5_000, 10, client_order_id="old")["order_id"]
        answer = trader.amend(
            order_id, "bid", 5_000, 10, client_order_id="old", updated_client_order_id="new"
        )
        assert answer[1]["client_order_id"] == "new"
        assert trader.refused("bid", 5_000, 1, client_order_id="new")[0] == 409
        assert trader.refused("bid", 5_000, 1, client_order_id="old")[0] == 409


class TestTime:
    def test_an_order_ends_at_its_second(self, trader):
        order_id = trader.place("bid", 5_000, 10, expiration_time=SOON)["order_id"]
        trader.hear(SOON * SECOND - 1)
        assert trader.order(order_id)["status"] == "resting"
        trader.hear(SOON * SECOND)
        assert trader.order(order_id)["status"] == "canceled"
        assert trader.heard("user_orders")[-1]["last_update_reason"] == "ExpiryCancel"

    def test_a_halt_refuses_orders_and_takes_those_that_asked_for_it(self):
        trader = Trader(start=START - 11 * MINUTE, exchange={"halt": 1.0}, hushed=False)
        times = trader.exchange.market(TICKER).timetable
        trader.hear(times.halted_at - SECOND)
        stays = trader.place("bid", "0.0010", 10)["order_id"]
        goes = trader.place("bid", "0.0010", 10, cancel_order_on_pause=True)["order_id"]
        moves = trader.place("bid", "0.0010", 10)["order_id"]
        trader.hear(times.halted_at)
        assert trader.order(goes)["status"] == "canceled"
        assert trader.order(stays)["status"] == "resting"
        assert trader.refused("bid", "0.0010", 1) == (409, "trading_is_paused")
        assert code(trader.amend(stays, "bid", "0.0020", 10)) == (409, "trading_is_paused")
        assert trader.cancel(moves)[0] == 200
        trader.heard("user_orders")
        trader.hear(times.resumed_at)
        (told,) = trader.heard("user_orders")
        assert (told["order_id"], told["last_update_reason"]) == (stays, "HaltCancel")


class TestBatches:
    def test_every_item_is_answered_for_itself(self, trader):
        good, bad = trader.body("bid", 5_000, 1), trader.body("bid", 5_050, 1)
        status, document = trader.ask("POST", f"{ORDERS}/batched", {"orders": [good, bad, good]})
        first, second, third = document["orders"]
        assert status == 201
        assert first["remaining_count"] == "1.00"
        assert second["error"]["code"] == "invalid_order"
        assert third["error"]["code"] == "order_already_exists"
        assert third["client_order_id"] == good["client_order_id"]

        items = [{"order_id": first["order_id"], **CRYPTO}, {"order_id": "none", **CRYPTO}]
        status, document = trader.ask("DELETE", f"{ORDERS}/batched", {"orders": items})
        first, second = document["orders"]
        assert (status, first["reduced_by"]) == (200, "1.00")
        assert (second["order_id"], second["reduced_by"]) == ("none", "0.00")
        assert second["error"]["code"] == "not_found"


class TestCharges:
    @pytest.mark.parametrize(
        ("method", "path", "query", "body", "charge"),
        [
            ("POST", ORDERS, {}, {"ticker": TICKER, **CRYPTO}, (10, 2)),
            ("POST", ORDERS, {}, {"ticker": TICKER, "exchange_index": 0}, (10, 0)),
            ("POST", ORDERS, {}, {"ticker": TICKER}, (10, None)),
            ("POST", ORDERS, {}, {"ticker": TICKER, "exchange_index": -1}, (10, None)),
            ("POST", f"{ORDERS}/batched", {}, {"orders": [{}] * 7}, (70, 0)),
            ("DELETE", f"{ORDERS}/batched", {}, {"orders": [{}] * 7}, (14, 0)),
            ("DELETE", ORDERS, {}, None, (2, 0)),
            ("DELETE", f"{ORDERS}/x", {"exchange_index": ["2"]}, None, (2, 2)),
            ("DELETE", f"{ORDERS}/x", {"market_ticker": [TICKER]}, None, (2, None)),
            ("DELETE", f"{ORDERS}/x", {}, None, (2, 0)),
            ("POST", f"{ORDERS}/x/amend", {}, {"ticker": TICKER, **CRYPTO}, (10, 2)),
            ("PUT", "portfolio/order_groups/x/trigger", {"exchange_index": ["2"]}, {}, (10, 2)),
        ],
    )
    def test_who_pays(self, method, path, query, body, charge):
        sent = b"" if body is None else json.dumps(body).encode()
        assert writes.charge(method, path, query, sent) == charge
