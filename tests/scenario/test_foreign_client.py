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
        assert portfolio.get_balance().balance == 100_000
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


CRYPTO = "exchange_index=2"


@pytest.fixture
def quiet(tmp_path):
    """An exchange with nobody else in the open market, and its server."""
    exchange = even_exchange(START)
    exchange.hush(TICKER)
    with served(exchange, START, tmp_path, "rsa") as running:
        running.exchange = exchange
        yield running


@pytest.fixture
def trader(quiet):
    made = pykalshi.KalshiClient(
        api_key_id=quiet.key_id,
        private_key_path=quiet.private_key_path,
        api_base=quiet.rest_url,
        max_retries=0,
    )
    with made:
        yield made


class TestOrders:
    """Their order calls. They name no shard: what they place is routed by its ticker, and what they
    cancel by its id alone is looked for on shard 0, as at the venue; there the address says it.
    """

    def place(self, trader, book_side, price, count, **more):
        return trader.portfolio.place_order(
            TICKER, count_fp=count, book_side=book_side, price_dollars=price, **more
        )

    def cancel(self, trader, order):
        return trader.delete(f"/portfolio/events/orders/{order.order_id}?{CRYPTO}")

    def test_an_order_lives_and_is_cancelled(self, trader):
        order = self.place(trader, "bid", "0.40", "10.00", client_order_id="one")
        assert order.status is pykalshi.OrderStatus.RESTING
        assert [each.order_id for each in trader.portfolio.get_orders()] == [order.order_id]
        with pytest.raises(pykalshi.ResourceNotFoundError):
            trader.portfolio.cancel_order(order.order_id)
        answer = self.cancel(trader, order)
        assert (answer["reduced_by"], answer["client_order_id"]) == ("10.00", "one")
        read = trader.portfolio.get_order(order.order_id)
        assert read.status is pykalshi.OrderStatus.CANCELED
        assert (read.data.initial_count_fp, read.data.remaining_count_fp) == ("10.00", "0.00")

    def test_it_is_amended_with_what_it_knows(self, quiet, trader):
        order = self.place(trader, "ask", "0.60", "10.00")
        order.amend(price_dollars="0.55", count_fp="8.00")
        (level,) = quiet.exchange.book(TICKER).asks
        assert level == (5_500, 800)
        order.refresh()
        assert (order.yes_price_dollars, order.remaining_count_fp) == ("0.5500", "8.00")
        position = trader.portfolio.get_queue_position(order.order_id)
        assert position.queue_position_fp == "0.00"

    def test_it_trades_and_the_position_is_settled(self, quiet, trader):
        self.place(trader, "bid", "0.56", "10.00")
        quiet.stranger(TICKER, 1, 5_600, 400, "immediate_or_cancel")
        (fill,) = trader.portfolio.get_fills()
        assert (fill.count_fp, fill.is_taker, fill.yes_delta_fp) == ("4.00", False, Decimal(4))
        (position,) = trader.portfolio.get_positions()
        assert (position.position_fp, position.market_exposure_dollars) == ("4.00", "2.2400")
        assert trader.portfolio.get_balance().balance == 100_000 - 224
        quiet.later(200)
        (settled,) = trader.portfolio.get_settlements()
        won = settled.market_result == "yes"
        assert (settled.net_position, settled.revenue) == ("4.00", 400 if won else 0)
        assert settled.pnl_dollars == Decimal("1.76" if won else "-2.24")
        assert trader.portfolio.get_balance().balance == 100_000 - 224 + settled.revenue

    def test_batches_are_read_item_by_item(self, trader):
        wanted = [
            {"ticker": TICKER, "book_side": "bid", "price_dollars": price, "count_fp": "1.00"}
            for price in ("0.30", "0.31")
        ]
        orders = trader.portfolio.batch_place_orders(wanted)
        assert [each.status for each in orders] == [pykalshi.OrderStatus.RESTING] * 2
        assert len(trader.portfolio.get_queue_positions(market_tickers=[TICKER])) == 2
        trader.delete("/portfolio/events/orders")
        assert list(trader.portfolio.get_orders(status=pykalshi.OrderStatus.RESTING)) == []

    def test_refusals_carry_the_venues_codes(self, trader):
        self.place(trader, "bid", "0.40", "1.00", client_order_id="one")
        for code, more in (
            ("order_already_exists", {"client_order_id": "one"}),
            ("insufficient_balance", {"count_fp": "9000.00"}),
            ("invalid_order", {"price_dollars": "0.4050"}),
        ):
            wanted = {"count_fp": "1.00", "book_side": "bid", "price_dollars": "0.40"} | more
            with pytest.raises(pykalshi.KalshiAPIError) as refused:
                trader.portfolio.place_order(TICKER, **wanted)
            assert refused.value.error_code == code
        killed = {"time_in_force": pykalshi.TimeInForce.FOK}
        with pytest.raises(pykalshi.KalshiAPIError) as refused:
            self.place(trader, "bid", "0.40", "1.00", **killed)
        assert refused.value.error_code == "fill_or_kill_insufficient_resting_volume"

    def test_groups_and_netting(self, trader):
        group = trader.portfolio.create_order_group("5.00")
        assert trader.portfolio.get_order_group(group.id).contracts_limit_fp == "5.00"
        assert [each.id for each in trader.portfolio.get_order_groups()] == [group.id]
        trader.portfolio.trigger_order_group(group.id)
        trader.portfolio.reset_order_group(group.id)
        trader.portfolio.update_subaccount_netting(0, False)
        assert [each.enabled for each in trader.portfolio.get_subaccount_netting()] == [False]

    def test_its_feed_hears_the_account(self, quiet, trader, monkeypatch):
        monkeypatch.setattr("pykalshi.feed.DEFAULT_WS_BASE", quiet.ws_url)
        channels = ("fill", "user_orders", "market_positions", "orderbook_delta")
        heard = Feed(trader, *channels)
        for channel in channels:
            heard.feed.subscribe(channel, market_tickers=[TICKER])
        heard.feed.start()
        heard.wait_for("orderbook_delta", "the snapshot", lambda m: hasattr(m, "market_id"))
        order = self.place(trader, "bid", "0.56", "10.00", client_order_id="mine")
        heard.wait_for("user_orders", "the order", lambda m: m.order_id == order.order_id)
        heard.wait_for(
            "orderbook_delta",
            "our own change",
            lambda m: getattr(m, "client_order_id", 0) == "mine",
        )
        quiet.stranger(TICKER, 1, 5_600, 1_000, "immediate_or_cancel")
        fill = heard.wait_for("fill", "the fill", lambda m: m.order_id == order.order_id)
        assert (fill.count_fp, fill.post_position_fp, fill.book_side) == ("10.00", "10.00", "bid")
        held = heard.wait_for("market_positions", "the position", lambda m: True)
        assert (held.position_fp, held.position_cost_dollars) == ("10.00", "5.6000")
        heard.wait_for("user_orders", "its end", lambda m: m.status == "executed")
        heard.feed.stop()
