"""Whole screens as pictures, looked at by a person and pinned; ``UPDATE_GOLDENS=1`` pins anew."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kalshi_assistant.engine.snapshot import Snapshot
from tests.support import views
from tests.support.driven import Driven, driven
from tests.support.pictures import picture

PICTURES = Path(__file__).parent / "pictures"
BYTES_MAX = 100_000

Deed = Callable[[Driven], Awaitable[None]]


async def nothing(screen: Driven) -> None:
    """As it is."""


async def end(screen: Driven) -> None:
    """The engine goes away."""
    screen.source.give(None)
    await screen.until(lambda: "the engine has ended" in screen.shown)


async def freeze(screen: Driven) -> None:
    """Held, and two minutes gone."""
    await screen.pilot.press("space")
    await screen.show(views.snapshot(at=views.ago(-128)))
    await screen.until(lambda: "PAST" in screen.foot)


async def keys(screen: Driven) -> None:
    """The box of keys over the page."""
    await screen.pilot.press("question_mark")
    await screen.until(lambda: "keys on" in screen.shown)


def turned(name: str) -> Deed:
    async def turn(screen: Driven) -> None:
        screen.app.action_turn_to(name)

    return turn


def halted() -> Snapshot:
    """Paused by a person, with a market the venue has halted."""
    return views.snapshot(
        paused="from the screen",
        exchange_says="maintenance",
        market=views.market(veto="market_paused"),
    )


SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)
CASES: dict[str, tuple[tuple[int, int], Callable[[], Snapshot], Deed, dict[str, Any]]] = {
    "live-80x24": (SMALL, views.snapshot, nothing, {}),
    "live-120x40": (MIDDLE, views.snapshot, nothing, {}),
    "live-200x60": (LARGE, views.last_minute, nothing, {}),
    "light-80x24": (SMALL, views.last_minute, nothing, {"theme": "light"}),
    "contrast-80x24": (SMALL, views.last_minute, nothing, {"theme": "high-contrast"}),
    "ascii-80x24": (SMALL, views.last_minute, nothing, {"ascii_only": True}),
    "stale-120x40": (MIDDLE, views.snapshot, end, {}),
    "halted-80x24": (SMALL, halted, nothing, {}),
    "past-120x40": (MIDDLE, views.snapshot, freeze, {}),
    "replay-80x24": (SMALL, views.snapshot, nothing, {"replayed": True}),
    "empty-80x24": (SMALL, views.nothing_yet, nothing, {}),
    "keys-80x24": (SMALL, views.snapshot, keys, {}),
    "help-120x40": (MIDDLE, views.snapshot, turned("help"), {"theme": "light"}),
}


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
