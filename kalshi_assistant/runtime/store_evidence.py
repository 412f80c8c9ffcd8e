"""What every kind of signal has brought, in the file of the ledger.

One row for each kind in each window, replaced as the window goes on. It is the signals' record and
not the account's: a paper account that is begun anew changes nothing in it.
"""

import sqlite3
from typing import Final, NamedTuple

import msgspec

from kalshi_assistant.domain.evidence import EvidenceDay, EvidenceKept
from kalshi_assistant.domain.time import DAY, Nanos
from kalshi_assistant.execution.evidence import SETTLED_MAX, days_of

UNSETTLED_DAYS: Final = 3
"""A window without a result is waited for this long."""

_ENTER: Final = """
    INSERT INTO evidence (ticker, kind, at, settled, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (ticker, kind) DO UPDATE
    SET at = excluded.at, settled = excluded.settled, body = excluded.body
    WHERE settled = 0 OR excluded.settled = 1"""


def enter_evidence(connection: sqlite3.Connection, entry: EvidenceKept) -> None:
    """Write one window of one kind as it is now; one with a result stays, unless another result
    replaces it. Raises sqlite3.Error.
    """
    body = msgspec.json.encode(entry).decode()
    settled = entry.result is not None
    connection.execute(_ENTER, (entry.ticker, entry.kind, entry.at, settled, body))


class EvidenceFound(NamedTuple):
    """What a start begins with."""

    days: tuple[EvidenceDay, ...]
    unsettled: tuple[EvidenceKept, ...]
    settled: tuple[EvidenceKept, ...]
    """The newest of those with a result, the oldest first."""


def evidence_kept(connection: sqlite3.Connection, now: Nanos) -> EvidenceFound:
    """Settled windows by day, and those whose result is not known or may change. Raises
    sqlite3.Error.
    """
    decode = msgspec.json.Decoder(EvidenceKept).decode
    settled = connection.execute("SELECT body FROM evidence WHERE settled = 1 ORDER BY at, number")
    over = [decode(body) for (body,) in settled]
    running = connection.execute(
        "SELECT body FROM evidence WHERE settled = 0 AND at > ? ORDER BY at, number",
        (now - UNSETTLED_DAYS * DAY,),
    )
    lately = [each for each in over if each.at > now - DAY]
    unsettled = tuple(decode(body) for (body,) in running)
    return EvidenceFound(days_of(over), unsettled, tuple(lately[-SETTLED_MAX:]))
