"""Somebody with the account's key, in virtual time: requests in, answers and messages out."""

import json
from itertools import count

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND, parse_iso
from kalshi_assistant.sim import writes
from kalshi_assistant.sim.exchange import Exchange, ExchangeSettings
from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.settings import AccountSettings

CLOSE = parse_iso("2026-11-21T17:15:00Z")
START = CLOSE - 180 * SECOND
TICKER, NEXT = "KXBTC15M-26NOV211215-15", "KXBTC15M-26NOV211230-30"
CRYPTO = {"exchange_index": 2}
ORDERS = "portfolio/events/orders"


class Trader:
    """An exchange whose open market is hushed, and who trades on it. Prices are 1/10,000 dollar,
    counts whole contracts unless they are texts.
    """

    def __init__(self, seed=1, start=START, hushed=True, exchange=None, **account):
        settings = ExchangeSettings(account=AccountSettings(**account), **(exchange or {}))
        self.exchange = Exchange(settings, seed, start)
        self.frames = Frames()
        self.messages = []
        self.ids = count(1)
        if hushed:
            self.exchange.hush(TICKER)
        self.exchange.advance(start)

    def ask(self, method, path, body=None, /, **query):
        """``(status, document)``; what it caused is in ``messages``."""
        given = {name: [str(value)] for name, value in query.items()}
        sent = b"" if body is None else json.dumps(body).encode()
        status, answer = writes.answer(
            self.exchange, method, path, given, sent, self.exchange.now()
        )
        self.hear()
        return status, json.loads(answer) if answer else None

    def get(self, path, **query):
        status, document = self.ask("GET", f"portfolio/{path}", **query)
        assert status == 200, document
        return document

    def body(self, side, price, contracts, /, **more):
        return {
            "ticker": TICKER,
            "client_order_id": f"mine-{next(self.ids)}",
            "side": side,
            "count": contracts if isinstance(contracts, str) else f"{contracts}.00",
            "price": price if isinstance(price, str) else f"{price / 10_000:.4f}",
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "exchange_index": 2,
        } | more

    def create(self, side, price, contracts, /, **more):
        return self.ask("POST", ORDERS, self.body(side, price, contracts, **more))

    def place(self, side, price, contracts, /, **more):
        """The acknowledgement of an order that is taken."""
        status, document = self.create(side, price, contracts, **more)
        assert status == 201, document
        return document

    def refused(self, side, price, contracts, /, **more):
        """``(status, code)`` of an order that is not."""
        status, document = self.create(side, price, contracts, **more)
        return status, document["error"]["code"]

    def cancel(self, order_id, **more):
        return self.ask("DELETE", f"{ORDERS}/{order_id}", **(CRYPTO | more))

    def amend(self, order_id, side, price, contracts, /, **more):
        body = self.body(side, price, contracts, **more)
        if "client_order_id" not in more:
            del body["client_order_id"]
        return self.ask("POST", f"{ORDERS}/{order_id}/amend", body)

    def decrease(self, order_id, **body):
        return self.ask("POST", f"{ORDERS}/{order_id}/decrease", body | CRYPTO)

    def order(self, order_id):
        return self.get(f"orders/{order_id}")["order"]

    def cash(self):
        return self.get("balance")["balance_breakdown"][1]["balance"]

    def position(self):
        positions = self.get("positions", settlement_status="all")["market_positions"]
        return positions[0]["position_fp"] if positions else "0.00"

    def bids(self, price, contracts, **more):
        """Somebody else bids."""
        self.exchange.stranger(TICKER, BID, price, contracts * 100, **more)
        self.hear()

    def asks(self, price, contracts, **more):
        self.exchange.stranger(TICKER, ASK, price, contracts * 100, **more)
        self.hear()

    def sells(self, price, contracts):
        """Somebody else sells YES at once, down to ``price``."""
        self.asks(price, contracts, time_in_force="immediate_or_cancel")

    def buys(self, price, contracts):
        self.bids(price, contracts, time_in_force="immediate_or_cancel")

    def later(self, seconds):
        self.hear(self.exchange.now() + int(seconds * SECOND))

    def hear(self, until=None):
        """Take what the exchange says."""
        events = self.exchange.advance(self.exchange.now() if until is None else until)
        self.messages += self.frames.publish(events)
        assert self.exchange.desk.account.balanced()

    def heard(self, channel):
        """The messages of a channel, taken away."""
        found = [json.loads(each.body) for each in self.messages if each.channel == channel]
        self.messages = [each for each in self.messages if each.channel != channel]
        return found
