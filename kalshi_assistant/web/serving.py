"""The pages, the terminal's files and its line, all behind the token.

What a browser runs is the front end of textual-serve (xterm.js and fonts, from its package; nothing
is loaded from elsewhere), and this serves the line it opens. **Invariant:** without the token, or
the cookie that the token brings, nothing is served, files and errors of the router included.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import WSMsgType, web

from kalshi_assistant.domain.errors import AssistantError, OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.metrics.door import (
    BODY_BYTES_MAX,
    Door,
    Handler,
    equal,
    errors_as_json,
    plain_headers,
    refusal,
)
from kalshi_assistant.web.screens import BrowserScreen
from kalshi_assistant.web.settings import WebSettings
from kalshi_assistant.web.talk import MESSAGE_BYTES_MAX, Pinged, size_asked, understood

FONT_SIZES: Final = (8, 40)
FONT_SIZE: Final = 14
ALIVE_SECONDS: Final = 15.0
CLOSED: Final = 4000
"""The code of a line that was closed with a reason in words."""
_REASON_BYTES_MAX: Final = 120
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HERE: Final = Path(__file__).parent

Probe = Callable[[], Awaitable[object]]


def front_end() -> dict[str, Path]:
    """Every file of the page by its name. Raises OperatorError without the extra ``web``."""
    try:
        import textual_serve
    except ImportError as error:
        raise OperatorError(
            "`web` needs textual-serve: pip install 'kalshi-assistant[web]'"
        ) from error
    given = Path(textual_serve.__path__[0]) / "static"
    theirs = ("js/textual.js", "css/xterm.css")
    fonts = ("RobotoMono-VariableFont_wght.ttf", "RobotoMono-Italic-VariableFont_wght.ttf")
    paths = [given / name for name in (*theirs, *(f"fonts/{font}" for font in fonts))]
    paths += [_HERE / "page.css", _HERE / "page.js"]
    lost = [path for path in paths if not path.is_file()]
    if lost:
        raise OperatorError(f"textual-serve comes without {lost[0].name}: install another version")
    return {path.name: path for path in paths}


class WebScreens:
    """Screens for browsers. ``application`` is to be served."""

    def __init__(
        self, command: Sequence[str], probe: Probe, settings: WebSettings, token: Secret, port: int
    ) -> None:
        """``command`` starts one screen; ``probe`` raises an AssistantError where it would find no
        engine. Raises OperatorError without the extra ``web``.
        """
        self._command, self._probe = tuple(command), probe
        self._screens_max = settings.screens_max
        self._token, self._cookie = token, secrets.token_urlsafe(32)
        self._cookie_name = f"kalshi_assistant_{port}"  # cookies do not tell ports apart
        self._files = front_end()
        self._page = Template((_HERE / "page.html").read_text(encoding="utf-8"))
        self._told = Template((_HERE / "told.html").read_text(encoding="utf-8"))
        self._lines: set[web.WebSocketResponse] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._open = 0
        self.door = Door(settings.host, settings.names, "web.names")

    @property
    def open(self) -> int:
        """How many screens there are."""
        return self._open

    def application(self) -> web.Application:
        """The routes behind the door."""
        application = web.Application(
            middlewares=[errors_as_json, self._guard], client_max_size=BODY_BYTES_MAX
        )
        application.add_routes(
            [
                web.get("/", self._index),
                web.get("/static/{name}", self._file),
                web.get("/ws", self._screen, allow_head=False),
            ]
        )
        application.on_response_prepare.append(plain_headers)
        application.on_shutdown.append(self._let_go)
        application.on_cleanup.append(self._see_off)
        return application

    # --- before any route ---

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = self.door.judge(request)
        if reason is not None:
            return refusal(403, reason)
        if request.path == "/" and "token" in request.query:
            return self._enter(request)
        if not equal(request.cookies.get(self._cookie_name, ""), self._cookie):
            return self._tell("Open the address that `kalshi-assistant web` printed.", 401)
        return await handler(request)

    def _enter(self, request: web.Request) -> web.Response:
        """The token once in the address brings a cookie, and the address without it."""
        if not equal(request.query["token"], self._token.reveal()):
            self.door.count("token")
            text = "The token is wrong: open the address that `kalshi-assistant web` printed."
            return self._tell(text, 401)
        # The page goes on by itself: after a redirect a strict cookie would not be sent
        # where another page, or a file, led here.
        response = self._tell("One moment ...", 200, refresh='0;url="/"')
        response.set_cookie(
            self._cookie_name, self._cookie, httponly=True, samesite="Strict", path="/"
        )
        return response

    # --- pages and files ---

    async def _index(self, request: web.Request) -> web.Response:
        if self._open >= self._screens_max:
            return self._tell(self._full(), 503)
        try:
            await self._probe()
        except AssistantError as error:
            return self._tell(f"{error}. This page asks again.", 503, refresh="3")
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        socket = f"{'wss' if secure else 'ws'}://{request.host}/ws"
        size = _font_size(request.query.get("fontsize", ""))
        response = web.Response(
            text=self._page.substitute(socket=escape(socket), size=size), content_type="text/html"
        )
        response.headers["Content-Security-Policy"] = _POLICY.format(socket=socket)
        return response

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = self._files.get(request.match_info["name"])
        return refusal(404, "there is nothing here") if path is None else web.FileResponse(path)

    def _tell(self, text: str, status: int, refresh: str | None = None) -> web.Response:
        again = "" if refresh is None else f"<meta http-equiv='refresh' content='{refresh}'>"
        page = self._told.substitute(text=escape(text), refresh=again)
        response = web.Response(status=status, text=page, content_type="text/html")
        response.headers["Content-Security-Policy"] = _POLICY.format(socket="")
        return response

    def _full(self) -> str:
        return f"All {self._screens_max} screens are open (web.screens_max): close one of them."

    # --- a screen ---

    async def _screen(self, request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse(heartbeat=ALIVE_SECONDS, max_msg_size=MESSAGE_BYTES_MAX)
        full = self._open >= self._screens_max
        self._open += 0 if full else 1
        try:
            await line.prepare(request)
            if full:
                await _close(line, self._full())
            else:
                self._lines.add(line)
                await self._show(line, request)
        finally:
            self._lines.discard(line)
            self._open -= 0 if full else 1
        return line

    async def _show(self, line: web.WebSocketResponse, request: web.Request) -> None:
        columns, lines = size_asked(request.query.get("width", ""), request.query.get("height", ""))
        screen = await BrowserScreen.start(self._command, columns, lines)
        listening = asyncio.create_task(_listen(line, screen))
        drawing = asyncio.create_task(_draw(line, screen))
        try:
            await asyncio.wait((listening, drawing), return_when=asyncio.FIRST_COMPLETED)
            if drawing.done():
                await _close(line, drawing.result())
        finally:
            for task in (listening, drawing):
                task.cancel()
            ending = asyncio.create_task(screen.end())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            await asyncio.shield(ending)

    async def _let_go(self, _application: web.Application) -> None:
        for line in list(self._lines):
            await _close(line, "kalshi-assistant web was stopped.")

    async def _see_off(self, _application: web.Application) -> None:
        """No screen outlives its server, even where its line was cut while it ended."""
        await asyncio.gather(*self._ending)


async def _draw(line: web.WebSocketResponse, screen: BrowserScreen) -> str:
    """Show what the screen draws; answers why it ended."""
    try:
        await screen.ready()
        async for payload in screen.drawn():
            await line.send_bytes(payload)
    except AssistantError as error:
        return str(error)
    except ConnectionError:
        return "the browser went away"
    return screen.last_words() or "The screen has ended."


async def _listen(line: web.WebSocketResponse, screen: BrowserScreen) -> None:
    """Pass on what the browser says, until it goes away or talks nonsense."""
    async for message in line:
        said = understood(message.data) if message.type is WSMsgType.TEXT else None
        if said is None:
            await _close(line, "The browser said what makes no sense.")
        elif isinstance(said, Pinged):
            await line.send_json(["pong", said.words])
        else:
            await screen.hear(said)


async def _close(line: web.WebSocketResponse, reason: str) -> None:
    cut = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")
    await line.close(code=CLOSED, message=cut.encode())


def _font_size(asked: str) -> int:
    known = asked.isascii() and asked.isdigit() and len(asked) <= 2  # of two digits
    return min(max(int(asked), FONT_SIZES[0]), FONT_SIZES[1]) if known else FONT_SIZE
