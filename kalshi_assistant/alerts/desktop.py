"""Notifications on this machine's desktop, through plyer.

plyer's way on Linux tells nobody when there is no desktop, so that is looked at first: without one
the channel says so once and is off.
"""

import importlib.util
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Final

from kalshi_assistant.alerts.channel import Aside, missing
from kalshi_assistant.alerts.message import Message, cut
from kalshi_assistant.domain.errors import FinalError, OperatorError

Notify = Callable[[str, str], None]
"""Title and text, shown."""

SHOWN_SECONDS: Final = 15
TITLE_MAX, TEXT_MAX = 80, 400
_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
_NO_DESKTOP: Final = (
    "there is no desktop here to notify; switch alerts.desktop.enabled off, "
    "or start the program within a desktop session"
)
_NO_NOTIFIER: Final = (
    "this desktop has no notifier; install the system's notify-send (libnotify) or python-dbus"
)


def problem(environ: Mapping[str, str], platform: str) -> str | None:
    """Why no notification could be shown here, with the remedy; ``None`` when one could."""
    if platform in ("darwin", "win32", "cygwin"):
        return None
    if not any(environ.get(name) for name in _DISPLAYS):
        return _NO_DESKTOP
    if shutil.which("notify-send") is None and importlib.util.find_spec("dbus") is None:
        return _NO_NOTIFIER
    return None


class DesktopChannel:
    """The desktop's own notifications."""

    name = "desktop"

    def __init__(
        self,
        notify: Notify | None = None,
        find_problem: Callable[[], str | None] | None = None,
    ) -> None:
        """``notify`` and ``find_problem`` are plyer's and this machine's unless given."""
        self._notify = notify
        self._find_problem = find_problem or (lambda: problem(os.environ, sys.platform))
        self._aside = Aside("the desktop's notifier")

    async def check(self) -> None:
        """Raises OperatorError where there is no desktop or plyer is missing."""
        wrong = self._find_problem()
        if wrong is not None:
            raise OperatorError(wrong)
        if self._notify is None:
            self._notify = _plyer()

    async def send(self, message: Message) -> str:
        """Show it. Raises OperatorError, FinalError, PassingError."""
        await self.check()
        notify = self._notify
        assert notify is not None  # check has found it
        title, text = _plain(message.title, TITLE_MAX), _plain(message.text, TEXT_MAX)
        try:
            await self._aside.call(lambda: notify(title, text))
        except NotImplementedError as error:
            raise OperatorError(_NO_NOTIFIER) from error
        except OSError as error:
            raise FinalError(f"the desktop's notifier failed: {error.strerror}") from error
        return "handed to the desktop's notifier"

    async def close(self) -> None:
        """Nothing is open."""


def _plain(text: str, most: int) -> str:
    """Text that no notifier takes for an option, markup or the end of a string."""
    shown = text.replace("'", "’").replace("<", "‹").replace("\\", "/")  # noqa: RUF001 - as meant
    return cut(shown.lstrip("-"), most)


def _plyer() -> Notify:
    """plyer's notification. Raises OperatorError where it is not installed."""
    try:
        from plyer import notification
    except ImportError as error:
        raise missing("desktop", "plyer") from error

    def notify(title: str, text: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the ways it does not take
            notification.notify(
                title=title, message=text, app_name="kalshi-assistant", timeout=SHOWN_SECONDS
            )

    return notify
