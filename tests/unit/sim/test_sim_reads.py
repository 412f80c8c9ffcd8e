"""REST reads: the venue's shapes, filters, pages and errors, on an exchange that stands still."""

import json
from itertools import pairwise

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.time import HOUR, SECOND
from kalshi_assistant.sim import reads, writes
from tests.support.build import OPEN, TICKER
from tests.support.scripted_exchange import AHEAD, NOW, SETTLED, ScriptedExchange

EVENT = TICKER.rpartition("-")[0]


def ask(path, method="GET", exchange=None, **query):
    given = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
    status, body = writes.answer(exchange or ScriptedExchange(), method, path, given, b"", NOW)
    return status, json.loads(body)


def get(path, **query):
    status, body = ask(path, **query)
    assert status == 200, body
    return body


def refused(path, **query):
    status, body = ask(path, **query)
    assert status == 400
    assert (body["code"], body["message"]) == ("bad_request", "bad request")
    return body["details"]


class TestMarkets:
    def test_a_market_has_every_field_of_the_venues_object(self):
        market = get(f"markets/{TICKER}")["market"]
        assert market == {
            "ticker": TICKER,
            "event_ticker": EVENT,
            "exchange_index": 2,
            "market_type": "binary",
            "title": "BTC price up in next 15 mins?",
            "yes_sub_title": "Target Price: $91,250.00",
            "no_sub_title": "Target price: TBD",
            "status": "active",
            "result": "",
            "created_time": "2026-11-20T21:00:00Z",
            "updated_time": "2026-11-21T17:00:00Z",
            "open_time": "2026-11-21T17:00:00Z",
            "close_time": "2026-11-21T17:15:00Z",
            "expected_expiration_time": "2026-11-21T17:20:00Z",
            "expiration_time": "2026-11-28T17:15:00Z",
            "latest_expiration_time": "2026-11-28T17:15:00Z",
            "occurrence_datetime": "2026-11-21T17:20:00Z",
            "can_close_early": True,
            "settlement_timer_seconds": 1,
            "strike_type": "greater_or_equal",
            "floor_strike": 91250.0,
            "custom_strike": {"round_digits": "2"},
            "expiration_value": "",
            "price_level_structure": "tapered_deci_cent",
            "price_ranges": [
                {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
                {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
                {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
            ],
            "yes_bid_dollars": "0.5500",
            "yes_bid_size_fp": "120.50",
            "yes_ask_dollars": "0.5600",
            "yes_ask_size_fp": "4.00",
            "no_bid_dollars": "0.4400",
            "no_ask_dollars": "0.4500",
            "last_price_dollars": "0.5600",
            "previous_yes_bid_dollars": "0.0000",
            "previous_yes_ask_dollars": "0.0000",
            "previous_price_dollars": "0.0000",
            "volume_fp": "154210.75",
            "volume_24h_fp": "154210.75",
            "open_interest_fp": "88120.10",
            "notional_value_dollars": "1.0000",
            "settlement_bounds_type": "default",
            "rules_primary": market["rules_primary"],
            "rules_secondary": market["rules_secondary"],
        }

    def test_a_market_without_a_strike_has_no_strike_fields(self):
        market = get(f"markets/{AHEAD}")["market"]
        assert "floor_strike" not in market
        assert "strike_type" not in market
        assert market["yes_sub_title"] == "Target price: TBD"
        assert (market["yes_bid_dollars"], market["yes_ask_dollars"]) == ("0.0000", "1.0000")

    def test_a_settled_market_tells_result_value_and_time(self):
        market = get(f"markets/{SETTLED}")["market"]
        assert market["status"] == "finalized"
        assert (market["result"], market["expiration_value"]) == ("yes", "91250.00")
        assert market["settlement_value_dollars"] == "1.0000"
        assert market["settlement_ts"] == "2026-11-21T17:00:08Z"

    @pytest.mark.parametrize(
        ("word", "tickers"),
        [
            ("unopened", [AHEAD]),
            ("open", [TICKER]),
            ("paused", []),
            ("closed", []),
            ("settled", [SETTLED]),
        ],
    )
    def test_the_status_filter_has_words_of_its_own(self, word, tickers):
        assert [each["ticker"] for each in get("markets", status=word)["markets"]] == tickers

    @pytest.mark.parametrize(
        ("query", "tickers"),
        [
            ({}, [AHEAD, TICKER, SETTLED]),
            ({"series_ticker": "KXBTC15M"}, [AHEAD, TICKER, SETTLED]),
            ({"series_ticker": "KXETH15M"}, []),
            ({"event_ticker": EVENT}, [TICKER]),
            ({"tickers": f"{TICKER},{AHEAD}"}, [AHEAD, TICKER]),
            ({"tickers": [TICKER, SETTLED]}, [TICKER, SETTLED]),
            ({"min_close_ts": str(OPEN + 1)}, [AHEAD, TICKER]),
            ({"max_close_ts": str(OPEN + 900)}, [TICKER, SETTLED]),
            ({"min_settled_ts": "0"}, [SETTLED]),
            ({"min_updated_ts": str(OPEN)}, [TICKER, SETTLED]),
            ({"max_created_ts": str(OPEN - 73_000)}, []),
            ({"mve_filter": "only"}, []),
            ({"mve_filter": "exclude", "status": "open"}, [TICKER]),
        ],
    )
    def test_the_list_is_newest_first_and_filtered(self, query, tickers):
        answer = get("markets", **query)
        assert [each["ticker"] for each in answer["markets"]] == tickers
        assert answer["cursor"] == ""

    def test_cursors_lead_through_every_market_once(self):
        seen, cursor = [], ""
        while True:
            page = get("markets", limit="1", cursor=cursor)
            seen += [each["ticker"] for each in page["markets"]]
            cursor = page["cursor"]
            if not cursor:
                break
        assert seen == [AHEAD, TICKER, SETTLED]

    @pytest.mark.parametrize(
        "query",
        [
            {"limit": "0"},
            {"limit": "1001"},
            {"limit": "ten"},
            {"cursor": "nonsense"},
            {"cursor": "%"},
            {"status": "active"},
            {"mve_filter": "maybe"},
            {"min_close_ts": "soon"},
            {"min_close_ts": "1", "max_settled_ts": "2"},
            {"status": ["open", "closed"]},
        ],
    )
    def test_bad_parameters_are_refused_with_the_reason(self, query):
        assert refused("markets", **query)


class TestOrderbooks:
    def test_a_book_is_bids_only_ascending_the_best_last(self):
        book = get(f"markets/{TICKER}/orderbook")["orderbook_fp"]
        assert book["yes_dollars"] == [["0.5400", "310.00"], ["0.5500", "120.50"]]
        assert book["no_dollars"] == [["0.4200", "80.00"], ["0.4400", "4.00"]]

    @pytest.mark.parametrize(("depth", "levels"), [("1", 1), ("100", 2), ("0", 2), ("-1", 2)])
    def test_depth_counts_from_the_best(self, depth, levels):
        book = get(f"markets/{TICKER}/orderbook", depth=depth)["orderbook_fp"]
        assert len(book["yes_dollars"]) == len(book["no_dollars"]) == levels
        assert book["yes_dollars"][-1] == ["0.5500", "120.50"]

    def test_depth_is_bounded(self):
        assert refused(f"markets/{TICKER}/orderbook", depth="101")

    def test_several_books_come_at_once(self):
        books = get("markets/orderbooks", tickers=[TICKER, AHEAD, "KXNONE"])["orderbooks"]
        assert [each["ticker"] for each in books] == [TICKER, AHEAD]
        assert books[1]["orderbook_fp"] == {"yes_dollars": [], "no_dollars": []}
        assert refused("markets/orderbooks")


class TestTrades:
    def test_a_trade_has_every_field_of_the_venues_object(self):
        assert get("markets/trades", ticker=TICKER)["trades"][0] == {
            "trade_id": "trade-4",
            "ticker": TICKER,
            "count_fp": "4.04",
            "yes_price_dollars": "0.5600",
            "no_price_dollars": "0.4400",
            "taker_side": "no",
            "taker_outcome_side": "no",
            "taker_book_side": "ask",
            "created_time": "2026-11-21T17:00:04Z",
            "is_block_trade": False,
        }

    def test_new_trades_do_not_shift_the_pages(self):
        exchange = ScriptedExchange()
        first = ask("markets/trades", exchange=exchange, limit="2")[1]
        exchange.past_trades.append(replace(exchange.past_trades[0], trade_id="newest"))
        second = ask("markets/trades", exchange=exchange, limit="2", cursor=first["cursor"])[1]
        ids = [each["trade_id"] for each in first["trades"] + second["trades"]]
        assert ids == ["trade-4", "trade-3", "trade-2", "trade-1"]

    def test_trades_are_filtered_by_time_market_and_kind(self):
        assert len(get("markets/trades", min_ts=str(OPEN + 3))["trades"]) == 2
        assert len(get("markets/trades", max_ts=str(OPEN + 3))["trades"]) == 4
        assert get("markets/trades", ticker=AHEAD)["trades"] == []
        assert get("markets/trades", is_block_trade="true")["trades"] == []
        assert refused("markets/trades", is_block_trade="perhaps")


class TestEvents:
    def test_an_event_stands_beside_its_market_or_around_it(self):
        beside = get(f"events/{EVENT}")
        around = get(f"events/{EVENT}", with_nested_markets="true")
        assert [each["ticker"] for each in beside["markets"]] == [TICKER]
        assert [each["ticker"] for each in around["event"]["markets"]] == [TICKER]
        assert "markets" not in beside["event"]
        assert "markets" not in around
        assert beside["event"]["series_ticker"] == "KXBTC15M"

    def test_events_are_listed_and_filtered(self):
        assert len(get("events")["events"]) == 3
        assert [each["event_ticker"] for each in get("events", status="open")["events"]] == [EVENT]
        assert len(get("events", tickers=EVENT)["events"]) == 1
        assert len(get("events", limit="2")["events"]) == 2
        assert refused("events", limit="201")

    def test_the_series_tells_its_fees_and_on_request_its_volume(self):
        series = get("series/KXBTC15M")["series"]
        assert (series["fee_type"], series["fee_multiplier"]) == ("quadratic", 1)
        assert (series["frequency"], series["exchange_index"]) == ("fifteen_min", 2)
        assert "volume_fp" not in series
        shown = get("series/KXBTC15M", include_volume="true")["series"]
        assert shown["volume_fp"] == "154210.75"

    def test_all_series_are_one(self):
        assert len(get("series")["series"]) == 1
        assert get("series", category="Sports")["series"] == []

    def test_no_fees_change(self):
        assert get("series/fee_changes") == {"series_fee_change_arr": []}
        assert get("events/fee_changes") == {"event_fee_changes": [], "cursor": ""}


class TestCandles:
    QUERY = {"start_ts": "0", "end_ts": "60", "period_interval": "1"}  # noqa: RUF012 - only read

    def test_a_candle_without_trades_has_null_prices(self):
        answer = get(f"series/KXBTC15M/markets/{TICKER}/candlesticks", **self.QUERY)
        quiet, busy = answer["candlesticks"]
        assert answer["ticker"] == TICKER
        assert quiet["price"]["close_dollars"] is None
        assert quiet["price"]["previous_dollars"] == "0.5500"
        assert busy["end_period_ts"] == 60
        assert busy["price"]["mean_dollars"] == "0.5550"
        assert busy["yes_bid"] == {
            "open_dollars": "0.5500",
            "high_dollars": "0.5700",
            "low_dollars": "0.5400",
            "close_dollars": "0.5600",
        }
        assert (busy["volume_fp"], busy["open_interest_fp"]) == ("25.00", "26.00")

    def test_candles_of_several_markets_come_at_once(self):
        answer = get("markets/candlesticks", market_tickers=f"{TICKER},KXNONE", **self.QUERY)
        assert [each["market_ticker"] for each in answer["markets"]] == [TICKER]

    @pytest.mark.parametrize(
        "change", [{"period_interval": "5"}, {"start_ts": "61"}, {"end_ts": "x"}, {"end_ts": ""}]
    )
    def test_spans_and_periods_are_checked(self, change):
        path = f"series/KXBTC15M/markets/{TICKER}/candlesticks"
        assert refused(path, **(self.QUERY | change))


class TestIndex:
    def test_an_hour_that_is_over_has_18000_rows(self):
        exchange = ScriptedExchange(reached=NOW + 2 * HOUR)
        hour = {"id": "BRTI", "timespan": "HOUR", "timestamp": "2026-11-21T17:01:00.000Z"}
        _, answer = ask("cfbenchmarks/history/values", exchange=exchange, **hour)
        rows = answer["data"]["payload"]
        assert len(rows) == 18_000
        assert rows[0] == {"time": NOW // 1_000_000, "value": "91250.00"}
        assert rows[-1]["time"] - rows[0]["time"] == 3_600_000 - 200

    def test_the_hour_that_runs_ends_now(self):
        hour = {"id": "BRTI", "timespan": "HOUR", "timestamp": "2026-11-21T17:00:00Z"}
        rows = get("cfbenchmarks/history/values", **hour)["data"]["payload"]
        assert rows[-1]["time"] == NOW // 1_000_000

    def test_the_newest_value_is_one_row(self):
        data = get("cfbenchmarks/values", id="BRTI")["data"]
        assert data["payload"] == [{"time": NOW // 1_000_000, "value": "91250.00"}]
        assert data["serverTime"] == "2026-11-21T17:01:00Z"

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"id": "BRTI"},
            {"id": "BRTI", "timespan": "DAY", "timestamp": "2026-11-21T17:00:00Z"},
            {"id": "BRTI", "timespan": "HOUR", "timestamp": "yesterday"},
        ],
    )
    def test_history_parameters_are_checked(self, query):
        assert refused("cfbenchmarks/history/values", **query)

    def test_an_unknown_index_is_not_found(self):
        assert ask("cfbenchmarks/values", id="NOPE")[0] == 404

    def test_live_data_is_a_point_a_second(self):
        data = get(f"live_data/events/{EVENT}", range="15min")["live_data"]
        assert data["type"] == "crypto"
        points = data["details"]["timeseries"]
        assert points[-1] == {"t": NOW // 1_000_000, "v": 91250.0}
        assert {b["t"] - a["t"] for a, b in pairwise(points)} == {1_000}
        assert refused(f"live_data/events/{EVENT}", range="1y")


class TestAccount:
    @pytest.mark.parametrize("kind", ["fills", "orders", "settlements"])
    def test_a_new_account_is_empty(self, kind):
        assert get(f"portfolio/{kind}") == {kind: [], "cursor": ""}

    def test_positions_have_two_lists(self):
        assert get("portfolio/positions") == {
            "market_positions": [],
            "event_positions": [],
            "cursor": "",
        }

    def test_the_balance_is_on_the_shard_of_crypto(self):
        balance = get("portfolio/balance")
        assert (balance["balance"], balance["balance_dollars"]) == (100_000, "1000.0000")
        assert balance["updated_ts"] == NOW // SECOND
        assert balance["balance_breakdown"] == [
            {"exchange_index": 0, "balance": "0.0000"},
            {"exchange_index": 2, "balance": "1000.0000"},
        ]

    def test_limits_and_costs_are_told(self):
        assert get("account/limits")["read"] == {"refill_rate": 200, "bucket_capacity": 600}
        costs = get("account/endpoint_costs")
        assert costs["default_cost"] == 10
        told = {(each["method"], each["path"]): each["cost"] for each in costs["endpoint_costs"]}
        assert told["GET", "/trade-api/v2/cfbenchmarks/values"] == 50
        assert told["DELETE", "/trade-api/v2/portfolio/events/orders/*"] == 2
        assert told["GET", "/trade-api/v2/portfolio/orders/*"] == 2


class TestExchange:
    def test_the_status_lists_the_shards(self):
        status = get("exchange/status")
        assert status["trading_active"] is True
        assert [each["exchange_index"] for each in status["exchange_index_statuses"]] == [0, 2]

    def test_the_schedule_lists_hours_and_maintenance(self):
        schedule = get("exchange/schedule")["schedule"]
        assert len(schedule["standard_hours"][0]) == 9
        assert schedule["maintenance_windows"] == [
            {"start_datetime": "2026-11-21T18:01:00Z", "end_datetime": "2026-11-21T20:01:00Z"}
        ]

    def test_freshness_and_cutoff_are_times(self):
        assert get("exchange/user_data_timestamp") == {"as_of_time": "2026-11-21T17:01:00Z"}
        assert get("historical/cutoff")["orders_updated_ts"] == "2026-11-07T17:01:00Z"


class TestNotFound:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "nonsense",
            "markets/KXNONE",
            "markets/KXNONE/orderbook",
            "events/KXNONE",
            "series/KXNONE",
            "live_data/events/KXNONE",
            "series/KXNONE/markets/KXNONE/candlesticks",
            "series/KXBTC15M/markets/KXNONE/candlesticks",
        ],
    )
    def test_what_does_not_exist_is_404_in_the_venues_shape(self, path):
        assert ask(path) == (404, {"code": "not_found", "message": "not found"})

    def test_an_unknown_order_is_404_in_the_nested_form(self):
        missing = {"error": {"code": "not_found", "message": "not found"}}
        assert ask("portfolio/orders/unknown") == (404, missing)

    def test_the_old_paths_of_orders_are_gone(self):
        assert ask("portfolio/orders", method="POST")[0] == 404
        assert ask("portfolio/orders/unknown", method="DELETE")[0] == 404

    def test_only_the_market_data_is_public(self):
        every = (*reads.ROUTES, *writes.ROUTES)
        private = {route.path for route in every if not route.public}
        assert all(path.startswith(("portfolio/", "account/", "cfbench")) for path in private)
        assert all(route.path in private for route in every if "portfolio" in route.path)
