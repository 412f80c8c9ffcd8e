"""Panels become events, and every fault in them is named by file and row."""

import gzip
from pathlib import Path

import pytest

from kalshi_assistant.domain.contract import PriceRange
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    IndexPrinted,
    MarketDetermined,
    MarketListed,
    SettlementPublished,
    StrikeSet,
)
from kalshi_assistant.domain.time import SECOND, Nanos, from_seconds
from kalshi_assistant.domain.units import Price
from kalshi_assistant.journal.panel import (
    PanelTerms,
    market_events,
    read_index,
    read_markets,
)

PANELS = Path(__file__).resolve().parents[4] / "shared" / "data" / "panels"
HEADER = "ticker,open_ts,close_ts,floor_strike,expiration_value,result\n"
TERMS = PanelTerms(
    price_ranges=(PriceRange(Price(0), Price(10_000), Price(100)),),
    fees=None,
    exchange_index=2,
    round_digits=2,
    published_after=Nanos(30 * SECOND),
)


def test_prints_are_stamped_on_their_second_in_exact_cents(tmp_path: Path) -> None:
    path = tmp_path / "index.csv"
    path.write_text("ts,value\n1778501187,81131.29\n1778501352,81120.0\n")
    one, two = from_seconds(1_778_501_187), from_seconds(1_778_501_352)
    assert list(read_index(path, "BRTI")) == [
        IndexPrinted(one, one, "BRTI", 8_113_129, "panel"),
        IndexPrinted(two, two, "BRTI", 8_112_000, "panel"),
    ]


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "index.csv.gz"
    path.write_bytes(gzip.compress(b"ts,value\r\n1778501187,81131.29\r\n"))
    assert [event.value for event in read_index(path, "BRTI")] == [8_113_129]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ts\n1\n", "row 1: no column value; the header is ts,value"),
        ("", "row 1: no column ts, value"),
        ("ts,value\n1778501187,81131.29\nsoon,1\n", "row 3, ts: 'soon' is not an epoch second"),
        ("ts,value\n1778501187000,1\n", "row 2, ts: '1778501187000' is not an epoch second"),
        ("ts,value\n1778501187,\n", "row 2, value: index value is not a decimal"),
        ("ts,value\n1778501187\n", "row 2, value: index value is not a decimal"),
        ("ts,value\n1778501187,1.234\n", "row 2, value: .* finer than 2 decimals"),
        ("ts,value\n5,1.0\n5,1.0\n", "row 3, ts: 5 does not come after 5; sort"),
    ],
)
def test_a_fault_in_the_index_names_file_row_and_remedy(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "index.csv"
    path.write_text(content)
    with pytest.raises(OperatorError, match=f"index.csv {message}"):
        list(read_index(path, "BRTI"))


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8bbroken", b"", gzip.compress(b"ts,value\n" * 99, mtime=0)[:-9]],
    ids=["no gzip", "empty", "cut off"],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index.csv.gz"
    path.write_bytes(content)
    with pytest.raises(OperatorError, match=r"index\.csv\.gz"):
        list(read_index(path, "BRTI"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"cannot read .*markets\.csv"):
        read_markets(tmp_path / "markets.csv")


def test_a_market_lives_through_listing_strike_result_and_value(tmp_path: Path) -> None:
    path = tmp_path / "markets.csv"
    path.write_text(HEADER + "KXBTC15M-A-15,900,1800,91250.62,91262.40,yes\n")
    (market,) = read_markets(path)
    opened, published = from_seconds(900), from_seconds(1_830)
    listed, strike, result, value = market_events((market,), TERMS)
    assert isinstance(listed, MarketListed)
    assert listed.received_at == opened
    assert listed.contract.event_ticker == "KXBTC15M-A"
    assert listed.contract.close_time == from_seconds(1_800)
    assert (listed.contract.strike, listed.contract.fees) == (None, None)
    assert listed.contract.price_ranges == TERMS.price_ranges
    assert strike == StrikeSet(opened, opened, market.ticker, 9_125_062)
    assert result == MarketDetermined(published, published, market.ticker, "yes")
    assert value == SettlementPublished(published, published, market.ticker, 9_126_240, "yes")


def test_what_a_panel_does_not_know_is_not_said(tmp_path: Path) -> None:
    path = tmp_path / "markets.csv"
    path.write_text(HEADER + "A-15,900,1800,,,\nB-15,900,1800,,,no\nC-15,900,1800,,91262.40,\n")
    kinds = [type(event) for event in market_events(read_markets(path), TERMS)]
    assert kinds == [MarketListed] * 3 + [MarketDetermined]


def test_events_of_many_markets_are_in_order_of_receipt(tmp_path: Path) -> None:
    path = tmp_path / "markets.csv"
    path.write_text(HEADER + "B-15,1800,2700,2.00,3.00,yes\nA-15,900,1800,1.00,2.00,yes\n")
    times = [event.received_at for event in market_events(read_markets(path), TERMS)]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",900,1800,,,", "ticker: is empty"),
        ("A,900,900,,,", "close_ts: 900 is not after open_ts 900"),
        ("A,900,,,,", "close_ts: '' is not an epoch second"),
        ("A,900,1800,x,,", "floor_strike: index value is not a decimal"),
        ("A,900,1800,,-1.00,", "expiration_value: index value is not positive"),
        ("A,900,1800,,,maybe", "result: 'maybe' is not a result; write yes, no or nothing"),
    ],
)
def test_a_fault_in_the_markets_names_row_and_column(
    tmp_path: Path, row: str, message: str
) -> None:
    path = tmp_path / "markets.csv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(OperatorError, match=f"markets.csv row 2, {message}"):
        read_markets(path)


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("panel", "prints", "markets"),
    [
        ("2026-03-binance", 431_999, 467),
        ("2026-05-coinbase", 19_922, 410),
        ("2026-08-brti", 79_814, 107),
    ],
)
def test_real_panels_read_whole(panel: str, prints: int, markets: int) -> None:
    folder = PANELS / panel
    if not folder.exists():
        pytest.skip("no panels beside the repository")
    assert sum(1 for _ in read_index(folder / "index.csv.gz", "BRTI")) == prints
    assert len(read_markets(folder / "markets.csv.gz")) == markets
