"""A client written by others for the real venue works here with nothing changed but its addresses.

The client is pykalshi 2.0 (MIT licence), from the package registry. It knows RSA keys only, so the
exchange makes one for it. Its REST address is an argument; that of its feed is a constant of its
module, which these tests set.
"""

from decimal import Decimal

import pytest
from pydantic import BaseModel

from kalshi_assistant.domain.time import MINUTE, SECOND, parse_iso
from tests.support.even import even_exchange
from tests.support.served import served, wait_until

pykalshi = pytest.importorskip("pykalshi")

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

CLOSE = parse_iso("2026-11-21T17:00:00Z")
START = CLOSE - 3 * MINUTE
OPENED = (CLOSE - 15 * MINUTE) // SECOND
"""In epoch seconds."""
SERIES = "KXBTC15M"
EVENT = "KXBTC15M-26NOV211200"
TICKER = f"{EVENT}-00"
NEXT = "KXBTC15M-26NOV211215-15"


@pytest.fixture
def venue(tmp_path):
    with served(even_exchange(START), START, tmp_path, "rsa") as running:
        yield running


@pytest.fixture
def client(venue):
    made = pykalshi.KalshiClient(
        api_key_id=venue.key_id,
        private_key_path=venue.private_key_path,
        api_base=venue.rest_url,
        max_retries=0,
    )
    with made:
        yield made


class Feed:
    """Their feed and all it heard, by channel."""

    def __init__(self, client, *channels):
        self.heard = {channel: [] for channel in channels}
        self.feed = client.feed()
        for channel, messages in self.heard.items():
            self.feed.on(channel, messages.append)

    def wait_for(self, channel, what, wanted):
        messages = self.heard[channel]
        return wait_until(lambda: next((m for m in messages if wanted(m)), None), what)


@pytest.fixture
def listen(venue, client, monkeypatch):
    monkeypatch.setattr("pykalshi.feed.DEFAULT_WS_BASE", venue.ws_url)
    started = []

    def start(*channels, **markets):
        made = Feed(client, *channels)
        for channel in channels:
            made.feed.subscribe(channel, **markets)
        made.feed.start()
        assert made.feed.is_connected
        started.append(made.feed)
        return made

    yield start
    for feed in started:
        feed.stop()


class TestRest:
    def test_the_open_market_is_found_and_read(self, client):
        (market,) = client.get_markets(series_ticker=SERIES, status=pykalshi.MarketStatus.OPEN)
        assert (market.ticker, market.status) == (TICKER, pykalshi.MarketStatus.ACTIVE)
        assert market.close_time == "2026-11-21T17:00:00Z"
        assert market.floor_strike > 0
        assert market.yes_sub_title.startswith("Target Price: $")
        assert client.get_market(TICKER).data.ticker == TICKER

    def test_pages_are_followed_to_the_end(self, client):
        everything = client.get_markets(series_ticker=SERIES, limit=2, fetch_all=True)
        assert len({each.ticker for each in everything}) == len(everything) > 2

    def test_series_and_events_lead_to_each_other(self, client):
        event = client.get_market(TICKER).get_event()
        assert event.event_ticker == EVENT
        assert [each.ticker for each in event.get_markets()] == [TICKER]
        assert event.get_series().ticker == SERIES
        assert client.get_series(SERIES).data.frequency == "fifteen_min"
        assert [each.ticker for each in client.get_all_series(category="Crypto")] == [SERIES]
        assert len(client.get_events(series_ticker=SERIES, limit=2, fetch_all=True)) > 2

    def test_the_order_book_has_two_sides_that_do_not_cross(self, client):
        book = client.get_market(TICKER).get_orderbook()
        assert 0 < Decimal(book.best_yes_bid) < Decimal(book.best_yes_ask) < 1
        assert len(client.get_market(TICKER).get_orderbook(depth=1).orderbook.yes_dollars) == 1

    def test_trades_and_candles_tell_the_same_volume(self, venue, client):
        venue.later(60)
        market = client.get_market(TICKER)
        trades = market.get_trades(limit=50, fetch_all=True)
        assert len({each.trade_id for each in trades}) == len(trades) > 50
        traded = sum(Decimal(each.count_fp) for each in trades)
        candles = market.get_candlesticks(
            OPENED, OPENED + 900, pykalshi.CandlestickPeriod.ONE_MINUTE
        ).candlesticks
        assert sum(Decimal(each.volume_fp) for each in candles) == traded
        assert all(each.yes_bid.high_dollars >= each.yes_bid.low_dollars for each in candles)
        several = client.get_candlesticks_batch([TICKER], OPENED, OPENED + 900)
        assert list(several) == [TICKER]

    def test_the_exchange_trades(self, client):
        assert client.exchange.get_status().exchange_active
        assert client.exchange.is_trading()
        assert client.exchange.get_schedule()["standard_hours"]

    def test_the_account_is_empty_but_for_its_money(self, client):
        portfolio = client.portfolio
        assert portfolio.get_balance().balance == 1_000_000
        assert list(portfolio.get_positions()) == []
        assert list(portfolio.get_fills()) == []
        assert list(portfolio.get_orders()) == []
        assert list(portfolio.get_settlements()) == []
        assert client.history.get_cutoff().market_settled_ts < "2026-11"

    def test_refusals_raise_their_own_errors(self, venue, client):
        with pytest.raises(pykalshi.ResourceNotFoundError) as missing:
            client.get_market("KXNONE")
        assert missing.value.error_code == "not_found"
        with pytest.raises(pykalshi.KalshiAPIError, match="bad request"):
            client.get_markets(limit=5_000)
        client.api_key_id = "somebody-else"
        with pytest.raises(pykalshi.AuthenticationError):
            client.portfolio.get_balance()

    def test_too_many_requests_raise_the_rate_limit(self, client):
        def spend():
            for _ in range(100):
                client.get("/cfbenchmarks/values?id=BRTI")

        with pytest.raises(pykalshi.RateLimitError):
            spend()


class TestFeed:
    def test_its_book_ends_up_as_the_venues_own(self, venue, client, listen):
        mirror = pykalshi.OrderbookManager(TICKER)
        heard = listen("orderbook_delta", market_ticker=TICKER)

        def apply(message):
            if hasattr(message, "yes_dollars"):
                mirror.apply_snapshot(message.yes_dollars, message.no_dollars)
            else:
                mirror.apply_delta(message.side, message.price_dollars, message.delta_fp)

        heard.wait_for("orderbook_delta", "the snapshot", lambda m: hasattr(m, "yes_dollars"))
        venue.later(20)
        book = client.get_market(TICKER).get_orderbook().orderbook

        def agrees():
            while heard.heard["orderbook_delta"]:
                apply(heard.heard["orderbook_delta"].pop(0))
            return mirror.yes == dict(book.yes_dollars) and mirror.no == dict(book.no_dollars)

        wait_until(agrees, "the same book on both sides")
        assert mirror.yes
        assert Decimal(mirror.spread) > 0

    def test_a_window_is_heard_to_its_settlement(self, venue, client, listen):
        heard = listen("market_lifecycle_v2", "ticker", "trade")
        heard.feed.subscribe("ticker")
        venue.later(290)
        lives = "market_lifecycle_v2"
        heard.wait_for(lives, "the next strike", lambda m: m.event_type == "metadata_updated")
        result = heard.wait_for(lives, "the result", lambda m: m.event_type == "determined")
        heard.wait_for(lives, "the settlement", lambda m: m.event_type == "settled")
        created = heard.wait_for(lives, "a new market", lambda m: m.event_type == "created")
        assert created.price_level_structure == "tapered_deci_cent"
        market = client.get_market(TICKER)
        assert market.status is pykalshi.MarketStatus.FINALIZED
        assert market.result == result.result
        following = client.get_market(NEXT)
        assert Decimal(market.expiration_value) == Decimal(str(following.floor_strike))

    def test_every_message_fits_its_models_until_unsubscribed(self, venue, listen):
        channels = ("orderbook_delta", "ticker", "trade")
        heard = listen(*channels, market_tickers=[TICKER])
        venue.later(10)
        for channel in channels:
            heard.wait_for(channel, f"something on {channel}", lambda m: True)
            assert all(isinstance(each, BaseModel) for each in heard.heard[channel])
        quote, trade = heard.heard["ticker"][-1], heard.heard["trade"][-1]
        assert 0 < Decimal(quote.yes_bid_dollars) < Decimal(quote.yes_ask_dollars) < 1
        assert (trade.taker_book_side == "bid") == (trade.taker_outcome_side == "yes")

        heard.feed.unsubscribe("ticker", market_tickers=[TICKER])
        heard.wait_for("ticker", "silence", lambda _: self.is_silent(venue, heard))

    def is_silent(self, venue, heard):
        """Trades went on for a while and no ticker came between them."""
        tickers, trades = len(heard.heard["ticker"]), len(heard.heard["trade"])
        venue.later(5)
        wait_until(lambda: len(heard.heard["trade"]) > trades, "more trades")
        return len(heard.heard["ticker"]) == tickers
