"""An engine for commands to find: a control server in a thread, announced like a real one."""

import asyncio
import threading
from contextlib import contextmanager

from kalshi_assistant.cli.engines import running_dir
from kalshi_assistant.control.beacons import Beacon, light, put_out
from kalshi_assistant.control.endpoint import claim
from kalshi_assistant.control.protocol import CommandReply, hello
from kalshi_assistant.control.server import ControlServer
from kalshi_assistant.control.settings import ControlSettings
from tests.support.control import snapshot

PATIENCE_SECONDS = 20


class Running:
    """What it shows and answers is set by a test."""

    def __init__(self, directory, pid, environment):
        self.directory, self.pid = directory, pid
        self.snapshot = snapshot(1)
        self.asked = []
        self.reply = None
        self.on_reader = lambda: None
        self._greeting = hello("0.1.0", pid, "paper", environment)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._ready.wait(PATIENCE_SECONDS)

    async def _run(self):
        settings = ControlSettings(snapshots_per_second=50)
        endpoint = claim(self.directory)
        self._server = ControlServer(
            endpoint, self._greeting, self._take_snapshot, self._answer, settings
        )
        self._ready.set()
        await self._server.run()

    def _take_snapshot(self):
        """Taken only for a reader: so one has come."""
        on_reader, self.on_reader = self.on_reader, lambda: None
        on_reader()
        return self.snapshot

    def _answer(self, request):
        self.asked.append((request.name, request.argument))
        if self.reply is not None:
            return CommandReply(request.id, *self.reply)
        return CommandReply(request.id, ok=True, text=f"{request.name} done")

    def end(self, reason="done"):
        """An orderly end."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.close, reason)
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        self._loop.close()

    def end_soon(self, seconds, reason):
        """The same after a while, while a command is at work."""
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, self._server.close, reason)


@contextmanager
def running(directory, pid=4711, environment="prod"):
    """An engine in ``directory`` until the end, or until the test ends it."""
    engine = Running(directory, pid, environment)
    beacon = light(running_dir(), Beacon(pid, "paper", environment, str(directory)))
    try:
        yield engine
    finally:
        engine.end()
        put_out(beacon)
