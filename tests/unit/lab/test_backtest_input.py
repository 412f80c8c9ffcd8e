"""What a backtest refuses, names and leaves out."""

import gzip
import json

import pytest

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import BookSnapshot
from kalshi_assistant.lab.backtest_input import Notices, panel, recordings
from tests.support import panels
from tests.support.build import CLOSE, OPEN, TICKER, ns

MARKETS = (
    "ticker,open_ts,close_ts,floor_strike,expiration_value,result\n"
    f"{TICKER},{OPEN},{CLOSE},91250.00,91260.00,yes\n"
)


def snapshot(at, seq=1):
    message = {
        "type": "orderbook_snapshot",
        "sid": 2,
        "seq": seq,
        "msg": {
            "market_ticker": TICKER,
            "market_id": "x",
            "yes_dollars_fp": [["0.5400", "500.00"]],
            "no_dollars_fp": [["0.4400", "500.00"]],
        },
    }
    return json.dumps({"recv_ns": ns(at), "frame": message})


def written(path, *lines):
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n"))
    return path


@pytest.fixture
def beside(tmp_path):
    index, markets = tmp_path / "index.csv", tmp_path / "markets.csv"
    index.write_text("ts,value\n" + "".join(f"{OPEN + k},91250.{k % 90:02}\n" for k in range(950)))
    markets.write_text(MARKETS)
    return index, markets


def test_a_recording_that_overlaps_another_is_named_and_left_out(tmp_path, beside):
    one = written(tmp_path / "one.jsonl.gz", snapshot(OPEN), snapshot(OPEN + 100, 2))
    two = written(tmp_path / "two.jsonl.gz", snapshot(OPEN + 50), snapshot(OPEN + 120, 2))
    after = written(tmp_path / "three.jsonl.gz", snapshot(OPEN + 200))
    notices = Notices()
    found = recordings([two, one, after], *beside, notices)
    books = [each for each in found.events if isinstance(each, BookSnapshot)]
    assert [each.received_at for each in books] == [ns(OPEN), ns(OPEN + 100), ns(OPEN + 200)]
    assert any("two.jsonl.gz: left out, it overlaps one.jsonl.gz" in each for each in notices.texts)


def test_a_clock_that_goes_back_is_named_and_nothing_comes_before_its_time(tmp_path, beside):
    lines = [snapshot(OPEN + 10), snapshot(OPEN + 7, 2), snapshot(OPEN + 11, 3)]
    notices = Notices()
    found = recordings([written(tmp_path / "back.jsonl.gz", *lines)], *beside, notices)
    stamps = [each.received_at for each in found.events]
    assert stamps == sorted(stamps)
    assert any("its clock goes back (the first time by 3.000 s)" in each for each in notices.texts)


def test_a_market_nobody_describes_and_a_torn_line_are_named(tmp_path):
    path = written(tmp_path / "torn.jsonl.gz", snapshot(OPEN), '{"recv_ns": 1')
    notices = Notices()
    assert len([*recordings([path], None, None, notices).events]) == 1
    assert any("torn.jsonl.gz:2" in each for each in notices.texts)
    assert any(f"{TICKER}: no strike and no result" in each for each in notices.texts)


def test_a_file_without_a_market_is_refused(tmp_path):
    with pytest.raises(OperatorError, match="no recording has a frame of a market"):
        recordings([written(tmp_path / "no.jsonl.gz", "nonsense")], None, None, Notices())


def test_quotes_that_are_means_cannot_be_bought_at(tmp_path):
    folder = panels.made(markets=1, quotes="minute_mean: made up").write(tmp_path / "means")
    with pytest.raises(OperatorError, match="means over a minute"):
        panel(folder, 10_000, Notices())


def test_a_panel_is_events_in_order_and_says_what_is_assumed(tmp_path):
    folder = panels.made(markets=2).write(tmp_path / "points")
    notices = Notices()
    found = panel(folder, 10_000, notices)
    events = [*found.events]
    stamps = [each.received_at for each in events]
    assert stamps == sorted(stamps)
    books = [each for each in events if isinstance(each, BookSnapshot)]
    assert books
    assert all(size == 10_000 for each in books for _, size in (*each.bids, *each.asks))
    assert any("100 contracts are assumed" in each for each in notices.texts)
