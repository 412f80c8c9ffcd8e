"""Conversations over real loopback sockets: signed, whole, never redirected, never raising."""

from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_assistant.domain.time import MILLISECOND, SECOND
from kalshi_assistant.runtime.carrying import Access, Carrier, Pause
from kalshi_assistant.runtime.handshake import feeds_line
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.signing import Signer, verify
from tests.support.clocks import HandClock

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

NOW = 1_795_280_400 * SECOND
SIGNER = Signer("key-1", Ed25519PrivateKey.generate())


@asynccontextmanager
async def serving(handle, signer=SIGNER, seconds_max=5.0):
    """A carrier at a server that ``handle`` answers for."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"127.0.0.1:{runner.addresses[0][1]}"
    access = Access(
        f"http://{url}/trade-api/v2/", f"ws://{url}/ws", signer, HandClock(NOW), HandClock(NOW)
    )
    carrier = Carrier(access, seconds_max)
    try:
        yield carrier, access
    finally:
        await carrier.close()
        await runner.cleanup()


def asking(*steps):
    answers = []
    for step in steps:
        answers += [(yield step)]
    return answers


async def test_requests_are_signed_only_where_they_say_so():
    seen = []

    async def handle(request):
        seen.append((request.method, request.path_qs, dict(request.headers), await request.read()))
        return web.Response(status=201, text="made")

    async with serving(handle) as (carrier, _):
        found = await carrier.carry(
            asking(
                Request("GET", "/public"),
                Request("DELETE", "/own", (("a", "1"),), signed=True),
                Pause(0),
                Request("POST", "/new", signed=True, body=b'{"x":1}'),
            )
        )
    assert [(each.status, each.body) for each in found] == [
        (201, b"made"),
        (201, b"made"),
        (0, b""),
        (201, b"made"),
    ]
    assert found[0].date.endswith("GMT")
    assert (found[0].sent_at, found[0].received_at) == (NOW, NOW)
    public, own, new = seen
    assert "KALSHI-ACCESS-KEY" not in public[2]
    assert own[:2] == ("DELETE", "/trade-api/v2/own?a=1")
    stamp, signature = own[2]["KALSHI-ACCESS-TIMESTAMP"], own[2]["KALSHI-ACCESS-SIGNATURE"]
    assert stamp == str(NOW // MILLISECOND)
    assert verify(SIGNER.public_key, stamp, "DELETE", "/trade-api/v2/own", signature)
    assert (new[2]["Content-Type"], new[3]) == ("application/json", b'{"x":1}')


async def test_a_redirect_is_an_answer_and_not_followed():
    paths = []

    async def handle(request):
        paths.append(request.path)
        raise web.HTTPMovedPermanently("/trade-api/v2/elsewhere")

    async with serving(handle) as (carrier, _):
        (found,) = await carrier.carry(asking(Request("DELETE", "/here", signed=True)))
    assert found.status == 301
    assert not found.accepted
    assert len(paths) == 1


async def test_without_a_key_what_wants_one_is_not_sent():
    async def handle(request):
        raise AssertionError("asked")

    async with serving(handle, signer=None) as (carrier, _):
        (found,) = await carrier.carry(asking(Request("GET", "/own", signed=True)))
    assert found[:2] == (0, b"there is no key")


async def test_silence_and_refused_connections_are_answers():
    async def handle(request):
        request.transport.abort()

    async with serving(handle) as (carrier, access):
        (found,) = await carrier.carry(asking(Request("GET", "/x")))
        assert found.status == 0
        assert found.body
    nobody = Carrier(access)
    (found,) = await nobody.carry(asking(Request("GET", "/x")))
    await nobody.close()
    assert found.status == 0
    assert b"127.0.0.1" in found.body


async def test_the_socket_s_handshake_becomes_a_line():
    async def handle(request):
        if request.path != "/ws":
            return web.Response(status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    async with serving(handle) as (_, access):
        assert (await feeds_line(access.ws_url, {})).status == "pass"
        refused = await feeds_line(access.ws_url + "/other", {})
        assert (refused.status, refused.outside) == ("fail", True)
        assert "HTTP 401" in refused.say
    gone = await feeds_line(access.ws_url, {})
    assert (gone.status, gone.outside) == ("fail", True)
