"""Fetching from the local exchange, over real sockets, while it lives on."""

import asyncio
from datetime import UTC, datetime

import pytest

from kalshi_assistant.domain.time import SECOND, format_iso
from kalshi_assistant.journal.panel import MARKET_COLUMNS, market_of, rows_of
from kalshi_assistant.lab.fetch_kalshi import WHATS, KalshiFetch, Wanted, bounds
from kalshi_assistant.lab.fetched import FetchedFolder, Head
from kalshi_assistant.runtime.asking import Asker
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.local_exchange import LocalExchangeOptions, serve
from kalshi_assistant.runtime.sending import Carrier

HEAD = Head(kind="kalshi", source="local", subject="KXBTC15M")


def test_a_market_is_of_the_day_on_which_it_opened():
    start, end = bounds(datetime(2026, 11, 21, tzinfo=UTC).date())
    assert (format_iso(start), format_iso(end)) == ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_the_local_exchange_is_fetched_until_a_window_has_settled(tmp_path):
    """Each round goes on with the folder of the one before; what was final is not fetched again."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    options = LocalExchangeOptions(
        client_dir=tmp_path / "client", speed=60.0, opens_before_close=120, seed=7
    )
    (tmp_path / "client").mkdir()
    living = asyncio.create_task(serve(options, SystemClock(), stop, ready.set_result))
    await asyncio.wait({living, ready}, return_when=asyncio.FIRST_COMPLETED)
    client = ready.result()
    clock = client.clock(SystemClock())
    carrier = Carrier(client.rest_url, None, SystemClock())
    asker = Asker(carrier, lambda _: None)
    deadline = asyncio.get_running_loop().time() + 90
    begins = client.venue_time_at_start
    markets, settled = [], []
    try:
        while not settled:
            assert asyncio.get_running_loop().time() < deadline, "no window settled in time"
            tally = await one_round(tmp_path / "out", asker, clock, begins)
            markets = list(fetched_markets(tmp_path / "out"))
            settled = [
                each for each in markets if each.result is not None and each.close_time > begins
            ]
    finally:
        await carrier.close()
        stop.set()
        await living
    assert tally.trades
    assert tally.candlesticks
    assert all((each.settlement >= each.strike) == (each.result == "yes") for each in settled)
    assert all(each.close_time - each.open_time == 900 * SECOND for each in markets)


def fetched_markets(out):
    for path in (out / "markets").iterdir():
        yield from map(market_of, rows_of(path, MARKET_COLUMNS))


async def one_round(out, asker, clock, begins):
    """One fetch of the days that are; what came of it."""
    now = clock.now()
    days = [datetime.fromtimestamp(each / 1e9, UTC).date() for each in (begins - 900 * SECOND, now)]
    wanted = Wanted(series="KXBTC15M", first=days[0], last=days[1], what=frozenset(WHATS))
    with FetchedFolder(out, HEAD) as folder:
        work = KalshiFetch(asker.ask, folder, wanted, now)
        async for _ in work.run():
            pass
    return work.tally
