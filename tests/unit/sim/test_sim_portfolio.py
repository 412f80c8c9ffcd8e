"""Money, positions and what is read of them, to the settlement."""

import json

import pytest

from kalshi_assistant.domain.time import MINUTE, SECOND, format_iso
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.session import Session
from tests.support.trader import CLOSE, START, TICKER, Trader

EVENT = "KXBTC15M-26NOV211215"


@pytest.fixture
def trader():
    return Trader()


class TestFills:
    def test_the_messages_are_those_of_the_venue(self, trader):
        trader.asks(5_600, 4)
        trader.messages.clear()
        placed = trader.place(
            "bid", 5_600, 10, client_order_id="mine", expiration_time=1_795_290_000
        )
        channels = [each.channel for each in trader.messages]
        private = ["fill", "market_positions", "user_orders"]
        assert [each for each in channels if each in private] == private
        (fill,), (order,), (held,) = map(trader.heard, ("fill", "user_orders", "market_positions"))
        assert fill["order_id"] == order["order_id"] == placed["order_id"]
        assert (fill["fee_cost"], fill["post_position_fp"]) == ("0.069000", "4.00")
        assert (fill["is_taker"], fill["book_side"], fill["purchased_side"]) == (True, "bid", "yes")
        assert (fill["client_order_id"], fill["ts_ms"]) == ("mine", START // 1_000_000)
        assert (order["status"], order["remaining_count_fp"]) == ("resting", "6.00")
        assert order["taker_fill_cost_dollars"] == "2.240000"
        assert order["taker_fees_dollars"] == "0.069000"
        assert order["last_update_reason"] == "Trade"
        assert order["expiration_ts_ms"] == 1_795_290_000_000
        assert (held["position_fp"], held["position_cost_dollars"]) == ("4.00", "2.2400")
        assert held["fees_paid_dollars"] == "0.0690"

    def test_makers_pay_nothing(self, trader):
        order_id = trader.place("ask", 5_600, 10)["order_id"]
        trader.buys(5_600, 4)
        (fill,) = trader.get("fills", order_id=order_id)["fills"]
        assert (fill["is_taker"], fill["fee_cost"]) == (False, "0.000000")
        assert (fill["outcome_side"], fill["book_side"]) == ("no", "ask")
        assert "client_order_id" not in fill
        assert trader.cash() == "998.2400"

    def test_fills_of_one_order_share_its_rounding(self, trader):
        for _ in range(3):
            trader.asks(5_600, 1)
        trader.place("bid", 5_600, 3)
        fees = [each["fee_cost"] for each in trader.get("fills")["fills"]]
        # 0.017248 a fill: rounded up to 0.0173 each, until a whole 0.0001 can be given back
        assert sorted(fees) == ["0.017200", "0.017300", "0.017300"]

    def test_a_fill_read_by_rest_is_the_one_that_was_told(self, trader):
        trader.asks(5_600, 4)
        trader.place("bid", 5_600, 4)
        (told,) = trader.heard("fill")
        (read,) = trader.get("fills", ticker=f"KXOTHER,{TICKER}")["fills"]
        assert read["trade_id"] == told["trade_id"]
        assert trader.get("fills", ticker="KXOTHER")["fills"] == []
        assert trader.get("fills", min_ts=START // SECOND + 1)["fills"] == []


class TestPositions:
    def test_a_pair_pays_its_dollar_at_once(self, trader):
        trader.asks(5_000, 10)
        trader.place("bid", 5_000, 10)
        trader.bids(6_000, 10)
        trader.place("ask", 6_000, 4)
        (held,) = trader.get("positions")["market_positions"]
        assert (held["position_fp"], held["market_exposure_dollars"]) == ("6.00", "3.0000")
        assert held["realized_pnl_dollars"] == "0.4000"
        assert held["total_traded_dollars"] == "6.6000"
        (whole,) = trader.get("positions", event_ticker=EVENT)["event_positions"]
        assert (whole["event_ticker"], whole["total_cost_shares_fp"]) == (EVENT, "14.00")

    def test_a_position_can_turn_around(self, trader):
        trader.asks(5_000, 4)
        trader.place("bid", 5_000, 4)
        trader.bids(6_000, 10)
        trader.place("ask", 6_000, 10)
        assert trader.position() == "-6.00"

    def test_without_netting_both_are_held_to_the_end(self):
        trader = Trader(netting=False)
        trader.asks(5_000, 4)
        trader.place("bid", 5_000, 4)
        trader.bids(6_000, 4)
        trader.place("ask", 6_000, 4)
        assert trader.get("subaccounts/netting")["netting_configs"][0]["enabled"] is False
        cash = float(trader.cash())
        assert trader.position() == "0.00"
        trader.hear(CLOSE + MINUTE)
        (settled,) = trader.get("settlements")["settlements"]
        assert (settled["yes_count_fp"], settled["no_count_fp"]) == ("4.00", "4.00")
        assert settled["revenue"] == 400
        assert float(trader.cash()) == pytest.approx(cash + 4)

    def test_netting_can_be_switched(self, trader):
        body = {"subaccount_number": 0, "enabled": False}
        assert trader.ask("PUT", "portfolio/subaccounts/netting", body) == (200, {})
        assert trader.get("subaccounts/netting")["netting_configs"][0]["enabled"] is False

    def test_netting_that_covers_resting_orders_stays(self):
        trader = Trader(crypto_dollars=6.0)
        trader.asks(5_000, 10)
        trader.place("bid", 5_000, 10)
        trader.place("ask", 4_900, 10)
        body = {"subaccount_number": 0, "enabled": False}
        assert trader.ask("PUT", "portfolio/subaccounts/netting", body)[0] == 400

    def test_subaccounts_have_their_own_money_and_positions(self, trader):
        body = {
            "from_subaccount": 0,
            "to_subaccount": 5,
            "amount_cents": 10_000,
            "client_transfer_id": "t",
            "exchange_index": 2,
        }
        assert trader.ask("POST", "portfolio/subaccounts/transfer", body)[0] == 200
        trader.asks(5_000, 10)
        trader.place("bid", 5_000, 10, subaccount=5)
        assert trader.get("positions")["market_positions"] == []
        assert (
            trader.get("positions", subaccount=5)["market_positions"][0]["position_fp"] == "10.00"
        )
        assert trader.get("balance")["balance"] == 90_000
        assert trader.get("balance", subaccount=5)["balance_dollars"] == "94.8250"
        numbers = [
            (each["subaccount_number"], each["exchange_index"])
            for each in trader.get("subaccounts/balances")["subaccount_balances"]
        ]
        assert numbers == [(0, 0), (0, 2), (5, 2)]


class TestSettlement:
    @pytest.mark.parametrize("side", ["bid", "ask"])
    def test_the_winner_is_paid_when_the_venue_settles(self, trader, side):
        (trader.asks if side == "bid" else trader.bids)(5_600, 10)
        trader.place(side, 5_600, 10)
        cash = trader.cash()
        market = trader.exchange.market(TICKER)
        trader.hear(market.timetable.settled_at - 1)
        assert trader.cash() == cash
        trader.hear(market.timetable.settled_at)
        (settled,) = trader.get("settlements")["settlements"]
        won = (market.result == "yes") == (side == "bid")
        assert settled["market_result"] == market.result
        assert settled["revenue"] == (1_000 if won else 0)
        assert settled["value"] == (100 if market.result == "yes" else 0)
        assert float(trader.cash()) == pytest.approx(float(cash) + (10 if won else 0))
        assert trader.get("positions")["market_positions"] == []
        (past,) = trader.get("positions", settlement_status="settled")["market_positions"]
        assert past["position_fp"] == "0.00"

    def test_what_was_closed_before_has_none(self, trader):
        trader.asks(5_000, 4)
        trader.place("bid", 5_000, 4)
        trader.bids(6_000, 4)
        trader.place("ask", 6_000, 4)
        trader.hear(CLOSE + MINUTE)
        assert trader.get("settlements")["settlements"] == []


class TestLag:
    def test_reads_show_an_older_instant_and_say_which(self):
        trader = Trader(reads_lag_ms=300)
        trader.asks(5_600, 4)
        order_id = trader.place("bid", 5_600, 4)["order_id"]

        def seen():
            return (
                trader.cash(),
                len(trader.get("orders")["orders"]),
                len(trader.get("fills")["fills"]),
                trader.position(),
                trader.ask("GET", f"portfolio/orders/{order_id}")[0],
            )

        assert seen() == ("1000.0000", 0, 0, "0.00", 404)
        trader.later(0.299)
        assert seen() == ("1000.0000", 0, 0, "0.00", 404)
        trader.later(0.001)
        assert seen() == ("997.6910", 1, 1, "4.00", 200)
        fresh = trader.ask("GET", "exchange/user_data_timestamp")[1]
        assert fresh == {"as_of_time": format_iso(START)}

    def test_an_order_is_seen_as_it_was(self):
        trader = Trader(reads_lag_ms=1_000)
        order_id = trader.place("bid", 5_000, 10)["order_id"]
        trader.later(1)
        trader.sells(5_000, 4)
        trader.later(0.5)
        trader.cancel(order_id)
        assert trader.order(order_id)["remaining_count_fp"] == "10.00"
        trader.later(0.5)
        assert trader.order(order_id)["remaining_count_fp"] == "6.00"
        trader.later(0.5)
        assert trader.order(order_id)["status"] == "canceled"


class TestMemory:
    def test_finished_orders_and_fills_are_kept_up_to_a_number(self):
        trader = Trader(kept=10)
        resting = trader.place("bid", 1_000, 1)["order_id"]
        for _ in range(15):
            trader.asks(5_000, 1)
            trader.place("bid", 5_000, 1)
        orders = trader.get("orders")["orders"]
        assert len(orders) == 11
        assert orders[-1]["order_id"] == resting
        assert len(trader.get("fills")["fills"]) == 10

    def test_lists_come_in_pages(self, trader):
        for price in (1_000, 2_000, 3_000):
            trader.place("bid", price, 1)
        first = trader.get("orders", limit=2)
        second = trader.get("orders", limit=2, cursor=first["cursor"])
        prices = [each["yes_price_dollars"] for each in first["orders"] + second["orders"]]
        assert prices == ["0.3000", "0.2000", "0.1000"]
        assert second["cursor"] == ""
        assert trader.get("orders", status="executed")["orders"] == []
        assert len(trader.get("orders/queue_positions")["queue_positions"]) == 3


class TestSessions:
    def test_a_subscriber_hears_its_own_orders_in_order(self, trader):
        shared = Frames()
        session = Session(shared, trader.exchange.book)
        channels = ["fill", "user_orders", "market_positions", "order_group_updates"]
        command = {"id": 1, "cmd": "subscribe", "params": {"channels": channels}}
        assert len(session.receive(json.dumps(command).encode(), START)) == 4
        trader.asks(5_600, 4)
        group = {"contracts_limit": 5, "exchange_index": 2}
        trader.hear()
        before = len(trader.messages)
        trader.ask("POST", "portfolio/order_groups/create", group)
        trader.place("bid", 5_600, 10)
        frames = [json.loads(each) for each in session.publish(trader.messages[before:], START)]
        assert [each["type"] for each in frames] == [
            "order_group_updates",
            "fill",
            "market_position",
            "user_order",
        ]
        assert [each.get("seq") for each in frames] == [1, None, None, None]
