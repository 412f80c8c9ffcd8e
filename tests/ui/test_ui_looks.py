"""Themes: readable, told apart by every eye, one's own ones, and none at all."""

from itertools import combinations

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.ui.renderables.ink import Role
from kalshi_assistant.ui.renderables.palette import (
    COLOURLESS,
    NO_COLOUR,
    THEMES,
    Theme,
)
from kalshi_assistant.ui.themes import theme_of
from tests.support import views
from tests.support.colours import EYES, light_by, linear, of
from tests.support.driven import driven

LEAST = {"dark": 4.5, "light": 4.5, "high-contrast": 7.0}
"""Contrast of text against its ground, after WCAG: AA, and AAA where contrast is asked for."""


def luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ground(colour: str) -> tuple[int, int, int]:
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_every_role_can_be_read_on_page_and_bar(theme: Theme):
    faint = {
        (role, behind): ratio
        for role in theme.palette
        for behind in (theme.background, theme.surface)
        if (ratio := contrast(of(theme.palette, role), ground(behind))) < LEAST[theme.name]
    }
    assert {key for key in faint if key[0] != "faint" or faint[key] < 4.0} == set()


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("eyes", EYES)
def test_yes_no_and_warnings_are_told_apart_by_every_eye(theme: Theme, eyes: str):
    def seen(role: Role) -> list[float]:
        return light_by(eyes, of(theme.palette, role))

    pairs: tuple[Role, ...] = ("yes", "no", "plain")
    for one, other in combinations(pairs, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert apart > 0.1, (one, other)


def test_every_palette_inks_every_role():
    roles = COLOURLESS.keys()
    assert all(theme.palette.keys() == roles for theme in THEMES.values())


def test_without_colour_there_is_none():
    assert [role for role, style in COLOURLESS.items() if style.color or style.bgcolor] == []


# --- one's own ---


def test_a_theme_of_ones_own_replaces_what_it_names():
    entries = {"based_on": "light", "yes": "#102030", "background": "#000000"}
    theme, problems = theme_of("mine", entries, {"": "mine.yaml"})
    assert problems == []
    assert of(theme.palette, "yes") == (16, 32, 48)
    assert theme.palette["yes"].bold
    assert theme.palette["no"] == THEMES["light"].palette["no"]
    assert (theme.name, theme.dark, theme.background) == ("mine", True, "#000000")


def test_what_is_wrong_is_named_with_its_place_and_costs_one_colour():
    entries = {"based_on": "drak", "yes": "blue", "yse": "#102030", "no": None, "warn": "#ffffff"}
    where = {"": "mine.yaml", **{key: f"mine.yaml:{n}:1" for n, key in enumerate(entries, 1)}}
    theme, problems = theme_of("mine", entries, where)
    assert [problem.partition("; ")[0] for problem in problems] == [
        "mine.yaml:1:1: based_on is 'drak'",
        "mine.yaml:2:1: yes is 'blue'",
        "mine.yaml:3:1: yse is '#102030'",
        "mine.yaml:4:1: no is None",
    ]
    assert theme.palette["yes"] == THEMES["dark"].palette["yes"]
    assert of(theme.palette, "warn") == (255, 255, 255)


async def test_the_screen_opens_in_the_theme_that_was_chosen():
    mine, _ = theme_of("mine", {"yes": "#102030"}, {})
    async with driven(theme="mine", themes=[mine]) as screen:
        await screen.show(views.snapshot())
        assert screen.app.theme == screen.app.look.theme.name == "mine"
        await screen.pilot.press("t")
        await screen.until(lambda: screen.app.theme == "dark")


async def test_a_chosen_theme_is_remembered_and_a_full_disk_is_said_once():
    told: list[str] = []

    def remember(name: str) -> None:
        told.append(name)
        if len(told) > 1:
            raise OperatorError("cannot write screen.json: No space left on device")

    async with driven(remember=remember) as screen:
        await screen.show(views.snapshot())
        await screen.pilot.press("t", "t", "t", "d")
        await screen.until(lambda: screen.app.theme == "light")
        assert told == ["light", "high-contrast"]
        complaints = [text for text in screen.said if "not remembered" in text]
        assert len(complaints) == 1
        assert "No space left on device" in complaints[0]


async def test_a_theme_that_is_not_there_is_said_and_the_screen_opens():
    async with driven(theme="solarised", notices=["mine.yaml:2:1: yes is 'blue'"]) as screen:
        await screen.until(lambda: len(screen.said) == 2)
        assert "mine.yaml:2:1: yes is 'blue'" in screen.said
        assert any("no theme is called 'solarised'; there are dark" in text for text in screen.said)
        assert screen.app.theme == "dark"


async def test_no_color_draws_in_the_terminals_own_colours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven() as screen:
        await screen.show(views.snapshot())
        assert screen.app.look.theme is NO_COLOUR
        assert screen.app.native_ansi_color
        strips = screen.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        colours = {colour for style in styles for colour in (style.color, style.bgcolor) if colour}
        assert {colour.name for colour in colours} <= {"default"}
        await screen.pilot.press("t", "d")
        assert screen.app.look.theme is NO_COLOUR
