"""``sql``: tables that say what ledger and journals say, examples that run, and nothing else."""

import json
import re
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from kalshi_assistant import cli
from kalshi_assistant.cli.sql import plain
from kalshi_assistant.domain.entries import FillKept, OrderKept, SettlementKept
from kalshi_assistant.domain.evidence import EvidenceKept
from kalshi_assistant.domain.units import format_money, format_quantity
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.lab.database_schema import TABLES, schema_markdown
from tests.support import panels, tapes, traded_tape
from tests.support.source import ROOT
from tests.support.trading import CASH, NOON, a_morning, opened, order

DOCUMENT = ROOT / "docs" / "sql.md"
EXAMPLES = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def run(capsys, *arguments):
    code = cli.main(["sql", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def rows(capsys, *arguments):
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    found = [json.loads(line) for line in out.splitlines()]
    assert all(each["type"] == "row" for each in found)
    return [each["row"] for each in found]


@pytest.fixture
def traded(tmp_path):
    """A state folder whose paper ledger is in use."""
    store, lease = opened(tmp_path / "prod" / "paper" / "ledger.sqlite")
    entries = a_morning(Ledger(CASH))
    entries[1] = replace(entries[1], policies=(("optimistic", 5_000_000), ("realistic", 4_382_752)))
    done = OrderKept(NOON, "n-1-1", "v1", "rejected", 0, "price_moved")
    seen = EvidenceKept(
        NOON, "A", "momentum", "2026-11-21", "c", 2, ((0.6, 0.5),), (), "yes", 0.25, True
    )
    store.keep(
        lease.epoch,
        [*entries, done, seen],
        [order(1, fair=620_000, top=5_500), order(2, 1)],
        NOON,
    )
    yield tmp_path
    store.close()


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """The journal of one window."""
    return tapes.write_journal(tmp_path_factory.mktemp("window"), tapes.one_window())


def test_settlements_are_those_of_the_ledger(traded, capsys):
    found = rows(capsys, "SELECT * FROM settlements ORDER BY time", "--state-dir", traded)
    assert cli.main(["history", "--what", "windows", "--json", "--state-dir", str(traded)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == len(told) == 2
    for mine, theirs in zip(found, told, strict=True):
        names = ("ticker", "result", "pnl", "edge", "slippage", "drift", "fees", "cash", "position")
        assert {name: mine[name] for name in names} == {name: theirs[name] for name in names}
        assert mine["time"] == theirs["at"]
        parts = [Decimal(mine[name]) for name in ("edge", "slippage", "drift")]
        assert Decimal(mine["pnl"]) == sum(parts) - Decimal(mine["fees"])


def test_fills_and_orders_are_those_of_the_ledger(traded, capsys):
    fills = rows(capsys, "SELECT * FROM fills", "--state-dir", traded)
    assert cli.main(["history", "--json", "--state-dir", str(traded)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    theirs = [each for each in told if each["type"] == "fill"]
    assert [(each["buys"], each["price"], each["quantity"], each["fee"]) for each in fills] == [
        (each["buy"], plain(Decimal(each["price"])), each["quantity"], each["fee"])
        for each in theirs
    ]
    first, _ = rows(capsys, "SELECT * FROM orders ORDER BY id", "--state-dir", traded)
    assert (first["state"], first["reason"], first["venue_id"]) == ("rejected", "price_moved", "v1")
    assert (first["fair"], first["best_price"], first["made_at"]) == (
        "0.62", "0.55", "2026-11-21T12:00:00Z"
    )  # fmt: skip


def test_the_other_tables_of_the_ledger(traded, capsys):
    where = ("--state-dir", traded)
    assert rows(capsys, "SELECT policy, pnl FROM policy_settlements ORDER BY policy", *where) == [
        {"policy": "optimistic", "pnl": "5.00"},
        {"policy": "realistic", "pnl": "4.382752"},
    ]
    (kept,) = rows(capsys, "SELECT kind, gain, counted FROM evidence", *where)
    assert kept == {"kind": "momentum", "gain": 0.25, "counted": True}
    assert rows(capsys, "SELECT count(*) AS n FROM halts", *where) == [{"n": 0}]


def test_forecasts_and_windows_are_those_of_the_journal(journal, capsys):
    where = ("--journal", journal)
    found = rows(capsys, "SELECT * FROM forecasts ORDER BY seconds_left DESC", *where)
    assert found
    assert all(each["environment"] and each["run"] for each in found)
    assert all(0 <= each["p_model"] <= 1 for each in found if each["p_model"] is not None)
    (window,) = rows(capsys, "SELECT * FROM windows", *where)
    assert (window["source"], window["result"] in ("yes", "no")) == ("journal", True)
    by_horizon = {each["seconds_left"]: each["p_model"] for each in found}
    assert window["p_60"] == by_horizon.get(60)


def test_what_was_traded_is_in_the_journals_too(tmp_path, capsys):
    journal, life = traded_tape.write_journal(tmp_path)
    where = ("--journal", journal)
    kept = [each for each in life.record.entries if isinstance(each, FillKept)]
    found = rows(capsys, "SELECT * FROM journal_fills ORDER BY time", *where)
    assert [(each["quantity"], each["fee"], each["cash"]) for each in found] == [
        (format_quantity(each.quantity), format_money(each.fee), format_money(each.cash))
        for each in kept
    ]
    (end,) = [each for each in life.record.entries if isinstance(each, SettlementKept)]
    (paid,) = rows(capsys, "SELECT * FROM journal_settlements", *where)
    assert (paid["pnl"], paid["drift"]) == (format_money(end.pnl), format_money(end.drift))
    orders = rows(capsys, "SELECT id, buys FROM journal_orders ORDER BY made_at", *where)
    assert [each["id"] for each in orders] == [order.id for order in life.record.orders]
    signals = rows(capsys, "SELECT kind, net_edge, p_yes FROM signals ORDER BY made_at", *where)
    assert [(each["kind"], each["net_edge"], each["p_yes"]) for each in signals] == [
        (each.kind, each.edge.net, each.p_yes) for each in life.record.signals
    ]


def test_only_tables_that_are_named_are_read(tmp_path, capsys):
    """A damaged journal does not spoil a query that asks for nothing of it."""
    torn = tmp_path / "x-0001.events"
    torn.write_bytes(b"KAJRNL\x01\x00 nonsense of a header")
    assert rows(capsys, "SELECT 1 AS one", "--journal", torn) == [{"one": 1}]
    code, _, err = run(capsys, "SELECT * FROM forecasts", "--journal", torn)
    assert code == 2
    assert str(torn) in err


def test_panels_and_parquet_are_tables_too(tmp_path, capsys):
    folder = panels.made(markets=3).write(tmp_path / "made-up")
    (tmp_path / "sweep").mkdir()
    pq.write_table(pa.table({"pnl": [1.5, 2.5]}), tmp_path / "sweep" / "trials.parquet")
    pq.write_table(pa.table({"x": [7]}), tmp_path / "my file-2.parquet")
    query = (
        "SELECT (SELECT count(*) FROM panel_markets) AS markets, "
        "(SELECT count(*) FROM panel_index) > 1000 AS enough, "
        "(SELECT min(yes_ask - yes_bid) FROM panel_quotes) AS spread, "
        "(SELECT sum(pnl) FROM sweep_trials) AS pnl, (SELECT x FROM my_file_2) AS x"
    )
    more = ("--sweep", tmp_path / "sweep", "--parquet", tmp_path / "my file-2.parquet")
    assert rows(capsys, query, "--panel", folder, *more) == [
        {"markets": 3, "enough": True, "spread": "0.01", "pnl": 4.0, "x": 7}
    ]


@pytest.mark.parametrize("query", EXAMPLES)
def test_the_examples_of_the_document_run(traded, journal, capsys, query):
    found = rows(capsys, query, "--state-dir", traded, "--journal", journal)
    assert found


def test_there_are_three_examples_and_the_schema_is_what_it_says():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert len(EXAMPLES) == 3
    assert text.endswith(schema_markdown())


def test_without_a_query_the_schema_is_told(capsys):
    for arguments in ((), ("--schema",)):
        code, out, _ = run(capsys, *arguments)
        assert code == 0
        assert all(f"{table.name}  (" in out for table in TABLES)
    code, out, _ = run(capsys, "--schema", "--json")
    said = [json.loads(line) for line in out.splitlines()]
    assert [each["name"] for each in said] == [table.name for table in TABLES]
    assert said[0]["columns"]["strike"] == {"type": "DECIMAL(19,2)", "about": ""}


def test_every_table_is_there_even_where_nothing_is_known(tmp_path, capsys):
    for table in TABLES:
        assert rows(capsys, f"SELECT * FROM {table.name}", "--state-dir", tmp_path) == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('{file}')",
        "SELECT * FROM sqlite_scan('{file}', 'x')",
    ],
)
def test_no_other_file_is_read(tmp_path, capsys, query):
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,2\n")
    code, out, err = run(capsys, query.replace("{file}", str(file)))
    assert (code, out) == (2, "")
    assert "SQL: " in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "UPDATE settlements SET pnl = 0",
        "DROP TABLE fills",
        "CREATE TABLE x (y INT)",
        "COPY orders TO '{file}'",
        "ATTACH '{file}'",
        "EXPORT DATABASE '{file}'",
        "INSTALL sqlite",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "",
        "/* nothing */",
    ],
)
def test_nothing_is_changed_and_one_select_is_all(traded, tmp_path, capsys, query):
    ledger = traded / "prod" / "paper" / "ledger.sqlite"
    before = ledger.read_bytes()
    file = tmp_path / "out.txt"
    code, out, err = run(capsys, query.replace("{file}", str(file)), "--state-dir", traded)
    assert (code, out) == (2, "")
    assert "one SELECT" in err
    assert not file.exists()
    assert ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT nothing FROM orders", "nothing"),
        ("SELECT * FROM nowhere", "tables are windows, forecasts"),
        ("SELECT 1/0 + CAST('x' AS INT)", "Could not convert"),
    ],
)
def test_an_error_of_sql_is_one_message(capsys, query, why):
    code, out, err = run(capsys, query)
    assert (code, out) == (2, "")
    first = err.splitlines()[-1]
    assert first.startswith("kalshi-assistant: SQL: ")
    assert why in first


def test_what_was_named_and_is_not_there(tmp_path, capsys):
    for option, why in (
        ("--ledger", "--ledger"),
        ("--journal", "is not there"),
        ("--panel", "is not a folder"),
        ("--sweep", "has no *.parquet"),
        ("--parquet", "is not there"),
    ):
        code, _, err = run(capsys, "SELECT * FROM panel_index", option, tmp_path / "nowhere")
        assert code == 2
        assert why in err


def test_a_damaged_ledger_is_said_in_words(tmp_path, capsys):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"SQLite format 3\0" + bytes(200))
    code, _, err = run(capsys, "SELECT * FROM orders", "--ledger", path)
    assert code == 2
    assert str(path) in err
    assert "Traceback" not in err


def test_people_see_columns_below_their_names(traded, capsys):
    code, out, err = run(capsys, "SELECT ticker, pnl FROM settlements", "--state-dir", traded)
    assert code == 0
    assert out.splitlines()[0].split() == ["ticker", "pnl"]
    assert "2 rows" in err
