"""Signed POST requests to an address of yours.

The body is JSON. ``X-Kalshi-Assistant-Signature`` is ``v1=`` and the HMAC-SHA256, in hex, of the
timestamp header, a full stop and the body, under the shared secret. Whoever receives it refuses an
old timestamp, and an id it has seen: a message that is tried again carries its id again.
"""

import hmac
import json
import os
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import aiohttp

from kalshi_assistant import __version__
from kalshi_assistant.alerts.channel import RetryLaterError
from kalshi_assistant.alerts.message import Message
from kalshi_assistant.domain.errors import FinalError, PassingError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import SECOND, Nanos, format_iso

ANSWER_BYTES: Final = 4_096
"""Of an answer, at most this much is read: it may be endless."""
_AGAIN: Final = frozenset((408, 425, 429))
_PREFIX: Final = "X-Kalshi-Assistant-"


def signature(secret: Secret, timestamp: str, body: bytes) -> str:
    """What a request is signed with."""
    signed = f"{timestamp}.".encode() + body
    return f"v1={hmac.new(secret.reveal().encode(), signed, sha256).hexdigest()}"


class WebhookChannel:
    """One address."""

    name = "webhook"

    def __init__(
        self, url: str, secret: Secret, now: Callable[[], Nanos], run: str, seconds: float
    ) -> None:
        """``run`` names this process in the ids of its messages; ``now`` is the true time;
        ``seconds`` bounds a request.
        """
        self._url, self._secret = url, secret
        self._now, self._run = now, run
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    async def check(self) -> None:
        """Nothing can be known of an address without sending to it."""

    async def send(self, message: Message) -> str:
        """POST it. Raises PassingError, FinalError."""
        body = self._body(message)
        timestamp = str(self._now() // SECOND)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"kalshi-assistant/{__version__}",
            f"{_PREFIX}Id": f"{self._run}-{message.number}",
            f"{_PREFIX}Timestamp": timestamp,
            f"{_PREFIX}Signature": signature(self._secret, timestamp, body),
        }
        try:
            async with self._open().post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.content.read(ANSWER_BYTES)
                status, later = answer.status, answer.headers.get("Retry-After", "")
                answer.close()  # what is left of it is not waited for
        except TimeoutError as error:
            raise PassingError("the webhook did not answer in time") from error
        except aiohttp.InvalidURL as error:
            raise FinalError("alerts.webhook.url is no address that can be asked") from error
        except aiohttp.ClientError as error:
            raise PassingError(f"the webhook cannot be reached ({_named(error)})") from error
        return _judge(status, later)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _body(self, message: Message) -> bytes:
        said = {
            "type": "alert",
            "id": f"{self._run}-{message.number}",
            "at": format_iso(message.at),
            "severity": message.severity,
            "title": message.title,
            "text": message.text,
            "count": message.count,
            "rules": list(message.rules),
        }
        return json.dumps(said).encode()


def _judge(status: int, later: str) -> str:
    """What an answer means. Raises PassingError, FinalError."""
    if 200 <= status < 300:
        return f"the webhook answered {status}"
    if status >= 500 or status in _AGAIN:
        if later.isascii() and later.isdigit() and len(later) <= 6:
            raise RetryLaterError(f"the webhook answered {status}", float(later))
        raise PassingError(f"the webhook answered {status}")
    if 300 <= status < 400:
        raise FinalError(
            f"the webhook answered {status}, a redirect, which is not followed: "
            "write the final address as alerts.webhook.url"
        )
    raise FinalError(f"the webhook refused the message ({status})")


def _named(error: aiohttp.ClientError) -> str:
    """The kind of error, or the system's own words; never the address."""
    if isinstance(error, aiohttp.ClientOSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__
