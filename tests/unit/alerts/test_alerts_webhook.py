"""Signed requests to servers that are well, slow, dead, redirecting or endless."""

import asyncio
import hmac

import pytest
from aiohttp import web

from kalshi_assistant.alerts.channel import RetryLaterError
from kalshi_assistant.alerts.webhook import WebhookChannel, signature
from kalshi_assistant.domain.errors import FinalError, PassingError
from kalshi_assistant.domain.secrets import Secret
from tests.support.alert_servers import SECRET, Hook, serving
from tests.support.alerting import NOW, message

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]


async def send(handler, *messages, seconds=20.0):
    """What became of each message at a server answered by ``handler``."""
    async with serving(handler) as server:
        channel = hook(str(server.make_url("/hook")), seconds)
        try:
            return [await channel.send(each) for each in messages or (message(),)]
        finally:
            await channel.close()


def hook(url, seconds=20.0):
    return WebhookChannel(url, Secret(SECRET), lambda: NOW, "run", seconds)


async def test_a_message_arrives_signed_and_whole():
    server = Hook()
    said = await send(server, message(1, "severe", text="2 x fill", rules=("fill any",), count=2))
    assert said == ["the webhook answered 200"]
    assert server.ids == ["run-1"]
    assert server.got == [{
        "type": "alert", "id": "run-1", "at": "2026-11-18T11:06:40Z", "severity": "severe",
        "title": "title 1", "text": "2 x fill", "count": 2, "rules": ["fill any"],
    }]  # fmt: skip


async def test_the_same_message_carries_the_same_id_again():
    server = Hook()
    await send(server, message(4), message(4), message(5))
    assert server.ids == ["run-4", "run-4", "run-5"]


def test_the_signature_is_of_time_and_body():
    one = signature(Secret("k" * 16), "1", b"body")
    assert one != signature(Secret("k" * 16), "2", b"body")
    assert one != signature(Secret("k" * 16), "1", b"bodY")
    assert one == f"v1={hmac.new(b'k' * 16, b'1.body', 'sha256').hexdigest()}"


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429])
async def test_trouble_that_passes_is_to_be_tried_again(status):
    with pytest.raises(PassingError, match=f"answered {status}"):
        await send(Hook(status))


async def test_a_server_that_names_a_time_is_left_alone_for_so_long_but_not_for_ever():
    with pytest.raises(RetryLaterError) as caught:
        await send(Hook(503, {"Retry-After": "30"}))
    assert caught.value.seconds == 30
    with pytest.raises(RetryLaterError) as caught:
        await send(Hook(429, {"Retry-After": "999999"}))
    assert caught.value.seconds == 600
    with pytest.raises(PassingError) as plain:
        await send(Hook(503, {"Retry-After": "Fri, 01 Jan 2027 00:00:00 GMT"}))
    assert not isinstance(plain.value, RetryLaterError)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413])
async def test_a_refusal_is_final(status):
    with pytest.raises(FinalError, match=f"refused the message \\({status}\\)"):
        await send(Hook(status))


async def test_a_redirect_is_not_followed():
    server = Hook(302, {"Location": "/elsewhere?secret=1"})
    with pytest.raises(FinalError, match="write the final address") as caught:
        await send(server)
    assert server.asked == 1
    assert "elsewhere" not in str(caught.value)


async def test_an_endless_answer_is_not_read_to_its_end():
    written = 0

    async def endless(request):
        nonlocal written
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)
            written += 65_536

    assert await send(endless) == ["the webhook answered 200"]
    assert written < 100_000_000


async def test_a_bomb_is_not_unpacked():
    async def bomb(_):
        return web.Response(body=b"not gzip at all", headers={"Content-Encoding": "gzip"})

    assert await send(bomb) == ["the webhook answered 200"]


async def test_a_slow_server_is_not_waited_for():
    release = asyncio.Event()

    async def slow(_):
        await release.wait()
        return web.Response()

    with pytest.raises(PassingError, match="did not answer in time"):
        await send(slow, seconds=0.05)


async def test_a_dead_server_is_said_without_its_address():
    async with serving(Hook()) as server:
        url = str(server.make_url("/very-secret-path"))
    channel = hook(url)
    with pytest.raises(PassingError, match="cannot be reached") as caught:
        await channel.send(message())
    await channel.close()
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


async def test_a_server_that_talks_nonsense_is_to_be_tried_again():
    async def talk(_, sink):
        sink.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        await sink.drain()
        sink.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    channel = hook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    with pytest.raises(PassingError, match="cannot be reached"):
        await channel.send(message())
    await channel.close()
    server.close()
    await server.wait_closed()
