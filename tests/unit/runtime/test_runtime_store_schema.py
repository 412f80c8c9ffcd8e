"""The file: made whole or not at all, brought up to date, and never touched where it is damaged."""

import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from kalshi_assistant.domain.entries import Holding, OpenOrder
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.orders import FINISHED, Order
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.runtime import store_schema as module
from kalshi_assistant.runtime.store import Store
from kalshi_assistant.runtime.store_schema import VERSION, connect, connect_to_read
from tests.support.trading import CASH, NOON, a_morning, opened, order

ROOT = Path(__file__).resolve().parents[3]
VERSION_1 = """
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
PRAGMA application_id = 1262570567;
PRAGMA user_version = 1;
INSERT INTO meta VALUES ('namespace', '0badcafe');
INSERT INTO leases VALUES (4, 'old', 77, 100, 200, 1, 1);
INSERT INTO accounts VALUES (1, 100000000, 94382752, 17248, -17248, 100000000, '2026-11-21',
    100000000, 1, 12, 0);
INSERT INTO holdings VALUES ('T', 1000, 5600000, 17248, 0, 700000, -100000, 6200000);
INSERT INTO orders VALUES (1, 1, 4, '0badcafe-4-1', 'working', 'v1', 1000, NULL, 150,
    '["0badcafe-4-1","T",0,5600,2000,150]');
INSERT INTO fills VALUES (1, 1, 160, 'T', '0badcafe-4-1', 'v1', 't1', 0, 5600, 1000, 1, 17248,
    'venue', 'entry', 'baseline_gap', 94382752, -17248, 1000, 5600000, 17248, 0, 700000, -100000,
    6200000);
"""
"""A file as the first version left it: the format is a promise, so it stands here in full."""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


def versions(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def shape(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def written_by_version_1(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)


def test_a_file_of_the_first_version_is_brought_up_to_date_and_loses_nothing(path, tmp_path):
    written_by_version_1(path)
    with closing(Store.open(path)) as store:
        told = store.restored(store.claim("new", NOON).epoch, 200)
        assert (told.namespace, told.epoch, told.clean) == ("0badcafe", 5, True)
        assert told.standing.holdings == (
            Holding("T", 1_000, 5_600_000, 17_248, 0, 700_000, -100_000, 6_200_000),
        )
        assert told.standing.seen == (("v1", "t1"),)
        [mine] = told.orders
        assert mine == OpenOrder(
            Order("0badcafe-4-1", "T", 0, 5_600, 2_000, 150), "working", "v1", 1_000
        )
        settled = Ledger.restore(told.standing).settle("T", "yes", NOON)
        store.keep(5, [settled], [], NOON)
    assert versions(path) == VERSION
    connect(tmp_path / "fresh").close()
    assert shape(path) == shape(tmp_path / "fresh")


def test_a_step_that_fails_half_way_leaves_the_version_before(path, monkeypatch):
    written_by_version_1(path)
    before = shape(path)
    steps = (*module.STEPS[:1], "CREATE TABLE half (a INTEGER); CREATE TABLE meta (b INTEGER)")
    monkeypatch.setattr(module, "STEPS", steps)
    with pytest.raises(OperatorError):
        connect(path)
    assert (shape(path), versions(path)) == (before, 1)


def test_a_reader_does_not_bring_up_to_date_but_says_who_does(path):
    written_by_version_1(path)
    with pytest.raises(OperatorError, match=r"older version.*`run` once"):
        connect_to_read(path)
    assert versions(path) == 1


def test_a_file_of_a_newer_version_is_left_alone(path):
    connect(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    for way in (connect, connect_to_read):
        with pytest.raises(OperatorError, match="newer version"):
            way(path)


def test_a_first_start_leaves_one_file_and_no_scraps(path):
    connect(path).close()
    assert [each.name for each in path.parent.iterdir()] == ["ledger.sqlite"]


def test_of_two_first_starts_at_once_both_have_the_same_file(path, monkeypatch):
    link = module.os.link

    def too_late(source, target):
        monkeypatch.setattr(module.os, "link", link)
        connect(target).close()
        link(source, target)

    monkeypatch.setattr(module.os, "link", too_late)
    with closing(Store.open(path)) as one, closing(Store.open(path)) as two:
        assert one.namespace == two.namespace
    assert [each.name for each in path.parent.iterdir()] == ["ledger.sqlite"]


def damaged_page(data):
    """Rubbish over the middle of the file, where the tables are."""
    middle = len(data) // 2 // 4_096 * 4_096
    return data[:middle] + b"\xff" * 4_096 + data[middle + 4_096 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no database at all " * 999,
        lambda data: data[: len(data) // 3],
        lambda data: bytes(100) + data[100:],
        damaged_page,
    ],
    ids=["empty", "rubbish", "cut", "no head", "a page"],
)
def test_a_damaged_file_is_named_with_its_remedy_and_stays_as_it_is(path, damage):
    store, lease = opened(path)
    store.keep(lease.epoch, a_morning(Ledger(CASH)), [order(n) for n in range(99)], NOON)
    store.close()
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(OperatorError) as caught:
        Store.open(path)
    assert str(path) in str(caught.value)
    assert "nothing was changed" in str(caught.value)
    assert "move it away" in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.process
def test_of_a_damaged_file_not_even_what_a_crash_left_beside_it_is_touched(path):
    opened(path)[0].close()
    write = f"""
        import os, pathlib
        from kalshi_assistant.runtime.store import Store
        store = Store.open(pathlib.Path({str(path)!r}))
        store.halt("stop", "operator", 1)
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(write)], cwd=ROOT, check=True)
    path.write_bytes(damaged_page(path.read_bytes()))
    names = ("ledger.sqlite", "ledger.sqlite-wal")
    before = {name: (path.parent / name).read_bytes() for name in names}
    with pytest.raises(OperatorError, match="damaged"):
        Store.open(path)
    assert before == {name: (path.parent / name).read_bytes() for name in before}


def test_another_program_s_database_is_not_ours(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    for way in (connect, connect_to_read):
        with pytest.raises(OperatorError, match="not a ledger of this program"):
            way(path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot be opened"):
        connect(tmp_path / "file" / "ledger.sqlite")


def test_there_is_nothing_to_read_before_the_first_start(path):
    assert connect_to_read(path) is None
    assert not path.exists()


def test_a_reader_cannot_write(path):
    connect(path).close()
    with closing(connect_to_read(path)) as reader, pytest.raises(sqlite3.OperationalError):
        reader.execute("DELETE FROM meta")


def test_a_reader_sees_what_a_writer_has_kept_so_far(path):
    store, lease = opened(path)
    with closing(connect_to_read(path)) as reader:
        store.keep(lease.epoch, a_morning(Ledger(CASH)), [], NOON)
        assert reader.execute("SELECT count(*) FROM fills").fetchone() == (4,)


def test_the_index_of_open_orders_knows_every_state_that_is_final():
    [index] = [line for line in module._VERSION_1.splitlines() if "state NOT IN" in line]
    assert {word.strip(" ')(;") for word in index.split("(")[1].split(",")} == FINISHED
