"""The whole local exchange: the simulated one, its server, and the file that lets clients in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.market.calendar import QUARTER_HOUR
from kalshi_assistant.runtime.clock import Clock, ScaledClock
from kalshi_assistant.runtime.local_client import (
    ClientFile,
    KeyKind,
    forget_clients,
    make_credentials,
    write_client_file,
)
from kalshi_assistant.runtime.local_spot import PREFIX, LocalSpot
from kalshi_assistant.runtime.local_venue import (
    HOST,
    REST_PREFIX,
    WS_PATH,
    Account,
    LocalVenue,
    LocalVenueSettings,
)
from kalshi_assistant.sim.exchange import Exchange, ExchangeSettings
from kalshi_assistant.sim.settings import AccountSettings
from kalshi_assistant.sim.spot.served import DOCUMENT_PATHS, PATHS

READS_LAG_MS: Final = 300
"""How old the account's reads are: the venue's own come some moments late too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalExchangeOptions:
    """What ``kalshi-assistant exchange`` is told."""

    client_dir: Path
    port: int = 0
    seed: int = 0
    speed: float = 1.0
    key: KeyKind = "ed25519"
    opens_before_close: int | None = None
    """Begin this many seconds of venue time before the next quarter hour; ``None``: now."""


async def serve(
    options: LocalExchangeOptions,
    wall: Clock,
    stop: asyncio.Event,
    ready: Callable[[ClientFile], None],
    settings: LocalVenueSettings | None = None,
) -> None:
    """Run an exchange until ``stop`` is set; ``ready`` is told once clients can log in.

    The key and the file are gone afterwards: they open nothing any more. Raises OperatorError when
    the port or the folder cannot be used.
    """
    forget_clients(options.client_dir)
    credentials = make_credentials(options.client_dir, options.key)
    wall_start = wall.now()
    venue_start = venue_time(wall_start, options.opens_before_close)
    time = ScaledClock(wall, wall_start, venue_start, options.speed)
    served = ExchangeSettings(constituents=True, account=AccountSettings(reads_lag_ms=READS_LAG_MS))
    exchange = Exchange(served, options.seed, venue_start)
    spot = LocalSpot(exchange, time)
    venue = LocalVenue(exchange, Account(credentials, wall), time, settings, spot)
    try:
        port = await venue.listen(options.port)
        client = ClientFile(
            rest_url=f"http://{HOST}:{port}{REST_PREFIX}",
            ws_url=f"ws://{HOST}:{port}{WS_PATH}",
            key_id=credentials.key_id,
            private_key_path=str(credentials.private_key_path),
            speed=options.speed,
            venue_time_at_start=venue_start,
            wall_time_at_start=wall_start,
            spot_urls={name: f"ws://{HOST}:{port}{PREFIX}{path}" for name, path in PATHS.items()},
            spot_documents={
                name: f"http://{HOST}:{port}{PREFIX}{path}" for name, path in DOCUMENT_PATHS.items()
            },
        )
        write_client_file(options.client_dir, client)
        ready(client)
        await _until(stop, venue)
    finally:
        forget_clients(options.client_dir)
        await venue.close()


async def _until(stop: asyncio.Event, venue: LocalVenue) -> None:
    """Let ``venue`` run until ``stop``; what breaks in it breaks here."""
    running, stopped = asyncio.create_task(venue.run()), asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        stopped.cancel()
        running.result()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def venue_time(wall: Nanos, opens_before_close: int | None) -> Nanos:
    """When the exchange begins: now, or some seconds before the next quarter hour."""
    if opens_before_close is None:
        return wall
    return Nanos((wall // QUARTER_HOUR + 1) * QUARTER_HOUR - opens_before_close * SECOND)
