"""The pages, files and line of a screen in a browser, on loopback, before children of a test."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from kalshi_assistant.domain.errors import FinalError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.web import screens as screens_module
from kalshi_assistant.web.screens import attach_command, surroundings
from kalshi_assistant.web.serving import CLOSED, WebScreens
from kalshi_assistant.web.settings import WebSettings
from tests.support import browser_child
from tests.support.control import until

pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket, pytest.mark.process]

TOKEN = "a-token-of-some-length"
CHILD = str(Path(browser_child.__file__))
EVERYTHING = ("/", "/static/textual.js", "/static/nothing.js", "/ws", "/nowhere", "/?token=wrong")


async def engine_is_there():
    """Nothing is wrong."""


@asynccontextmanager
async def served(*how, probe=engine_is_there, inside=True, **settings):
    """(client, screens), with the cookie in hand where ``inside``."""
    command = (sys.executable, CHILD, *(how or ("good",)))
    screens = WebScreens(command, probe, WebSettings(**settings), Secret(TOKEN), 8464)
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of a plain address
    async with TestClient(TestServer(screens.application()), cookie_jar=jar) as client:
        if inside:
            assert (await client.get(f"/?token={TOKEN}")).status == 200
        yield client, screens


async def seen(line):
    """The next thing the terminal is to show."""
    async with asyncio.timeout(60):
        message = await line.receive()
    assert message.type is aiohttp.WSMsgType.BINARY, message
    return message.data.decode()


async def reason_of(line):
    """Why the line is closed, once it is."""
    async with asyncio.timeout(60):
        while (message := await line.receive()).type is not aiohttp.WSMsgType.CLOSE:
            assert message.type is aiohttp.WSMsgType.BINARY, message
    assert message.data == CLOSED
    return message.extra


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- the door ---


@pytest.mark.parametrize("path", EVERYTHING)
async def test_without_the_token_nothing_is_served(path):
    async with served(inside=False) as (client, screens):
        answer = await client.get(path)
        assert answer.status == 401
        assert "kalshi-assistant web" in await answer.text()
        assert not answer.cookies
        assert screens.open == 0


@pytest.mark.parametrize("cookie", ["", "x", TOKEN])
async def test_a_cookie_that_was_not_given_opens_nothing(cookie):
    """Not even one that holds the token."""
    async with served(inside=False) as (client, _):
        for path in EVERYTHING:
            answer = await client.get(path, cookies={"kalshi_assistant_8464": cookie})
            assert answer.status == 401


async def test_the_token_brings_a_cookie_that_scripts_and_strangers_cannot_use():
    async with served(inside=False) as (client, _):
        answer = await client.get(f"/?token={TOKEN}")
        cookie = answer.cookies["kalshi_assistant_8464"]
        assert cookie["httponly"] is True
        assert cookie["samesite"] == "Strict"
        assert cookie.value != TOKEN
        assert TOKEN not in await answer.text()
        assert "content='0;url=\"/\"'" in await answer.text()
        assert (await client.get("/")).status == 200


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
async def test_strangers_names_and_pages_stay_out_with_the_cookie_too(headers):
    async with served() as (client, _):
        for path in ("/", "/ws", "/static/textual.js", f"/?token={TOKEN}"):
            assert (await client.get(path, headers=headers)).status == 403


# --- pages and files ---


async def test_the_page_takes_everything_from_here():
    async with served() as (client, _):
        answer = await client.get("/")
        page = await answer.text()
        assert "https://" not in page
        assert f'data-session-websocket-url="ws://127.0.0.1:{client.port}/ws"' in page
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert f"connect-src 'self' ws://127.0.0.1:{client.port}/ws" in policy
        for name in ("textual.js", "xterm.css", "page.css", "page.js"):
            assert f"/static/{name}" in page or name == "page.css"
            assert (await client.get(f"/static/{name}")).status == 200
        style = await (await client.get("/static/page.css")).text()
        assert "https://" not in style
        for name in ("RobotoMono-VariableFont_wght.ttf", "RobotoMono-Italic-VariableFont_wght.ttf"):
            assert name in style
            assert (await client.get(f"/static/{name}")).status == 200


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2Fserver.py", "%2e%2e%2fserver.py", "page.html"]
)
async def test_no_other_file_is_served(name):
    async with served() as (client, _):
        assert (await client.get(f"/static/{name}")).status == 404


async def test_without_an_engine_the_page_says_so_and_asks_again():
    async def nothing_there():
        raise FinalError("no engine runs in <here>; start one")

    async with served(probe=nothing_there) as (client, _):
        answer = await client.get("/")
        page = await answer.text()
        assert answer.status == 503
        assert "no engine runs in &lt;here&gt;; start one" in page
        assert "http-equiv='refresh'" in page


@pytest.mark.parametrize(("asked", "size"), [("20", 20), ("1", 8), ("99", 40), ("x", 14), ("", 14)])
async def test_the_size_of_letters_is_taken_within_bounds(asked, size):
    async with served() as (client, _):
        page = await (await client.get(f"/?fontsize={asked}")).text()
        assert f'data-font-size="{size}"' in page


# --- screens ---


async def test_a_screen_draws_and_hears():
    async with served() as (client, screens):
        async with client.ws_connect("/ws?width=100&height=30") as line:
            assert (await seen(line)).endswith("100 by 30")
            assert screens.open == 1
            await line.send_json(["stdin", "p"])
            assert await seen(line) == "Dp"
            await line.send_json(["resize", {"width": 90, "height": 20}])
            assert await seen(line) == 'M{"type":"resize","width":90,"height":20}'
            await line.send_json(["focus"])
            assert await seen(line) == 'M{"type":"focus"}'
            await line.send_json(["ping", "17"])
            assert await line.receive_json() == ["pong", "17"]
        await until(lambda: screens.open == 0)


async def test_a_screen_ends_with_its_browser():
    async with served() as (client, screens):
        async with client.ws_connect("/ws") as line:
            pid = int((await seen(line)).split()[1].rstrip(","))
            assert runs(pid)
        await until(lambda: screens.open == 0)
        assert not runs(pid)


async def test_a_screen_that_does_not_end_is_made_to(monkeypatch):
    monkeypatch.setattr(screens_module, "END_SECONDS", 0.05)
    async with served("deaf") as (client, screens):
        async with client.ws_connect("/ws") as line:
            pid = int((await seen(line)).split()[1].rstrip(","))
        await until(lambda: screens.open == 0)
        assert not runs(pid)


async def test_a_screen_that_is_left_says_so():
    async with served() as (client, screens):
        async with client.ws_connect("/ws") as line:
            await seen(line)
            await line.send_json(["stdin", "q"])
            assert await reason_of(line) in ("it was told to", "The screen has ended.")
        await until(lambda: screens.open == 0)


async def test_a_screen_that_does_not_start_tells_its_last_words():
    words = "no engine runs there; start one"
    async with served("dies", words) as (client, _), client.ws_connect("/ws") as line:
        assert await reason_of(line) == words


async def test_nonsense_ends_the_line():
    async with served() as (client, screens):
        async with client.ws_connect("/ws") as line:
            await seen(line)
            await line.send_str("{nonsense")
            assert await reason_of(line) == "The browser said what makes no sense."
        await until(lambda: screens.open == 0)


async def test_no_more_screens_than_agreed():
    async with served(screens_max=1) as (client, screens):
        async with client.ws_connect("/ws") as first:
            await seen(first)
            async with client.ws_connect("/ws") as second:
                assert "All 1 screens are open (web.screens_max)" in await reason_of(second)
            answer = await client.get("/")
            assert answer.status == 503
            assert "All 1 screens are open" in await answer.text()
            assert screens.open == 1
        await until(lambda: screens.open == 0)
        assert (await client.get("/")).status == 200


async def test_when_the_server_stops_every_screen_does():
    async with served() as (client, screens):
        line = await client.ws_connect("/ws")
        pid = int((await seen(line)).split()[1].rstrip(","))
        stopping = asyncio.create_task(client.server.close())
        assert await reason_of(line) == "kalshi-assistant web was stopped."
        await stopping
        await until(lambda: not runs(pid))
        assert screens.open == 0


def test_a_screen_only_looks_and_is_told_no_secret():
    command = attach_command(["--control-dir", "there"])
    assert command[1:] == (
        "-m", "kalshi_assistant", "attach", "--read-only", "--control-dir", "there",
    )  # fmt: skip
    environ = {"KALSHI_ASSISTANT__HTTP_TOKEN": TOKEN, "TERM": "dumb", "NO_COLOR": "1"}
    given = surroundings(environ, 80, 24)
    assert TOKEN not in given.values()
    assert given["TERM"] == "xterm-256color"
    assert given["NO_COLOR"] == "1"
