"""Settled markets and the archive, as the venue words them; nonsense never raises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import Malformed
from kalshi_assistant.domain.time import format_iso, parse_iso
from kalshi_assistant.venues.kalshi import rest
from kalshi_assistant.venues.kalshi.answers.past import (
    Cutoff,
    PastPage,
    parse_cutoff,
    parse_past_markets,
)
from kalshi_assistant.venues.kalshi.answers.tape import parse_candlesticks
from tests.support.past_server import candle, market

NOW = parse_iso("2026-11-21T17:00:00Z")
OPEN = 1_795_280_400


def page(*markets, **more):
    return parse_past_markets(json.dumps({"markets": markets} | more).encode(), NOW)


def test_a_settled_market_is_read_with_what_it_settled_on():
    found = page(market("KXBTC15M-A-00", OPEN, expiration_value="90,001.10"), cursor="next")
    assert isinstance(found, PastPage)
    (one,) = found.markets
    assert (one.ticker, one.result, one.status) == ("KXBTC15M-A-00", "yes", "finalized")
    assert (one.strike, one.settlement) == (9_000_050, 9_000_110)
    assert format_iso(one.close_time) == "2026-11-21T17:15:00Z"
    assert found.cursor == "next"


def test_what_the_venue_left_out_is_not_known():
    """Of some markets there never was a strike, of others no value; both may have a result."""
    bare = market("KXBTC15M-A-00", OPEN, floor_strike=None, strike_type=None, expiration_value="")
    (one,) = page(bare, cursor="").markets
    assert (one.strike, one.settlement, one.result) == (None, None, "yes")
    (running,) = page(market("KXBTC15M-A-00", OPEN, result="", expiration_value="")).markets
    assert running.result is None


@pytest.mark.parametrize(
    "changes",
    [
        {"ticker": "../../etc"},
        {"open_time": "yesterday"},
        {"close_time": "2026-11-21T17:00:00Z"},
        {"result": "scalar"},
        {"floor_strike": -1},
        {"strike_type": "less"},
        {"expiration_value": "lots"},
    ],
)
def test_a_market_that_makes_no_sense_does_not_spoil_the_others(changes):
    found = page(market("KXBTC15M-A-00", OPEN) | changes, market("KXBTC15M-B-00", OPEN))
    assert [each.ticker for each in found.markets] == ["KXBTC15M-B-00"]
    assert len(found.malformed) == 1


def test_the_cutoff_is_read():
    body = {
        "market_settled_ts": "2026-09-01T00:00:00Z",
        "trades_created_ts": "2026-09-02T00:00:00Z",
        "orders_updated_ts": "2026-11-01T00:00:00Z",
    }
    found = parse_cutoff(json.dumps(body).encode(), NOW)
    assert found == Cutoff(parse_iso("2026-09-01T00:00:00Z"), parse_iso("2026-09-02T00:00:00Z"))


def test_a_candle_of_the_archive_is_the_same_without_its_units():
    live = candle(OPEN + 60, "0.5000", "0.5200")
    archived = {
        "end_period_ts": OPEN + 60,
        "yes_bid": dict.fromkeys(("open", "low", "high", "close"), "0.5000"),
        "yes_ask": dict.fromkeys(("open", "low", "high", "close"), "0.5200"),
        "price": {},
        "volume": "1.00",
        "open_interest": "2.00",
    }
    both = [
        parse_candlesticks(json.dumps({"candlesticks": [each]}).encode(), NOW)
        for each in (live, archived)
    ]
    assert both[0] == both[1]
    assert both[0][0].bid.close == 5_000


def test_a_candle_without_counts_is_nonsense():
    bare = {k: v for k, v in candle(OPEN, "0.5", "0.6").items() if k != "volume_fp"}
    body = json.dumps({"candlesticks": [bare]}).encode()
    assert isinstance(parse_candlesticks(body, NOW), Malformed)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_bytes_of_any_kind_are_an_answer_or_nonsense(body):
    assert isinstance(parse_cutoff(body, NOW), Malformed | Cutoff)
    assert isinstance(parse_past_markets(body, NOW), Malformed | PastPage)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["markets", "cursor", "ticker", "open_time", "result", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_json_of_any_kind_is_an_answer_or_nonsense(content):
    body = json.dumps(content).encode()
    assert isinstance(parse_past_markets(body, NOW), Malformed | PastPage)


def test_requests_to_the_archive():
    assert rest.historical_cutoff().path == "/historical/cutoff"
    found = rest.historical_markets("KXBTC15M", "c")
    assert (found.path, dict(found.query)) == (
        "/historical/markets",
        {"series_ticker": "KXBTC15M", "limit": "1000", "cursor": "c"},
    )
    assert dict(rest.historical_trades("T").query) == {"ticker": "T", "limit": "1000"}
    candles = rest.historical_candlesticks("T", NOW, NOW + 60 * 10**9)
    assert candles.path == "/historical/markets/T/candlesticks"
    assert dict(candles.query)["period_interval"] == "1"
    assert not any(each.signed for each in (found, candles))
