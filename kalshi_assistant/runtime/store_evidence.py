"""What every kind of signal has brought, in the file of the ledger.

One row for each kind in each window, replaced as the window goes on. It is the signals' record and
not the account's: a paper account that is begun anew changes nothing in it.
"""

import sqlite3
from typing import Final

import msgspec

from kalshi_assistant.domain.evidence import EvidenceDay, EvidenceKept
from kalshi_assistant.domain.time import DAY, Nanos
from kalshi_assistant.execution.evidence import days_of

UNSETTLED_DAYS: Final = 3
"""A window without a result is waited for this long."""

_ENTER: Final = """
    INSERT INTO evidence (ticker, kind, at, settled, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (ticker, kind) DO UPDATE
    SET at = excluded.at, settled = excluded.settled, body = excluded.body
    WHERE settled = 0"""


def enter_evidence(connection: sqlite3.Connection, entry: EvidenceKept) -> None:
    """Write one window of one kind as it is now; one with a result stays. Raises sqlite3.Error."""
    body = msgspec.json.encode(entry).decode()
    settled = entry.result is not None
    connection.execute(_ENTER, (entry.ticker, entry.kind, entry.at, settled, body))


def evidence_kept(
    connection: sqlite3.Connection, now: Nanos
) -> tuple[tuple[EvidenceDay, ...], tuple[EvidenceKept, ...]]:
    """Settled windows by day, and those without a result. Raises sqlite3.Error."""
    decode = msgspec.json.Decoder(EvidenceKept).decode
    settled = connection.execute("SELECT body FROM evidence WHERE settled = 1 ORDER BY at, number")
    days = days_of(decode(body) for (body,) in settled)
    running = connection.execute(
        "SELECT body FROM evidence WHERE settled = 0 AND at > ? ORDER BY at, number",
        (now - UNSETTLED_DAYS * DAY,),
    )
    return days, tuple(decode(body) for (body,) in running)
