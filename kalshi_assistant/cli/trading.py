"""What ``kill``, ``clear``, ``arm`` and ``doctor`` share: which account, where it is kept, a typed
word.
"""

import sys
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kalshi_assistant.domain.entries import GroupKept, Halt
    from kalshi_assistant.domain.secrets import Secret
    from kalshi_assistant.domain.time import Nanos
    from kalshi_assistant.runtime.carrying import Access
    from kalshi_assistant.runtime.store_reading import KeptOrder
    from kalshi_assistant.settings import Configuration, Settings

LEDGER_NAME: Final = "ledger.sqlite"
LIVE, PAPER, WATCH = "live", "paper", "watch"
_SECTIONS_APART: Final = (
    "journal", "control", "inbox", "headless", "alerts", "http", "web", "ui",
)  # fmt: skip
"""A grant does not hang on these: nothing of them decides what is traded."""
_FOLDERS: Final = ("state_dir", "data_dir", "log_dir", "client_file")

ClientFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="client.json of a local exchange, with --env local."),
]
Account = Annotated[
    str | None,
    typer.Option("--mode", metavar="live|paper", help="Which account; else the settings' own."),
]


class Book(Protocol):
    """The account's own book, as far as halts go."""

    @property
    def namespace(self) -> str:
        """What our client order ids begin with."""

    def halt(self, *, breaker: str, reason: str, now: "Nanos") -> None:
        """Keep a halt, on the disk when this returns. Raises AssistantError."""

    def groups(self) -> "tuple[GroupKept, ...]":
        """Order groups of ours that may be at the venue."""

    def group_triggered(self, group_id: str, now: "Nanos") -> None:
        """A group is about to be triggered."""

    def unfinished(self) -> "Sequence[KeptOrder]":
        """Orders of ours that are not known to be over."""

    def halts(self) -> "tuple[Halt, ...]":
        """Those that stand."""

    def clear(self, *, reason: str, now: "Nanos") -> int:
        """Clear every halt with a person's reason; how many stood."""


def ledger_file(state: Path, mode: str) -> Path:
    """The book of the account of a state folder, or the one of paper beside all accounts."""
    return (state if mode == LIVE else state.parent / PAPER) / LEDGER_NAME


def open_book(state: Path, mode: str) -> Book:
    """The book of an account, made where there is none. Raises OperatorError."""
    from kalshi_assistant.runtime.store import Store

    path = ledger_file(state, mode)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Store.open(path)


def mode_of(given: str | None, configuration: "Configuration") -> str:
    """The account that is meant: the one named, the settings' own, live where there is a key."""
    if given is not None:
        if given not in (LIVE, PAPER):
            raise OperatorError(f"--mode is {given[:20]!r}; write live or paper")
        return given
    settings = configuration.settings
    mode = str(settings.mode)
    if mode in (LIVE, PAPER):
        return mode
    has_key = settings.key_id is not None or settings.environment == "local"
    return LIVE if has_key else PAPER


def access_of(configuration: "Configuration") -> "Access":
    """Where the venue of these settings is, and the key. Raises OperatorError where one is wrong.

    Reads nothing that a kill does not need.
    """
    from kalshi_assistant.cli.run import HOSTS
    from kalshi_assistant.runtime.carrying import Access
    from kalshi_assistant.runtime.clock import SystemClock
    from kalshi_assistant.runtime.local_client import read_client_file
    from kalshi_assistant.venues.kalshi.signing import Signer

    settings, wall = configuration.settings, SystemClock()
    account, key = account_of(configuration), key_of(configuration)
    signer = None
    if account is not None and key is not None:
        signer = Signer.from_pem(account, key, configuration.passphrase)
    if settings.environment == "local":
        assert settings.client_file is not None  # the settings reader refuses local without it
        client = read_client_file(settings.client_file)
        return Access(client.rest_url, client.ws_url, signer, wall, client.clock(wall))
    rest_url, ws_url = HOSTS[settings.environment]
    return Access(rest_url, ws_url, signer, wall, wall)


def account_of(configuration: "Configuration") -> str | None:
    """The id of the key: the venue tells no other name of an account."""
    from kalshi_assistant.runtime.local_client import read_client_file

    settings = configuration.settings
    if settings.environment == "local" and settings.client_file is not None:
        return read_client_file(settings.client_file).key_id
    return settings.key_id


def key_of(configuration: "Configuration") -> "Secret | None":
    """The private key as text. Raises OperatorError."""
    from kalshi_assistant.runtime.local_client import read_client_file
    from kalshi_assistant.settings.keyfile import read

    settings = configuration.settings
    if settings.environment == "local" and settings.client_file is not None:
        return read(Path(read_client_file(settings.client_file).private_key_path))
    return configuration.private_key()


def config_digest(settings: "Settings") -> str:
    """Names the settings that a grant and a pass of the doctor are bound to: all but folders and
    how things are written down.
    """
    from json import dumps

    from kalshi_assistant.settings.describe import document

    found = document(settings)
    for name in (*_FOLDERS, *_SECTIONS_APART):
        found.pop(name, None)
    return blake2b(dumps(found, sort_keys=True).encode(), digest_size=12).hexdigest()


def typed(prompt: str, wanted: str, *, piped: bool = False) -> bool:
    """Ask a person to type ``wanted``; whether it was. Raises OperatorError without a terminal,
    unless ``piped`` input will do.
    """
    if not sys.stdin.isatty() and not piped:
        raise OperatorError("this is done by typing at a terminal of this machine; nothing changed")
    sys.stderr.write(f"{prompt}\ntype {wanted!r} to go on: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == wanted
