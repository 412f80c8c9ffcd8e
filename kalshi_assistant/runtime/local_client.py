"""What the local exchange hands to its clients: a fresh key pair, and a file with its address.

The file is written after the exchange listens, in one step, so whoever sees it can connect.
"""

import os
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.runtime.clock import Clock, ScaledClock

KeyKind = Literal["ed25519", "rsa"]
PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | rsa.RSAPublicKey

CLIENT_FILE: Final = "client.json"
KEY_FILE: Final = "private_key.pem"
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_DIR: Final = 0o700
_RSA_BITS: Final = 2048


class ClientFile(msgspec.Struct, frozen=True):
    """All that a client has to know; ``rest_url`` and ``ws_url`` stand where the venue's stand."""

    rest_url: str
    ws_url: str
    key_id: str
    private_key_path: str
    speed: float
    venue_time_at_start: Nanos
    wall_time_at_start: Nanos
    spot_urls: dict[str, str]
    """Sockets of the constituents, by venue."""
    spot_documents: dict[str, str]
    """And their order books by REST, where they have one."""

    def clock(self, wall: Clock) -> ScaledClock:
        """The exchange's own time. Requests are signed in wall time all the same."""
        return ScaledClock(wall, self.wall_time_at_start, self.venue_time_at_start, self.speed)


class Credentials(msgspec.Struct, frozen=True):
    """The one account of the exchange."""

    key_id: str
    public_key: PublicKey
    private_key_path: Path


def make_credentials(directory: Path, kind: KeyKind) -> Credentials:
    """A new key pair, its private half readable by the owner only, over whatever was there before.

    Raises OperatorError when the folder cannot be written.
    """
    key: PrivateKey = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = directory.absolute() / KEY_FILE
    _write(path, pem)
    return Credentials(str(uuid4()), key.public_key(), path)


def write_client_file(directory: Path, client: ClientFile) -> Path:
    """Put ``client.json`` into ``directory``, whole or not at all. Raises OperatorError."""
    path = directory.absolute() / CLIENT_FILE
    _write(path, msgspec.json.format(msgspec.json.encode(client)) + b"\n")
    return path


def forget_clients(directory: Path) -> None:
    """Remove the file and the key: what they say is no longer so. Raises OperatorError."""
    for name in (CLIENT_FILE, KEY_FILE):
        path = directory.absolute() / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OperatorError(f"cannot remove {path}: {error.strerror}") from error


def read_client_file(path: Path) -> ClientFile:
    """Read what ``write_client_file`` wrote. Raises OperatorError, also where an address in it is
    not of this machine: nothing that is meant for a local exchange may reach another venue.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=ClientFile)
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} is not a client file: {error}") from error
    for url in (
        found.rest_url,
        found.ws_url,
        *found.spot_urls.values(),
        *found.spot_documents.values(),
    ):
        if not _is_here(url):
            raise OperatorError(
                f"{path} names {url[:80]!r}, which is not on this machine: with --env local "
                "everything goes to a local exchange (http or ws to 127.0.0.1, ::1 or localhost); "
                "write --env prod or --env demo for the venue itself"
            )
    return found


def _is_here(url: str) -> bool:
    """Whether an address is a local exchange's: plain, and of this machine."""
    try:
        found = urlsplit(url)
        return found.scheme in ("http", "ws") and found.hostname in LOOPBACK and found.port != 0
    except ValueError:
        return False


def _write(path: Path, content: bytes) -> None:
    """Write beside and rename over, so that no reader sees half a file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        path.parent.mkdir(mode=_OWNER_ONLY_DIR, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, flags | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            file.write(content)
        beside.replace(path)
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error
