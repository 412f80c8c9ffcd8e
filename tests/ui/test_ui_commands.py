"""Every key and every line of the palette does what the table of commands says.

The cases are made from the table: a command without an effect below is a failure, not a gap.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from kalshi_assistant.domain.errors import PassingError
from kalshi_assistant.ui.bars import here
from kalshi_assistant.ui.commands import COMMANDS, LOG, PAGES, TRADE, Command
from kalshi_assistant.ui.panels.pages.help import help_page
from kalshi_assistant.ui.panels.scene import Room, Scene
from kalshi_assistant.ui.renderables.ink import Line, line
from kalshi_assistant.ui.renderables.palette import THEMES
from kalshi_assistant.ui.screens import cockpit
from kalshi_assistant.ui.screens.leave import LeaveScreen
from tests.support import views
from tests.support.driven import Driven, driven
from tests.support.screen import HandSource

Condition = Callable[[Driven], bool]


def told(name: str) -> Condition:
    return lambda screen: name in [told for told, _ in screen.source.told]


def shows(name: str) -> Condition:
    return lambda screen: screen.app.look.page == name


@dataclass(frozen=True)
class Effect:
    """What has to be so before, and what the command makes so."""

    after: Condition
    before: Callable[[Driven], Awaitable[None]] | None = None
    again: bool = False
    """Whether it has to be given twice."""


def on_page(name: str) -> Callable[[Driven], Awaitable[None]]:
    async def turn(screen: Driven) -> None:
        screen.app.action_turn_to(name)

    return turn


async def far_down(screen: Driven) -> None:
    """The help page, some lines from its top, the third row chosen."""
    screen.app.action_turn_to("help")
    screen.app.look.tops["help"], screen.app.look.rows["help"] = 5, 2


async def frozen(screen: Driven) -> None:
    """Some time later, and back at the beginning."""
    first = screen.app.look.snapshot
    assert first is not None
    for seconds in (1, 60, 100):
        await screen.show(views.snapshot(at=views.ago(-seconds)))
    screen.app.action_go_to(first.at // 10**9)
    await screen.until(lambda: screen.app.look.hindsight.shown == first)


def aims(seconds: int) -> Condition:
    """Whether the screen is frozen about so many seconds from where it was."""

    def reached(screen: Driven) -> bool:
        shown, wanted = screen.app.look.hindsight.shown, screen.app.look.hindsight.wanted
        return wanted is None and shown is not None and shown.at == views.ago(-seconds)

    return reached


def is_top(row: int, top: int, page: str = "help") -> Condition:
    return lambda screen: (screen.app.look.rows[page], screen.app.look.tops[page]) == (row, top)


ROWS = 5


def with_rows(scene: Scene, room: Room, row: int) -> list[Line]:
    """The help page with the chosen one of five rows at its end."""
    return [*help_page(scene, room, row), line(f"row {min(row, ROWS - 1)}")]


@pytest.fixture(autouse=True)
def rows_on_the_help_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cockpit, "PAGES", {**cockpit.PAGES, "help": with_rows})


EFFECTS = {
    "leave": Effect(lambda screen: not screen.app._running),
    "pause": Effect(told("pause")),
    "kill": Effect(told("kill"), again=True),
    "flatten": Effect(told("flatten"), again=True),
    "freeze": Effect(lambda screen: "FROZEN" in screen.foot),
    "step(-1)": Effect(lambda screen: screen.app.look.hindsight.frozen),
    "step(-60)": Effect(lambda screen: screen.app.look.hindsight.frozen),
    "step(1)": Effect(aims(1), frozen),
    "step(60)": Effect(aims(60), frozen),
    "escape": Effect(lambda screen: not screen.app.look.hindsight.frozen, frozen),
    "feeds": Effect(lambda screen: "─ windows ─" in screen.shown),
    "curves": Effect(lambda screen: "P(YES) in %" in screen.shown),
    "next_theme": Effect(lambda screen: screen.app.look.theme.name == "light"),
    "dark": Effect(lambda screen: screen.app.look.theme.name == "light"),
    "copy": Effect(lambda screen: "closes in 02:47" in screen.app.clipboard),
    "log": Effect(shows(LOG)),
    "keys": Effect(lambda screen: "keys on Trade" in screen.shown),
    "next_page(1)": Effect(shows(PAGES[1])),
    "next_page(-1)": Effect(shows(PAGES[-1])),
    "scroll(1)": Effect(is_top(2, 6), far_down),
    "scroll(-1)": Effect(is_top(2, 4), far_down),
    "scroll_page(1)": Effect(lambda screen: screen.app.look.tops["help"] > 15, far_down),
    "scroll_page(-1)": Effect(is_top(2, 0), far_down),
    "scroll_end(-1)": Effect(is_top(0, 0), far_down),
    "scroll_end(1)": Effect(lambda screen: "grey numbers" in screen.shown, far_down),
    "choose(1)": Effect(is_top(3, 5), far_down),
    "choose(-1)": Effect(is_top(1, 5), far_down),
    **{f"turn_to('{name}')": Effect(shows(name), on_page("log")) for name in PAGES},
    "turn_to('log')": Effect(shows("log")),
}


def keys() -> Iterator[tuple[Command, str]]:
    """Every key of every command."""
    return ((command, key) for command in COMMANDS for key in command.keys.split(","))


async def prepared(screen: Driven, effect: Effect) -> None:
    """A snapshot, and what the effect needs before."""
    await screen.show(views.snapshot())
    if effect.before is not None:
        await effect.before(screen)
    assert not effect.after(screen), "it is so already"


def test_every_command_has_an_effect_here():
    assert {command.action for command in COMMANDS} == set(EFFECTS)


THE_FRAMEWORKS_OWN = {"ctrl+p", "ctrl+q", "ctrl+c", "super+c"}
"""Tested by ``the_palette_is_opened``, ``test_ui_app.quit_leaves``, ``test_ui_copy.own_keys``."""
OF_THE_QUESTION = {"y", "n", "escape", "q"}
"""Tested by ``test_ui_app.quit_asks`` and ``.the_question_is_left``."""


async def test_no_key_and_no_line_of_the_palette_is_without_a_test():
    """What the app really listens to and offers, not what the table says."""
    async with driven(on_quit="ask") as screen:
        await screen.show(views.snapshot())
        holders = (screen.app, screen.cockpit)
        listened = {key for holder in holders for key in holder._bindings.key_to_bindings}
        assert listened == {key for _, key in keys()} | THE_FRAMEWORKS_OWN
        offered = {each.title for each in screen.app.get_system_commands(screen.app.screen)}
        themes = {f"Theme {name}" for name in THEMES}
        assert offered == {command.label for command in COMMANDS} | themes
        await screen.pilot.press("q")
        await screen.until(lambda: isinstance(screen.app.screen, LeaveScreen))
        own = {key for held in LeaveScreen.BINDINGS for key in held.key.split(",")}
        assert own == OF_THE_QUESTION


def test_no_two_commands_share_a_key_or_a_name():
    every = [key for _, key in keys()]
    assert sorted(every) == sorted(set(every))
    labels = [command.label for command in COMMANDS]
    assert sorted(labels) == sorted(set(labels))


@pytest.mark.parametrize(("command", "key"), keys(), ids=lambda value: str(value)[:18])
async def test_every_key_does_what_the_table_says(command: Command, key: str):
    effect = EFFECTS[command.action]
    async with driven(size=(100, 24)) as screen:
        await prepared(screen, effect)
        for _ in range(1 + effect.again):
            assert not effect.after(screen)
            await screen.pilot.press(key)
        await screen.until(lambda: effect.after(screen))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.label)
async def test_every_line_of_the_palette_does_what_the_table_says(command: Command):
    effect = EFFECTS[command.action]
    async with driven(size=(100, 24)) as screen:
        await prepared(screen, effect)
        offered = screen.app.get_system_commands(screen.app.screen)
        (line,) = [found for found in offered if found.title == command.label]
        assert line.help[1:] == command.about[1:]
        for _ in range(1 + effect.again):
            assert not effect.after(screen)
            screen.app.call_later(line.callback)
            await screen.pilot.pause()
        await screen.until(lambda: effect.after(screen))


async def test_the_palette_is_opened_typed_in_and_chosen_from():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("ctrl+p")
        await screen.until(lambda: len(screen.app.screen_stack) == 2)
        await screen.pilot.press(*"evidence")
        await screen.pilot.pause(0.5)
        await screen.pilot.press("enter")
        await screen.until(lambda: shows("evidence")(screen))


@pytest.mark.parametrize("name", THEMES)
async def test_every_theme_is_in_the_palette(name: str):
    async with driven() as screen:
        offered = screen.app.get_system_commands(screen.app.screen)
        (line,) = [found for found in offered if found.title == f"Theme {name}"]
        screen.app.call_later(line.callback)
        await screen.until(lambda: screen.app.theme == screen.app.look.theme.name == name)


async def test_every_key_is_on_the_help_page_and_in_the_box():
    async with driven(size=(120, 60)) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("8")
        await screen.until(lambda: all(command.about in screen.shown for command in COMMANDS))
        await screen.pilot.press("question_mark")
        await screen.until(lambda: all(each.label in screen.shown for each in here("help")))


def test_every_command_is_in_the_box_of_some_page():
    assert {each for page in PAGES for each in here(page)} == set(COMMANDS)


async def test_the_box_of_keys_fits_80_by_24_and_leaves_the_page_alive():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("question_mark")
        await screen.until(lambda: all(each.label in screen.shown for each in here(TRADE)))
        await screen.show(views.snapshot(at=views.ago(-1)))
        await screen.until(lambda: "closes in 02:46" in screen.shown)
        await screen.pilot.press("escape")
        await screen.until(lambda: "keys on" not in screen.shown)


async def test_no_row_after_the_last_is_chosen():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("8", *"jjjjjjjjj")
        assert screen.app.look.rows["help"] == ROWS - 1
        await screen.pilot.press("1", "j", "6", *"jjj")
        last = len(views.snapshot().windows) - 1
        assert (screen.app.look.rows[TRADE], screen.app.look.rows["history"]) == (0, last)


# --- weight ---


async def test_one_slip_of_a_finger_kills_nothing():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("K", "F", "K")
        await screen.until(lambda: len(screen.said) == 3)
        assert screen.source.told == []


class DeafHand(HandSource):
    """An engine that hears nothing."""

    async def command(self, name: str, argument: str = "") -> str:
        raise PassingError(f"the engine did not answer {name!r} in 2 s")


async def test_where_the_engine_does_not_answer_the_screen_kills_by_itself():
    asked = []

    async def kill(reason: str) -> str:
        asked.append(reason)
        return "kill ended with 0: halted, none of our orders rests"

    async with driven(source=DeafHand(), kill=kill) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("K", "K")
        await screen.until(lambda: any("none of our orders rests" in each for each in screen.said))
        assert asked == ["from the screen, the engine did not answer"]
        assert any("this screen has started the kill itself" in each for each in screen.said)


async def test_only_a_kill_is_done_without_the_engine():
    async def kill(reason: str) -> str:
        raise AssertionError(reason)

    async with driven(source=DeafHand(), kill=kill) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("F", "F", "p")
        await screen.until(lambda: any("'pause' in 2 s" in each for each in screen.said))


async def test_a_screen_that_cannot_kill_by_itself_says_what_can():
    async with driven(source=DeafHand()) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("K", "K")
        await screen.until(lambda: any("kalshi-assistant kill" in each for each in screen.said))


@pytest.mark.parametrize("key", ["p", "K", "F"])
async def test_a_read_only_screen_tells_the_engine_nothing(key: str):
    async with driven(read_only=True) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press(key, key)
        await screen.until(lambda: "this screen is read-only" in screen.said)
        assert screen.source.told == []


# --- the mouse ---


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_click_on_a_tab_opens_its_page(size: tuple[int, int]):
    async with driven(size=size) as screen:
        await screen.show(views.snapshot())
        bar = "#tabs" if size[1] >= 30 else "#foot"
        for name in PAGES[1:]:
            place = screen.text(bar[1:]).index(name.capitalize())
            await screen.pilot.click(bar, offset=(place, 0))
            await screen.until(lambda name=name: shows(name)(screen))


async def test_a_click_on_a_key_presses_it():
    async with driven(size=(120, 40)) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.click("#foot", offset=(screen.foot.index("pause"), 0))
        await screen.until(lambda: told("pause")(screen))


async def test_a_click_beside_everything_does_nothing():
    async with driven(size=(120, 40)) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.click("#page", offset=(3, 3))
        await screen.pilot.click("#tabs", offset=(110 - 8, 0))
        assert screen.app.look.page == TRADE
        assert screen.source.told == []


async def test_what_is_below_the_page_is_counted_and_scrolled_to():
    async with driven() as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("8")
        await screen.until(lambda: "▼" in screen.foot)
        screen.cockpit.on_mouse_scroll_down()
        assert screen.app.look.tops["help"] == 3
        screen.cockpit.on_mouse_scroll_up()
        screen.cockpit.on_mouse_scroll_up()
        assert screen.app.look.tops["help"] == 0
        await screen.pilot.press("end")
        await screen.until(lambda: "▼" not in screen.foot)


@pytest.mark.parametrize("page", PAGES)
async def test_no_page_is_without_market_countdown_and_mode(page: str):
    async with driven() as screen:
        await screen.show(views.snapshot())
        screen.app.action_turn_to(page)
        first = screen.shown.splitlines()[0]
        assert all(said in first for said in (views.TICKER, "closes in 02:47", "PAPER  demo"))


@pytest.mark.parametrize("page", PAGES[1:])
@pytest.mark.parametrize("size", [(80, 24), (200, 60), (20, 6)])
async def test_every_page_fills_any_terminal_and_says_when_it_is_old(
    page: str, size: tuple[int, int]
):
    async with driven(size=size) as screen:
        await screen.show(views.snapshot())
        screen.app.action_turn_to(page)
        screen.source.give(ConnectionResetError("reset by peer"))
        await screen.until(lambda: "these numbers are" in screen.shown)
        assert {sum(len(text) for text, _ in drawn) for drawn in screen.sheet().lines} == {size[0]}
