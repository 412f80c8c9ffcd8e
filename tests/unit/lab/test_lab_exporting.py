"""Tables from event journals: exact, in both forms the same, and no book that is not known."""

import csv
import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.journal.codec import EVENTS, CorruptJournalError, EventRecord, Run
from kalshi_assistant.journal.settings import JournalSettings
from kalshi_assistant.journal.writer import JournalWriter
from kalshi_assistant.lab import tables
from kalshi_assistant.lab.exporting import Export, Wanted
from kalshi_assistant.lab.tables import check_out, csv_names, write_table
from tests.support import build, tapes
from tests.support.build import ns
from tests.support.journals import NOON, RUN

A, B = "KXBTC15M-A", "KXBTC15M-B"


def journal(folder: Path, *events, run: Run = RUN, created_at=NOON) -> Path:
    writer = JournalWriter(EVENTS, folder, run, JournalSettings(), created_at=created_at)
    writer.write([EventRecord(number, event, ()) for number, event in enumerate(events, 1)])
    return writer.close()


def rows(paths, what, **wanted):
    """The rows as maps by column."""
    export = Export(list(paths), Wanted(what=what, **wanted))
    names = [column.name for column in export.columns]
    return [dict(zip(names, row, strict=True)) for row in export.rows(told=lambda _: None)]


def book(at, bids, asks, ticker=A):
    return build.book(at, bids, asks, ticker)


def delta(at, side, price, change, ticker=A):
    return build.delta(at, side, price, change, ticker)


def quote(at, ticker=A):
    return e.QuoteSeen(ns(at), ns(at + 1), ticker, 5_400, 5_650, 100, 250, 5_500, 12_345, 678)


def trade(at, ticker=A, price=5_501):
    return e.TradeSeen(ns(at), ns(at + 1), ticker, f"t{at}", price, 1_234, "yes", False)


def test_prints_and_ticks_are_rows_with_both_stamps(tmp_path):
    path = journal(
        tmp_path,
        e.IndexPrinted(ns(7), ns(7.25), "BRTI", 9_126_218, "kalshi_1hz", 912_620_000_000_5, 60),
        e.IndexTicked(ns(7.4), ns(7.5), "BRTI", 9_126_200, "kalshi_5hz"),
        trade(8),
    )
    assert [tuple(row.values()) for row in rows([path], "prints")] == [
        (*(ns(7.25), ns(7), 7, "BRTI", 9_126_218, "kalshi_1hz", "print"), 9_126_200_000_005, 60),
        (*(ns(7.5), ns(7.4), 7, "BRTI", 9_126_200, "kalshi_5hz", "tick"), None, None),
    ]


def test_trades_are_of_the_markets_asked_for(tmp_path):
    path = journal(tmp_path, trade(1), trade(2, B), trade(3))
    assert [row["trade_id"] for row in rows([path], "trades")] == ["t1", "t2", "t3"]
    (row,) = rows([path], "trades", tickers=frozenset({B}))
    assert row == {
        "received_at": ns(3),
        "at": ns(2),
        "ticker": B,
        "trade_id": "t2",
        "price": 5_501,
        "quantity": 1_234,
        "taker": "yes",
        "is_block": False,
    }


def test_the_span_is_of_receipt_with_its_beginning_and_without_its_end(tmp_path):
    path = journal(tmp_path, *(trade(at) for at in range(5)))
    inside = rows([path], "trades", begin=ns(2), end=ns(4))
    assert [row["received_at"] for row in inside] == [ns(2), ns(3)]


def test_a_book_before_the_span_is_the_book_within_it(tmp_path):
    path = journal(tmp_path, book(1, ((5_400, 10),), ((5_600, 20),)), delta(5, BID, 5_500, 30))
    (row,) = rows([path], "books", begin=ns(5), depth=2)
    assert (row["bid_1"], row["bid_size_1"], row["bid_2"]) == (5_500, 30, 5_400)


def test_every_change_of_a_known_book_is_a_row_with_its_best_levels(tmp_path):
    path = journal(
        tmp_path,
        delta(0, BID, 5_000, 1),
        book(1, ((5_400, 10), (5_300, 11), (5_200, 12)), ((5_600, 20),)),
        delta(2, ASK, 5_500, 7),
        delta(3, BID, 5_400, -10),
        delta(4, BID, 100, 1),
    )
    names = [f"{side}_{n}" for side in ("bid", "bid_size", "ask", "ask_size") for n in (1, 2)]
    assert [tuple(row[name] for name in names) for row in rows([path], "books", depth=2)] == [
        (5_400, 5_300, 10, 11, 5_600, None, 20, None),
        (5_400, 5_300, 10, 11, 5_500, 5_600, 7, 20),
        (5_300, 5_200, 11, 12, 5_500, 5_600, 7, 20),
        (5_300, 5_200, 11, 12, 5_500, 5_600, 7, 20),
    ]


def test_quotes_are_the_venues_own_and_the_books_where_the_top_moved(tmp_path):
    path = journal(
        tmp_path,
        book(1, ((5_400, 10),), ((5_600, 20),)),
        delta(2, BID, 5_300, 5),  # below the top
        quote(2),
        delta(4, BID, 5_400, 1),  # more at the top
        book(5, ((5_400, 11),), ((5_600, 20),)),  # the same again
        delta(6, ASK, 5_600, -20),  # an empty side
        quote(6, B),
    )
    names = ("received_at", "ticker", "source", "bid", "ask", "bid_size", "ask_size", "volume")
    assert [tuple(row[name] for name in names) for row in rows([path], "quotes")] == [
        (ns(1), A, "book", 5_400, 5_600, 10, 20, None),
        (ns(3), A, "venue", 5_400, 5_650, 100, 250, 12_345),
        (ns(4), A, "book", 5_400, 5_600, 11, 20, None),
        (ns(6), A, "book", 5_400, 10_000, 11, 0, None),
        (ns(7), B, "venue", 5_400, 5_650, 100, 250, 12_345),
    ]
    assert [row["ticker"] for row in rows([path], "quotes", tickers=frozenset({B}))] == [B]


def trouble(at):
    """Every fact after which a book of A is unknown, by its name."""
    return {
        "gap": e.Gap(ns(at), ns(at), "kalshi.book", (A,), 5, 7),
        "socket": e.FeedLost(ns(at), ns(at), "kalshi.socket", "closed"),
        "feed": e.FeedLost(ns(at), ns(at), "kalshi.book", "closed"),
        "clock": e.ClockJumped(ns(at), ns(at), SECOND),
        "negative": delta(at, BID, 5_400, -11),
        "ladder": delta(at, ASK, 10_000, 1),
        "window": build.listed(at, ticker=A, open_=build.OPEN + 3_600, close=build.CLOSE + 3_600),
    }


@pytest.mark.parametrize("name", trouble(0))
@pytest.mark.parametrize("what", ["books", "quotes"])
def test_an_unknown_book_writes_nothing_until_its_snapshot(tmp_path, name, what):
    path = journal(
        tmp_path,
        build.listed(0, ticker=A),
        book(1, ((5_400, 10),), ((5_600, 20),)),
        trouble(2)[name],
        delta(3, BID, 5_500, 1),
        book(4, ((5_400, 10),), ((5_600, 20),)),
        delta(5, BID, 5_500, 1),
    )
    assert [row["received_at"] // SECOND for row in rows([path], what)] == [1, 4, 5]


@pytest.mark.parametrize(
    "harmless",
    [
        e.Gap(ns(2), ns(2), "kalshi.book", (B,), 5, 7),
        e.FeedLost(ns(2), ns(2), "kalshi.index", "closed"),
        e.Malformed(ns(2), ns(2), "kalshi.book", "nonsense"),
        build.listed(2, ticker=A),
    ],
)
def test_what_is_no_matter_of_the_book_leaves_it_known(tmp_path, harmless):
    path = journal(
        tmp_path,
        build.listed(0, ticker=A),
        book(1, ((5_400, 10),), ((5_600, 20),)),
        harmless,
        delta(3, BID, 5_500, 1),
    )
    assert len(rows([path], "books")) == 2


def test_missing_records_and_another_run_make_every_book_unknown(tmp_path):
    events = [book(1, ((5_400, 10),), ((5_600, 20),)), *(delta(k, BID, 5_500, 1) for k in (2, 3))]
    writer = JournalWriter(EVENTS, tmp_path, RUN, JournalSettings(), created_at=NOON)
    records = [EventRecord(number, event, ()) for number, event in enumerate(events, 1)]
    closed = []
    for record in records:
        writer.write([record])
        closed.append(writer.rotate(NOON))
    writer.close()
    export = Export([closed[0], closed[2]], Wanted(what="books"))
    assert len(list(export.rows(told=lambda _: None))) == 1
    assert "begins at record 3 where 2 was due" in export.notices[0]
    later = journal(tmp_path, delta(9, BID, 5_500, 1), created_at=NOON + SECOND)
    assert len(rows([*closed, later], "books")) == 3


def test_the_plain_book_is_the_engines_book(tmp_path):
    """Two independent books over one window: the best prices agree after every change."""
    path = tapes.write_journal(tmp_path, tapes.one_window())
    engine, tops = Engine(tapes.SETTINGS), []
    for event in tapes.one_window():
        engine.handle(event)
        if isinstance(event, e.BookDelta | e.BookSnapshot):
            tops.append(engine.top(event.ticker)[:2])
    found = [(row["bid_1"] or 0, row["ask_1"] or 10_000) for row in rows([path], "books")]
    assert len(found) > 800
    assert found == tops


@given(
    st.lists(
        st.tuples(st.sampled_from([BID, ASK]), st.integers(1, 12), st.integers(-3, 5)), max_size=60
    )
)
def test_best_levels_are_the_sorted_contents(changes):
    from kalshi_assistant.lab.exporting import PlainBook

    plain, naive = PlainBook(), ({}, {})
    for side, price, change in changes:
        after = naive[side].get(price, 0) + change
        assert plain.change(side, price, change) == (after >= 0)
        if after >= 0:
            naive[side][price] = after
    for side in (BID, ASK):
        left = sorted(((p, size) for p, size in naive[side].items() if size), reverse=side == BID)
        cells = [cell for level in left[:3] for cell in level]
        assert plain.best(side, 3) == cells + [None] * (6 - len(cells))


# --- on disk -------------------------------------------------------------------------------------


def everything(folder: Path) -> Path:
    return journal(
        folder,
        e.IndexPrinted(ns(7), ns(7) + 123_456_789, "BRTI", 9_126_218, "kalshi_1hz", 10**18 + 1, 60),
        e.IndexTicked(ns(7.4), ns(7.5), "BRTI", 5, "kalshi_5hz"),
        book(8, ((5_400, 10), (1, 2**53 + 1)), ((5_601, 25),)),
        delta(9, BID, 5_400, -10),
        quote(10),
        trade(11, price=1),
        trade(12, B),
    )


def written(out: Path, what: str, path: Path) -> Path:
    export = Export([path], Wanted(what=what))
    assert write_table(export.columns, export.rows(told=lambda _: None), out) > 0
    return out


def as_text(column, cell):
    """What a Parquet cell should be called in CSV."""
    if cell is None:
        return ("",) * len(csv_names(column))
    if column.kind == "instant":
        moment = datetime.fromtimestamp(cell // SECOND, UTC)
        millis = f".{cell % SECOND // 1_000_000:03d}" if cell % SECOND >= 1_000_000 else ""
        return f"{moment:%Y-%m-%dT%H:%M:%S}{millis}Z", str(cell)
    if column.kind == "flag":
        return (str(cell).lower(),)
    return (str(cell),)


@pytest.mark.parametrize("what", ["prints", "trades", "quotes", "books"])
@pytest.mark.parametrize("batch", [1, 2, 20_000])
def test_csv_and_parquet_agree_row_by_row(tmp_path, monkeypatch, what, batch):
    monkeypatch.setattr(tables, "BATCH", batch)
    path = everything(tmp_path)
    columns = Export([path], Wanted(what=what)).columns
    parquet = pq.read_table(written(tmp_path / "t.parquet", what, path))
    with written(tmp_path / "t.csv", what, path).open(newline="") as file:
        head, *lines = csv.reader(file)
    assert head == [name for column in columns for name in csv_names(column)]
    cells = [
        parquet[column.name].cast("int64").to_pylist()
        if column.kind == "instant"
        else parquet[column.name].to_pylist()
        for column in columns
    ]
    told = [
        [text for column, cell in zip(columns, row, strict=True) for text in as_text(column, cell)]
        for row in zip(*cells, strict=True)
    ]
    assert lines == told
    assert len(lines) == (3 if what == "quotes" else 2)
    with gzip.open(written(tmp_path / "t.csv.gz", what, path), "rb") as packed:
        assert packed.read() == (tmp_path / "t.csv").read_bytes()


def test_money_and_stamps_are_exact_to_the_last_digit(tmp_path):
    path = everything(tmp_path)
    prints = pq.read_table(written(tmp_path / "p.parquet", "prints", path))
    assert prints["value"].to_pylist() == [Decimal("91262.18"), Decimal("0.05")]
    assert prints["average_60s"].to_pylist() == [Decimal("10000000000.00000001"), None]
    assert str(prints.schema.field("received_at").type) == "timestamp[ns, tz=UTC]"
    assert prints["received_at"].cast("int64").to_pylist()[0] == ns(7) + 123_456_789
    books = pq.read_table(written(tmp_path / "b.parquet", "books", path))
    assert str(books.schema.field("bid_1").type) == "decimal128(19, 4)"
    assert books["bid_size_2"].to_pylist() == [Decimal("90071992547409.93"), None]
    assert books["bid_1"].to_pylist() == [Decimal("0.5400"), Decimal("0.0001")]
    trades = pq.read_table(written(tmp_path / "t.parquet", "trades", path))
    assert [str(price) for price in trades["price"].to_pylist()] == ["0.0001", "0.5501"]
    assert trades["is_block"].to_pylist() == [False, False]


def test_csv_has_the_fields_names_and_plain_decimals(tmp_path):
    text = written(tmp_path / "t.csv", "trades", everything(tmp_path)).read_text()
    assert text.splitlines()[:2] == [
        "received_at,received_at_ns,at,at_ns,ticker,trade_id,price,quantity,taker,is_block",
        (
            "1970-01-01T00:00:12Z,12000000000,1970-01-01T00:00:11Z,11000000000,"
            "KXBTC15M-A,t11,0.0001,12.34,yes,false"
        ),
    ]


@pytest.mark.parametrize(("cell", "text"), [(0, "0.00"), (-5, "-0.05"), (-12_345, "-123.45")])
def test_amounts_below_zero_keep_their_sign(tmp_path, cell, text):
    columns = (tables.Column("amount", "decimal", 2),)
    for name in ("t.csv", "t.parquet"):
        assert write_table(columns, [(cell,)], tmp_path / name) == 1
    assert (tmp_path / "t.csv").read_text() == f"amount\n{text}\n"
    assert pq.read_table(tmp_path / "t.parquet")["amount"].to_pylist() == [Decimal(text)]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_the_same_rows_give_the_same_bytes(tmp_path, name):
    path = everything(tmp_path)
    once = written(tmp_path / name, "books", path).read_bytes()
    (tmp_path / "other").mkdir()
    assert written(tmp_path / "other" / name, "books", path).read_bytes() == once


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_no_rows_are_a_table_with_its_columns(tmp_path, name):
    export = Export([everything(tmp_path)], Wanted(what="trades", tickers=frozenset({"C"})))
    assert write_table(export.columns, export.rows(told=lambda _: None), tmp_path / name) == 0
    if name.endswith("parquet"):
        assert pq.read_table(tmp_path / name).num_rows == 0
        assert pq.read_table(tmp_path / name).column_names[:2] == ["received_at", "at"]
    else:
        opened = gzip.open if name.endswith("gz") else Path.open
        with opened(tmp_path / name, "rt") as file:
            assert file.read().count("\n") == 1


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_damage_on_the_way_leaves_what_was_there_and_nothing_beside(tmp_path, name):
    path = everything(tmp_path)
    writer = JournalWriter(EVENTS, tmp_path, RUN, JournalSettings(), created_at=NOON + SECOND)
    for number in (1, 2):
        writer.write([EventRecord(number, trade(number), ())])
    other = writer.close()
    damaged = bytearray(other.read_bytes())
    damaged[damaged.index(b"TradeSeen")] ^= 1
    other.write_bytes(damaged)
    (tmp_path / name).write_text("mine")
    there = sorted(each.name for each in tmp_path.iterdir())
    export = Export([path, other], Wanted(what="trades"))
    with pytest.raises(CorruptJournalError):
        write_table(export.columns, export.rows(told=lambda _: None), tmp_path / name)
    assert (tmp_path / name).read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == there


def test_a_full_disk_is_told_in_our_words(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tables._Csv, "write", full)
    with pytest.raises(OperatorError, match=r"No space left on device.*where there is room"):
        written(tmp_path / "t.csv", "books", everything(tmp_path))
    assert not (tmp_path / "t.csv").exists()


def test_where_a_table_cannot_go_is_told_before_anything_is_read(tmp_path):
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "folder.csv").mkdir()
    for name, message in (
        ("t.txt", r"let its name end in \.csv, \.csv\.gz, \.parquet"),
        (".csv", "is no table"),
        ("there.csv", "is there already; name another file, or say --force"),
        ("folder.csv", "cannot be a file"),
        ("none/t.csv", "cannot be a file"),
    ):
        with pytest.raises(OperatorError, match=message):
            check_out(tmp_path / name, force=False)
    check_out(tmp_path / "there.csv", force=True)
    check_out(tmp_path / "new.parquet", force=False)


def test_journals_of_two_environments_are_not_one_table(tmp_path):
    one = journal(tmp_path, trade(1))
    run = Run(program="0.1.0", mode="watch", environment="prod", seed=None, settings="{}")
    other = journal(tmp_path, trade(1), run=run, created_at=NOON + SECOND)
    with pytest.raises(OperatorError, match=r"several environments: local .*, prod .*name one's"):
        Export([one, other], Wanted(what="trades"))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"what": "prints", "tickers": frozenset({A})}, "of no market; leave --market out"),
        ({"what": "trades", "begin": 5, "end": 5}, "--from is not before --to"),
        ({"what": "books", "depth": 0}, "--depth is 0; write 1 to 100"),
        ({"what": "books", "depth": 101}, "--depth is 101"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(wanted, message):
    with pytest.raises(OperatorError, match=message):
        Wanted(**wanted)
