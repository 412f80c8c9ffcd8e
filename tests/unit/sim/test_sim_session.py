"""The server's side of a connection, against the venue's command and channel rules."""

import json

import pytest

from kalshi_assistant.domain import events as ev
from kalshi_assistant.domain.contract import Contract, FeeTerms, PriceRange
from kalshi_assistant.domain.ids import BRTI, Ticker
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import MILLISECOND, MINUTE, SECOND, Nanos, parse_iso
from kalshi_assistant.domain.units import IndexValue, Price, Quantity
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.session import COMMANDS_PER_SECOND, ERRORS, Session

A = Ticker("KXBTC15M-26NOV211215-15")
B = Ticker("KXBTC15M-26NOV211230-30")
OPEN = parse_iso("2026-11-21T17:00:00Z")
CLOSE = parse_iso("2026-11-21T17:15:00Z")
NOW = Nanos(OPEN + MINUTE)

BOOK = {
    A: ev.BookSnapshot(
        NOW,
        NOW,
        A,
        ((Price(5500), Quantity(12050)), (Price(5400), Quantity(31000))),
        ((Price(5600), Quantity(400)), (Price(5800), Quantity(8000))),
    ),
    B: ev.BookSnapshot(NOW, NOW, B, ((Price(120), Quantity(1)),), ()),
}


class Client:
    """A connection as its client sees it."""

    def __init__(self) -> None:
        self.shared = Frames()
        self.session = Session(self.shared, BOOK.get)

    def send(self, cmd, id_=1, **params):
        command = {"id": id_, "cmd": cmd, "params": params}
        return self.send_raw(json.dumps(command).encode())

    def send_raw(self, command, now=NOW):
        return [json.loads(each) for each in self.session.receive(command, now)]

    def publish(self, *events, now=NOW):
        return [json.loads(f) for f in self.session.publish(self.shared.publish(events), now)]

    def subscribe(self, *channels, **params):
        return self.send("subscribe", channels=list(channels), **params)

    def update(self, action, **params):
        return self.send("update_subscription", action=action, **params)


@pytest.fixture
def client():
    return Client()


def delta(ticker=A, side=BID, price=5500, change=-2050):
    return ev.BookDelta(NOW, NOW, ticker, side, Price(price), Quantity(change))


def quote(ticker=A, at=NOW):
    prices = (Price(5500), Price(5600), Quantity(12050), Quantity(400), Price(5600))
    return ev.QuoteSeen(at, at, ticker, *prices, Quantity(15421075), Quantity(8812010))


def trade(ticker=A):
    return ev.TradeSeen(NOW, NOW, ticker, "id-1", Price(5600), Quantity(400), "yes", False)


def printed(at, value=9126218, average=None, count=None):
    return ev.IndexPrinted(
        Nanos(at), Nanos(at), BRTI, IndexValue(value), "kalshi_1hz", average, count
    )


def error_code(frames):
    assert [each["type"] for each in frames] == ["error"]
    message = frames[0]["msg"]
    assert message["msg"] == ERRORS[message["code"]]
    return message["code"]


class TestSubscribing:
    def test_each_channel_answers_with_a_sid_of_its_own_before_any_data(self, client):
        replies = client.subscribe("orderbook_delta", "trade", market_tickers=[A])
        assert replies[0] == {
            "id": 1,
            "type": "subscribed",
            "msg": {"channel": "orderbook_delta", "sid": 1},
            "sending_ts_ms": NOW // MILLISECOND,
        }
        assert replies[1]["msg"] == {"channel": "trade", "sid": 2}
        assert [each["type"] for each in replies[2:]] == ["orderbook_snapshot"]

    def test_the_first_frame_of_a_market_is_its_snapshot_with_seq_1(self, client):
        snapshot = client.subscribe("orderbook_delta", market_tickers=[A])[1]
        assert (snapshot["sid"], snapshot["seq"]) == (1, 1)
        message = snapshot["msg"]
        assert message["yes_dollars_fp"] == [["0.5400", "310.00"], ["0.5500", "120.50"]]
        assert message["no_dollars_fp"] == [["0.4200", "80.00"], ["0.4400", "4.00"]]

    def test_an_empty_side_has_no_key(self, client):
        snapshot = client.subscribe("orderbook_delta", market_ticker=B)[1]
        assert "no_dollars_fp" not in snapshot["msg"]
        assert snapshot["msg"]["yes_dollars_fp"] == [["0.0120", "0.01"]]

    def test_use_yes_price_turns_the_no_side_into_yes_dollars(self, client):
        params = {"market_tickers": [A], "use_yes_price": True}
        snapshot = client.subscribe("orderbook_delta", **params)[1]
        assert snapshot["msg"]["no_dollars_fp"] == [["0.5600", "4.00"], ["0.5800", "80.00"]]
        frames = client.publish(delta(side=ASK, price=5600, change=-400))
        assert frames[0]["msg"]["price_dollars"] == "0.5600"

    def test_subscribing_again_keeps_the_sid_and_adds_the_new_markets(self, client):
        client.subscribe("orderbook_delta", market_tickers=[A])
        replies = client.subscribe("orderbook_delta", market_tickers=[A, B])
        assert replies[0]["msg"] == {"channel": "orderbook_delta", "sid": 1}
        assert [each["msg"]["market_ticker"] for each in replies[1:]] == [B]
        assert replies[1]["seq"] == 2

    def test_the_last_ticker_comes_at_once_when_asked_for(self, client):
        client.publish(quote())
        replies = client.subscribe("ticker", market_tickers=[A], send_initial_snapshot=True)
        assert [each["type"] for each in replies] == ["subscribed", "ticker"]
        assert "seq" not in replies[1]

    def test_an_unknown_market_is_accepted_and_silent(self, client):
        replies = client.subscribe("orderbook_delta", market_tickers=["KXNOTYET"])
        assert [each["type"] for each in replies] == ["subscribed"]

    def test_private_channels_accept_subscriptions(self, client):
        channels = ("fill", "user_orders", "market_positions", "order_group_updates")
        assert [each["type"] for each in client.subscribe(*channels)] == ["subscribed"] * 4

    def test_subscriptions_can_be_listed(self, client):
        client.subscribe("orderbook_delta", "trade", market_tickers=[A])
        replies = client.send_raw(b'{"id": 9, "cmd": "list_subscriptions"}')
        assert replies[0]["msg"] == [
            {"channel": "orderbook_delta", "sid": 1},
            {"channel": "trade", "sid": 2},
        ]


class TestSequences:
    def test_data_and_replies_of_one_sid_share_its_sequence(self, client):
        client.subscribe("orderbook_delta", market_tickers=[A])
        frames = client.publish(delta(), delta())
        frames += client.update("add_markets", sids=[1], market_tickers=[B])
        frames += client.update("get_snapshot", sids=[1], market_tickers=[A])
        frames += client.update("add_markets", sid=1)
        frames += client.send("unsubscribe", sids=[1])
        assert [each["seq"] for each in frames] == [2, 3, 4, 5, 6, 7, 8]
        assert [each["type"] for each in frames] == [
            *("orderbook_delta", "orderbook_delta", "ok"),
            *("orderbook_snapshot", "orderbook_snapshot", "error", "unsubscribed"),
        ]

    def test_sequences_of_different_sids_are_independent(self, client):
        client.subscribe("orderbook_delta", "trade", market_tickers=[A])
        frames = client.publish(delta(), trade(), trade())
        assert [(each["sid"], each["seq"]) for each in frames] == [(1, 2), (2, 1), (2, 2)]

    @pytest.mark.parametrize("channel", ["ticker", "fill", "user_orders", "market_positions"])
    def test_some_channels_have_no_sequence(self, client, channel):
        client.subscribe(channel, market_tickers=[A])
        reply = client.update("add_markets", sid=1, market_tickers=[B])[0]
        assert reply["sid"] == 1
        assert "seq" not in reply

    def test_a_snapshot_on_request_carries_the_id_of_the_command(self, client):
        client.subscribe("orderbook_delta", market_tickers=[A])
        command = {"action": "get_snapshot", "sids": [1], "market_tickers": [A]}
        reply = client.send("update_subscription", id_=6, **command)[0]
        assert (reply["id"], reply["type"]) == (6, "orderbook_snapshot")

    def test_two_connections_count_for_themselves_and_share_the_bodies(self, client):
        other = Session(client.shared, BOOK.get)
        client.subscribe("trade")
        subscribe = b'{"id":1,"cmd":"subscribe","params":{"channels":["ticker","trade"]}}'
        other.receive(subscribe, NOW)
        notices = client.shared.publish([trade()])
        mine, theirs = client.session.publish(notices, NOW)[0], other.publish(notices, NOW)[0]
        assert notices[0].body in mine
        assert notices[0].body in theirs
        assert (json.loads(mine)["sid"], json.loads(theirs)["sid"]) == (1, 2)


class TestUpdating:
    def test_ok_lists_the_full_set_after_the_change(self, client):
        client.subscribe("trade", market_tickers=[A])
        reply = client.update("add_markets", sids=[1], market_tickers=[B])[0]
        assert reply["msg"] == {"market_tickers": [A, B]}
        reply = client.update("delete_markets", sid=1, market_ticker=A)[0]
        assert reply["msg"] == {"market_tickers": [B]}
        assert client.publish(trade(A)) == []
        assert len(client.publish(trade(B))) == 1

    def test_the_list_can_be_left_out(self, client):
        client.subscribe("ticker", market_tickers=[A], skip_ticker_ack=True)
        assert "msg" not in client.update("add_markets", sid=1, market_tickers=[B])[0]

    def test_indices_are_added_listed_and_removed(self, client):
        client.subscribe("cfbenchmarks_value", index_ids=[BRTI])
        reply = client.update("subscribe_indices", sid=1, index_ids=["ETHUSD_RTI"])[0]
        assert (reply["type"], reply["msg"]) == ("ok", {"index_ids": [BRTI, "ETHUSD_RTI"]})
        listed = client.update("indexlist", sid=1)[0]
        assert listed["type"] == "cfbenchmarks_value_indexlist"
        assert listed["msg"] == {"index_ids": [BRTI, "ETHUSD_RTI"]}
        reply = client.update("unsubscribe_indices", sid=1, index_ids=[BRTI])[0]
        assert reply["msg"] == {"index_ids": ["ETHUSD_RTI"]}
        assert [reply["seq"], listed["seq"]] == [3, 2]
        assert client.publish(printed(NOW)) == []

    def test_all_indices_can_be_meant_at_once(self, client):
        client.subscribe("cfbenchmarks_value_5hz", index_ids=["all"])
        assert client.update("indexlist", sid=1)[0]["msg"] == {"index_ids": [BRTI]}
        assert len(client.publish(printed(NOW))) == 1

    def test_each_sid_is_unsubscribed_with_a_reply(self, client):
        client.subscribe("orderbook_delta", "trade", market_tickers=[A])
        replies = client.send("unsubscribe", sids=[1, 2])
        assert [(each["type"], each["sid"], each["seq"]) for each in replies] == [
            ("unsubscribed", 1, 2),
            ("unsubscribed", 2, 1),
        ]
        assert client.publish(delta(), trade()) == []

    def test_a_sid_is_never_used_twice(self, client):
        client.subscribe("trade")
        client.send("unsubscribe", sids=[1])
        assert client.subscribe("trade")[0]["msg"]["sid"] == 2


class TestRefusals:
    @pytest.mark.parametrize("nonsense", [b"", b"{", b"[]", b'"x"', b'{"id":"one"}', b"\xff\xfe"])
    def test_nonsense_cannot_be_processed(self, client, nonsense):
        assert error_code(client.send_raw(nonsense)) == 1

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            ({"cmd": "subscribe"}, 2),
            ({"cmd": "subscribe", "params": None}, 2),
            ({"cmd": "subscribe", "params": {}}, 3),
            ({"cmd": "unsubscribe", "params": {}}, 4),
            ({"cmd": "dance", "params": {}}, 5),
            ({"params": {}}, 5),
            ({"cmd": "unsubscribe", "params": {"sids": [9]}}, 7),
            ({"cmd": "update_subscription", "params": {"sid": 9, "action": "add_markets"}}, 7),
            ({"cmd": "subscribe", "params": {"channels": ["ticker_v2"]}}, 8),
            ({"cmd": "subscribe", "params": {"channels": "trade"}}, 11),
            (
                {
                    "cmd": "subscribe",
                    "params": {"channels": ["trade"], "market_ticker": A, "market_tickers": [B]},
                },
                11,
            ),
            ({"cmd": "update_subscription", "params": {"action": "add_markets"}}, 12),
            ({"cmd": "update_subscription", "params": {"sids": [1, 2]}}, 12),
            ({"cmd": "update_subscription", "params": {"sid": 1, "sids": [1]}}, 12),
            ({"cmd": "subscribe", "params": {"channels": ["orderbook_delta"]}}, 14),
            ({"cmd": "subscribe", "params": {"channels": ["trade"], "shard_factor": 0}}, 19),
            ({"cmd": "subscribe", "params": {"channels": ["trade"], "shard_key": 0}}, 20),
            (
                {
                    "cmd": "subscribe",
                    "params": {"channels": ["trade"], "shard_factor": 2, "shard_key": 2},
                },
                21,
            ),
            ({"cmd": "subscribe", "params": {"channels": ["trade"], "shard_factor": 101}}, 22),
            ({"cmd": "subscribe", "params": {"channels": ["cfbenchmarks_value"]}}, 24),
        ],
    )
    def test_a_command_is_refused_with_its_code(self, client, command, code):
        reply = client.send_raw(json.dumps({"id": 11, **command}).encode())
        assert error_code(reply) == code
        assert reply[0]["id"] == 11

    @pytest.mark.parametrize(
        ("sid", "params", "code"),
        [
            (1, {}, 15),
            (1, {"action": "dance"}, 13),
            (1, {"action": "subscribe_indices", "index_ids": [BRTI]}, 13),
            (1, {"action": "add_markets"}, 14),
            (1, {"action": "get_snapshot", "market_tickers": [B]}, 11),
            (2, {"action": "get_snapshot", "market_tickers": [A]}, 13),
            (3, {"action": "add_markets", "market_tickers": [A]}, 13),
            (3, {"action": "subscribe_indices"}, 24),
            (4, {"action": "add_markets", "market_tickers": [A]}, 13),
        ],
    )
    def test_an_update_of_a_known_sid_is_refused_on_that_sid(self, client, sid, params, code):
        params_of_all = {"market_tickers": [A], "index_ids": [BRTI]}
        channels = ("orderbook_delta", "trade", "cfbenchmarks_value", "market_lifecycle_v2")
        client.subscribe(*channels, **params_of_all)
        reply = client.send("update_subscription", sid=sid, **params)
        assert error_code(reply) == code
        assert reply[0]["sid"] == sid
        assert reply[0]["seq"] >= 1

    def test_a_refused_command_changes_nothing(self, client):
        assert error_code(client.subscribe("trade", "nonsense")) == 8
        assert error_code(client.send("unsubscribe", sids=[1])) == 7
        assert client.subscribe("trade")[0]["msg"]["sid"] == 1

    def test_too_many_commands_in_a_second_are_refused(self, client):
        command = b'{"id": 1, "cmd": "list_subscriptions"}'
        for _ in range(COMMANDS_PER_SECOND):
            client.session.receive(command, NOW)
        assert error_code(client.send_raw(command)) == 27
        assert client.send_raw(command, Nanos(NOW + SECOND))[0]["type"] == "ok"

    def test_a_slow_reader_is_told_before_it_is_cut_off(self, client):
        assert json.loads(client.session.overflow(NOW))["msg"]["code"] == 25

    def test_id_0_is_no_id(self, client):
        assert "id" not in client.send("subscribe", id_=0, channels=["trade"])[0]


class TestChannels:
    def test_a_no_side_change_is_priced_in_no_dollars(self, client):
        client.subscribe("orderbook_delta", market_tickers=[A])
        message = client.publish(delta(side=ASK, price=5600, change=-400))[0]["msg"]
        assert (message["side"], message["price_dollars"]) == ("no", "0.4400")
        assert message["delta_fp"] == "-4.00"
        assert (message["ts"], message["ts_ms"]) == ("2026-11-21T17:01:00Z", NOW // MILLISECOND)

    def test_a_book_after_the_close_is_a_snapshot_without_levels(self, client):
        client.subscribe("orderbook_delta", market_tickers=[A])
        frame = client.publish(ev.BookSnapshot(CLOSE, CLOSE, A, (), ()))[0]
        assert frame["type"] == "orderbook_snapshot"
        assert set(frame["msg"]) == {"market_ticker", "market_id"}

    def test_a_trade_names_both_prices_and_the_taker_three_times(self, client):
        client.subscribe("trade")
        message = client.publish(trade())[0]["msg"]
        assert (message["yes_price_dollars"], message["no_price_dollars"]) == ("0.5600", "0.4400")
        assert message["taker_side"] == message["taker_outcome_side"] == "yes"
        assert (message["taker_book_side"], message["count_fp"]) == ("bid", "4.00")

    def test_a_ticker_repeats_the_last_trade_and_counts_the_dollars(self, client):
        client.subscribe("ticker")
        message = client.publish(trade(), quote())[0]["msg"]
        assert (message["yes_bid_dollars"], message["yes_ask_dollars"]) == ("0.5500", "0.5600")
        assert (message["last_trade_size_fp"], message["dollar_volume"]) == ("4.00", 2)
        assert (message["volume_fp"], message["dollar_open_interest"]) == ("154210.75", 44060)

    def test_an_index_frame_holds_the_publishers_frame_as_a_string(self, client):
        client.subscribe("cfbenchmarks_value", index_ids=[BRTI])
        frame = client.publish(printed(NOW, average=9125840733333, count=60))[0]
        assert frame["seq"] == 1
        assert json.loads(frame["msg"]["data"]) == {
            "type": "value",
            "time": NOW // MILLISECOND,
            "id": BRTI,
            "value": "91262.18",
        }
        assert frame["msg"]["avg_60s_data"] == {
            "value": "91258.40733333",
            "window_size": 60,
            "window_start_ts_ms": NOW // MILLISECOND - 60_000,
            "window_end_ts_exclusive": NOW // MILLISECOND,
        }

    def test_the_closing_average_is_there_in_the_last_minute_only(self, client):
        client.subscribe("cfbenchmarks_value", index_ids=[BRTI])
        seconds = range(-61, 2)
        frames = client.publish(*(printed(CLOSE + second * SECOND) for second in seconds))
        key = "last_60s_windowed_average_15min"
        sizes = [each["msg"][key]["window_size"] for each in frames if key in each["msg"]]
        assert sizes == list(range(1, 61))
        assert key not in frames[0]["msg"]
        assert key not in frames[-1]["msg"]

    def test_the_fast_channel_carries_whole_seconds_and_drops_repeats(self, client):
        client.subscribe("cfbenchmarks_value_5hz", index_ids=[BRTI])
        tick = ev.IndexTicked(NOW, NOW, BRTI, IndexValue(9126218), "kalshi_5hz")
        later = Nanos(NOW + 200 * MILLISECOND)
        frames = client.publish(
            tick, printed(NOW), ev.IndexTicked(later, later, BRTI, tick.value, "kalshi_5hz")
        )
        stamps = [each["msg"]["source_ts_ms"] for each in frames]
        assert stamps == [NOW // MILLISECOND, later // MILLISECOND]
        assert frames[0]["msg"]["value_usd"] == "91262.18000000"

    def test_the_life_of_a_market_as_its_subscribers_hear_it(self, client):
        client.subscribe("market_lifecycle_v2")
        frames = client.publish(
            ev.MarketListed(NOW, NOW, contract(None), "initialized"),
            ev.StrikeSet(NOW, NOW, A, IndexValue(9125062)),
            ev.MarketStatusChanged(NOW, NOW, A, "active"),
            ev.MarketStatusChanged(NOW, NOW, A, "inactive"),
            ev.MarketStatusChanged(NOW, NOW, A, "active"),
            ev.MarketDetermined(CLOSE, CLOSE, A, "yes"),
            ev.SettlementPublished(CLOSE, CLOSE, A, IndexValue(9126240), "yes"),
        )
        kinds = [each["msg"].get("event_type") for each in frames]
        assert kinds == [
            *(None, "created", "metadata_updated", "deactivated", "activated"),
            *("determined", "settled"),
        ]
        assert [each["seq"] for each in frames] == list(range(1, 8))
        assert frames[0]["type"] == "event_lifecycle"

    def test_created_tells_the_times_the_texts_and_the_grid(self, client):
        client.subscribe("market_lifecycle_v2")
        listed = ev.MarketListed(NOW, NOW, contract(None), "initialized")
        message = client.publish(listed)[1]["msg"]
        assert (message["open_ts"], message["close_ts"]) == (OPEN // SECOND, CLOSE // SECOND)
        assert message["price_level_structure"] == "tapered_deci_cent"
        assert message["price_ranges"][1] == {"start": "0.1000", "end": "0.9000", "step": "0.0100"}
        metadata = message["additional_metadata"]
        assert metadata["yes_sub_title"] == metadata["no_sub_title"] == "Target price: TBD"
        assert metadata["custom_strike"] == {"round_digits": "2"}

    def test_the_strike_comes_as_a_json_number_with_its_text(self, client):
        client.subscribe("market_lifecycle_v2")
        frames = client.session.publish(
            client.shared.publish([ev.StrikeSet(NOW, NOW, A, IndexValue(9125062))]), NOW
        )
        assert b'"floor_strike":91250.62,' in frames[0]
        assert json.loads(frames[0])["msg"]["yes_sub_title"] == "Target Price: $91,250.62"

    def test_the_result_has_its_settlement_value_and_times(self, client):
        client.subscribe("market_lifecycle_v2")
        determined, settled = client.publish(
            ev.MarketDetermined(CLOSE, CLOSE, A, "no"),
            ev.SettlementPublished(CLOSE, CLOSE, A, IndexValue(9126240), "no"),
        )
        assert determined["msg"]["settlement_value"] == "0.0000"
        assert determined["msg"]["determination_ts"] == CLOSE // SECOND
        assert settled["msg"]["settled_ts"] == CLOSE // SECOND

    def test_new_fees_come_as_an_override_of_the_event(self, client):
        client.subscribe("market_lifecycle_v2")
        fees = FeeTerms("quadratic_with_maker_fees", 140_000, 35_000)
        frame = client.publish(ev.FeesChanged(NOW, NOW, "KXBTC15M-26NOV211215", fees))[0]
        assert frame["type"] == "event_fee_update"
        assert frame["msg"]["fee_multiplier_override"] == 2


def contract(strike):
    bands = ((0, 1000, 10), (1000, 9000, 100), (9000, 10000, 10))
    return Contract(
        ticker=A,
        event_ticker="KXBTC15M-26NOV211215",
        open_time=OPEN,
        close_time=CLOSE,
        strike=strike,
        price_ranges=tuple(PriceRange(Price(a), Price(b), Price(c)) for a, b, c in bands),
        fees=FeeTerms("quadratic", 70_000, 0),
        exchange_index=2,
        round_digits=2,
    )
