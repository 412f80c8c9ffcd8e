"""Answers become facts, item by item; what makes no sense is told and stops nothing else."""

import json
from decimal import Decimal

import msgspec
import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import FeeTerms
from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.engine import feeds
from kalshi_assistant.venues.kalshi.answers import exchange, fees, index, markets, tape
from kalshi_assistant.venues.kalshi.terms import Fees
from tests.support.kalshi_frames import BANDS, CONTRACT, EVENT, NOW, TICKER

QUADRATIC = FeeTerms("quadratic", 70_000, 0)
MARKET = {
    "ticker": TICKER,
    "event_ticker": EVENT,
    "exchange_index": 2,
    "market_type": "binary",
    "status": "active",
    "result": "",
    "updated_time": "2026-11-21T17:00:00.584868Z",
    "open_time": "2026-11-21T17:00:00Z",
    "close_time": "2026-11-21T17:15:00Z",
    "expected_expiration_time": "2026-11-21T17:20:00Z",
    "strike_type": "greater_or_equal",
    "floor_strike": 91_250.62,
    "custom_strike": {"round_digits": "2"},
    "expiration_value": "",
    "price_ranges": BANDS,
    "yes_bid_dollars": "0.5500",
}
SETTLED = MARKET | {
    "status": "finalized",
    "result": "yes",
    "expiration_value": "91,262.40",
    "settlement_ts": "2026-11-21T17:15:08Z",
}
UPDATED = 1_795_280_400 * SECOND + 584_868_000
LISTED = e.MarketListed(
    UPDATED,
    NOW,
    msgspec.structs.replace(CONTRACT, strike=9_125_062, fees=QUADRATIC),
    "active",
)


def body(**members):
    return json.dumps(members).encode()


def is_malformed(found, about=""):
    assert isinstance(found, e.Malformed), found
    assert (found.feed, found.at) == (feeds.REST, NOW)
    assert about in found.reason
    return True


# --- the exchange ---

STATUS = {
    "exchange_active": True,
    "trading_active": True,
    "exchange_index_statuses": [
        {"exchange_index": 0, "exchange_active": True, "trading_active": True},
        {"exchange_index": 2, "exchange_active": True, "trading_active": False},
    ],
}


def test_the_status_is_that_of_our_shard_and_not_of_the_top():
    found = exchange.parse_exchange_status(body(**STATUS), NOW, 2)
    assert found == e.ExchangeStatusSeen(NOW, NOW, 2, True, False, None)


def test_a_pause_may_say_when_it_ends():
    answer = body(**STATUS, exchange_estimated_resume_time="2026-11-21T17:15:00Z")
    found = exchange.parse_exchange_status(answer, NOW, 0)
    assert found.resume_at == 1_795_281_300 * SECOND


def test_a_status_without_our_shard_is_malformed():
    assert is_malformed(exchange.parse_exchange_status(body(**STATUS), NOW, 1), "no shard 1")


def test_maintenance_windows_are_in_order():
    windows = [
        {"start_datetime": f"2026-11-2{day}T08:00:00Z", "end_datetime": f"2026-11-2{day}T10:00:00Z"}
        for day in (6, 4)
    ]
    answer = body(schedule={"standard_hours": [], "maintenance_windows": windows})
    found = exchange.parse_exchange_schedule(answer, NOW)
    assert [end - start for start, end in found.windows] == [7_200 * SECOND] * 2
    assert found.windows[0] < found.windows[1]


def test_a_window_that_ends_before_it_starts_is_malformed():
    window = {"start_datetime": "2026-11-26T08:00:00Z", "end_datetime": "2026-11-26T08:00:00Z"}
    answer = body(schedule={"maintenance_windows": [window]})
    assert is_malformed(exchange.parse_exchange_schedule(answer, NOW), "ends before it starts")


# --- fees ---


@pytest.mark.parametrize(
    ("kind", "multiplier", "terms"),
    [
        ("quadratic", 1, QUADRATIC),
        ("quadratic", 0.5, FeeTerms("quadratic", 35_000, 0)),
        ("quadratic", 0, FeeTerms("quadratic", 0, 0)),
        ("quadratic_with_maker_fees", 1, FeeTerms("quadratic_with_maker_fees", 70_000, 17_500)),
        (
            "quadratic_with_combo_maker_fees",
            2,
            FeeTerms("quadratic_with_combo_maker_fees", 140_000, 70_000),
        ),
    ],
)
def test_a_series_names_its_fees(kind, multiplier, terms):
    series = {
        "ticker": "KXBTC15M",
        "fee_type": kind,
        "fee_multiplier": multiplier,
        "exchange_index": 2,
    }
    found = fees.parse_series(body(series=series), NOW)
    assert found == fees.SeriesTerms("KXBTC15M", 2, Fees(terms, None))


@pytest.mark.parametrize(
    ("kind", "multiplier"),
    [("flat", 1), ("", 1), ("quadratic", -1), ("quadratic", 1e9), ("quadratic", 1e-9)],
)
def test_fees_that_are_not_understood_are_no_fees_with_a_reason(kind, multiplier):
    series = {
        "ticker": "KXBTC15M",
        "fee_type": kind,
        "fee_multiplier": multiplier,
        "exchange_index": 2,
    }
    found = fees.parse_series(body(series=series), NOW).fees
    assert found.terms is None
    assert found.problem


def test_announced_fee_changes_are_listed():
    change = {
        "id": "1",
        "series_ticker": "KXBTC15M",
        "fee_type": "quadratic",
        "fee_multiplier": 2,
        "scheduled_ts": "2026-11-21T17:00:00Z",
    }
    (found,) = fees.parse_series_fee_changes(body(series_fee_change_arr=[change]), NOW)
    assert (found.about, found.scheduled_at) == ("KXBTC15M", 1_795_280_400 * SECOND)
    assert found.fees.terms == FeeTerms("quadratic", 140_000, 0)
    assert fees.parse_series_fee_changes(body(series_fee_change_arr=[]), NOW) == ()


def test_an_override_of_an_event_may_begin_and_end():
    changes = [
        {
            "event_ticker": EVENT,
            "fee_type_override": kind,
            "fee_multiplier_override": multiplier,
            "scheduled_ts": "2026-11-21T17:00:00Z",
        }
        for kind, multiplier in (("quadratic", 1), (None, None))
    ]
    page = fees.parse_event_fee_changes(body(event_fee_changes=changes, cursor="more"), NOW)
    assert [(each.fees.terms, each.ends) for each in page.changes] == [
        (QUADRATIC, False),
        (None, True),
    ]
    assert page.cursor == "more"


# --- markets ---


def test_a_market_becomes_its_listing():
    assert markets.parse_market(body(market=MARKET), NOW, QUADRATIC) == (LISTED,)


def test_a_market_without_a_strike_has_none():
    market = {name: value for name, value in MARKET.items() if name != "floor_strike"}
    (found,) = markets.parse_market(body(market=market), NOW, None)
    assert (found.contract.strike, found.contract.fees) == (None, None)


def test_a_settled_market_publishes_its_value():
    listed, settled = markets.parse_market(body(market=SETTLED), NOW, QUADRATIC)
    assert listed.status == "finalized"
    at = 1_795_281_308 * SECOND
    assert settled == e.SettlementPublished(at, NOW, TICKER, 9_126_240, "yes")


@pytest.mark.parametrize("half", [{"result": ""}, {"expiration_value": ""}])
def test_half_a_settlement_is_none(half):
    (found,) = markets.parse_market(body(market=SETTLED | half), NOW, None)
    assert isinstance(found, e.MarketListed)


@pytest.mark.parametrize(
    ("change", "about"),
    [
        ({"status": "resting"}, "status"),
        ({"result": "scalar", "expiration_value": "5"}, "neither yes nor no"),
        ({"expiration_value": "soon", "result": "yes"}, "index value"),
        ({"floor_strike": 91_250.625}, "finer"),
        ({"strike_type": "between"}, "strike type"),
        ({"close_time": "2026-11-21T17:00:00Z"}, "closes before it opens"),
        ({"close_time": "noon"}, "ISO 8601"),
        ({"close_time": "2026-11-21T17:15:00"}, "without a zone"),
        ({"price_ranges": []}, "price ranges"),
        ({"price_ranges": [BANDS[1], BANDS[0]]}, "overlap"),
        ({"custom_strike": {"round_digits": "two"}}, "round_digits"),
        ({"custom_strike": None}, "custom_strike"),
        ({"exchange_index": -1}, "exchange_index"),
    ],
)
def test_a_market_that_makes_no_sense_is_malformed(change, about):
    (found,) = markets.parse_market(body(market=MARKET | change), NOW, QUADRATIC)
    assert is_malformed(found, about)


@pytest.mark.parametrize(
    "name",
    [
        "ticker",
        "event_ticker",
        "status",
        "open_time",
        "close_time",
        "price_ranges",
        "custom_strike",
    ],
)
def test_no_default_stands_in_for_a_field_that_is_missing(name):
    market = {key: value for key, value in MARKET.items() if key != name}
    (found,) = markets.parse_market(body(market=market), NOW, QUADRATIC)
    assert is_malformed(found, name)


def test_a_bad_market_does_not_spoil_its_page():
    page = markets.parse_markets(body(markets=[MARKET, {}, SETTLED], cursor="next"), NOW, QUADRATIC)
    kinds = [type(event) for event in page.events]
    assert kinds == [e.MarketListed, e.Malformed, e.MarketListed, e.SettlementPublished]
    assert page.cursor == "next"
    assert markets.parse_markets(body(markets=[], cursor=""), NOW, None).cursor is None
    assert markets.parse_markets(body(markets=[]), NOW, None) == markets.EventPage((), None)


def event_body(**more):
    return {"event_ticker": EVENT, "series_ticker": "KXBTC15M", "title": "BTC 15 min"} | more


def test_an_events_markets_stand_inside_or_beside_it():
    inside = markets.parse_event(body(event=event_body(markets=[MARKET])), NOW, QUADRATIC)
    beside = markets.parse_event(body(event=event_body(), markets=[MARKET]), NOW, QUADRATIC)
    assert inside == beside == markets.EventListing(EVENT, "KXBTC15M", None, (LISTED,))


def test_fees_of_the_event_itself_go_before_those_of_its_series():
    override = {"fee_type_override": "quadratic", "fee_multiplier_override": 0}
    found = markets.parse_event(
        body(event=event_body(markets=[MARKET], **override)), NOW, QUADRATIC
    )
    assert found.events[0].contract.fees == FeeTerms("quadratic", 0, 0)
    unknown = override | {"fee_type_override": "flat"}
    found = markets.parse_event(body(event=event_body(markets=[MARKET], **unknown)), NOW, QUADRATIC)
    assert found.events[0].contract.fees is None
    assert "'flat'" in found.override.problem


def test_a_bad_event_does_not_spoil_its_page():
    page = markets.parse_events(
        body(events=[event_body(markets=[MARKET]), 7, event_body()], cursor="c"), NOW, QUADRATIC
    )
    assert [len(each.events) for each in page.listings] == [1, 0]
    assert len(page.malformed) == 1
    assert page.cursor == "c"


# --- books, trades, candles ---

BOOK = {
    "yes_dollars": [["0.5400", "310.00"], ["0.5500", "120.50"]],
    "no_dollars": [["0.4400", "4.00"]],
}
SNAPSHOT = e.BookSnapshot(NOW, NOW, TICKER, ((5_400, 31_000), (5_500, 12_050)), ((5_600, 400),))


def test_a_book_turns_to_yes():
    assert tape.parse_order_book(body(orderbook_fp=BOOK), NOW, TICKER) == SNAPSHOT


def test_several_books_each_by_itself():
    named = {"ticker": TICKER, "orderbook_fp": BOOK}
    good, bad = tape.parse_order_books(body(orderbooks=[named, {"ticker": "x"}]), NOW)
    assert good == SNAPSHOT
    assert is_malformed(bad, "orderbook_fp")


@pytest.mark.parametrize(
    "side",
    [[["0.5", "1"], ["0.50", "1"]], [["0", "1"]], [["1.0", "1"]], [["0.5", "-1"]], [["0.5"]]],
)
def test_a_book_that_makes_no_sense_is_malformed(side):
    found = tape.parse_order_book(body(orderbook_fp=BOOK | {"no_dollars": side}), NOW, TICKER)
    assert is_malformed(found)


TRADE = {
    "trade_id": "t",
    "ticker": TICKER,
    "count_fp": "25.00",
    "yes_price_dollars": "0.5600",
    "taker_outcome_side": "no",
    "created_time": "2026-11-21T17:03:11.482913Z",
    "is_block_trade": False,
}


def test_trades_come_in_pages():
    page = tape.parse_trades(body(trades=[TRADE, {}], cursor="c"), NOW)
    at = 1_795_280_591 * SECOND + 482_913_000
    assert page.events[0] == e.TradeSeen(at, NOW, TICKER, "t", 5_600, 2_500, "no", False)
    assert is_malformed(page.events[1], "trade")
    assert page.cursor == "c"


QUOTES = {f"{name}_dollars": "0.5000" for name in ("open", "low", "high", "close")}
CANDLE = {
    "end_period_ts": 1_795_280_460,
    "yes_bid": QUOTES,
    "yes_ask": QUOTES | {"close_dollars": "0.6000"},
    "price": {"close_dollars": None, "previous_dollars": "0.5500"},
    "volume_fp": "3.50",
    "open_interest_fp": "10.00",
}


def test_a_candle_without_trades_has_no_traded_prices():
    (found,) = tape.parse_candlesticks(body(ticker=TICKER, candlesticks=[CANDLE]), NOW)
    assert found.end == 1_795_280_460 * SECOND
    assert found.bid == tape.Bar(5_000, 5_000, 5_000, 5_000)
    assert (found.ask.close, found.traded, found.volume) == (6_000, None, 350)
    traded = CANDLE | {"price": QUOTES}
    (found,) = tape.parse_candlesticks(body(candlesticks=[traded]), NOW)
    assert found.traded == found.bid


@pytest.mark.parametrize("change", [{"yes_bid": {}}, {"price": {"open_dollars": "0.5"}}])
def test_half_a_candle_is_malformed(change):
    assert is_malformed(tape.parse_candlesticks(body(candlesticks=[CANDLE | change]), NOW))


# --- the index ---


def rows(*pairs):
    return [{"time": millis, "value": value} for millis, value in pairs]


def test_only_whole_seconds_are_prints_and_the_first_of_two_stays():
    payload = rows(
        (1_795_276_801_000, "91200.12"),
        (1_795_276_800_200, "91200.99"),
        (1_795_276_800_000, "91200.11"),
        (1_795_276_801_000, "91999.99"),
    )
    (found,) = index.parse_index_values(body(data={"payload": payload}), NOW, "BRTI")
    prints = ((1_795_276_800, 9_120_011), (1_795_276_801, 9_120_012))
    assert found == e.IndexHistoryLoaded(NOW, NOW, "BRTI", "kalshi_rest", prints)


def test_a_bad_row_is_a_hole_and_is_told_once():
    payload = rows(
        *((1_795_276_800_000 + k * 1_000, "x") for k in range(3)), (1_795_276_803_000, "1.00")
    )
    loaded, told = index.parse_index_values(body(data={"payload": payload}), NOW, "BRTI")
    assert loaded.prints == ((1_795_276_803, 100),)
    assert is_malformed(told, "index value")


def test_a_publisher_that_refuses_is_malformed_with_its_words():
    answer = body(data={"serverTime": "x", "error": "Unknown id"})
    (found,) = index.parse_index_values(answer, NOW, "BRTI")
    assert is_malformed(found, "Unknown id")


def test_the_chart_of_an_event_is_points_in_dollars():
    details = {"event_ticker": EVENT, "timeseries": [{"t": 1_795_280_400_123, "v": 91_250.1}]}
    found = index.parse_live_data(body(live_data={"type": "crypto", "details": details}), NOW)
    at = 1_795_280_400_123 * MILLISECOND
    assert found == (index.LivePoint(at, Decimal("91250.1")),)


# --- mutilated ---

PARSERS = {
    "status": (body(**STATUS), lambda raw: exchange.parse_exchange_status(raw, NOW, 2)),
    "schedule": (
        body(schedule={"maintenance_windows": []}),
        lambda raw: exchange.parse_exchange_schedule(raw, NOW),
    ),
    "market": (body(market=SETTLED), lambda raw: markets.parse_market(raw, NOW, None)),
    "markets": (body(markets=[SETTLED]), lambda raw: markets.parse_markets(raw, NOW, None)),
    "event": (
        body(event=event_body(markets=[MARKET])),
        lambda raw: markets.parse_event(raw, NOW, None),
    ),
    "events": (
        body(events=[event_body(markets=[MARKET])]),
        lambda raw: markets.parse_events(raw, NOW, None),
    ),
    "book": (body(orderbook_fp=BOOK), lambda raw: tape.parse_order_book(raw, NOW, TICKER)),
    "books": (
        body(orderbooks=[{"ticker": TICKER, "orderbook_fp": BOOK}]),
        lambda raw: tape.parse_order_books(raw, NOW),
    ),
    "trades": (body(trades=[TRADE]), lambda raw: tape.parse_trades(raw, NOW)),
    "candles": (body(candlesticks=[CANDLE]), lambda raw: tape.parse_candlesticks(raw, NOW)),
    "index": (
        body(data={"payload": rows((1_795_276_800_000, "1.00"))}),
        lambda raw: index.parse_index_values(raw, NOW, "BRTI"),
    ),
    "live": (
        body(live_data={"details": {"timeseries": [{"t": 5, "v": 1}]}}),
        lambda raw: index.parse_live_data(raw, NOW),
    ),
    "series_fees": (
        body(series_fee_change_arr=[]),
        lambda raw: fees.parse_series_fee_changes(raw, NOW),
    ),
    "event_fees": (
        body(event_fee_changes=[]),
        lambda raw: fees.parse_event_fee_changes(raw, NOW),
    ),
}


@pytest.mark.parametrize("name", PARSERS)
def test_an_answer_cut_anywhere_is_malformed(name):
    raw, parse = PARSERS[name]
    for length in range(len(raw)):
        assert b"Malformed" in msgspec.json.encode(parse(raw[:length]))


ODD = [None, True, -1, 1.5, 10**30, "", "x", "NaN", [], {}, "9999-12-31T23:59:59-23:59"]


def mutations(document):
    """Copies of ``document`` with one member odd or missing, at every depth."""
    places = list(document) if isinstance(document, dict) else range(len(document))
    for place in places:
        for odd in ODD:
            copy = json.loads(json.dumps(document))
            copy[place] = odd
            yield copy
        if isinstance(document[place], dict | list):
            for changed in mutations(document[place]):
                copy = json.loads(json.dumps(document))
                copy[place] = changed
                yield copy


@pytest.mark.parametrize("name", PARSERS)
def test_an_answer_with_odd_members_never_raises(name):
    raw, parse = PARSERS[name]
    for changed in mutations(json.loads(raw)):
        msgspec.msgpack.encode(parse(json.dumps(changed).encode()))


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"\xff", b"[" * 100_000, b"<html>"])
@pytest.mark.parametrize("name", PARSERS)
def test_garbage_is_malformed(name, raw):
    assert b"Malformed" in msgspec.json.encode(PARSERS[name][1](raw))
