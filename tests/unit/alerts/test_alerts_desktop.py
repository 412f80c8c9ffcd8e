"""The desktop's notifier, where there is one and where there is none."""

import asyncio
import sys
import threading

import pytest

from kalshi_assistant.alerts import desktop
from kalshi_assistant.alerts.desktop import DesktopChannel, problem
from kalshi_assistant.domain.errors import FinalError, OperatorError, PassingError
from tests.support.alerting import message, until


def test_a_machine_without_a_desktop_says_so(monkeypatch):
    assert "there is no desktop here" in problem({}, "linux")
    assert problem({}, "darwin") is None
    monkeypatch.setattr(desktop.shutil, "which", lambda _: None)
    monkeypatch.setattr(desktop.importlib.util, "find_spec", lambda _: None)
    assert "notify-send" in problem({"DISPLAY": ":0"}, "linux")
    monkeypatch.setattr(desktop.shutil, "which", lambda _: "there")
    assert problem({"WAYLAND_DISPLAY": "wayland-0"}, "linux") is None


async def test_a_machine_without_a_desktop_is_one_error_for_a_person():
    channel = DesktopChannel(find_problem=lambda: problem({}, "linux"))
    with pytest.raises(OperatorError, match=r"switch alerts\.desktop\.enabled off"):
        await channel.send(message())


async def test_a_message_is_shown_without_what_a_notifier_could_misread():
    shown = []
    channel = DesktopChannel(lambda *said: shown.append(said), lambda: None)
    said = await channel.send(message(1, title="--help 'x'", text="<b>\\'" + "y" * 1_000))
    assert said == "handed to the desktop's notifier"
    title, text = shown[0]
    assert title == "help ’x’"  # noqa: RUF001 - as meant
    assert text.startswith("‹b>/’y")  # noqa: RUF001 - as meant
    assert len(text) == 400


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(NotImplementedError(), OperatorError), (FileNotFoundError(2, "gdbus"), FinalError)],
)
async def test_a_notifier_that_fails_is_said_by_what_helps(trouble, kind):
    def fail(*_):
        raise trouble

    with pytest.raises(kind):
        await DesktopChannel(fail, lambda: None).send(message())


async def test_a_notifier_that_hangs_is_not_started_again():
    release, shown = threading.Event(), []

    def hang(title, _):
        shown.append(title)
        release.wait(30)

    channel = DesktopChannel(hang, lambda: None)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await channel.send(message(1))
    await until(lambda: shown)
    with pytest.raises(PassingError, match="still hangs"):
        await channel.send(message(2))
    release.set()
    await until(lambda: not channel._aside.hangs)
    await channel.send(message(3))
    assert shown == ["title 1", "title 3"]


async def test_without_plyer_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "plyer", None)
    with pytest.raises(OperatorError, match=r"pip install 'kalshi-assistant\[alerts\]'"):
        await DesktopChannel(find_problem=lambda: None).check()


async def test_plyer_is_called_as_it_wants_to_be(monkeypatch):
    from plyer import notification

    called = {}
    monkeypatch.setattr(notification, "notify", lambda **given: called.update(given))
    await DesktopChannel(find_problem=lambda: None).send(message(1))
    assert called == {
        "title": "title 1", "message": "text", "app_name": "kalshi-assistant", "timeout": 15
    }  # fmt: skip
