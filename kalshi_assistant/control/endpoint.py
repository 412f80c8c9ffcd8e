"""Where an engine is found: files in one folder, for its owner only.

``engine.lock`` is held while the engine lives, so two engines never share a folder, and what a dead
one left is known to be dead. ``engine.sock`` is the socket. Where the system has no such sockets,
or the folder's path is too long for one, ``engine.tcp`` holds the port on loopback and a token
drawn for this start.
"""

import asyncio
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import FinalError, OperatorError, PassingError
from kalshi_assistant.journal.hold import take_hold

LOCK_NAME: Final = "engine.lock"
SOCKET_NAME: Final = "engine.sock"
TCP_NAME: Final = "engine.tcp"

_SOCKET_PATH_BYTES_MAX: Final = 100
"""Systems take 104 (BSD, macOS) or 108 (Linux) with the closing zero."""
_LOOPBACK: Final = "127.0.0.1"
_PROBE_SECONDS: Final = 2.0
_BACKLOG: Final = 16


class _TcpAddress(msgspec.Struct, frozen=True):
    port: int
    token: str


class Endpoint:
    """A claimed folder with its socket; ``token`` is empty where the socket has an owner."""

    def __init__(self, directory: Path, lock: int, listener: socket.socket, token: str) -> None:
        self.directory = directory
        self.listener = listener
        self.token = token
        self._lock = lock

    def release(self) -> None:
        """Give the folder back: no socket, no lock. Again is harmless."""
        if self._lock < 0:
            return
        self.listener.close()
        _remove_addresses(self.directory)
        os.close(self._lock)
        self._lock = -1


def claim(directory: Path) -> Endpoint:
    """Make this process the engine of ``directory`` and listen there.

    Raises OperatorError where an engine already lives there or others may write there, PassingError
    where the system refuses. What a dead engine left is removed.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_folder(directory)
        lock = _lock(directory)
    except OSError as error:
        raise PassingError(f"cannot use the folder {directory}: {error.strerror}") from error
    try:
        if answers(directory):
            raise _already_running(directory)
        _remove_addresses(directory)
        listener, token = _listen(directory)
    except OSError as error:
        os.close(lock)
        raise PassingError(f"cannot listen in {directory}: {error.strerror}") from error
    except OperatorError:
        os.close(lock)
        raise
    return Endpoint(directory, lock, listener, token)


async def open_stream(
    directory: Path,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """A connection to the engine of ``directory``, and the token it asks for. Raises FinalError."""
    try:
        if (directory / SOCKET_NAME).exists():
            return *await asyncio.open_unix_connection(directory / SOCKET_NAME), ""
        address = _tcp_address(directory)
        if address is not None:
            return *await asyncio.open_connection(_LOOPBACK, address.port), address.token
    except OSError as error:
        raise FinalError(
            f"the engine of {directory} is dead ({error.strerror}); {_START}"
        ) from error
    raise FinalError(f"no engine runs in {directory}; {_START}")


_START: Final = "start one with `kalshi-assistant run`, or give its --state-dir"


def holder(directory: Path) -> int:
    """The process that last claimed the folder; 0 where that cannot be read."""
    try:
        return int((directory / LOCK_NAME).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return 0


def _lock(directory: Path) -> int:
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    if not take_hold(descriptor):
        os.close(descriptor)
        raise _already_running(directory)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())
    return descriptor


def _already_running(directory: Path) -> OperatorError:
    pid = (directory / LOCK_NAME).read_text(encoding="ascii").strip()
    return OperatorError(
        f"an engine is already running in {directory} (process {pid}): "
        "see it with `kalshi-assistant attach`, or give this one another --state-dir"
    )


def _refuse_open_folder(directory: Path) -> None:
    """Whoever may write in the folder could put a socket of his own there."""
    if sys.platform != "win32":
        found = directory.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise OperatorError(f"others may write in {directory}: `chmod 700 {directory}`")


def answers(directory: Path) -> bool:
    """Whether something listens at an address left in the folder. Raises OSError."""
    path, address = directory / SOCKET_NAME, _tcp_address(directory)
    if _has_unix_sockets() and path.exists():
        return _connects(socket.socket(socket.AF_UNIX), str(path))
    return address is not None and _connects(socket.socket(), (_LOOPBACK, address.port))


def _connects(probe: socket.socket, address: str | tuple[str, int]) -> bool:
    with probe:
        probe.settimeout(_PROBE_SECONDS)
        return probe.connect_ex(address) == 0


def _listen(directory: Path) -> tuple[socket.socket, str]:
    path = str(directory / SOCKET_NAME)
    if _has_unix_sockets() and len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX:
        return _listen_unix(path), ""
    return _listen_tcp(directory / TCP_NAME)


def _has_unix_sockets() -> bool:
    return hasattr(socket, "AF_UNIX")


def _listen_unix(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    # The file has its owner's permissions from its first moment on, not only after a chmod.
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    listener.listen(_BACKLOG)
    return listener


def _listen_tcp(path: Path) -> tuple[socket.socket, str]:
    listener = socket.create_server((_LOOPBACK, 0), backlog=_BACKLOG)
    token = secrets.token_urlsafe(32)
    address = _TcpAddress(listener.getsockname()[1], token)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(address))
    return listener, token


def _tcp_address(directory: Path) -> _TcpAddress | None:
    """The address in the folder; none, or half written by an engine that died, is none."""
    try:
        return msgspec.json.decode((directory / TCP_NAME).read_bytes(), type=_TcpAddress)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _remove_addresses(directory: Path) -> None:
    for name in (SOCKET_NAME, TCP_NAME):
        (directory / name).unlink(missing_ok=True)
