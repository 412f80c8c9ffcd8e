"""``replay``: the promised object for a recording, a verdict for a journal, words for nonsense."""

import gzip
import json

import pytest

from kalshi_assistant import cli
from tests.support import tapes
from tests.support.build import CLOSE, OPEN, STRIKE, TICKER
from tests.support.kalshi_frames import delta, snapshot

FIELDS = [
    "type", "file", "frames", "deltas", "gaps", "resyncs", "malformed", "ticker_frames",
    "ticker_agree_on_arrival", "ticker_agree", "numbers", "frames_per_s", "digest",
]  # fmt: skip


def quote(millis, bid, ask):
    body = {
        "market_ticker": TICKER, "price_dollars": "0.5500", "yes_bid_dollars": bid,
        "yes_ask_dollars": ask, "yes_bid_size_fp": "1.00", "yes_ask_size_fp": "1.00",
        "volume_fp": "1.00", "open_interest_fp": "1.00", "ts_ms": millis,
    }  # fmt: skip
    return json.dumps({"type": "ticker", "sid": 3, "msg": body}).encode()


def recording(folder, frames, start=OPEN + 100):
    """A recording with a frame every tenth of a second."""
    lines = [
        b'{"recv_ns":%d,"frame":%s}\n' % (int((start + k / 10) * 1e9), frame)
        for k, frame in enumerate(frames)
    ]
    path = folder / "made-up.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path


def panel(folder):
    """Index prints for ten minutes before the recording, and its market."""
    index, markets = folder / "index.csv", folder / "markets.csv"
    rows = [f"{OPEN - 600 + k},{(STRIKE + (37 if k % 2 else -37)) / 100:.2f}" for k in range(900)]
    index.write_text("\n".join(["ts,value", *rows]) + "\n")
    head = "ticker,open_ts,close_ts,floor_strike,expiration_value,result"
    markets.write_text(f"{head}\n{TICKER},{OPEN},{CLOSE},{STRIKE / 100:.2f},,\n")
    return ["--index", str(index), "--markets", str(markets)]


def replayed(capsys, *arguments):
    code = cli.main(["replay", *map(str, arguments), "--no-ui", "--json"])
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


def test_a_recording_gives_the_promised_object(tmp_path, capsys):
    millis = (OPEN + 100) * 1_000
    frames = [
        snapshot(1, ticker=TICKER),
        delta(2, change="-20.50", ticker=TICKER, ts_ms=millis + 1),
        quote(millis + 1, "0.5400", "0.5600"),
        delta(5, price="0.5500", change="6.00", ticker=TICKER, ts_ms=millis + 2),
        snapshot(6, ticker=TICKER),
        b"{",
    ]
    code, (result,), _ = replayed(capsys, recording(tmp_path, frames), *panel(tmp_path))
    assert code == 0
    assert list(result) == FIELDS
    assert (result["frames"], result["gaps"], result["malformed"]) == (5, 1, 1)
    assert (result["ticker_frames"], result["resyncs"]) == (1, 1)
    assert 0.5 < result["numbers"] <= 1


def test_two_runs_have_one_digest(tmp_path, capsys):
    file = recording(tmp_path, [snapshot(1, ticker=TICKER)])
    _, (one, two), _ = replayed(capsys, file, file, *panel(tmp_path))
    assert one["digest"] == two["digest"]


def test_a_bad_line_of_a_recording_is_told_with_its_number(tmp_path, capsys):
    file = recording(tmp_path, [snapshot(1, ticker=TICKER), b"{", b'{"type":"ok"}'])
    _, (result,), err = replayed(capsys, file)
    assert "made-up.jsonl.gz:2:" in err
    assert result["frames"] == 2


def test_a_journal_is_compared_with_its_intents(tmp_path, capsys):
    file = tapes.write_journal(tmp_path, tapes.one_window())
    code, (result,), _ = replayed(capsys, file)
    assert code == 0
    assert (result["same"], result["differs_at"]) == (True, None)


def test_a_torn_journal_is_replayed_as_far_as_it_goes_and_says_so(tmp_path, capsys):
    file = tapes.write_journal(tmp_path, tapes.one_window())
    file.write_bytes(file.read_bytes()[:-7])
    code, (result,), err = replayed(capsys, file)
    assert code == 0
    assert result["same"] is True
    assert "dropped" in err or "torn" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["missing.events"], "is not a file"),
        (["notes.txt"], "neither journal nor recording"),
        (["x.jsonl", "--speed", "fast"], "--speed"),
        (["x.jsonl", "--speed", "0"], "--speed"),
    ],
)
def test_wrong_use_is_answered_with_what_to_write(tmp_path, monkeypatch, capsys, arguments, word):
    monkeypatch.chdir(tmp_path)
    for name in ("notes.txt", "x.jsonl"):
        (tmp_path / name).touch()
    assert cli.main(["replay", *arguments, "--no-ui"]) == 2
    assert word in capsys.readouterr().err


def test_an_index_that_is_out_of_order_is_named_with_its_row(tmp_path, capsys):
    file = recording(tmp_path, [snapshot(1, ticker=TICKER)])
    index = tmp_path / "index.csv"
    index.write_text("ts,value\n5,1.00\n5,2.00\n")
    assert cli.main(["replay", str(file), "--index", str(index), "--no-ui"]) == 2
    assert "index.csv" in capsys.readouterr().err
