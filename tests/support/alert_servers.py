"""Local stand-ins for what alerts are sent to: Telegram's Bot API, a webhook, a mail server."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"  # the one of Telegram's own documentation
SECRET = "0123456789abcdef0123"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[TestServer]:
    """A server whose every path is answered by ``handler``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        yield server
    finally:
        await server.close()


class Hook:
    """A webhook that checks signatures and answers as it is told."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.statuses = [status]
        self.headers = headers or {}
        self.got: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.asked = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        body = await request.read()
        stamp = request.headers["X-Kalshi-Assistant-Timestamp"]
        signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
        assert request.headers["X-Kalshi-Assistant-Signature"] == f"v1={signed}"
        self.ids.append(request.headers["X-Kalshi-Assistant-Id"])
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == 200:
            self.got.append(json.loads(body))
        return web.Response(status=status, headers=self.headers, text="thanks")


class BotApi:
    """Telegram's Bot API, as much of it as the channel asks for."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []
        self.revoked = False
        self.conflict = False
        self.flood_seconds = 0
        self.blocked: set[int] = set()
        self.unknown: set[int] = set()
        self.polls = 0
        self.changed = asyncio.Event()
        self._updates: list[dict[str, Any]] = []
        self._number = 700
        self._news = asyncio.Event()

    def says(self, user: int, text: str, at: int, chat: str = "private", **other: Any) -> None:
        """A user writes something at the epoch second ``at``."""
        self._number += 1
        who = {"id": user, "is_bot": False, "first_name": "U"}
        where = {"id": user, "type": chat, "first_name": "U"}
        message = {"message_id": self._number, "date": at, "chat": where, "from": who, "text": text}
        self._updates.append({"update_id": self._number, "message": message | other})
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something was sent that makes ``condition`` hold."""
        async with asyncio.timeout(30):
            while not condition():
                await self.changed.wait()
                self.changed.clear()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rsplit("/", 1)[1]
        if request.path != f"/bot{TOKEN}/{method}" or self.revoked:
            return self._refuse(401, "Unauthorized")
        given = dict(await request.post())
        match method:
            case "getMe":
                return self._give({"id": 1, "is_bot": True, "first_name": "B", "username": "b_bot"})
            case "sendMessage":
                return self._send(int(str(given["chat_id"])), str(given["text"]))
            case "getUpdates":
                return await self._poll(int(str(given.get("offset", 0))), given)
        return self._refuse(404, "Not Found")

    def _send(self, chat: int, text: str) -> web.Response:
        if self.flood_seconds:
            wait, self.flood_seconds = self.flood_seconds, 0
            more = {"parameters": {"retry_after": wait}}
            return self._refuse(429, "Too Many Requests", more)
        if chat in self.blocked:
            return self._refuse(403, "Forbidden: bot was blocked by the user")
        if chat in self.unknown:
            return self._refuse(400, "Bad Request: chat not found")
        self.sent.append((chat, text))
        self.changed.set()
        there = {"id": chat, "type": "private", "first_name": "U"}
        return self._give({"message_id": len(self.sent), "date": 1, "chat": there, "text": text})

    async def _poll(self, offset: int, given: dict[str, Any]) -> web.Response:
        self.polls += 1
        self.changed.set()
        if self.conflict:
            return self._refuse(409, "Conflict: terminated by other getUpdates request")
        if offset < 0:
            self._updates = self._updates[offset:]
        else:
            self._updates = [each for each in self._updates if each["update_id"] >= offset]
            while not self._updates and int(str(given.get("timeout", 0))):
                await self._news.wait()
                self._news.clear()
        return self._give(self._updates)

    @staticmethod
    def _give(result: object) -> web.Response:
        return web.json_response({"ok": True, "result": result})

    @staticmethod
    def _refuse(code: int, text: str, more: dict[str, Any] | None = None) -> web.Response:
        said = {"ok": False, "error_code": code, "description": text}
        return web.json_response(said | (more or {}), status=code)


class Mailbox:
    """A mail server that takes everything, or refuses every recipient."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.mails: list[str] = []
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Mailbox"]:
        """Serve on a port of its own."""
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _talk(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        sink.write(b"220 here\r\n")
        while line := await source.readline():
            word = line[:4].upper()
            if word == b"DATA":
                sink.write(b"354 go on\r\n")
                mail = (await source.readuntil(b"\r\n.\r\n")).decode()
                self.mails.append(mail)
                sink.write(b"250 taken\r\n")
            elif word == b"QUIT":
                sink.write(b"221 bye\r\n")
                break
            elif word == b"RCPT" and self.refuses:
                sink.write(b"550 nobody here\r\n")
            else:
                sink.write(b"250 well\r\n")
        await sink.drain()
        sink.close()
