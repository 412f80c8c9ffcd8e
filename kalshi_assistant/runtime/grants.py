"""The consent of a person to live trading: typed for one start, or granted for a day without one.

The phrase typed at a start holds for that process alone. A grant is made by ``arm``, kept in the
state folder for its owner only, and sealed with the account's private key, so it is no use with
another account, other settings or a changed text. An end that was not in order voids it.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import DAY, MINUTE, SECOND, Nanos
from kalshi_assistant.runtime.kill_file import write_durably

GRANT_NAME: Final = "grant.json"
VALID: Final = DAY
CLOCK_SLACK: Final = 5 * SECOND
"""A grant from further in the future was made by another clock."""

CONSENT_LASTS: Final = 2 * MINUTE
"""From the typing of the phrase to the start of the process that it is for."""
CONSENT: Final = "KALSHI_ASSISTANT_CONSENT"
"""The environment variable in which a screen hands it to its engine, which takes it away."""

_BYTES_MAX: Final = 4_096
_PURPOSE: Final = b"kalshi-assistant grant 1\n"
_START_PURPOSE: Final = b"kalshi-assistant start 1\n"
_SHOWN: Final = 4


class Grant(msgspec.Struct, frozen=True):
    """What a person granted. ``config`` names the settings, ``seal`` proves who made it."""

    account: str
    config: str
    made_at: Nanos
    valid_until: Nanos
    seal: str


@dataclass(frozen=True, slots=True)
class GrantVerdict:
    """Whether a grant holds, and why in words."""

    holds: bool
    say: str


def phrase(account: str) -> str:
    """What a person types to trade with real money: the words and the end of the key id."""
    return f"TRADE REAL MONEY {account[-_SHOWN:]}"


def grant_path(folder: Path) -> Path:
    """Where the grant of a state folder stands."""
    return folder / GRANT_NAME


def make_grant(folder: Path, account: str, config: str, key: Secret, now: Nanos) -> Grant:
    """Write a grant over any that is there. Raises OperatorError where it cannot be written."""
    until = Nanos(now + VALID)
    grant = Grant(account, config, now, until, _seal(account, config, now, until, key))
    write_durably(grant_path(folder), msgspec.json.format(msgspec.json.encode(grant)) + b"\n")
    return grant


def revoke(folder: Path) -> None:
    """Take the grant away; none is fine. Raises OperatorError."""
    try:
        grant_path(folder).unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError(f"cannot remove {grant_path(folder)}: {error.strerror}") from error


def examine_grant(folder: Path, account: str, config: str, key: Secret, now: Nanos) -> GrantVerdict:
    """Whether a grant for this account and these settings holds now; changes nothing."""
    found = _read(grant_path(folder))
    if isinstance(found, str):
        return GrantVerdict(False, found)
    sealed = _seal(found.account, found.config, found.made_at, found.valid_until, key)
    if found.account != account:
        return GrantVerdict(False, "the grant is for another account")
    if not hmac.compare_digest(sealed.encode(), found.seal.encode(errors="replace")):
        return GrantVerdict(False, "the grant was not made with this key, or was changed")
    if found.config != config:
        return GrantVerdict(False, "the settings have changed since the grant")
    if not found.made_at - CLOCK_SLACK <= now < min(found.valid_until, found.made_at + VALID):
        return GrantVerdict(False, "the grant is older than 24 hours, or from another clock")
    return GrantVerdict(True, "granted at the machine")


def use_grant(
    folder: Path, account: str, config: str, key: Secret, now: Nanos, *, clean: bool | None
) -> GrantVerdict:
    """The same for a start that wants to trade on it: unless the process before is known to have
    ended in order, the grant is taken away. Raises OperatorError where that fails.
    """
    if clean is not True:
        revoke(folder)
        return GrantVerdict(False, "the process before did not end in order; that voids a grant")
    return examine_grant(folder, account, config, key, now)


def consent_for_child(account: str, config: str, key: Secret, process: int, now: Nanos) -> str:
    """The phrase was typed in this ``process``: what its child needs to start on it, once."""
    text = f"{process}.{now}"
    return f"{text}.{_start_seal(account, config, text, key)}"


def examine_consent(
    text: str, account: str, config: str, key: Secret, parent: int | None, now: Nanos
) -> bool:
    """Whether the phrase was typed for this start: in the process that is our ``parent`` (``None``:
    the system does not tell), within the last minutes, for this account and these settings.
    """
    process, _, rest = text.partition(".")
    stamp, _, seal = rest.partition(".")
    expected = _start_seal(account, config, f"{process}.{stamp}", key)
    if not hmac.compare_digest(expected.encode(), seal.encode(errors="replace")):
        return False
    fresh = -CLOCK_SLACK <= now - int(stamp) <= CONSENT_LASTS
    return fresh and parent in (None, int(process))


def _start_seal(account: str, config: str, text: str, key: Secret) -> str:
    sealing = sha256(_START_PURPOSE + key.reveal().strip().encode()).digest()
    return hmac.new(sealing, msgspec.json.encode([account, config, text]), sha256).hexdigest()


def _read(path: Path) -> Grant | str:
    """The grant, or why there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(_BYTES_MAX)
        return msgspec.json.decode(text, type=Grant)
    except FileNotFoundError:
        return "there is no grant"
    except OSError as error:
        return f"the grant cannot be read: {error.strerror or error}"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "the grant makes no sense"


def _seal(account: str, config: str, made_at: int, valid_until: int, key: Secret) -> str:
    sealing = sha256(_PURPOSE + key.reveal().strip().encode()).digest()
    text = msgspec.json.encode([account, config, made_at, valid_until])
    return hmac.new(sealing, text, sha256).hexdigest()
