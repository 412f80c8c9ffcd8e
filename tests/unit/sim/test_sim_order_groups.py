"""Order groups: limits over fifteen seconds, and one switch for many orders."""

import pytest

from tests.support.trader import CRYPTO, TICKER, Trader

GROUPS = "portfolio/order_groups"


@pytest.fixture
def trader():
    return Trader()


def created(trader, limit="10.00", **more):
    body = {"contracts_limit_fp": limit, **CRYPTO} | more
    status, document = trader.ask("POST", f"{GROUPS}/create", body)
    assert status == 201
    return document["order_group_id"]


def changes(trader):
    return [each["event_type"] for each in trader.heard("order_group_updates")]


class TestLimit:
    def test_over_its_limit_a_group_cancels_its_orders_and_takes_no_more(self, trader):
        group = created(trader)
        orders = [
            trader.place("bid", price, 8, order_group_id=group)["order_id"]
            for price in (5_000, 4_900)
        ]
        other = trader.place("bid", 4_800, 8)["order_id"]
        trader.sells(4_900, 8 + 2)
        assert trader.order(orders[1])["status"] == "resting"
        trader.sells(4_900, 1)
        assert trader.order(orders[1])["status"] == "canceled"
        assert trader.order(other)["status"] == "resting"
        assert trader.refused("bid", 5_000, 1, order_group_id=group) == (
            409,
            "order_group_triggered",
        )
        assert changes(trader) == ["created", "triggered"]
        assert trader.ask("PUT", f"{GROUPS}/{group}/reset", **CRYPTO) == (200, {})
        trader.place("bid", 5_000, 1, order_group_id=group)
        assert changes(trader) == ["reset"]

    def test_what_is_older_than_fifteen_seconds_does_not_count(self, trader):
        group = created(trader)
        order_id = trader.place("bid", 5_000, 30, order_group_id=group)["order_id"]
        trader.sells(5_000, 9)
        trader.later(15)
        trader.sells(5_000, 9)
        assert trader.order(order_id)["status"] == "resting"
        trader.later(14)
        trader.sells(5_000, 2)
        assert trader.order(order_id)["status"] == "canceled"

    def test_a_taker_triggers_its_group_as_well(self, trader):
        group = created(trader, limit="1.00")
        trader.asks(5_000, 2)
        placed = trader.place("bid", 5_000, 5, order_group_id=group)
        assert (placed["fill_count"], placed["remaining_count"]) == ("2.00", "0.00")
        assert trader.exchange.book(TICKER).bids == ()


class TestSwitch:
    def test_a_trigger_and_a_deletion_cancel(self, trader):
        for how in ("trigger", "delete"):
            group = created(trader)
            order_id = trader.place("bid", 5_000, 1, order_group_id=group)["order_id"]
            shown = trader.ask("GET", f"{GROUPS}/{group}", **CRYPTO)[1]
            assert shown["orders"] == [order_id]
            if how == "trigger":
                assert trader.ask("PUT", f"{GROUPS}/{group}/trigger", **CRYPTO)[0] == 200
            else:
                assert trader.ask("DELETE", f"{GROUPS}/{group}", **CRYPTO)[0] == 200
                assert trader.ask("GET", f"{GROUPS}/{group}", **CRYPTO)[0] == 404
            assert trader.order(order_id)["status"] == "canceled"
        assert changes(trader) == ["created", "triggered", "created", "deleted"]

    def test_a_new_limit_is_told(self, trader):
        group = created(trader)
        assert (
            trader.ask("PUT", f"{GROUPS}/{group}/limit", {"contracts_limit": 7}, **CRYPTO)[0] == 200
        )
        told = trader.heard("order_group_updates")[-1]
        assert (told["event_type"], told["contracts_limit_fp"]) == ("limit_updated", "7.00")
        listed = trader.ask("GET", GROUPS, **CRYPTO)[1]["order_groups"]
        assert [each["contracts_limit_fp"] for each in listed] == ["7.00"]

    @pytest.mark.parametrize("limit", ["0.00", "0.99", "1000000.01", "x"])
    def test_a_limit_has_bounds(self, trader, limit):
        body = {"contracts_limit_fp": limit, **CRYPTO}
        assert trader.ask("POST", f"{GROUPS}/create", body)[0] == 400

    def test_a_group_lives_on_its_shard_and_in_its_subaccount(self, trader):
        assert trader.ask("GET", f"{GROUPS}/{created(trader)}")[0] == 404
        elsewhere = created(trader, exchange_index=0)
        assert trader.refused("bid", 5_000, 1, order_group_id=elsewhere) == (400, "invalid_order")
        another = created(trader, subaccount=1)
        assert trader.refused("bid", 5_000, 1, order_group_id=another) == (400, "invalid_order")
