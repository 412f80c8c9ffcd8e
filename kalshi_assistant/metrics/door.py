"""Who is let in: the address listened at, the names called by, and the token.

A page of a stranger's site can make a browser ask a server on this machine, under a name of its own
that it lets point here (DNS rebinding), or from its own origin. So a request is taken only under a
name of ours, and only from nowhere or from the same place. **Invariant:** the token is compared in
constant time, and is in no log, error or document.
"""

import asyncio
import errno
import hmac
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret

TOKEN_LETTERS_MIN: Final = 16
BODY_BYTES_MAX: Final = 4_096
REQUESTS_MAX: Final = 64
"""Requests in work at once; streams and screens have limits of their own."""
KEEP_SECONDS: Final = 15.0
_BACKLOG: Final = 64
_TOKEN: Final = re.compile(rf"[A-Za-z0-9._~+/=-]{{{TOKEN_LETTERS_MIN},256}}")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_token(given: Secret, source: str) -> Secret:
    """A token that can be sent and is hard to guess. Raises OperatorError naming ``source``."""
    if _TOKEN.fullmatch(given.reveal()) is None:
        raise OperatorError(
            f"the token of {source} is of no use: write {TOKEN_LETTERS_MIN} to 256 letters and "
            "digits, such as `openssl rand -hex 24` makes them"
        )
    return given


def equal(given: str, secret: str) -> bool:
    """Compared in constant time, whatever ``given`` holds."""
    return hmac.compare_digest(given.encode(errors="surrogatepass"), secret.encode())


def bearer(request: web.Request) -> str:
    """The token a request carries, empty without one."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


class Door:
    """Judges the ``Host`` and ``Origin`` of requests; counts those it turned away."""

    def __init__(self, host: str, names: Iterable[str], setting: str) -> None:
        """``names`` are further names that a proxy or another machine may ask for, as ``setting``
        has them.
        """
        self._setting = setting
        self._names = {"localhost", host.lower(), *(name.lower() for name in names)}
        self.refused: dict[str, int] = {}

    def judge(self, request: web.Request) -> str | None:
        """Why the request may not come in, in words; ``None`` where it may."""
        asked = name_of(request.headers.get("Host", ""))
        if asked is None or not self._is_ours(asked):
            self.count("host")
            return f"this server does not go by that name; see {self._setting} in the settings"
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            self.count("origin")
            return "a page of another site may not ask here"
        return None

    def count(self, reason: str) -> None:
        """One more request was turned away."""
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def _is_ours(self, name: str) -> bool:
        """A number is no name: nobody can let one point elsewhere."""
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True


def name_of(host: str) -> str | None:
    """The name in a ``Host`` header, without port; ``None`` where it makes no sense."""
    name, port = host.lower(), ""
    if name.startswith("["):
        name, bracket, port = name[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return None
        port = port.removeprefix(":")
    elif ":" in name:
        name, _, port = name.partition(":")
    known = _NAME.fullmatch(name) is not None or ":" in name
    return name if known and (not port or (port.isascii() and port.isdigit())) else None


def refusal(status: int, text: str, **headers: str) -> web.Response:
    """An error as JSON."""
    body = msgspec.json.encode({"type": "error", "status": status, "error": text})
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the router itself refuses is told like everything else."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return refusal(405, f"{error.method} is not done here; {allowed} is", Allow=allowed)
    except web.HTTPNotFound:
        return refusal(404, "there is nothing here")
    except web.HTTPRequestEntityTooLarge:
        return refusal(413, f"a body of more than {BODY_BYTES_MAX} bytes")
    except web.HTTPClientError as error:
        return refusal(error.status, error.reason)


async def plain_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """On every answer: not kept, not guessed at, not framed, and no word of what serves it."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Server"] = "kalshi-assistant"


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A socket that listens. Raises OperatorError naming the remedy, ``setting`` among them."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        raise OperatorError(
            f"there is no address {host!r} to listen at: {error.strerror}"
        ) from error
    except OSError as error:
        raise OperatorError(_not_listening(host, port, setting, error)) from error


def _not_listening(host: str, port: int, setting: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken: give another with --port, or set {setting}"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} needs more rights than yours: give one above 1023"
    return f"cannot listen at port {port} of {host}: {error.strerror or error}"


async def serve_until(
    application: web.Application, listener: socket.socket, stop: asyncio.Event
) -> None:
    """Serve on ``listener`` until ``stop``, then let go of everybody."""
    runner = web.AppRunner(
        application, access_log=None, keepalive_timeout=KEEP_SECONDS, shutdown_timeout=1.0
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        await stop.wait()
    finally:
        await runner.cleanup()
        listener.close()


def url_of(listener: socket.socket) -> str:
    """The address as a browser takes it; of all addresses, this machine's own."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # only looked for
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
