"""The results of a sweep on disk: one SQLite file in its folder, written by one process.

A result is kept the moment it is there, so whatever is killed, what was done stays done. A folder
is of one sweep: of other data, other axes or other folds it is refused.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab.sweep_jobs import Outcome

FILE: Final = "sweep.sqlite"
_SCHEMA: Final = """
create table if not exists sweep (key text primary key, value text not null) without rowid;
create table if not exists outcome (
    key text primary key,
    setting text not null,
    first_window integer not null,
    last_window integer not null,
    days text not null
) without rowid;
"""
Kept = tuple[str, str, int, int, Outcome]
"""Key, setting, first window, the one after the last, what came of it."""


class Results:
    """What was done so far. Raises OperatorError for a folder that cannot be used."""

    def __init__(self, folder: Path | None, about: Mapping[str, str]) -> None:
        """``folder`` ``None``: in memory; ``about``: what the sweep is of."""
        self._folder = folder
        with self._troubles():
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            path = ":memory:" if folder is None else str(folder / FILE)
            self._file = sqlite3.connect(path, timeout=10.0, isolation_level=None)
            self._file.execute("pragma journal_mode = wal")
            self._file.execute("pragma synchronous = normal")
            self._file.executescript(_SCHEMA)
            self._compare(about)

    def known(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """Of these, those that are there."""
        found: dict[str, Outcome] = {}
        with self._troubles():
            for key in keys:
                row = self._file.execute("select days from outcome where key = ?", (key,))
                if (text := row.fetchone()) is not None:
                    found[key] = msgspec.json.decode(text[0], type=Outcome)
        return found

    def keep(self, rows: Sequence[Kept]) -> None:
        """Several at once, all or none of them."""
        written = [
            (key, setting, first, last, msgspec.json.encode(days).decode())
            for key, setting, first, last, days in rows
        ]
        with self._troubles():
            self._file.execute("begin immediate")
            try:
                self._file.executemany(
                    "insert or replace into outcome values (?, ?, ?, ?, ?)", written
                )
                self._file.execute("commit")
            except sqlite3.Error:
                self._file.execute("rollback")
                raise

    def close(self) -> None:
        """Leave the file in one piece."""
        self._file.close()

    def _compare(self, about: Mapping[str, str]) -> None:
        known = dict(self._file.execute("select key, value from sweep").fetchall())
        if known:
            different = [key for key in about if known.get(key) != about[key]]
            if different:
                raise OperatorError(
                    f"{self._folder} holds another sweep: {', '.join(sorted(different))} "
                    "differ; name another folder with --out, or remove that one"
                )
            return
        self._file.executemany("insert into sweep values (?, ?)", about.items())

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise OperatorError(
                f"the results in {self._folder} cannot be kept ({error}); make room or name "
                "another folder with --out. What was done before is there, and is not done again"
            ) from error
