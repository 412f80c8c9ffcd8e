"""A reader's side of the control socket: snapshots as they come, commands with their answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from kalshi_assistant.control.endpoint import open_stream
from kalshi_assistant.control.protocol import (
    MESSAGE_BYTES_MAX,
    MESSAGES,
    PROTOCOL_VERSION,
    Attach,
    CommandReply,
    CommandRequest,
    Goodbye,
    Hello,
    Message,
    SnapshotMessage,
    WrongMessage,
    encode,
    receive,
)
from kalshi_assistant.domain.errors import (
    AssistantError,
    FinalError,
    OperatorError,
    OutsideError,
    PassingError,
)
from kalshi_assistant.engine.snapshot import SNAPSHOT_VERSION, Snapshot


class ControlClient:
    """An attached reader. Made by ``attach``; to be closed."""

    def __init__(
        self, hello: Hello, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        self.hello = hello
        self.goodbye: str | None = None
        """Why the engine ended, once it said so."""
        self._source, self._sink = source, sink
        self._newest: Snapshot | None = None
        self._fresh = asyncio.Event()
        self._trouble: OutsideError | None = None
        self._asked: dict[int, asyncio.Future[CommandReply]] = {}
        self._commands = 0
        self._listening = asyncio.create_task(self._listen())

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Each newest snapshot; who is slow misses some. For one consumer.

        Ends after the engine's goodbye. Raises PassingError where the engine went away without one.
        """
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            if self._newest is not None:
                snapshot, self._newest = self._newest, None
                yield snapshot
            if self._listening.done() and self._newest is None:
                break
        if self._trouble is not None:
            raise self._trouble

    async def command(self, name: str, argument: str = "", seconds: float = 10.0) -> CommandReply:
        """Send a command and wait for its reply. Raises PassingError where none comes."""
        if self._listening.done():
            raise self._gone()
        self._commands = number = self._commands + 1
        reply: asyncio.Future[CommandReply] = asyncio.get_running_loop().create_future()
        self._asked[number] = reply
        self._sink.write(encode(CommandRequest(number, name, argument)))
        try:
            async with asyncio.timeout(seconds):
                return await reply
        except TimeoutError as error:
            raise PassingError(f"the engine did not answer {name!r} in {seconds:g} s") from error
        finally:
            del self._asked[number]

    async def close(self) -> None:
        """Detach; the engine goes on."""
        self._listening.cancel()
        await asyncio.wait([self._listening])
        await _hang_up(self._sink)

    async def _listen(self) -> None:
        try:
            while self.goodbye is None:
                self._take(await receive(self._source, MESSAGES, MESSAGE_BYTES_MAX))
        except (EOFError, OSError):
            self._trouble = self._gone()
        except WrongMessage as error:
            self._trouble = FinalError(f"the engine sent what this program cannot read: {error}")
        finally:
            for reply in self._asked.values():
                if not reply.done():
                    reply.set_exception(self._trouble or self._gone())
            self._fresh.set()

    def _take(self, message: Message) -> None:
        match message:
            case SnapshotMessage(snapshot=snapshot):
                self._newest = snapshot
                self._fresh.set()
            case CommandReply(id=number):
                reply = self._asked.get(number)
                if reply is not None and not reply.done():
                    reply.set_result(message)
            case Goodbye(reason=reason):
                self.goodbye = reason
            case Hello():
                raise WrongMessage("a second greeting")

    def _gone(self) -> PassingError:
        if self.goodbye is not None:
            return PassingError(f"the engine has ended: {self.goodbye}")
        return PassingError(
            f"the engine (process {self.hello.pid}) went away without a goodbye; main.log says why"
        )


async def attach(directory: Path, seconds: float = 5.0) -> ControlClient:
    """Attach to the engine of ``directory``.

    Raises FinalError where none runs, OperatorError where it is of another version, PassingError
    where it does not answer in ``seconds`` or refuses.
    """
    source, sink, token = await open_stream(directory)
    try:
        async with asyncio.timeout(seconds):
            hello = await _greeted(source, sink, token)
    except TimeoutError as error:
        await _hang_up(sink)
        raise PassingError(f"the engine of {directory} did not answer in {seconds:g} s") from error
    except AssistantError:
        await _hang_up(sink)
        raise
    return ControlClient(hello, source, sink)


async def _greeted(source: asyncio.StreamReader, sink: asyncio.StreamWriter, token: str) -> Hello:
    sink.write(encode(Attach(PROTOCOL_VERSION, token)))
    try:
        first = await receive(source, MESSAGES, MESSAGE_BYTES_MAX)
    except (EOFError, OSError) as error:
        raise PassingError("the engine closed the connection; try again") from error
    except WrongMessage as error:
        raise OperatorError(f"what answers is no engine of this program: {error}") from error
    if isinstance(first, Goodbye):
        raise PassingError(f"the engine refused: {first.reason}")
    if not isinstance(first, Hello):
        raise OperatorError("what answers is no engine of this program: it does not greet")
    _check_version(first)
    return first


async def _hang_up(sink: asyncio.StreamWriter) -> None:
    sink.close()
    with suppress(OSError):  # the engine may have gone first
        await sink.wait_closed()


def _check_version(hello: Hello) -> None:
    theirs, ours = (hello.version, hello.snapshot_version), (PROTOCOL_VERSION, SNAPSHOT_VERSION)
    if theirs != ours:
        raise OperatorError(
            f"the engine (process {hello.pid}) is kalshi-assistant {hello.program} and speaks "
            "another version of the control protocol: restart it, or attach with the same version"
        )
