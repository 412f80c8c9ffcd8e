"""Composed frames of the venue, each with the facts it must become."""

import json

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import Contract, FeeTerms, PriceRange
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.engine import feeds

TICKER = "KXBTC15M-26NOV211215-15"
NEXT = "KXBTC15M-26NOV211230-30"
EVENT = "KXBTC15M-26NOV211215"
NOW = Nanos(1_795_280_600 * SECOND)
"""When every frame of this file is received."""

MARKET_ID = "9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1"
BANDS = [
    {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
    {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
    {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
]
RANGES = (PriceRange(0, 1_000, 10), PriceRange(1_000, 9_000, 100), PriceRange(9_000, 10_000, 10))


def ms(millis):
    return Nanos(millis * MILLISECOND)


def s(seconds):
    return Nanos(seconds * SECOND)


def encode(frame):
    return json.dumps(frame, separators=(",", ":")).encode()


# --- frames ---


def subscribed(channel, sid, id_=1):
    return encode({"id": id_, "type": "subscribed", "msg": {"channel": channel, "sid": sid}})


def ok(id_, sid=None, seq=None, msg=None):
    frame = {"id": id_, "sid": sid, "seq": seq, "type": "ok", "msg": msg}
    return encode({name: value for name, value in frame.items() if value is not None})


def error(code, id_=None, sid=None, seq=None):
    frame = {"id": id_, "sid": sid, "seq": seq, "type": "error"}
    said = {name: value for name, value in frame.items() if value is not None}
    return encode(said | {"msg": {"code": code, "msg": f"error {code}"}})


def snapshot(seq, yes=(("0.5400", "310.00"),), no=(("0.4400", "4.00"),), ticker=TICKER, sid=1):
    body = {"market_ticker": ticker, "market_id": MARKET_ID}
    if yes:
        body["yes_dollars_fp"] = yes
    if no:
        body["no_dollars_fp"] = no
    return encode({"type": "orderbook_snapshot", "sid": sid, "seq": seq, "msg": body})


def delta(seq, price="0.5500", change="-20.50", side="yes", ticker=TICKER, sid=1, **more):
    body = {
        "market_ticker": ticker,
        "market_id": MARKET_ID,
        "price_dollars": price,
        "delta_fp": change,
        "side": side,
        "ts": "2026-11-21T17:01:40.120Z",
        "ts_ms": 1_795_280_500_120,
    }
    return encode({"type": "orderbook_delta", "sid": sid, "seq": seq, "msg": body | more})


def trade(seq, sid=2, **more):
    body = {
        "trade_id": "4f0a1b52",
        "market_ticker": TICKER,
        "yes_price_dollars": "0.5600",
        "no_price_dollars": "0.4400",
        "count_fp": "4.00",
        "taker_side": "yes",
        "taker_outcome_side": "yes",
        "taker_book_side": "bid",
        "is_block_trade": False,
        "ts": 1_795_280_591,
        "ts_ms": 1_795_280_591_482,
    }
    return encode({"type": "trade", "sid": sid, "seq": seq, "msg": body | more})


def lifecycle(seq, event_type, ticker=TICKER, sid=9, sending=None, **more):
    body = {"market_ticker": ticker, "event_type": event_type} | more
    frame = {"type": "market_lifecycle_v2", "sid": sid, "seq": seq, "msg": body}
    return encode(frame | ({"sending_ts_ms": sending} if sending else {}))


def index(seq, millis=1_795_280_599_000, value="91262.18", sid=4, **more):
    inner = {"type": "value", "time": millis, "id": "BRTI", "value": value}
    body = {
        "index_id": "BRTI",
        "received_at": millis + 40,
        "data": json.dumps(inner),
        "avg_60s_data": {
            "value": "91258.40733333",
            "window_size": 60,
            "window_start_ts_ms": millis - 60_000,
            "window_end_ts_exclusive": millis,
        },
    }
    return encode({"type": "cfbenchmarks_value", "sid": sid, "seq": seq, "msg": body | more})


def index_5hz(seq, millis=1_795_280_599_200, value="91262.18000000", sid=10, **more):
    body = {"index_id": "BRTI", "value_usd": value, "source_ts_ms": millis} | more
    said = {"type": "value", "time": millis, "id": body["index_id"], "value": value[:-6]}
    body = {"data": encode(said).decode()} | body
    return encode({"type": "cfbenchmarks_value_5hz", "sid": sid, "seq": seq, "msg": body})


TICKER_BODY = {
    "market_id": MARKET_ID,
    "market_ticker": TICKER,
    "price_dollars": "0.5600",
    "yes_bid_dollars": "0.5600",
    "yes_ask_dollars": "0.5800",
    "volume_fp": "154210.75",
    "open_interest_fp": "88120.10",
    "dollar_volume": 81_234,
    "dollar_open_interest": 44_060,
    "yes_bid_size_fp": "6.00",
    "yes_ask_size_fp": "80.00",
    "last_trade_size_fp": "4.00",
    "ts": 1_795_280_591,
    "ts_ms": 1_795_280_591_482,
}
FILL_BODY = {
    "trade_id": "t-1",
    "order_id": "o-1",
    "client_order_id": "c-1",
    "market_ticker": TICKER,
    "exchange_index": 2,
    "is_taker": True,
    "side": "no",
    "yes_price_dollars": "0.5600",
    "count_fp": "4.00",
    "fee_cost": "0.069000",
    "action": "buy",
    "ts_ms": 1_795_280_591_482,
    "post_position_fp": "-4.00",
    "outcome_side": "no",
    "book_side": "ask",
}
ORDER_BODY = {
    "order_id": "o-1",
    "ticker": TICKER,
    "status": "resting",
    "book_side": "bid",
    "yes_price_dollars": "0.5600",
    "fill_count_fp": "4.00",
    "remaining_count_fp": "6.00",
    "client_order_id": "",
    "last_update_reason": "Trade",
    "created_ts_ms": 1_795_280_591_000,
    "last_updated_ts_ms": 1_795_280_591_482,
}
POSITION_BODY = {
    "market_ticker": TICKER,
    "position_fp": "4.00",
    "position_cost_dollars": "2.2400",
    "realized_pnl_dollars": "-0.5000",
    "fees_paid_dollars": "0.0690",
}
CREATED = {
    "exchange_index": 2,
    "open_ts": 1_795_280_400,
    "close_ts": 1_795_281_300,
    "additional_metadata": {"event_ticker": EVENT, "custom_strike": {"round_digits": "2"}},
    "price_level_structure": "tapered_deci_cent",
    "price_ranges": BANDS,
}
CONTRACT = Contract(
    ticker=TICKER,
    event_ticker=EVENT,
    open_time=s(1_795_280_400),
    close_time=s(1_795_281_300),
    strike=None,
    price_ranges=RANGES,
    fees=None,
    exchange_index=2,
    round_digits=2,
)


def quote(**more):
    return encode({"type": "ticker", "sid": 3, "msg": TICKER_BODY | more})


def fill(**more):
    return encode({"type": "fill", "sid": 5, "msg": FILL_BODY | more})


def order(**more):
    return encode({"type": "user_order", "sid": 6, "msg": ORDER_BODY | more})


def position(**more):
    frame = {"type": "market_position", "sid": 7, "msg": POSITION_BODY | more}
    return encode(frame | {"sending_ts_ms": 1_795_280_591_500})


def order_group(seq, **more):
    body = {"event_type": "created", "order_group_id": "og", "ts_ms": 1_795_280_400_000}
    return encode({"type": "order_group_updates", "sid": 8, "seq": seq, "msg": body | more})


def event_fee(seq, kind="quadratic", multiplier=1):
    body = {
        "event_ticker": EVENT,
        "fee_type_override": kind,
        "fee_multiplier_override": multiplier,
    }
    return encode({"type": "event_fee_update", "sid": 9, "seq": seq, "msg": body})


def event_made(seq):
    body = {"event_ticker": EVENT, "title": "BTC 15 min", "series_ticker": "KXBTC15M"}
    return encode({"type": "event_lifecycle", "sid": 9, "seq": seq, "msg": body})


# --- the facts ---

AT = ms(1_795_280_591_482)
GOLDEN = {
    "snapshot": (
        snapshot(1, yes=(("0.5400", "310.00"), ("0.5500", "120.50")), no=(("0.4400", "4.00"),)),
        [e.BookSnapshot(NOW, NOW, TICKER, ((5_400, 31_000), (5_500, 12_050)), ((5_600, 400),))],
    ),
    "empty_snapshot": (snapshot(1, yes=(), no=()), [e.BookSnapshot(NOW, NOW, TICKER, (), ())]),
    "ticker": (
        quote(),
        [
            e.QuoteSeen(
                *(AT, NOW, TICKER, 5_600, 5_800, 600, 8_000, 5_600),
                volume=15_421_075,
                open_interest=8_812_010,
            )
        ],
    ),
    "trade": (trade(1), [e.TradeSeen(AT, NOW, TICKER, "4f0a1b52", 5_600, 400, "yes", False)]),
    "fill": (
        fill(),
        [
            e.OrderFilled(
                *(AT, NOW, TICKER, "o-1", "c-1", "t-1", 1, 5_600, 400, True, 69_000, -400),
                source="venue",
            )
        ],
    ),
    "order": (
        order(),
        [
            e.OrderChanged(
                *(AT, NOW, TICKER, "o-1", None, 0, 5_600, "resting", 400, 600, "Trade"),
                source="venue",
            )
        ],
    ),
    "position": (
        position(),
        [e.PositionReported(ms(1_795_280_591_500), NOW, TICKER, 400, 2_240_000, -500_000, 69_000)],
    ),
    "order_group": (
        order_group(1, contracts_limit_fp="50.00"),
        [e.OrderGroupChanged(ms(1_795_280_400_000), NOW, "og", "created", 5_000)],
    ),
    "order_group_triggered": (
        order_group(1, event_type="triggered"),
        [e.OrderGroupChanged(ms(1_795_280_400_000), NOW, "og", "triggered", None)],
    ),
    "created": (
        lifecycle(1, "created", sending=1_795_280_599_000, **CREATED),
        [e.MarketListed(s(1_795_280_599), NOW, CONTRACT, "initialized")],
    ),
    "created_without_terms": (
        lifecycle(1, "created", open_ts=1_795_280_400, close_ts=1_795_281_300),
        [],
    ),
    "activated": (
        lifecycle(1, "activated", is_deactivated=False),
        [e.MarketStatusChanged(NOW, NOW, TICKER, "active")],
    ),
    "deactivated": (
        lifecycle(1, "deactivated", is_deactivated=True),
        [e.MarketStatusChanged(NOW, NOW, TICKER, "inactive")],
    ),
    "close_date_updated": (
        lifecycle(1, "close_date_updated", close_ts=1_795_281_000),
        [e.CloseTimeChanged(NOW, NOW, TICKER, s(1_795_281_000))],
    ),
    "determined": (
        lifecycle(1, "determined", result="yes", determination_ts=1_795_281_301),
        [e.MarketDetermined(s(1_795_281_301), NOW, TICKER, "yes")],
    ),
    "settled": (
        lifecycle(1, "settled", settled_ts=1_795_281_308),
        [e.MarketStatusChanged(s(1_795_281_308), NOW, TICKER, "finalized")],
    ),
    "grid": (
        lifecycle(1, "price_level_structure_updated", price_ranges=BANDS),
        [e.GridChanged(NOW, NOW, TICKER, RANGES)],
    ),
    "strike": (
        lifecycle(1, "metadata_updated", strike_type="greater_or_equal", floor_strike=91_250.62),
        [e.StrikeSet(NOW, NOW, TICKER, 9_125_062)],
    ),
    "subtitle_only": (lifecycle(1, "metadata_updated", yes_sub_title="Target price: TBD"), []),
    "event_made": (event_made(1), []),
    "event_fee": (
        event_fee(1, multiplier=0.5),
        [e.FeesChanged(NOW, NOW, EVENT, FeeTerms("quadratic", 35_000, 0))],
    ),
    "index": (
        index(1),
        [
            e.IndexPrinted(
                *(ms(1_795_280_599_000), NOW, "BRTI", 9_126_218, "kalshi_1hz"),
                average_60s_e8=9_125_840_733_333,
                average_60s_prints=60,
            )
        ],
    ),
    "index_5hz_between": (
        index_5hz(1),
        [e.IndexTicked(ms(1_795_280_599_200), NOW, "BRTI", 9_126_218, "kalshi_5hz")],
    ),
    "index_5hz_on_the_second": (
        index_5hz(1, millis=1_795_280_599_000),
        [e.IndexPrinted(ms(1_795_280_599_000), NOW, "BRTI", 9_126_218, "kalshi_5hz")],
    ),
    "other_index": (index(1, index_id="ETHUSD_RTI"), []),
    "other_index_5hz": (index_5hz(1, index_id="ETHUSD_RTI"), []),
    "subscribed": (subscribed("orderbook_delta", 1), []),
    "ok_object": (ok(4, 1, 1, {"market_tickers": [TICKER]}), []),
    "ok_list": (ok(9, msg=[{"channel": "trade", "sid": 2}]), []),
    "ok_bare": (ok(4, 1, 1), []),
    "error": (error(8, id_=11), []),
    "unsubscribed": (encode({"id": 10, "sid": 2, "seq": 7, "type": "unsubscribed"}), []),
    "indexlist": (
        encode(
            {
                "id": 8,
                "sid": 4,
                "seq": 1,
                "type": "cfbenchmarks_value_indexlist",
                "msg": {"index_ids": ["BRTI"]},
            }
        ),
        [],
    ),
    "indexlist_5hz": (
        encode(
            {
                "id": 8,
                "sid": 10,
                "seq": 1,
                "type": "cfbenchmarks_value_5hz_indexlist",
                "msg": {"index_ids": ["BRTI"]},
            }
        ),
        [],
    ),
}
"""One frame of every kind on a fresh connection, and the facts it is."""

BOOK_FEED, TRADE_FEED, INDEX_FEED = feeds.BOOK, feeds.TRADES, feeds.INDEX
