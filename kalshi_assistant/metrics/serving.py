"""The routes: metrics, the newest state, the stream of states, and two wishes.

Reading moves nothing. Writing is ``start`` and ``stop`` of signals, in watch and paper alone, for
who has the token; nothing here reaches an engine that trades real money, and a halt is not lifted.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from typing_extensions import override

from kalshi_assistant.domain.errors import OperatorError, OutsideError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.metrics.document import state_bytes
from kalshi_assistant.metrics.door import (
    BODY_BYTES_MAX,
    REQUESTS_MAX,
    Door,
    Handler,
    bearer,
    equal,
    errors_as_json,
    is_loopback,
    plain_headers,
    refusal,
)
from kalshi_assistant.metrics.families import EngineCollector
from kalshi_assistant.metrics.reading import EngineReader
from kalshi_assistant.metrics.settings import HttpSettings
from kalshi_assistant.metrics.sheet import PREFIX, Sheet
from kalshi_assistant.metrics.streaming import Streams

WISHES: Final = {"start": ("resume", ""), "stop": ("pause", "over HTTP")}
"""What may be asked for, as the engine calls it."""
MODES: Final = ("watch", "paper")
"""Engines that may be asked."""


class HttpApi:
    """The server's side of one engine. ``application`` is to be served, ``run`` run beside it."""

    def __init__(self, reader: EngineReader, settings: HttpSettings, token: Secret | None) -> None:
        """Raises OperatorError where strangers could ask without a token."""
        if token is None and not is_loopback(settings.host):
            raise OperatorError(
                f"{settings.host} can be reached from other machines: set a token "
                "(KALSHI_ASSISTANT__HTTP_TOKEN or http.token_file), or listen at 127.0.0.1"
            )
        self._reader, self._token = reader, token
        self._open = is_loopback(settings.host)
        self._working = 0
        self.door = Door(settings.host, settings.names, "http.names")
        self.streams = Streams(
            lambda: state_bytes(reader),
            lambda: reader.changes,
            settings.streams_max,
            settings.stream_waiting_max,
            1 / settings.states_per_second,
        )
        self._registry = CollectorRegistry()
        self._registry.register(EngineCollector(reader))
        self._answered: dict[tuple[str, str], int] = {}
        self._registry.register(_Tallies(self.door, self.streams, self._answered))
        ProcessCollector(namespace=PREFIX + "serve", registry=self._registry)
        ProcessCollector(namespace=PREFIX + "engine", pid=self._engine_pid, registry=self._registry)

    def application(self) -> web.Application:
        """The routes behind the door."""
        application = web.Application(
            middlewares=[self._count, errors_as_json, self._guard], client_max_size=BODY_BYTES_MAX
        )
        application.add_routes(
            [
                web.get("/", self._index, allow_head=True),
                web.get("/metrics", self._metrics),
                web.get("/api/v1/state", self._state),
                web.get("/api/v1/stream", self._stream, allow_head=False),
                web.post("/api/v1/trading/{wish:start|stop}", self._trading),
            ]
        )
        application.on_response_prepare.append(plain_headers)
        application.on_shutdown.append(self._let_go)
        return application

    async def run(self) -> None:
        """Read the engine and feed the streams, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reader.run())
            group.create_task(self.streams.run())

    async def _let_go(self, _application: web.Application) -> None:
        self.streams.close()

    # --- before any route ---

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        route = "none" if resource is None else resource.canonical
        asked = route, str(response.status)
        self._answered[asked] = self._answered.get(asked, 0) + 1
        return response

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = self.door.judge(request)
        if reason is not None:
            return refusal(403, reason)
        if not self._open and not self._has_token(request):
            return self._wants_token()
        if self._working >= REQUESTS_MAX:
            self.door.count("busy")
            return refusal(503, "too many requests at once")
        self._working += 1
        try:
            return await handler(request)
        finally:
            self._working -= 1

    def _has_token(self, request: web.Request) -> bool:
        return self._token is not None and equal(bearer(request), self._token.reveal())

    def _wants_token(self) -> web.Response:
        self.door.count("token")
        text = "send the token: `Authorization: Bearer ...`"
        return refusal(401, text, **{"WWW-Authenticate": "Bearer"})

    # --- reading ---

    async def _index(self, _request: web.Request) -> web.Response:
        routes = ["/metrics", "/api/v1/state", "/api/v1/stream"]
        wishes = [f"/api/v1/trading/{wish}" for wish in WISHES]
        return web.json_response({"type": "index", "read": routes, "post": wishes})

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _state(self, _request: web.Request) -> web.Response:
        """With 503 while there is no engine, so that nobody takes it for a state."""
        status = 200 if self._reader.snapshot is not None else 503
        body = state_bytes(self._reader)
        return web.Response(status=status, body=body, content_type="application/json")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self.streams.full:
            self.door.count("streams")
            return refusal(503, "too many streams; close one of them", **{"Retry-After": "5"})
        self._working -= 1  # a stream has a limit of its own
        try:
            return await self.streams.serve(request)
        finally:
            self._working += 1

    # --- wishing ---

    async def _trading(self, request: web.Request) -> web.Response:
        if self._token is None:
            self.door.count("token")
            return refusal(403, "nothing can be asked for: no token is set (http.token_file)")
        if not self._has_token(request):
            return self._wants_token()
        await request.read()  # nothing is taken from a body, but it is bounded
        engine = self._reader.engine
        if engine is None:
            return refusal(503, self._reader.down_because or "no engine is attached")
        if engine.mode not in MODES:
            self.door.count("live")
            text = f"this engine is in mode {engine.mode}: that is for watch and paper only"
            return refusal(403, text)
        return await self._wish(request.match_info["wish"])

    async def _wish(self, wish: str) -> web.Response:
        name, argument = WISHES[wish]
        try:
            reply = await self._reader.command(name, argument)
        except OutsideError as error:
            return refusal(503, str(error))
        body = {"type": "trading", "asked": wish, "ok": reply.ok, "text": reply.text}
        return web.Response(
            status=200 if reply.ok else 409,
            body=msgspec.json.encode(body),
            content_type="application/json",
        )

    # --- of ourselves ---

    def _engine_pid(self) -> int | str:
        """Its process, where there is one on this machine."""
        engine = self._reader.engine
        return "none" if engine is None else engine.pid


class _Tallies(Collector):
    """Who was turned away, and who listens."""

    def __init__(
        self, door: Door, streams: Streams, answered: Mapping[tuple[str, str], int]
    ) -> None:
        self._door, self._streams, self._answered = door, streams, answered

    @override
    def collect(self) -> Iterable[Metric]:
        sheet = Sheet()
        sheet.gauge("stream_clients", "Who listens to the stream.", self._streams.clients)
        for reason, count in self._streams.dropped.items():
            about = "Listeners that were let go, by why."
            sheet.counter("stream_dropped_total", about, count, reason=reason)
        for reason, count in self._door.refused.items():
            about = "Requests that were turned away, by why."
            sheet.counter("http_refused_total", about, count, reason=reason)
        for (route, code), count in self._answered.items():
            sheet.counter(
                "http_requests_total", "Requests answered.", count, route=route, code=code
            )
        return sheet.families()
