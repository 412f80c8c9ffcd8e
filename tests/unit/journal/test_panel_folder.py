"""Whole panels: what is written is read, and every fault is named by file, row and remedy."""

import gzip
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import from_seconds
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.journal.panel_folder import Meta, Panel, PanelQuote, read_panel, write_panel
from tests.support.recordings import data

INDEX = "ts,value\n900,100.25\n901,100.50\n"
MARKETS = (
    "ticker,open_ts,close_ts,floor_strike,expiration_value,result\n"
    "A-00,900,1800,100.00,101.00,yes\nB-15,1800,2700,,,no\n"
)
QUOTES = "ticker,ts,yes_bid,yes_ask\nA-00,960,0.50,0.52\nA-00,961,,0.52\nB-15,1860,0.343,0.343\n"
META = {"index": "BRTI, by hand", "quotes": "point: by hand", "coin": "BTC"}


def written(folder, **files):
    """A panel folder from texts; a table given as ``None`` is left out."""
    texts = {"index": INDEX, "markets": MARKETS, "quotes": QUOTES} | files
    meta = texts.pop("meta", json.dumps(META))
    for name, text in texts.items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text)
    if meta is not None:
        (folder / "meta.json").write_text(meta)
    return folder


def test_a_panel_by_hand(tmp_path):
    panel = read_panel(written(tmp_path))
    assert (panel.index_text, panel.quotes_kind) == ("BRTI, by hand", "point")
    assert panel.prints == ((900, 10_025), (901, 10_050))
    assert [market.result for market in panel.markets] == ["yes", "no"]
    assert (panel.markets[1].strike, panel.markets[1].settlement) == (None, None)
    assert panel.quotes[1] == PanelQuote("A-00", 961, None, 5_200)
    assert not panel.is_proxy
    assert not panel.whole_dollars


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"index": None}, "has no index.csv (or index.csv.gz); put it there"),
        ({"index": "ts\n1\n"}, "index.csv row 1: no column value; the header is ts,value"),
        ({"index": ""}, "index.csv row 1: no column ts, value"),
        ({"index": "ts,value\n"}, "index.csv has no rows below its header"),
        ({"index": "ts,value\n5,1\n5,1\n"}, "row 3, ts: 5 comes twice; keep one row"),
        ({"index": "ts,value\n5,1\n4,1\n"}, "row 3, ts: 4 is out of order; sort the file by ts"),
        ({"index": "ts,value\n5,0\n"}, "row 2, value: 0 is not above zero; leave the row out"),
        ({"index": "ts,value\n5,nan\n"}, "row 2, value: 'nan' is not a number; write dollars"),
        ({"index": "ts,value\n5,1e999999\n"}, "row 2, value: 1e999999 is no index; leave the row"),
        ({"index": "ts,value\n5,1_000\n"}, "row 2, value: '1_000' is not a number"),
        ({"index": "ts,value\n5,0.004\n"}, "row 2, value: 0.004 is not above zero"),
        ({"index": "ts,value\n5\n"}, "row 2: 1 cells; it needs 2, so complete or delete it"),
        ({"index": "ts,value\nx,1\n"}, "row 2, ts: 'x' is not an epoch second"),
        ({"markets": "ticker\nA\n"}, "markets.csv row 1: no column open_ts"),
        (
            {"markets": MARKETS + "C-30,2700,3600,,,\n"},
            "markets.csv row 4, result: is empty; write yes or no, or delete the row",
        ),
        (
            {"markets": MARKETS + "A-00,2700,3600,,,no\n"},
            "markets.csv row 4, ticker: A-00 comes twice; delete one of the rows",
        ),
        ({"markets": MARKETS.replace("900,1800", "1800,900")}, "close_ts: 900 is not after"),
        ({"markets": MARKETS.splitlines()[0]}, "markets.csv has no rows below its header"),
        ({"markets": None}, "has no markets.csv (or markets.csv.gz); put it there"),
        ({"quotes": None}, "has no quotes.csv (or quotes.csv.gz); put it there"),
        ({"quotes": QUOTES.splitlines()[0]}, "quotes.csv has no rows below its header"),
        ({"quotes": "ticker,ts,yes_bid\n"}, "quotes.csv row 1: no column yes_ask"),
        (
            {"quotes": QUOTES + "C-30,1,0.1,0.2\n"},
            "quotes.csv row 5, ticker: 'C-30' is not in the markets; add it there or delete",
        ),
        (
            {"quotes": QUOTES + "A-00,961,0.1,0.2\n"},
            "row 5, ts: 961 does not come after 961 for A-00; sort by ticker, ts",
        ),
        ({"quotes": QUOTES + "A-00,999,0.6,0.5\n"}, "yes_bid: 0.6 is above yes_ask 0.5; correct"),
        ({"quotes": QUOTES + "A-00,999,-0.1,0.5\n"}, "yes_bid: -0.1 is outside 0 to 1 dollar"),
        ({"quotes": QUOTES + "A-00,999,0.1,1.01\n"}, "yes_ask: 1.01 is outside 0 to 1 dollar"),
        ({"quotes": QUOTES + "A-00,999,nan,0.5\n"}, "row 5, yes_bid: 'nan' is not a number"),
        ({"quotes": QUOTES + "A-00,999,1e999999,0.5\n"}, "1e999999 is outside 0 to 1 dollar"),
        ({"quotes": QUOTES + "A-00,999,a,0.5\n"}, "row 5, yes_bid: 'a' is not a number"),
        ({"quotes": QUOTES + "A-00,999,0.12345,0.5\n"}, "0.12345 is finer than 0.0001 dollar"),
        ({"meta": None}, "meta.json cannot be read"),
        ({"meta": "{"}, "meta.json: "),
        ({"meta": '{"index": "x"}'}, "missing required field `quotes`"),
        ({"meta": '{"index": "x", "quotes": "hourly"}'}, "write point or minute_mean"),
        ({"meta": '{"index": "x", "quotes": "point: x", "coin": "ETH"}'}, "coin is 'ETH'"),
        ({"meta": '{"index": "x", "more": ' + "[" * 90_000}, "meta.json: "),
    ],
)
def test_every_fault_is_named_with_file_row_and_remedy(tmp_path, files, message):
    with pytest.raises(OperatorError) as raised:
        read_panel(written(tmp_path, **files))
    assert message in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(OperatorError, match="is not a folder"):
        read_panel(tmp_path / "nowhere")


def test_what_spreadsheets_leave_behind_is_read_over(tmp_path):
    marked = {"index": "\ufeff" + INDEX, "quotes": QUOTES + "\n", "markets": "\ufeff" + MARKETS}
    (tmp_path / "plain").mkdir()
    (tmp_path / "marked").mkdir()
    plain = read_panel(written(tmp_path / "plain"))
    assert replace(read_panel(written(tmp_path / "marked", **marked)), name="plain") == plain


def test_two_forms_of_one_table_are_one_too_many(tmp_path):
    written(tmp_path)
    (tmp_path / "index.csv.gz").write_bytes(gzip.compress(INDEX.encode()))
    with pytest.raises(OperatorError, match=r"keep one of them"):
        read_panel(tmp_path)


def test_a_table_cut_off_is_named(tmp_path):
    written(tmp_path, index=None)
    (tmp_path / "index.csv.gz").write_bytes(gzip.compress(INDEX.encode(), mtime=0)[:-9])
    with pytest.raises(OperatorError, match=r"give a whole csv or csv\.gz file"):
        read_panel(tmp_path)


def test_means_are_rounded_to_what_a_price_can_be(tmp_path):
    meta = json.dumps(META | {"quotes": "minute_mean: over the minute"})
    quotes = "ticker,ts,yes_bid,yes_ask\nA-00,960,0.50005,0.50015\n"
    panel = read_panel(written(tmp_path, meta=meta, quotes=quotes))
    assert (panel.quotes[0].bid, panel.quotes[0].ask) == (5_000, 5_002)


@pytest.mark.parametrize(
    ("text", "proxy"), [("proxy: x", True), (" Proxy: x", True), ("BRTI 1 s", False)]
)
def test_a_proxy_says_so(tmp_path, text, proxy):
    assert read_panel(written(tmp_path, meta=json.dumps(META | {"index": text}))).is_proxy is proxy


def test_whole_dollars_throughout_are_a_floor(tmp_path):
    rows = "".join(f"{second},{100 + second % 3}.0\n" for second in range(120))
    panel = read_panel(written(tmp_path, index="ts,value\n" + rows))
    assert panel.whole_dollars
    assert not replace(panel, prints=(*panel.prints[:-1], (119, 10_001))).whole_dollars
    assert not replace(panel, prints=panel.prints[:50]).whole_dollars


CENTS = st.integers(1, 10**8)
PRICES = st.none() | st.integers(0, 5_000)


@st.composite
def panels(draw):
    seconds = sorted(draw(st.sets(st.integers(0, 10**6), min_size=1, max_size=20)))
    markets = tuple(
        PanelMarket(
            f"M-{place}", from_seconds(900 * place), from_seconds(900 * place + 900),
            draw(st.none() | CENTS), draw(st.none() | CENTS), draw(st.sampled_from(["yes", "no"])),
        )
        for place in range(draw(st.integers(1, 4)))
    )  # fmt: skip
    quotes = tuple(
        PanelQuote(market.ticker, second, bid, None if bid is None else bid + 5_000)
        for market in markets
        for second in sorted(draw(st.sets(st.integers(0, 10**6), min_size=1, max_size=4)))
        for bid in (draw(PRICES),)
    )
    prints = tuple((second, draw(CENTS)) for second in seconds)
    return Panel("made", "BRTI: made", "point", prints, markets, quotes)


@given(panels())
def test_what_is_written_is_read(tmp_path_factory, panel):
    folders = [tmp_path_factory.mktemp("panel") / "made" for _ in range(2)]
    for folder in folders:
        folder.mkdir()
        write_panel(folder, Meta("BRTI: made", "point: made"), panel)
    assert read_panel(folders[0]) == panel
    for name in ("index", "markets", "quotes"):
        one, two = ((folder / f"{name}.csv.gz").read_bytes() for folder in folders)
        assert one == two


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["2026-03-binance", "2026-05-coinbase", "2026-08-brti"])
def test_real_panels_read_whole(name):
    panel = read_panel(data(f"panels/{name}"))
    assert panel.is_proxy == (name != "2026-08-brti")
    assert panel.whole_dollars == (name == "2026-08-brti")
    assert len(panel.markets) in (467, 410, 107)
