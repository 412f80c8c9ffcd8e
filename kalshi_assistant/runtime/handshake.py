"""Whether the venue's socket can be opened, as ``doctor`` asks: a handshake, and closed again."""

import ssl
from collections.abc import Mapping
from typing import Final

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from kalshi_assistant.runtime.doctor import Line, failed, passed

SECONDS_MAX: Final = 10.0


async def feeds_line(url: str, headers: Mapping[str, str]) -> Line:
    """The handshake as a line; ``headers`` are the signature."""
    remedy = "see whether a proxy or firewall stands between; sockets are needed for the feeds"
    try:
        async with connect(
            url,
            additional_headers=dict(headers),
            open_timeout=SECONDS_MAX,
            close_timeout=1.0,
            compression=None,
        ):
            return passed("feeds", "the venue's socket opens")
    except InvalidStatus as error:
        say = f"the venue's socket answers HTTP {error.response.status_code}"
        return failed("feeds", say, remedy, outside=True)
    except (InvalidHandshake, InvalidURI, OSError, TimeoutError, ssl.SSLError) as error:
        say = f"the venue's socket does not open: {str(error) or type(error).__name__}"[:200]
        return failed("feeds", say, remedy, outside=True)
