"""The file of the ledger: its tables, how an older one is brought up to date, how it is opened.

A file is made beside its place and linked into it whole, so one that is empty or torn is damage and
never a first start. Every step from one version to the next only adds: a process of the version
before goes on working on the file.
"""

import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final, Literal

from kalshi_assistant.domain.errors import OperatorError

BUSY_SECONDS: Final = 1.0
"""How long a write waits for another process's: theirs take a few milliseconds."""
APPLICATION: Final = 0x4B414C47
"""SQLite's ``application_id`` of our files."""
_OWN: Final = 0o600
_ENDINGS: Final = ("", "-wal", "-shm")

_VERSION_1: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    epoch INTEGER PRIMARY KEY, holder TEXT NOT NULL, pid INTEGER NOT NULL,
    taken_at INTEGER NOT NULL, renewed_at INTEGER NOT NULL,
    released INTEGER NOT NULL DEFAULT 0, clean INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE accounts (
    number INTEGER PRIMARY KEY, start INTEGER NOT NULL, cash INTEGER NOT NULL,
    fees INTEGER NOT NULL, realized INTEGER NOT NULL, peak INTEGER NOT NULL,
    day TEXT NOT NULL, day_start INTEGER NOT NULL, losses_in_a_row INTEGER NOT NULL,
    good_windows INTEGER NOT NULL, cooling_until INTEGER NOT NULL
) STRICT;
CREATE TABLE holdings (
    ticker TEXT PRIMARY KEY, quantity INTEGER NOT NULL, cost INTEGER NOT NULL,
    fees INTEGER NOT NULL, realized INTEGER NOT NULL, edge INTEGER NOT NULL,
    slippage INTEGER NOT NULL, believed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE orders (
    number INTEGER PRIMARY KEY, account INTEGER NOT NULL, epoch INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, order_id TEXT, filled INTEGER NOT NULL,
    reason TEXT, changed_at INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX orders_open ON orders (number)
    WHERE state NOT IN ('filled', 'cancelled', 'rejected', 'absent');
CREATE TABLE fills (
    number INTEGER PRIMARY KEY, account INTEGER NOT NULL, at INTEGER NOT NULL,
    ticker TEXT NOT NULL, client_order_id TEXT, order_id TEXT NOT NULL, trade_id TEXT NOT NULL,
    side INTEGER NOT NULL, price INTEGER NOT NULL, quantity INTEGER NOT NULL,
    is_taker INTEGER NOT NULL, fee INTEGER NOT NULL, source TEXT NOT NULL, purpose TEXT NOT NULL,
    kind TEXT NOT NULL, cash INTEGER NOT NULL, realized INTEGER NOT NULL,
    held_quantity INTEGER NOT NULL, held_cost INTEGER NOT NULL, held_fees INTEGER NOT NULL,
    held_realized INTEGER NOT NULL, held_edge INTEGER NOT NULL, held_slippage INTEGER NOT NULL,
    held_believed INTEGER NOT NULL,
    UNIQUE (account, order_id, trade_id)
) STRICT;
CREATE TABLE policy_fills (
    number INTEGER PRIMARY KEY, account INTEGER NOT NULL, at INTEGER NOT NULL,
    ticker TEXT NOT NULL, client_order_id TEXT NOT NULL, trade_id TEXT NOT NULL,
    side INTEGER NOT NULL, price INTEGER NOT NULL, quantity INTEGER NOT NULL,
    is_taker INTEGER NOT NULL, fee INTEGER NOT NULL, policy TEXT NOT NULL
) STRICT;
CREATE TABLE settlements (
    number INTEGER PRIMARY KEY, account INTEGER NOT NULL, at INTEGER NOT NULL,
    ticker TEXT NOT NULL, result TEXT NOT NULL, quantity INTEGER NOT NULL, cost INTEGER NOT NULL,
    payout INTEGER NOT NULL, fees INTEGER NOT NULL, pnl INTEGER NOT NULL, edge INTEGER NOT NULL,
    drift INTEGER NOT NULL, slippage INTEGER NOT NULL, cash INTEGER NOT NULL,
    realized INTEGER NOT NULL, policies TEXT NOT NULL
) STRICT;
CREATE TABLE halts (
    number INTEGER PRIMARY KEY, breaker TEXT NOT NULL, reason TEXT NOT NULL,
    since INTEGER NOT NULL, cleared_at INTEGER, cleared_because TEXT
) STRICT;
CREATE INDEX halts_standing ON halts (breaker) WHERE cleared_at IS NULL;
"""
_VERSION_2: Final = """
CREATE TABLE windows (
    number INTEGER PRIMARY KEY, ticker TEXT NOT NULL, close_time INTEGER NOT NULL,
    body TEXT NOT NULL, UNIQUE (ticker, close_time)
) STRICT;
"""
_VERSION_3: Final = """
CREATE TABLE policy_settlements (
    number INTEGER PRIMARY KEY, account INTEGER NOT NULL, at INTEGER NOT NULL,
    ticker TEXT NOT NULL, policy TEXT NOT NULL, result TEXT, pnl INTEGER, fills INTEGER NOT NULL
) STRICT;
CREATE INDEX policy_settlements_of ON policy_settlements (account, ticker, policy);
INSERT INTO policy_settlements (account, at, ticker, policy, fills)
    SELECT account, max(at), ticker, policy, max(number) FROM policy_fills
    WHERE ticker NOT IN (SELECT ticker FROM holdings) GROUP BY account, ticker, policy
"""
"""``fills`` is the number of the last policy fill paid out; no ``pnl`` stands where an older
version paid out, which left it in ``settlements`` alone.
"""
_VERSION_4: Final = """
CREATE TABLE order_groups (
    group_id TEXT PRIMARY KEY, exchange_index INTEGER NOT NULL, state TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
_VERSION_5: Final = """
CREATE TABLE evidence (
    number INTEGER PRIMARY KEY, ticker TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
    settled INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (ticker, kind)
) STRICT;
"""
STEPS: Final = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""What leads from each version to the next; a new file takes them all."""
VERSION: Final = len(STEPS)


def connect(path: Path) -> sqlite3.Connection:
    """A checked connection for writing; makes the file where there is none. Raises OperatorError.

    What was written is on the disk when a transaction is committed.
    """
    try:
        _make(path)
        _make_private(path)
        with closing(_open(path, "ro")) as looking:
            _check(looking, path)
        connection = _open(path, "rw")
    except OSError as error:
        raise OperatorError(f"the ledger {path} cannot be opened: {error.strerror}") from error
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA synchronous = FULL")
        # no writer pays for moving pages home: move_home does that, on a thread
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        _bring_up_to_date(connection)
    except sqlite3.Error as error:
        connection.close()
        raise _unusable(path, error) from error
    return connection


def move_home(path: Path) -> int:
    """Move what was written into the file itself, on a connection of its own: writers go on
    meanwhile. Answers how many pages are still to be moved. Raises sqlite3.Error.
    """
    with closing(_open(path, "rw")) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        _, written, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(written - moved)


def connect_to_read(path: Path) -> sqlite3.Connection | None:
    """A connection that cannot write; ``None`` where there is no file yet. Raises OperatorError."""
    if not path.exists():
        return None
    connection = None
    try:
        connection = _open(path, "ro")
        if _version(connection, path) < VERSION:
            raise OperatorError(
                f"the ledger {path} is of an older version of this program; `run` once in paper or "
                "live mode brings it up to date, nothing is lost"
            )
    except (sqlite3.Error, OperatorError) as error:
        if connection is not None:
            connection.close()
        raise (_unusable(path, error) if isinstance(error, sqlite3.Error) else error) from error
    return connection


def _make(path: Path) -> None:
    """A new file, whole or not at all, if there is none. Raises OSError."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWN))
    try:
        with closing(_open(fresh, "rw")) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute("PRAGMA synchronous = FULL")
            _bring_up_to_date(connection)
        try:
            os.link(fresh, path)
        except FileExistsError:
            return  # another process was faster, and theirs is as good
        _sync(path.parent)
    finally:
        fresh.unlink()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_private(path: Path) -> None:
    """Nobody else may read what we trade. Raises OSError."""
    for ending in _ENDINGS:
        each = path.with_name(path.name + ending)
        if each.exists() and each.stat().st_mode & 0o077:
            each.chmod(_OWN)


def _open(path: Path, how: Literal["ro", "rw"]) -> sqlite3.Connection:
    """A connection; only one that may write moves pages home when it is closed. Raises
    sqlite3.Error.
    """
    where = f"{path.absolute().as_uri()}?mode={how}"
    return sqlite3.connect(where, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a file that is ours. Raises OperatorError."""
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION or version == 0:
        raise OperatorError(f"{path} is empty or not a ledger of this program; {_remedy(path)}")
    if version > VERSION:
        raise OperatorError(
            f"the ledger {path} was written by a newer version of this program; use that one"
        )
    return int(version)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises OperatorError, or sqlite3.Error, when the file is not whole."""
    _version(connection, path)
    [verdict] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise OperatorError(f"the ledger {path} is damaged ({verdict}); {_remedy(path)}")


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Take the steps that are missing, all or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        [version] = connection.execute("PRAGMA user_version").fetchone()
        for step in STEPS[version:]:
            for statement in step.split(";"):
                connection.execute(statement)
        if version == 0:
            rows = (("namespace", secrets.token_hex(4)),)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)
        if version < VERSION:
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise


def _unusable(path: Path, error: sqlite3.Error) -> OperatorError:
    if isinstance(error, sqlite3.OperationalError):
        return OperatorError(
            f"the ledger {path} cannot be used: {error}; see that the disk has room, that the file "
            "is yours and that no other program holds it"
        )
    return OperatorError(f"the ledger {path} is damaged ({error}); {_remedy(path)}")


def _remedy(path: Path) -> str:
    return (
        f"nothing was changed: keep a copy of {path.name}* in {path.parent}, then either mend it "
        f"with `sqlite3 {path.name} .recover | sqlite3 mended.sqlite` and put that in its place, "
        "or move it away and start anew"
    )
