"""The application: listens to a source, redraws four times a second, sends commands."""

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import ClassVar, Final, Literal

from msgspec import MsgspecError
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from typing_extensions import override

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.ui.commands import (
    COMMANDS,
    OPERATOR_FLATTEN,
    OPERATOR_KILL,
    OPERATOR_PAUSE,
    OPERATOR_QUIT,
    OPERATOR_RESUME,
    bindings,
)
from kalshi_assistant.ui.look import Look
from kalshi_assistant.ui.screens.cockpit import CockpitScreen
from kalshi_assistant.ui.screens.help import HelpScreen
from kalshi_assistant.ui.screens.leave import LeaveScreen, Leaving
from kalshi_assistant.ui.screens.log import LogScreen
from kalshi_assistant.ui.screens.sheeted import SheetedScreen
from kalshi_assistant.ui.source import Source

REDRAW_SECONDS: Final = 0.25
ANSWER_SHOWN_SECONDS: Final = 4.0
AGAIN_SECONDS: Final = 3.0
"""Within which a key that does something of weight has to be pressed a second time."""
DARK_THEME: Final = "textual-dark"
LIGHT_THEME: Final = "textual-light"

BROKEN: Final = (AssistantError, OSError, EOFError, MsgspecError)
"""What a source raises when the connection to the engine breaks."""

OnQuit = Literal["leave", "stop", "ask"]


def needs_ascii(encoding: str | None, environment: Mapping[str, str]) -> bool:
    """Whether the terminal cannot show block and braille characters."""
    unicode_text = (encoding or "").lower().replace("-", "") in {"utf8", "utf16", "utf32"}
    return not unicode_text or environment.get("TERM") in {"linux", "vt100", "vt220", "dumb"}


class AssistantApp(App[Leaving]):
    """The screen. ``run`` answers ``"leave"`` or ``"stop"``: what was done with the engine."""

    CSS_PATH = "app.tcss"
    TITLE = "kalshi-assistant"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(
        self,
        source: Source,
        *,
        on_quit: OnQuit = "leave",
        read_only: bool = False,
        ascii_only: bool | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        """``zone`` and ``ascii_only`` are found out from the machine where they are ``None``."""
        super().__init__()
        if ascii_only is None:
            encoding = None if sys.__stdout__ is None else sys.__stdout__.encoding
            ascii_only = needs_ascii(encoding, os.environ)
        self.look = Look(zone=zone, ascii_only=ascii_only)
        self.set_class(ascii_only, "ascii")
        self._source = source
        self._on_quit: OnQuit = on_quit
        self._read_only = read_only
        self._pressed, self._pressed_at = "", 0.0

    @override
    def get_default_screen(self) -> Screen[None]:
        return CockpitScreen(self.look)

    @override
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for command in COMMANDS:
            about = command.about.capitalize()
            yield SystemCommand(command.label, about, getattr(self, f"action_{command.action}"))

    def on_mount(self) -> None:
        """Start listening and redrawing."""
        self.theme = DARK_THEME
        self.run_worker(self._listen(), group="source")
        self.set_interval(REDRAW_SECONDS, self.redraw)

    async def _listen(self) -> None:
        now = asyncio.get_running_loop().time
        try:
            async for snapshot in self._source.snapshots():
                self.look.hear(snapshot, now())
        except BROKEN as error:
            self.look.end(f"the connection to the engine broke ({error})")
        else:
            self.look.end("the engine has ended; these are its last numbers")

    def redraw(self) -> None:
        """Draw the newest snapshot on the screen in front, if it is one of ours."""
        self.look.listen(asyncio.get_running_loop().time())
        if isinstance(self.screen, SheetedScreen):
            self.screen.redraw()

    async def _send(self, name: str, argument: str = "") -> None:
        try:
            answer = await self._source.command(name, argument)
        except BROKEN as error:
            self.notify(
                f"{name}: {error}", severity="error", timeout=ANSWER_SHOWN_SECONDS, markup=False
            )
            return
        if answer:
            self.notify(answer, timeout=ANSWER_SHOWN_SECONDS, markup=False)

    def action_pause(self) -> None:
        """Pause signals, or resume them."""
        snapshot = self.look.snapshot
        if self._read_only:
            self.notify("this screen is read-only", timeout=ANSWER_SHOWN_SECONDS)
        elif snapshot is not None and snapshot.paused is not None:
            self.run_worker(self._send(OPERATOR_RESUME), group="command")
        else:
            self.run_worker(self._send(OPERATOR_PAUSE, "from the screen"), group="command")

    def action_kill(self) -> None:
        """Halt and take out our orders: the second press within a few seconds does it."""
        self._twice(OPERATOR_KILL, "halt and take out our orders")

    def action_flatten(self) -> None:
        """Close everything: the second press within a few seconds does it."""
        self._twice(OPERATOR_FLATTEN, "close everything that is held, and halt")

    def _twice(self, name: str, what: str) -> None:
        """Nothing of weight is done by one slip of a finger."""
        now = asyncio.get_running_loop().time()
        if self._read_only:
            self.notify("this screen is read-only", timeout=ANSWER_SHOWN_SECONDS)
        elif self._pressed == name and now - self._pressed_at <= AGAIN_SECONDS:
            self._pressed = ""
            self.run_worker(self._send(name, "from the screen"), group="command")
        else:
            self._pressed, self._pressed_at = name, now
            text = f"press the same key again within {AGAIN_SECONDS:.0f} s to {what}"
            self.notify(text, severity="warning", timeout=AGAIN_SECONDS)

    def action_feeds(self) -> None:
        """Feed health, or past windows in its place."""
        self.look.with_feeds = not self.look.with_feeds
        self.redraw()

    async def action_log(self) -> None:
        """The page of what happened; a second time closes it."""
        await self._turn_to(LogScreen)

    async def action_help(self) -> None:
        """The page of keys and signs; a second time closes it."""
        await self._turn_to(HelpScreen)

    async def _turn_to(self, kind: type[SheetedScreen]) -> None:
        was_open = isinstance(self.screen, kind)
        if not isinstance(self.screen, CockpitScreen):
            await self.pop_screen()
        if not was_open:
            await self.push_screen(kind(self.look))

    def action_dark(self) -> None:
        """Dark or light background."""
        self.theme = LIGHT_THEME if self.current_theme.dark else DARK_THEME
        if isinstance(self.screen, SheetedScreen):
            self.screen.repaint()

    async def action_leave(self) -> None:
        """Close this screen, after asking about the engine where that was wished."""
        if self._on_quit == "ask" and self.look.ended is None and not self._read_only:
            await self.push_screen(LeaveScreen(), self._leave)
        else:
            self._leave("leave" if self._on_quit == "ask" else self._on_quit)

    def _leave(self, answer: Leaving | None) -> None:
        if answer == "stop":
            self.run_worker(self._stop(), group="command")
        elif answer == "leave":
            self.exit("leave")

    async def _stop(self) -> None:
        if self.look.ended is None:
            await self._send(OPERATOR_QUIT)
        self.exit("stop")

    @override
    async def action_quit(self) -> None:
        await self.action_leave()

    @override
    def action_help_quit(self) -> None:
        self.call_next(self.action_leave)
