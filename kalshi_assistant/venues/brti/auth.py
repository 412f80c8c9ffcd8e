"""How a licensed user is known to the publisher: HTTP Basic, in the handshake of the socket.

Source: CF Benchmarks WebSocket API v4. The other way it offers, user and key as names of
subprotocols, is not used: subprotocols are written into more logs than this header.

**Invariant:** neither user nor key is in a message.
"""

from base64 import b64encode
from typing import Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret

AUTHORIZATION: Final = "Authorization"


def basic_authorization(user: Secret, key: Secret) -> dict[str, str]:
    """The header of the handshake. Raises OperatorError where the two cannot be meant."""
    name, word = user.reveal().strip(), key.reveal().strip()
    if not name or not word:
        raise OperatorError("the user or the key of CF Benchmarks is empty; set both or neither")
    if ":" in name:
        raise OperatorError("the user of CF Benchmarks has a colon in it; give the user alone")
    if not (name + word).isprintable():
        raise OperatorError("the user or the key of CF Benchmarks has a line break or worse in it")
    token = b64encode(f"{name}:{word}".encode("utf-8", errors="surrogatepass")).decode()
    return {AUTHORIZATION: f"Basic {token}"}
