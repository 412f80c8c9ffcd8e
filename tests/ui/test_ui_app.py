"""The application: what it shows, every end, every size, driven by a source held in the hand."""

from typing import Any

import pytest

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.ui.app import needs_ascii
from kalshi_assistant.ui.bars import ROOMY_HEIGHT
from kalshi_assistant.ui.look import Look
from kalshi_assistant.ui.screens.cockpit import CockpitScreen
from kalshi_assistant.ui.screens.leave import LeaveScreen
from tests.support import views
from tests.support.driven import driven


async def test_before_the_first_snapshot_it_says_what_it_waits_for():
    async with driven() as screen:
        await screen.until(lambda: "waiting for the engine..." in screen.shown)


async def test_a_snapshot_is_on_the_screen_within_a_redraw():
    async with driven() as screen:
        screen.source.give(views.snapshot())
        await screen.until(lambda: "closes in 02:47" in screen.shown)


async def test_only_rows_that_changed_are_repainted():
    async with driven() as screen:
        await screen.show(views.snapshot())
        later = views.snapshot(at=views.ago(-1))
        await screen.show(later)
        sheet = screen.sheet()
        assert sheet.redraw() == 0
        await screen.show(views.snapshot(at=views.ago(-1), paused="from the screen"))
        screen.app.look.hear(later, 0.0)
        assert 0 < sheet.redraw() < 4


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (240, 70), (40, 12), (10, 3)])
async def test_it_fills_any_terminal(size: tuple[int, int]):
    async with driven(size=size) as screen:
        await screen.show(views.last_minute())
        lines = screen.sheet().lines
        assert [sum(len(text) for text, _ in drawn) for drawn in lines] == [size[0]] * len(lines)
        assert len(lines) == size[1] - (1 if size[1] < ROOMY_HEIGHT else 2)  # the bars


async def test_a_resize_draws_anew():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.resize_terminal(200, 60)
        await screen.until(lambda: "why not, in this window" in screen.shown)
        await screen.pilot.resize_terminal(80, 24)
        await screen.until(lambda: "why not, in this window" not in screen.shown)
        assert "closes in 02:47" in screen.shown


# --- keys ---


async def test_p_pauses_and_then_resumes():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("p")
        await screen.until(lambda: screen.source.told == [("pause", "from the screen")])
        await screen.show(views.snapshot(paused="from the screen"))
        await screen.pilot.press("p")
        await screen.until(lambda: screen.source.told[1:] == [("resume", "")])


async def test_the_answer_to_a_command_is_shown():
    async with driven() as screen:
        screen.source.answer = "paused [by you]"
        await screen.pilot.press("p")
        await screen.until(lambda: len(screen.app._notifications) == 1)
        assert [told.message for told in screen.app._notifications] == ["paused [by you]"]


async def test_a_command_that_cannot_be_sent_is_said():
    async with driven() as screen:
        screen.source.answer = PassingError("the engine did not answer")
        await screen.pilot.press("p")
        await screen.until(lambda: len(screen.app._notifications) == 1)
        told = next(iter(screen.app._notifications))
        assert (told.message, told.severity) == ("pause: the engine did not answer", "error")


async def test_a_read_only_screen_sends_nothing():
    async with driven(read_only=True) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("p")
        await screen.until(lambda: len(screen.app._notifications) == 1)
        assert screen.source.told == []


async def test_f_puts_windows_in_the_place_of_feeds():
    async with driven() as screen:
        await screen.show(views.snapshot())
        assert "─ feeds ─" in screen.shown
        await screen.pilot.press("f")
        await screen.until(lambda: "─ windows ─" in screen.shown)
        assert "─ feeds ─" not in screen.shown
        await screen.pilot.press("f")
        await screen.until(lambda: "─ feeds ─" in screen.shown)


async def test_d_turns_the_light_on_and_off():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("d")
        await screen.until(lambda: not screen.app.current_theme.dark)
        await screen.pilot.press("d")
        await screen.until(lambda: screen.app.current_theme.dark)


# --- leaving ---


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_quit_leaves_the_engine_running(key: str):
    async with driven() as screen:
        await screen.pilot.press(key)
        await screen.until(lambda: not screen.app._running)
        assert (screen.app.return_value, screen.source.told) == ("leave", [])


async def test_quit_stops_the_engine_where_that_was_wished():
    async with driven(on_quit="stop") as screen:
        await screen.pilot.press("q")
        await screen.until(lambda: not screen.app._running)
        assert (screen.app.return_value, screen.source.told) == ("stop", [("quit", "")])


@pytest.mark.parametrize(
    ("key", "result", "told"), [("y", "leave", []), ("n", "stop", [("quit", "")])]
)
async def test_quit_asks_where_that_was_wished(key: str, result: str, told: list[Any]):
    async with driven(on_quit="ask") as screen:
        await screen.pilot.press("q")
        await screen.until(lambda: isinstance(screen.app.screen, LeaveScreen))
        await screen.pilot.press(key)
        await screen.until(lambda: not screen.app._running)
        assert (screen.app.return_value, screen.source.told) == (result, told)


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_the_question_is_left_with_nothing_done(key: str):
    async with driven(on_quit="ask") as screen:
        await screen.pilot.press("q")
        await screen.until(lambda: isinstance(screen.app.screen, LeaveScreen))
        await screen.pilot.press(key)
        await screen.until(lambda: isinstance(screen.app.screen, CockpitScreen))
        assert screen.app._running


# --- the engine goes away ---


async def test_an_engine_that_ended_is_said_with_its_last_numbers():
    async with driven() as screen:
        await screen.show(views.snapshot())
        screen.source.give(None)
        await screen.until(lambda: "the engine has ended" in screen.shown)
        await screen.until(lambda: "s old, q closes: the engine has ended" in screen.shown)
        assert "$91,262.18" in screen.shown


async def test_a_broken_connection_is_said_with_the_reason():
    async with driven(size=(120, 40)) as screen:
        await screen.show(views.snapshot())
        screen.source.give(ConnectionResetError("reset by peer"))
        await screen.until(
            lambda: "the connection to the engine broke (reset by peer)" in screen.shown
        )


async def test_a_connection_that_never_was_is_said():
    async with driven(on_quit="ask") as screen:
        screen.source.give(PassingError("no engine here"))
        await screen.until(lambda: "no engine here: q closes this screen" in screen.shown)
        await screen.pilot.press("q")
        await screen.until(lambda: not screen.app._running)
        assert screen.source.told == []


def test_what_an_engine_left_grows_old_before_the_eyes():
    look, replayed = Look(), Look(replayed=True)
    for each in (look, replayed):
        each.hear(views.snapshot(), now=10.0)
        each.end("the engine has ended")
        each.listen(now=52.0)
    assert look.ended == "these numbers are 42 s old, q closes: the engine has ended"
    assert replayed.ended == "the engine has ended: q closes this screen"
    look.listen(now=310.0)
    assert look.ended == "these numbers are 5 min old, q closes: the engine has ended"


def test_a_silent_engine_is_noticed_and_forgiven():
    look = Look()
    look.hear(views.snapshot(), now=10.0)
    look.listen(now=12.9)
    assert look.scene is not None
    assert look.scene.trouble is None
    look.listen(now=15.0)
    assert look.scene.trouble == "no news from the engine for 5 s: these numbers are old"
    look.hear(views.snapshot(), now=15.1)
    assert look.scene.trouble is None


# --- the terminal ---


@pytest.mark.parametrize(
    ("encoding", "term", "ascii_only"),
    [
        ("utf-8", "xterm-256color", False),
        ("UTF8", "screen", False),
        ("iso-8859-1", "xterm", True),
        (None, "xterm", True),
        ("utf-8", "linux", True),
    ],
)
def test_a_terminal_without_utf_8_gets_ascii(encoding: str | None, term: str, ascii_only: bool):
    assert needs_ascii(encoding, {"TERM": term}) is ascii_only


async def test_ascii_is_on_every_page():
    async with driven(ascii_only=True) as screen:
        await screen.until(lambda: screen.shown.strip() != "")
        assert screen.shown.isascii()
        await screen.show(views.last_minute())
        assert screen.shown.isascii()
        for key in ("2", "3", "4", "5", "6", "7", "8", "1", "question_mark", "space", "left"):
            await screen.pilot.press(key)
            await screen.pilot.pause()
            assert (screen.shown + screen.foot + screen.text("tabs")).isascii(), key


async def test_without_colour_the_words_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven() as screen:
        await screen.show(views.snapshot())
        assert screen.app.no_color
        assert "▲ $11.56 above" in screen.shown


async def test_a_redraw_that_comes_while_the_app_closes_finds_nothing_to_draw():
    async with driven() as screen:
        await screen.show(views.snapshot())
        stack = screen.app._screen_stack
        closed = stack[:]
        stack.clear()
        screen.app.redraw()
        stack[:] = closed


async def test_a_source_may_outrun_the_screen():
    async with driven() as screen:
        for second in range(200):
            screen.source.give(views.snapshot(at=views.ago(-second / 10)))
        last = views.snapshot(at=views.ago(-42))
        await screen.show(last)
        assert "closes in 02:05" in screen.shown
