"""What is copied is what is said: no boxes, no bars, no padding, nothing cut."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.ui.commands import PAGES
from kalshi_assistant.ui.panels.page import page
from kalshi_assistant.ui.panels.scene import Scene
from kalshi_assistant.ui.renderables.ink import line
from kalshi_assistant.ui.renderables.plain import plain, plain_text
from tests.support import views
from tests.support.driven import Driven, driven
from tests.support.screen import room

DRAWN = set("─│┤├┊┬█▉▊▋▌▍▎▏░▀▄▘▖⣿")


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ("─ log ──────── 1 of 1 settlements agree ─", "log  1 of 1 settlements agree"),
        ("    $90,820┤          ⢀⣤⣤⣄⡀         ", "$90,820"),
        ("ask     75      511 ██", "ask  75  511"),
        ("YES 61.2 % ████│░░░ 38.8 % NO", "YES 61.2 %  38.8 % NO"),
        ("▀▀▄x············", "x"),
        ("──────", ""),
        ("- log --------- note -", "- log  note -"),
    ],
)
def test_a_drawn_line_becomes_words(drawn: str, said: str):
    assert plain(drawn) == said


@given(st.text(max_size=80))
def test_any_text_is_said_without_padding(text: str):
    said = plain(text)
    assert said == said.strip()
    assert "   " not in said


def test_a_page_is_said_without_its_drawing():
    text = plain_text(page(Scene(views.last_minute()), room(120, 40)))
    assert not DRAWN & set(text)
    assert "\n\n" not in text


def test_empty_lines_are_left_out():
    assert plain_text([line("a"), line("  "), line("b")]) == "a\nb"


async def copied(screen: Driven, key: str = "c") -> str:
    before = len(screen.said)
    await screen.pilot.press(key)
    await screen.until(lambda: len(screen.said) > before)
    return screen.app.clipboard


@pytest.mark.parametrize("name", PAGES)
async def test_every_page_can_be_copied(name: str):
    async with driven() as screen:
        await screen.show(views.snapshot())
        screen.app.action_turn_to(name)
        text = await copied(screen)
        assert len(text) > 20
        assert not DRAWN & (set(text) - set("▀▄│"))
        assert f"copied the page {name.capitalize()}" in screen.said[-1]


async def test_what_the_terminal_cuts_is_copied_whole():
    async with driven(ascii_only=True) as screen:
        long = "a line of the log " + "that goes on " * 12
        await screen.show(views.snapshot(log=(views.story()[0], *views.story())))
        told = views.LogLine(views.ago(1), "info", "test", long)
        await screen.show(views.snapshot(log=(told,)))
        await screen.pilot.press("7")
        assert long not in screen.shown
        assert long.strip() in await copied(screen, "y")


async def test_the_panels_are_copied_one_after_the_other():
    async with driven() as screen:
        await screen.show(views.snapshot())
        text = await copied(screen)
        assert text.index("closes in") < text.index("probability") < text.index("settlement")
        assert "12:12:09  volatility is warm after 300 s" in text


async def test_it_goes_to_the_terminal_as_osc_52(monkeypatch: pytest.MonkeyPatch):
    async with driven() as screen:
        await screen.show(views.snapshot())
        written: list[str] = []
        monkeypatch.setattr(screen.app._driver, "write", written.append)
        text = await copied(screen)
        code = base64.b64encode(text.encode()).decode()
        assert f"\x1b]52;c;{code}\a" in written


async def marked(screen: Driven) -> None:
    """The settlement's title and some of the line below it."""
    await screen.show(views.snapshot())
    row = next(y for y, text in enumerate(screen.shown.splitlines()) if "─ settlement ─" in text)
    await screen.pilot.mouse_down("#page", offset=(0, row))
    await screen.pilot.hover("#page", offset=(30, row + 1))
    await screen.pilot.mouse_up("#page", offset=(30, row + 1))
    await screen.until(lambda: any("what is marked" in text for text in screen.said))


@pytest.mark.parametrize("key", ["ctrl+c", "super+c"])
async def test_the_terminals_own_keys_copy_what_is_marked(key: str):
    async with driven() as screen:
        await marked(screen)
        screen.app.copy_to_clipboard("")
        await screen.pilot.press(key)
        await screen.until(lambda: screen.app.clipboard.startswith("settlement"))
        assert screen.app._running


async def test_what_the_mouse_marks_is_copied_at_once_without_its_drawing():
    async with driven() as screen:
        await marked(screen)
        first, second = screen.app.clipboard.splitlines()
        assert first == "settlement"
        assert second == "the 60 prints from 12:14:00 to"
        await screen.pilot.press("escape")
        assert not screen.app.screen.selections


async def test_before_anything_came_that_is_what_is_copied():
    async with driven() as screen:
        await screen.pilot.pause()
        assert (await copied(screen)).startswith("waiting for the engine")
