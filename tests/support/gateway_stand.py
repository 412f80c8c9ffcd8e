"""A live gateway before a scripted venue, and what it tells."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.gateway_settings import GatewaySettings
from kalshi_assistant.runtime.gateways import Checks, LiveGateway
from kalshi_assistant.venues.kalshi.signing import Signer
from tests.support.kalshi_frames import TICKER
from tests.support.scripted_venue import ScriptedVenue

PATIENCE = 10
ORDERS = "/portfolio/events/orders"
VENUE_ID = "v-1"
GROUP = "og_7c1"
ONE = f"{ORDERS}/{VENUE_ID}"
READ = f"/portfolio/orders/{VENUE_ID}"
LIST, STAMP = "/portfolio/orders", "/exchange/user_data_timestamp"
QUICK = {"first_pause_milliseconds": 10, "longest_pause_milliseconds": 20, "warm_connections": 0}


class HandedClock:
    """True time, moved by hand."""

    def __init__(self):
        self.base, self.by = SystemClock(), 0

    def now(self):
        return self.base.now() + self.by


class Stand:
    """A venue, a gateway, and what the gateway told."""

    def __init__(self, venue, settings, tokens, checks):
        self.venue, self.clock = venue, HandedClock()
        self.key = Ed25519PrivateKey.generate()
        self.told = asyncio.Queue()
        self.stamps = []
        self.reasons = []
        given = {
            "order": lambda order: self.reasons.pop(0) if self.reasons else None,
            "sent": lambda name, now: self.stamps.append(("sent", name, now)),
            "acked": lambda name, now: self.stamps.append(("acked", name, now)),
        } | checks
        self.gateway = LiveGateway(
            venue.url,
            Signer("key-1", self.key),
            SystemClock(),
            self.clock,
            self._put,
            stream(1, "gateway"),
            Checks(**given),
            GatewaySettings(**QUICK | settings),
            tokens,
        )
        self.gateway.groups.taking[2] = GROUP

    def _put(self, events):
        for event in events:
            self.told.put_nowait(event)

    def order(self, number=1, **fields):
        order = Order(f"n-1-{number}", TICKER, BID, 5_600, 1_000, self.clock.now())
        return msgspec.structs.replace(order, **{"exchange_index": 2} | fields)

    def submit(self, order, seconds=5):
        self.gateway.submit(Approved(order, self.clock.now() + seconds * SECOND))
        return order

    async def next(self):
        async with asyncio.timeout(PATIENCE):
            return await self.told.get()

    async def arrived(self, count=1):
        """So many more requests have reached the venue."""
        async with asyncio.timeout(PATIENCE):
            for _ in range(count):
                await self.venue.arrivals.get()

    async def none_more(self):
        """Nothing else was told by the end."""
        await self.gateway.close()
        assert self.told.empty(), self.told.get_nowait()

    def record(self, order, **fields):
        return {
            "order_id": VENUE_ID,
            "client_order_id": order.id,
            "ticker": TICKER,
            "book_side": "bid",
            "status": "resting",
            "yes_price_dollars": "0.5600",
            "fill_count_fp": "0.00",
            "remaining_count_fp": "10.00",
            "initial_count_fp": "10.00",
            "created_time": format_iso(order.made_at),
        } | fields


@asynccontextmanager
async def opened(tokens=None, checks=None, **settings):
    async with ScriptedVenue().open() as venue:
        stand = Stand(venue, settings, tokens, checks or {})
        try:
            yield stand
        finally:
            await stand.gateway.close()


def created(asked):
    return 201, {
        "order_id": VENUE_ID,
        "client_order_id": asked["client_order_id"],
        "fill_count": "4.00",
        "remaining_count": "0.00",
        "ts_ms": 1_795_280_591_482,
    }


def refused(code, message=None, **more):
    return {"error": {"code": code, "message": message or code} | more}
