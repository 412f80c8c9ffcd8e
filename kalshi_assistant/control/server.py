"""The engine's side of the control socket.

A snapshot is taken and encoded once per broadcast, whoever reads, and not at all while nobody does.
Commands are handed to one function; what it answers goes back to the reader that asked.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable

from kalshi_assistant.control.attachment import Attachment
from kalshi_assistant.control.endpoint import Endpoint
from kalshi_assistant.control.protocol import (
    PROTOCOL_VERSION,
    Attach,
    CommandReply,
    CommandRequest,
    Goodbye,
    Hello,
    SnapshotMessage,
    encode,
)
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.errors import AssistantError
from kalshi_assistant.engine.snapshot import Snapshot

TakeSnapshot = Callable[[], Snapshot]
Answer = Callable[[CommandRequest], CommandReply | Awaitable[CommandReply]]


class ControlServer:
    """Serves the readers of one engine.

    ``answer`` may raise an AssistantError, which becomes a refusal in its words; any other
    exception is a bug and comes out of ``run``, as does one of ``take_snapshot``.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        hello: Hello,
        take_snapshot: TakeSnapshot,
        answer: Answer,
        settings: ControlSettings,
    ) -> None:
        self._endpoint = endpoint
        self._hello = hello
        self._take_snapshot = take_snapshot
        self._answer = answer
        self._settings = settings
        self._connected: set[Attachment] = set()
        self._attached: dict[Attachment, None] = {}  # in order of coming
        self._replying: set[asyncio.Task[CommandReply]] = set()
        self._shown = b""
        self._somebody = asyncio.Event()
        self._reason = ""
        self._ending = asyncio.Event()

    @property
    def readers(self) -> int:
        """How many are attached."""
        return len(self._attached)

    async def run(self) -> None:
        """Serve until ``close``; then say goodbye to everyone and give the folder back."""
        try:
            async with asyncio.TaskGroup() as group:
                listener = await asyncio.start_server(
                    partial(self._welcome, group), sock=self._endpoint.listener
                )
                broadcasting = group.create_task(self._broadcast_often())
                await self._ending.wait()
                listener.close()
                for task in (broadcasting, *self._replying):
                    task.cancel()
                for attachment in self._connected:
                    attachment.leave(encode(Goodbye(self._reason)))
        finally:
            self._endpoint.release()

    def close(self, reason: str) -> None:
        """Let ``run`` end; ``reason`` is what the readers are told."""
        self._reason = self._reason or reason
        self._ending.set()

    def broadcast(self) -> None:
        """Show the state of this moment to every reader, unless it is the one they saw last."""
        if not self._attached:
            return
        snapshot = encode(SnapshotMessage(self._take_snapshot()))
        if snapshot != self._shown:
            self._shown = snapshot
            for attachment in self._attached:
                attachment.show(snapshot)

    async def _broadcast_often(self) -> None:
        period = 1 / self._settings.snapshots_per_second
        while True:
            await self._somebody.wait()
            self.broadcast()
            await asyncio.sleep(period)

    def _welcome(
        self, group: asyncio.TaskGroup, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        attachment = Attachment(source, sink, self._settings.stalled_seconds)
        if self._ending.is_set():
            attachment.drop()
        else:
            self._connected.add(attachment)
            group.create_task(self._serve(group, attachment))

    async def _serve(self, group: asyncio.TaskGroup, attachment: Attachment) -> None:
        sending = group.create_task(attachment.send())
        try:
            refusal = await self._refusal(attachment)
            if refusal is None:
                self._attach(attachment)
                listening = group.create_task(self._listen(group, attachment))
                await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
                listening.cancel()
            else:
                attachment.leave(encode(Goodbye(refusal)))
                await sending
        finally:
            sending.cancel()
            attachment.drop()
            self._connected.discard(attachment)
            self._detach(attachment)

    async def _refusal(self, attachment: Attachment) -> str | None:
        """Why the reader may not attach; ``None`` where it introduced itself well."""
        try:
            async with asyncio.timeout(self._settings.attach_seconds):
                first = await attachment.next_request()
        except TimeoutError:
            return "no introduction came"
        if not isinstance(first, Attach):
            return "the introduction made no sense"
        if not hmac.compare_digest(first.token.encode(), self._endpoint.token.encode()):
            return "the token is wrong"
        attachment.answer(encode(self._hello))  # it tells a reader of another version what is here
        if first.version != PROTOCOL_VERSION:
            return f"this engine speaks protocol {PROTOCOL_VERSION}"
        if self.readers >= self._settings.readers_max:
            return f"{self.readers} readers are attached already; close one of them"
        return None

    def _attach(self, attachment: Attachment) -> None:
        self._attached[attachment] = None
        self._somebody.set()
        self._shown = b""  # the new one has seen nothing
        self.broadcast()

    def _detach(self, attachment: Attachment) -> None:
        self._attached.pop(attachment, None)
        if not self._attached:
            self._somebody.clear()

    async def _listen(self, group: asyncio.TaskGroup, attachment: Attachment) -> None:
        """Answer commands until the reader goes away or talks nonsense."""
        while isinstance(request := await attachment.next_request(), CommandRequest):
            replying = group.create_task(self._reply(request))
            self._replying.add(replying)
            replying.add_done_callback(self._replying.discard)
            # A command that was taken is carried out, even when who gave it is gone.
            attachment.answer(encode(await asyncio.shield(replying)))

    async def _reply(self, request: CommandRequest) -> CommandReply:
        try:
            answer = self._answer(request)
            return await answer if isawaitable(answer) else answer
        except AssistantError as error:
            return CommandReply(request.id, ok=False, text=str(error))
