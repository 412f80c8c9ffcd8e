"""The screen in a headless Chromium: typed at and read as a person would.

A real ``attach --read-only`` draws what an engine of the test shows. Skipped where no browser is
installed.
"""

import asyncio
import sys
from contextlib import asynccontextmanager

import pytest

from kalshi_assistant.control.client import attach
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.metrics.door import listen, serve_until, url_of
from kalshi_assistant.web.screens import attach_command
from kalshi_assistant.web.serving import WebScreens
from kalshi_assistant.web.settings import WebSettings
from tests.support.browser import FOUND, WHY_NOT, browsing
from tests.support.control import until
from tests.support.served_http import Shown, engine_at

pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
pytestmark = [
    pytest.mark.long,
    pytest.mark.loopback,
    pytest.mark.enable_socket,
    pytest.mark.process,
    pytest.mark.timeout(300),
    pytest.mark.skipif(FOUND is None, reason=WHY_NOT),
    pytest.mark.skipif(sys.platform == "win32", reason="the browser is driven on POSIX only"),
]

TOKEN = "a-token-of-some-length"
STARTING = 40.0
"""Seconds an engine waits for a reader on a busy machine."""


@asynccontextmanager
async def in_browser(control):
    """(page, address with the token, screens)."""

    async def probe():
        await (await attach(control)).close()

    listener, stop = listen("127.0.0.1", 0, "web.port"), asyncio.Event()
    command, port = attach_command(["--control-dir", str(control)]), listener.getsockname()[1]
    screens = WebScreens(command, probe, WebSettings(screens_max=2), Secret(TOKEN), port)
    serving = asyncio.create_task(serve_until(screens.application(), listener, stop))
    try:
        async with browsing(control.parent) as browser:
            yield await browser.page(), f"{url_of(listener)}/?token={TOKEN}", screens
    finally:
        stop.set()
        await serving


@pytest.fixture
def control(tmp_path, monkeypatch):
    """A folder for the engine, and a home without settings for the screen."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path / "control"


async def test_a_browser_shows_the_screen_and_no_key_moves_money(control):
    """Typed keys reach the screen (help opens and closes), and those of weight are refused."""
    engine = Shown()
    looking = engine_at(control, engine, attach_seconds=STARTING)
    async with looking, in_browser(control) as (page, address, screens):
        await page.open(address)
        await page.until("KXBTC15M-26NOV211215-15", "PAPER", "q quit")
        assert await page.value("location.href") == address.partition("?")[0]
        assert await page.value("document.cookie") == ""

        for key in ("K", "F", "p"):
            await page.press(key, key)
            await page.until("this screen is read-only")
            await page.until("q quit", gone=("this screen is read-only",))
        assert engine.commands == []

        await page.press("?")
        await page.until("keys on")
        await page.press("?")
        await page.until("q quit", gone=("keys on",))

        here = address.partition("/?")[0]
        line = here.replace("http:", "ws:")
        assert [url for url in page.asked if not url.startswith((here, line, "data:"))] == []
        assert page.complaints == []
        assert (await page.picture()).startswith(b"\x89PNG")

        await page.press("q")
        await page.until("Open it again")
        await until(lambda: screens.open == 0)


async def test_without_the_token_a_browser_is_shown_nothing(control):
    looking = engine_at(control, attach_seconds=STARTING)
    async with looking, in_browser(control) as (page, address, screens):
        await page.open(address.partition("?")[0])
        await page.until("Open the address that `kalshi-assistant web` printed.")
        await page.open(address + "x")
        await page.until("The token is wrong")
        assert screens.open == 0


async def test_without_an_engine_the_page_waits_for_one(control):
    async with in_browser(control) as (page, address, _):
        await page.open(address)
        await page.until("no engine runs", "This page asks again.")
        async with engine_at(control, attach_seconds=STARTING):
            await page.until("KXBTC15M-26NOV211215-15")
