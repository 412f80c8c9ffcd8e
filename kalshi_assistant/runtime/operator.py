"""What readers may ask of an engine, and an orderly end."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import MsgspecError

from kalshi_assistant import __version__
from kalshi_assistant.control.alert_report import CHANNELS_MAX, ChannelReport, decode_reports
from kalshi_assistant.control.alert_report import COMMAND as ALERTS
from kalshi_assistant.control.endpoint import claim
from kalshi_assistant.control.protocol import CommandReply, CommandRequest, hello
from kalshi_assistant.control.server import ControlServer
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.events import (
    AlertFailed,
    Event,
    OperatorFlattened,
    OperatorHalted,
    OperatorPaused,
    OperatorResumed,
)
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.engine.snapshot import QueueView, Snapshot
from kalshi_assistant.runtime.clock import Clock

STOP_SIGNALS: Final = ("SIGTERM", "SIGINT", "SIGHUP")
REASON_MAX: Final = 200
Reload = Callable[[CommandRequest], Awaitable[CommandReply]]


class Operator:
    """Turns a reader's commands into events, and ``quit`` into the end."""

    def __init__(
        self,
        put: Callable[[Event], object],
        clock: Clock,
        stop: Callable[[str], None],
        kill: Callable[[str], str] | None = None,
        reload: Reload | None = None,
    ) -> None:
        """``kill`` writes the durable halt and has what rests taken out from a process of its own;
        it answers in words. ``None`` where nothing is traded. ``reload`` reads the configuration
        anew; ``None`` where there is none to read.
        """
        self._put = put
        self._clock = clock
        self._stop = stop
        self._kill = kill
        self._reload = reload
        self._channels: dict[str, ChannelReport] = {}

    def queues(self) -> tuple[QueueView, ...]:
        """The queues of the process that delivers alerts, as it told of them last."""
        return tuple(
            QueueView(
                name=f"alerts.{each.channel}",
                policy="tried again, then dropped and counted",
                depth=each.waiting,
                high_water=each.high_water,
                capacity=each.capacity,
                dropped=each.dropped,
            )
            for each in self._channels.values()
            if each.capacity
        )

    def answer(self, request: CommandRequest) -> CommandReply | Awaitable[CommandReply]:
        """Do what was asked, or say that nobody here can."""
        match request.name:
            case "pause" | "resume":
                return self._paused(request)
            case "quit":
                self._stop("stopped by the operator")
                return CommandReply(request.id, ok=True, text="the engine stops")
            case "kill" | "halt" | "flatten":
                return self._trading(request)
            case "reload":
                return self._reloaded(request)
            case name if name == ALERTS:
                return self._told_of_alerts(request)
            case _:
                known = "there are pause, resume, reload, halt, flatten, kill and quit"
                text = f"no such command: {request.name[:40]}; {known}"
                return CommandReply(request.id, ok=False, text=text)

    def _paused(self, request: CommandRequest) -> CommandReply:
        now = self._clock.now()
        if request.name == "resume":
            self._put(OperatorResumed(now, now))
            return CommandReply(request.id, ok=True, text="signals run again")
        self._put(OperatorPaused(now, now, request.argument[:REASON_MAX] or "by the operator"))
        return CommandReply(request.id, ok=True, text="signals are paused")

    def _told_of_alerts(self, request: CommandRequest) -> CommandReply:
        """How the channels of alerts fare: for the screen, and trouble for the journal."""
        try:
            reports = decode_reports(request.argument)
        except MsgspecError as error:
            text = f"these are no reports of channels: {str(error)[:REASON_MAX]}"
            return CommandReply(request.id, ok=False, text=text)
        now = self._clock.now()
        for each in reports:
            if each.channel in self._channels or len(self._channels) < CHANNELS_MAX:
                self._channels[each.channel] = each
            if each.notice:
                self._put(AlertFailed(now, now, each.channel, each.dropped, each.notice))
        return CommandReply(request.id, ok=True, text="noted")

    def _reloaded(self, request: CommandRequest) -> CommandReply | Awaitable[CommandReply]:
        if self._reload is None:
            text = "this engine has no configuration to read anew"
            return CommandReply(request.id, ok=False, text=text)
        return self._reload(request)

    def _trading(self, request: CommandRequest) -> CommandReply:
        """What stops trading; nothing that is sent here ever starts it."""
        now = self._clock.now()
        reason = request.argument[:REASON_MAX] or "by the operator"
        if self._kill is None:
            return CommandReply(request.id, ok=False, text="nothing is traded here")
        if request.name == "kill":
            return CommandReply(request.id, ok=True, text=self._kill(reason))
        if request.name == "halt":
            self._put(OperatorHalted(now, now, reason))
            text = "halted: no new entries until a person clears it"
            return CommandReply(request.id, ok=True, text=text)
        self._put(OperatorFlattened(now, now, reason))
        return CommandReply(request.id, ok=True, text="closing everything, and staying out")


def serve_readers(
    directory: Path,
    settings: EngineSettings,
    take_snapshot: Callable[[], Snapshot],
    operator: Operator,
    control: ControlSettings,
) -> ControlServer:
    """The control server of this process. Raises OperatorError when ``directory`` has one."""
    greeting = hello(__version__, os.getpid(), settings.mode, settings.environment)
    return ControlServer(claim(directory), greeting, take_snapshot, operator.answer, control)


def on_closed_stdin(stop: Callable[[str], None]) -> None:
    """End when standard input closes: a child process learns so that its parent is gone.

    To be called inside the running loop. A thread waits, because not every loop can read a pipe;
    it is a daemon, so it holds nobody up.
    """
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(0, 1_024):
            pass
        with suppress(RuntimeError):  # the loop has ended first
            loop.call_soon_threadsafe(stop, "the program that started this one is gone")

    threading.Thread(target=wait, name="stdin", daemon=True).start()


def on_stop_signal(stop: Callable[[str], None]) -> None:
    """Make the usual signals an orderly stop; to be called inside the running loop."""
    loop = asyncio.get_running_loop()
    for name in STOP_SIGNALS:
        # not every system has every signal, nor a loop that takes them
        with suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), stop, name)
