"""Recording: frames by market, room on the disk, how it goes."""

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.journal.codec import FrameRecord
from kalshi_assistant.journal.market_index import index_path, read_index
from kalshi_assistant.runtime.recorder import Recorder, RecordOptions, ticker_in
from tests.support.clocks import HandClock

NOW = 1_795_281_000 * SECOND
TICKER = "KXBTC15M-26NOV211215-15"


def frame(text, source="kalshi.socket", at=NOW):
    return FrameRecord(at, source, "in", text)


class Told:
    def __init__(self, folder, **options):
        self.clock, self.said, self.stopped = HandClock(NOW), [], []
        self.part = folder / "20261121T170000.000Z-0001.frames"
        self.part.write_bytes(b"x" * 5_000)
        self.recorder = Recorder(
            folder,
            RecordOptions(**({"least_free_bytes": 0} | options)),
            lambda: self.part,
            self.clock,
            self.said.append,
            self.stopped.append,
        )


@pytest.mark.parametrize(
    ("text", "ticker"),
    [
        (b'{"type":"orderbook_delta","msg":{"market_ticker":"KXBTC15M-26NOV211215-15"}}', TICKER),
        (b'{"orderbooks":[{"ticker": "KXBTC15M-26NOV211215-15"}]}', TICKER),
        (b'{"type":"cfbenchmarks_value","msg":{"index_id":"BRTI"}}', None),
        (b'{"market_ticker":"' + b"X" * 100 + b'"}', None),
        (b"\xff\xfe", None),
    ],
)
def test_a_frame_names_its_market_or_none(text, ticker):
    assert ticker_in(text) == ticker


def test_frames_are_counted_by_market_and_source_and_the_index_is_written(tmp_path):
    told = Told(tmp_path)
    of_market = frame(b'{"market_ticker":"KXBTC15M-26NOV211215-15"}')
    told.recorder.seen([of_market, of_market, frame(b"[]", "spot.kraken")])
    told.recorder.close()
    found = read_index(index_path(tmp_path, "20261121T170000.000Z"))
    rows = {(span.source, span.ticker): span.frames for span in found.spans}
    assert rows == {("kalshi.socket", TICKER): 2, ("spot.kraken", None): 1}
    assert "3 frames" in told.said[-1]


def test_it_says_how_it_goes_each_minute(tmp_path):
    told = Told(tmp_path)
    for _ in range(130):
        told.clock.at += SECOND
        told.recorder.tend()
    assert len(told.said) == 2
    assert "MB an hour" in told.said[0]
    assert "room for" in told.said[0]
    assert told.stopped == []


def test_a_disk_nearly_full_ends_it_with_the_remedy(tmp_path):
    told = Told(tmp_path, least_free_bytes=2**62)
    told.recorder.tend()
    assert "must stay free" in told.stopped[0]


def test_it_ends_when_asked(tmp_path):
    told = Told(tmp_path, until=NOW + 2 * SECOND)
    told.recorder.tend()
    assert told.stopped == []
    told.clock.at += 2 * SECOND
    told.recorder.tend()
    assert told.stopped == ["recorded as long as asked"]
