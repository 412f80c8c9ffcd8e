"""The whole local exchange in one loop: it lets clients in, lives, and leaves nothing behind."""

import asyncio

import pytest
from aiohttp import ClientSession

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import SECOND, parse_iso
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.local_client import read_client_file
from kalshi_assistant.runtime.local_exchange import LocalExchangeOptions, serve, venue_time
from kalshi_assistant.runtime.local_venue import LocalVenue

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

NOON = parse_iso("2026-11-21T17:00:00Z")


@pytest.mark.parametrize(
    ("wall", "before", "expected"),
    [
        (NOON + 7 * SECOND, None, NOON + 7 * SECOND),
        (NOON + 7 * SECOND, 180, NOON + 720 * SECOND),
        (NOON + 899 * SECOND, 180, NOON + 720 * SECOND),
        (NOON, 180, NOON + 720 * SECOND),
    ],
)
def test_venue_time_begins_now_or_before_the_next_quarter_hour(wall, before, expected):
    assert venue_time(wall, before) == expected


async def test_a_client_finds_the_exchange_by_its_file_while_it_lives(tmp_path):
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    options = LocalExchangeOptions(client_dir=tmp_path, speed=50.0, opens_before_close=180)
    living = asyncio.create_task(serve(options, SystemClock(), stop, ready.set_result))
    await asyncio.wait({living, ready}, return_when=asyncio.FIRST_COMPLETED)
    announced = ready.result()
    client = read_client_file(tmp_path / "client.json")
    assert client == announced
    assert client.clock(SystemClock()).now() >= client.venue_time_at_start
    async with ClientSession() as web, web.get(f"{client.rest_url}/exchange/status") as got:
        assert (await got.json())["trading_active"] is True
    stop.set()
    await living
    assert list(tmp_path.iterdir()) == []


async def test_a_file_of_an_earlier_exchange_is_not_mistaken_for_this_one(tmp_path):
    (tmp_path / "client.json").write_text("old")
    stop = asyncio.Event()
    stop.set()
    seen = []
    options = LocalExchangeOptions(client_dir=tmp_path)
    await serve(options, SystemClock(), stop, seen.append)
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_used_is_said_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    options = LocalExchangeOptions(client_dir=tmp_path / "file" / "below")
    with pytest.raises(OperatorError, match="cannot remove"):
        await serve(options, SystemClock(), asyncio.Event(), lambda client: None)


async def test_what_breaks_in_the_exchange_breaks_the_program(tmp_path, monkeypatch):
    def broken(venue):
        raise RuntimeError("a bug")

    monkeypatch.setattr(LocalVenue, "step", broken)
    options = LocalExchangeOptions(client_dir=tmp_path)
    with pytest.raises(RuntimeError, match="a bug"):
        await serve(options, SystemClock(), asyncio.Event(), lambda client: None)
    assert list(tmp_path.iterdir()) == []
