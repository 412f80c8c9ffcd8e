"""The application: listens to a source, redraws four times a second, sends commands."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from typing import Final, Literal

from msgspec import MsgspecError
from textual.app import App, SystemCommand
from textual.events import TextSelected
from textual.screen import Screen
from typing_extensions import override

from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.ui.commands import (
    COMMANDS,
    LOG,
    OPERATOR_FLATTEN,
    OPERATOR_KILL,
    OPERATOR_PAUSE,
    OPERATOR_QUIT,
    OPERATOR_RESUME,
    PAGES,
    TRADE,
)
from kalshi_assistant.ui.hindsight import Hindsight
from kalshi_assistant.ui.look import Look
from kalshi_assistant.ui.renderables.palette import NO_COLOUR, THEMES, Theme
from kalshi_assistant.ui.screens.cockpit import CockpitScreen
from kalshi_assistant.ui.screens.leave import LeaveScreen, Leaving
from kalshi_assistant.ui.source import Past, Source
from kalshi_assistant.ui.themes import as_textual

REDRAW_SECONDS: Final = 0.25
ANSWER_SHOWN_SECONDS: Final = 4.0
NOTICE_SECONDS: Final = 15.0
"""What is wrong with a theme takes a while to read."""
RESULT_SHOWN_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 3.0
"""Within which a key that does something of weight has to be pressed a second time."""
COPIED_MAX: Final = 50_000
"""Characters copied at most: terminals refuse more."""
TERMINALS_OWN: Final = "ansi-dark"
"""The framework's theme that leaves every colour to the terminal."""

BROKEN: Final = (AssistantError, OSError, EOFError, MsgspecError)
"""What a source raises when the connection to the engine breaks."""

OnQuit = Literal["leave", "stop", "ask"]
Kill = Callable[[str], Awaitable[str]]


def needs_ascii(encoding: str | None, environment: Mapping[str, str]) -> bool:
    """Whether the terminal cannot show block and braille characters."""
    unicode_text = (encoding or "").lower().replace("-", "") in {"utf8", "utf16", "utf32"}
    return not unicode_text or environment.get("TERM") in {"linux", "vt100", "vt220", "dumb"}


class AssistantApp(App[Leaving]):
    """The screen. ``run`` answers ``"leave"`` or ``"stop"``: what was done with the engine."""

    CSS_PATH = "app.tcss"
    TITLE = "kalshi-assistant"

    def __init__(
        self,
        source: Source,
        *,
        on_quit: OnQuit = "leave",
        read_only: bool = False,
        ascii_only: bool | None = None,
        zone: tzinfo | None = None,
        past: Past | None = None,
        theme: str = "dark",
        themes: Sequence[Theme] = (),
        notices: Sequence[str] = (),
        replayed: bool = False,
        remember: Callable[[str], None] | None = None,
        kill: Kill | None = None,
    ) -> None:
        """``zone`` and ``ascii_only`` are found out from the machine where they are ``None``.

        ``theme`` is the name of the one to begin with, ``themes`` are those of the user;
        ``notices`` are said once, when the screen opens. ``replayed``: what is shown is over, which
        is said at all times. ``remember`` is told which theme was chosen; may raise AssistantError.
        ``kill`` takes our orders out without the engine and answers what came of it: for one that
        does not answer.
        """
        colourless = "NO_COLOR" in os.environ  # looked up first: the framework takes it away
        super().__init__(ansi_color=True if colourless else None)
        if ascii_only is None:
            encoding = None if sys.__stdout__ is None else sys.__stdout__.encoding
            ascii_only = needs_ascii(encoding, os.environ)
        self.themes: Final = {**THEMES, **{own.name: own for own in themes}}
        self._notices = list(notices)
        if theme not in self.themes:
            self._notices.append(
                f"no theme is called {theme!r}; there are {', '.join(self.themes)}"
            )
        first = NO_COLOUR if colourless else self.themes.get(theme, THEMES["dark"])
        hindsight = Hindsight(past)
        self.look = Look(
            zone=zone,
            ascii_only=ascii_only,
            theme=first,
            hindsight=hindsight,
            replayed=replayed,
        )
        self.set_class(ascii_only, "ascii")
        self._source = source
        self._past = past
        self._remember = remember
        self._on_quit: OnQuit = on_quit
        self._read_only = read_only
        self._kill_apart = kill
        self._pressed, self._pressed_at = "", 0.0

    @override
    def get_default_screen(self) -> Screen[None]:
        return CockpitScreen(self.look)

    @override
    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for command in COMMANDS:
            about = command.about[:1].upper() + command.about[1:]
            yield SystemCommand(command.label, about, partial(self.run_action, command.action))
        for name in self.themes:
            yield SystemCommand(
                f"Theme {name}", f"The colours of {name}", partial(self.action_theme_named, name)
            )

    def on_mount(self) -> None:
        """Start listening and redrawing."""
        for own in self.themes.values():
            self.register_theme(as_textual(own))
        self.theme = TERMINALS_OWN if self.look.theme is NO_COLOUR else self.look.theme.name
        self.run_worker(self._listen(), group="source")
        self.set_interval(REDRAW_SECONDS, self.redraw)
        for notice in self._notices:
            self.notify(notice, severity="warning", timeout=NOTICE_SECONDS, markup=False)

    async def on_unmount(self) -> None:
        """The past is no longer needed."""
        if self._past is not None:
            await self._past.close()

    @property
    def _cockpit(self) -> CockpitScreen | None:
        """The screen in front, if it is not a question; there is none while the app closes."""
        front = self.screen_stack[-1:]
        return front[0] if front and isinstance(front[0], CockpitScreen) else None

    async def _listen(self) -> None:
        now = asyncio.get_running_loop().time
        try:
            async for snapshot in self._source.snapshots():
                self.look.hear(snapshot, now())
        except AssistantError as error:
            self.look.end(str(error))
        except BROKEN as error:
            self.look.end(f"the connection to the engine broke ({error})")
        else:
            self.look.end("the engine has ended")

    def redraw(self) -> None:
        """Draw the newest snapshot on the screen in front, if it is one of ours."""
        self.look.listen(asyncio.get_running_loop().time())
        if self._cockpit is not None:
            self._cockpit.redraw()

    # --- what the engine is told ---

    async def _send(self, name: str, argument: str = "") -> None:
        try:
            answer = await self._source.command(name, argument)
        except BROKEN as error:
            self.notify(
                f"{name}: {error}", severity="error", timeout=ANSWER_SHOWN_SECONDS, markup=False
            )
            if name == OPERATOR_KILL:
                await self._kill_without_engine(argument)
            return
        if answer:
            self.notify(answer, timeout=ANSWER_SHOWN_SECONDS, markup=False)

    async def _kill_without_engine(self, reason: str) -> None:
        """The engine does not answer: halt and take our orders out from here."""
        if self._kill_apart is None:
            self.notify(
                "use `kalshi-assistant kill` in another terminal",
                severity="error",
                timeout=RESULT_SHOWN_SECONDS,
            )
            return
        text = "the engine does not answer: this screen has started the kill itself"
        self.notify(text, severity="warning", timeout=RESULT_SHOWN_SECONDS)
        try:
            answer = await self._kill_apart(f"{reason}, the engine did not answer")
        except BROKEN as error:
            answer = f"kill could not be started: {error}; use it in another terminal"
        self.notify(answer, severity="warning", timeout=RESULT_SHOWN_SECONDS, markup=False)

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
            text = f"do that again within {AGAIN_SECONDS:.0f} s to {what}"
            self.notify(text, severity="warning", timeout=AGAIN_SECONDS)

    # --- pages ---

    def action_turn_to(self, name: str) -> None:
        """Open a page."""
        if name in PAGES:
            self.look.page = name
            self.redraw()

    def action_next_page(self, pages: int) -> None:
        """So many pages on, round and round."""
        place = PAGES.index(self.look.page) + pages
        self.action_turn_to(PAGES[place % len(PAGES)])

    def action_log(self) -> None:
        """The page of what happened; a second time closes it."""
        self.action_turn_to(TRADE if self.look.page == LOG else LOG)

    def action_keys(self) -> None:
        """The box of keys over the page; a second time closes it."""
        self.look.with_keys = not self.look.with_keys
        self.redraw()

    def action_escape(self) -> None:
        """One thing back: what is marked, the keys, the past, the page."""
        if self.screen.selections:
            self.screen.clear_selection()
        elif self.look.with_keys:
            self.action_keys()
        elif self.look.hindsight.frozen:
            self.action_freeze()
        else:
            self.action_turn_to(TRADE)

    def action_scroll(self, lines: int) -> None:
        """Move the page by lines."""
        if self._cockpit is not None:
            self._cockpit.scroll_lines(lines)

    def action_scroll_page(self, pages: int) -> None:
        """Move the page by screens."""
        if self._cockpit is not None:
            self._cockpit.scroll_pages(pages)

    def action_scroll_end(self, way: int) -> None:
        """To the top of the page, or to its bottom."""
        if self._cockpit is not None:
            self._cockpit.scroll_far(way)

    def action_choose(self, rows: int) -> None:
        """Another row of the page: older, or newer where negative."""
        if self._cockpit is not None:
            self._cockpit.choose(rows)

    def action_feeds(self) -> None:
        """Feed health, or past windows in its place."""
        self.look.with_feeds = not self.look.with_feeds
        self.redraw()

    def action_curves(self) -> None:
        """Where there is room for one plot only: P(YES) in it, or the index."""
        self.look.with_curves = not self.look.with_curves
        self.redraw()

    # --- the past ---

    def action_freeze(self) -> None:
        """Hold the screen still; a second time goes back to now."""
        hindsight = self.look.hindsight
        if hindsight.frozen:
            hindsight.release()
        elif self.look.snapshot is not None:
            hindsight.freeze(self.look.snapshot)
        self.redraw()

    def action_step(self, seconds: int) -> None:
        """So many seconds later, or earlier where negative."""
        self._look_up(self.look.step(seconds))

    def action_go_to(self, second: int) -> None:
        """That second since 1970."""
        self._look_up(self.look.go_to(Nanos(second * SECOND)))

    def _look_up(self, wanted: Nanos | None) -> None:
        newest = self.look.snapshot
        if wanted is not None and newest is not None:
            looking = self.look.hindsight.look_up(wanted, newest)
            self.run_worker(self._found(looking), group="past", exclusive=True)
        self.redraw()

    async def _found(self, looking: Awaitable[None]) -> None:
        await looking
        self.redraw()

    # --- looks ---

    def action_theme_named(self, name: str) -> None:
        """That theme; without colours every theme is the same."""
        if self.look.theme is NO_COLOUR:
            self.notify("NO_COLOR is set: themes make no difference", markup=False)
            return
        self.look.theme = self.themes[name]
        self.theme = name
        self._keep_theme(name)
        if self._cockpit is not None:
            self._cockpit.repaint()

    def _keep_theme(self, name: str) -> None:
        """For the next screen; where that cannot be, it is said once."""
        if self._remember is None:
            return
        try:
            self._remember(name)
        except AssistantError as error:
            self._remember = None
            self.notify(f"the theme is not remembered: {error}", severity="warning", markup=False)

    def action_next_theme(self) -> None:
        """The next theme, round and round."""
        names = list(self.themes)
        name = self.look.theme.name
        place = names.index(name) + 1 if name in names else 0
        self.action_theme_named(names[place % len(names)])
        self.notify(f"theme {self.look.theme.name}", timeout=ANSWER_SHOWN_SECONDS, markup=False)

    def action_dark(self) -> None:
        """Dark or light background."""
        self.action_theme_named("light" if self.look.theme.dark else "dark")

    def action_copy(self) -> None:
        """What is marked, or else the page, as plain text."""
        marked = self.screen.get_selected_text()
        if marked:
            self._copy(marked, "what is marked")
        elif self._cockpit is not None:
            self._copy(self._cockpit.text(), f"the page {self.look.page.capitalize()}")

    def on_text_selected(self, _: TextSelected) -> None:
        """Somebody marked something: it is copied at once."""
        marked = self.screen.get_selected_text()
        if marked:
            self._copy(marked, "what is marked")

    def _copy(self, text: str, what: str) -> None:
        """Hand it to the terminal, which may be at the other end of a line, and say so."""
        cut = text[:COPIED_MAX]
        self.copy_to_clipboard(cut)
        lines = cut.count("\n") + 1
        said = f"copied {what}: {lines} line{'s' if lines > 1 else ''}, {len(cut):,} characters"
        if len(cut) < len(text):
            said += f", the first of {len(text):,}"
        self.notify(said, timeout=ANSWER_SHOWN_SECONDS, markup=False)

    # --- leaving ---

    async def action_leave(self) -> None:
        """Close this screen, after asking about the engine where that was wished."""
        if self._on_quit == "ask" and self.look.ended is None and not self._read_only:
            await self.push_screen(LeaveScreen(lambda: self.look.theme.palette), self._leave)
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
