"""Requests are built as the venue wants them; refusals are sorted by what to do about them."""

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.rest import Request, VenueError, next_attempt, parse_error

T = "KXBTC15M-26NOV211215-15"
NOON = 1_795_280_400 * SECOND

REQUESTS = {
    "status": (rest.exchange_status(), "/exchange/status", {}),
    "schedule": (rest.exchange_schedule(), "/exchange/schedule", {}),
    "series": (rest.series("KXBTC15M"), "/series/KXBTC15M", {}),
    "fees": (
        rest.series_fee_changes("KXBTC15M"),
        "/series/fee_changes",
        {"series_ticker": "KXBTC15M"},
    ),
    "fees_past": (
        rest.series_fee_changes("KXBTC15M", past=True),
        "/series/fee_changes",
        {"series_ticker": "KXBTC15M", "show_historical": "true"},
    ),
    "event_fees": (
        rest.event_fee_changes("E", cursor="c"),
        "/events/fee_changes",
        {"event_ticker": "E", "limit": "1000", "cursor": "c"},
    ),
    "events": (
        rest.events("KXBTC15M"),
        "/events",
        {
            "series_ticker": "KXBTC15M",
            "status": "open",
            "with_nested_markets": "true",
            "limit": "200",
        },
    ),
    "event": (rest.event("E"), "/events/E", {"with_nested_markets": "true"}),
    "markets": (
        rest.markets("KXBTC15M", NOON, NOON + 900 * SECOND + 1),
        "/markets",
        {
            "series_ticker": "KXBTC15M",
            "min_close_ts": "1795280400",
            "max_close_ts": "1795281300",
            "limit": "1000",
        },
    ),
    "market": (rest.market(T), f"/markets/{T}", {}),
    "book": (rest.order_book(T), f"/markets/{T}/orderbook", {}),
    "trades": (
        rest.trades(T, since=NOON, until=NOON + SECOND),
        "/markets/trades",
        {"ticker": T, "min_ts": "1795280400", "max_ts": "1795280401", "limit": "1000"},
    ),
    "candles": (
        rest.candlesticks("KXBTC15M", T, NOON, NOON + 60 * SECOND),
        f"/series/KXBTC15M/markets/{T}/candlesticks",
        {"start_ts": "1795280400", "end_ts": "1795280460", "period_interval": "1"},
    ),
    "live_data": (rest.live_data("E", "1h"), "/live_data/events/E", {"range": "1h"}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_public_read_is_unsigned_and_says_only_what_is_meant(name):
    request, path, query = REQUESTS[name]
    assert request == Request("GET", path, tuple(query.items()))
    assert (request.signed, request.cost, request.bucket) == (False, 10, "read")


def test_reads_of_the_index_are_signed_and_dear():
    values = rest.index_values("BRTI")
    history = rest.index_history("BRTI", NOON + 1_234_567_890)
    assert values == Request("GET", "/cfbenchmarks/values", (("id", "BRTI"),), True, 50)
    assert dict(history.query) == {
        "id": "BRTI",
        "timespan": "HOUR",
        "timestamp": "2026-11-21T17:00:00.000Z",
    }
    assert (history.signed, history.cost) == (True, 50)


def test_books_are_asked_for_by_repeating_the_name():
    assert rest.order_books((T, "B")).query == (("tickers", T), ("tickers", "B"))
    for wrong in ((), (T,) * 101):
        with pytest.raises(ValueError, match="1 to 100"):
            rest.order_books(wrong)


REFUSALS = {
    "nested": (
        409,
        b'{"error":{"code":"trading_is_paused","message":"trading is paused"}}',
        ("trading_is_paused", "trading is paused", "passing"),
    ),
    "flat": (
        400,
        b'{"code":"invalid_order","message":"invalid order","details":"post only cross"}',
        ("invalid_order", "invalid order: post only cross", "final"),
    ),
    "rate": (429, b'{"error": "too many requests"}', ("429", "too many requests", "passing")),
    "string": (404, b'"not found"', ("404", "not found", "final")),
    "not_found": (404, b'{"code":"not_found","message":"x"}', ("not_found", "x", "final")),
    "unauthorised": (401, b"", ("401", "HTTP 401", "final")),
    "html": (
        502,
        b"<html>bad gateway</html>",
        ("502", "<html>bad gateway</html>", "unknown_outcome"),
    ),
    "publisher_away": (
        503,
        b'{"error":{"code":"service_unavailable"}}',
        ("service_unavailable", "HTTP 503", "passing"),
    ),
    "number_code": (
        500,
        b'{"error":{"code":7,"message":null}}',
        ("7", "HTTP 500", "unknown_outcome"),
    ),
    "only_details": (400, b'{"details":"why"}', ("400", "why", "final")),
    "list": (400, b"[1]", ("400", "HTTP 400", "final")),
    "odd": (400, b'{"error":{"code":true,"message":[]}}', ("400", "HTTP 400", "final")),
    "deep": (400, b"[" * 100_000, ("400", "[" * 200, "final")),
    "timeout": (408, b"{}", ("408", "HTTP 408", "passing")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_understood_in_every_shape(name):
    status, body, (code, message, kind) = REFUSALS[name]
    assert parse_error(status, body) == VenueError(status, code, message, kind)


@pytest.mark.parametrize("length", range(0, 70, 7))
def test_a_refusal_cut_anywhere_is_still_one(length):
    body = REFUSALS["nested"][1][:length] + b"\xff"
    assert parse_error(409, body).status == 409


def test_when_to_ask_again_is_a_value():
    read, write = rest.exchange_status(), Request("POST", "/x", signed=True, bucket="write")
    errors = {kind: VenueError(0, "", "", kind) for kind in ("passing", "final", "unknown_outcome")}

    def again(kind, request):
        return next_attempt(errors[kind], request, delays(stream(1, "r"), 4, 4), NOON)

    assert NOON + 2 <= again("passing", read) <= NOON + 4
    assert again("passing", write) is not None
    assert again("unknown_outcome", read) is not None
    assert again("unknown_outcome", write) is None
    assert again("final", read) is None
