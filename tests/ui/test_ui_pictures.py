"""Whole screens as pictures, looked at by a person and pinned; ``UPDATE_GOLDENS=1`` pins anew."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.color import Color
from rich.style import Style

from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.ui.renderables.palette import DARK, Theme
from tests.support import page_views, views
from tests.support.colours import of, seen_by
from tests.support.driven import Driven, driven
from tests.support.pictures import picture

PICTURES = Path(__file__).parent / "pictures"
BYTES_MAX = 100_000

Deed = Callable[[Driven], Awaitable[None]]


async def nothing(screen: Driven) -> None:
    """As it is."""


async def end(screen: Driven) -> None:
    """The engine went away forty seconds ago."""
    screen.source.give(None)
    await screen.until(lambda: "the engine has ended" in screen.shown)
    screen.app.look.ended = "these numbers are 40 s old, q closes: the engine has ended"


async def freeze(screen: Driven) -> None:
    """Held, and two minutes gone."""
    await screen.pilot.press("space")
    await screen.show(views.snapshot(at=views.ago(-128)))
    await screen.until(lambda: "PAST" in screen.foot)


async def keys(screen: Driven) -> None:
    """The box of keys over the page."""
    await screen.pilot.press("question_mark")
    await screen.until(lambda: "keys on" in screen.shown)


def with_real_money() -> Snapshot:
    """Armed on prod, with a position, an order that rests, a signal and a fill."""
    account = views.trading(venue=True, policies=(), held=(views.held(),))
    return views.busy(mode="live", environment="prod", trading=account)


def as_seen_without_green() -> Theme:
    """The dark theme as it reaches an eye without the cone for green."""
    palette = {
        role: style + Style(color=Color.from_rgb(*seen_by("deutan", of(DARK, role))))
        for role, style in DARK.items()
    }
    return Theme("deutan", True, "#121212", "#1e1e1e", palette)


SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)
CASES: dict[str, tuple[tuple[int, int], Callable[[], Snapshot], Deed, dict[str, Any]]] = {
    "live-80x24": (SMALL, views.snapshot, nothing, {}),
    "live-120x40": (MIDDLE, with_real_money, nothing, {}),
    "live-200x60": (LARGE, views.last_minute, nothing, {}),
    "light-80x24": (SMALL, views.last_minute, nothing, {"theme": "light"}),
    "contrast-80x24": (SMALL, views.last_minute, keys, {"theme": "high-contrast"}),
    "colour-blind-120x40": (MIDDLE, views.busy, nothing,
                            {"theme": "deutan", "themes": [as_seen_without_green()]}),
    "ascii-80x24": (SMALL, views.last_minute, nothing, {"ascii_only": True}),
    "stale-120x40": (MIDDLE, views.snapshot, end, {}),
    "halted-80x24": (SMALL, page_views.halted, nothing, {}),
    "past-120x40": (MIDDLE, views.snapshot, freeze, {}),
    "replay-200x60": (LARGE, views.busy, nothing, {"replayed": True}),
    "empty-80x24": (SMALL, views.nothing_yet, nothing, {}),
}  # fmt: skip
"""A dozen: each size, each theme, and every state the screen can be in."""


@pytest.mark.parametrize("name", CASES)
async def test_a_whole_screen_looks_as_it_was_approved(name: str):
    size, snapshot, deed, options = CASES[name]
    async with driven(size=size, **options) as screen:
        await screen.show(snapshot())
        await deed(screen)
        screen.app.look.heard_at = screen.app.look.silence = None  # no time passes
        screen.app.redraw()
        await screen.pilot.pause()
        drawn = picture(screen.app)
    path = PICTURES / f"{name}.svg"
    if os.environ.get("UPDATE_GOLDENS"):
        PICTURES.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert len(drawn) < BYTES_MAX
    assert drawn == path.read_text(encoding="utf-8"), f"{path.name} is drawn otherwise"


@pytest.mark.skipif("UPDATE_GOLDENS" in os.environ, reason="they are only being written")
def test_no_picture_is_left_over():
    assert {path.stem for path in PICTURES.glob("*.svg")} == set(CASES)
