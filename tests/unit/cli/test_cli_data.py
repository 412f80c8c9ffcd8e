"""``data``: fetched over real sockets on loopback, imported, listed, verified; bad input named."""

import gzip
import json
import sys
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kalshi_assistant import cli
from kalshi_assistant.domain.time import MILLISECOND, Nanos
from kalshi_assistant.lab.fetched import read_manifest
from kalshi_assistant.runtime import asking
from kalshi_assistant.runtime.local_client import ClientFile, write_client_file
from tests.support import panels
from tests.support.past_server import (
    Venue,
    archive,
    closes,
    day_of_markets,
    files,
    midnight,
    rows,
    served,
    zipped,
)

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Pauses between tries that take no time."""
    monkeypatch.setattr(asking, "PAUSES", (Nanos(MILLISECOND), Nanos(MILLISECOND)))


def run(capsys, *arguments):
    code = cli.main(["data", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def klines(capsys, url, out, *more, first=DAY, last=NEXT):
    address = ("--base-url", f"{url}/data", "--out", out)
    return run(capsys, "fetch", "klines", "--from", first, "--to", last, *address, *more)


def day_zip(day, values, unit=1_000_000, **how):
    return zipped(rows(day, values, unit, **how), f"BTCUSDT-1s-{day}.csv")


def kalshi(capsys, tmp_path, url, out, *more, first=DAY, last=NEXT):
    """A fetch from ``url`` as though it were a local exchange whose time is ours."""
    socket = url.replace("http:", "ws:")
    client = ClientFile(
        rest_url=f"{url}/trade-api/v2", ws_url=socket, key_id="", private_key_path="", speed=1.0,
        venue_time_at_start=Nanos(0), wall_time_at_start=Nanos(0), spot_urls={}, spot_documents={},
    )  # fmt: skip
    where = ("--env", "local", "--client-file", write_client_file(tmp_path, client), "--out", out)
    return run(capsys, "fetch", "kalshi", "--from", first, "--to", last, *where, *more)


# --- klines --------------------------------------------------------------------------------------


def test_days_of_both_units_become_index_values_and_gaps_are_told(tmp_path, capsys):
    """Milliseconds on one day, microseconds on the next."""
    whole = ["90000.10"] * 200
    found = archive(
        {
            DAY: day_zip(DAY, whole, 1_000, missing={5, 6, 100}),
            NEXT: day_zip(NEXT, whole, 1_000_000),
        }
    )
    with served(files(found)) as there:
        code, out, err = klines(capsys, there.url, tmp_path / "k", "--json")
    (said,) = objects(out)
    assert code == 0
    assert (said["seconds"], said["parts"]) == (397, 2)
    assert said["missing_seconds"] == 2 * 86_400 - 397
    start = midnight(DAY)
    assert said["gaps"][DAY.isoformat()] == [
        [start + 6, 2], [start + 101, 1], [start + 201, 86_200]
    ]  # fmt: skip
    assert "2026-03-01: 86,203 seconds missing in 3 gaps, at most 86,200 s" in err
    with gzip.open(tmp_path / "k" / "index" / f"{DAY}.csv.gz", "rt") as file:
        head = [next(file).strip() for _ in range(8)]
    seconds = (1, 2, 3, 4, 5, 8, 9)
    assert head == ["ts,value", *(f"{start + k},90000.10" for k in seconds)]


def test_what_is_there_is_not_asked_for_again(tmp_path, capsys):
    found = archive({DAY: day_zip(DAY, ["1.0"] * 50), NEXT: day_zip(NEXT, ["1.0"] * 50)})
    with served(files(found)) as there:
        klines(capsys, there.url, tmp_path / "k", last=DAY)
        first = len(there.asked)
        code, out, _ = klines(capsys, there.url, tmp_path / "k", "--json")
        assert code == 0
        assert objects(out)[0]["kept"] == 1
        assert {path for path, _ in there.asked[first:]} == {
            path for path in found if NEXT.isoformat() in path
        }


def test_a_day_that_is_missing_wrong_or_cut_short_is_named_and_the_others_are_kept(
    tmp_path, capsys
):
    days = [date(2026, 3, k) for k in range(1, 6)]
    good = {day: day_zip(day, ["1.0"] * 50) for day in days}
    found = archive(good)
    places = {day: next(p for p in found if f"{day}.zip" in p and "CHECK" not in p) for day in days}
    del found[places[days[1]]]  # published, but not there
    found[places[days[2]] + ".CHECKSUM"] = b"0" * 64 + b"  some.zip\n"
    cut = good[days[3]][: len(good[days[3]]) // 2]
    found |= archive({days[3]: cut})  # its digest is right, and it is half a zip
    with served(files(found)) as there:
        code, out, err = klines(
            capsys, there.url, tmp_path / "k", "--json", first=days[0], last=days[4]
        )
    (said,) = objects(out)
    assert code == 1
    assert sorted(said["left_out"]) == [day.isoformat() for day in days[1:4]]
    assert "2026-03-02: not there (404)" in err
    assert "promised 000000000000" in err
    assert "2026-03-04: the zip is damaged or cut short" in err
    assert sorted(read_manifest(tmp_path / "k").parts) == [
        f"index/{day}.csv.gz" for day in (days[0], days[4])
    ]


def test_an_archive_without_end_is_not_taken(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("kalshi_assistant.lab.fetch_klines.ARCHIVE_BYTES_MAX", 50_000)
    found = archive({DAY: bytes(60_000)})
    with served(files(found)) as there:
        code, _, err = klines(capsys, there.url, tmp_path / "k", last=DAY)
    assert code == 1
    assert "gives more than 50,000 bytes" in err


def test_a_passing_refusal_is_asked_again(tmp_path, capsys):
    found = archive({DAY: day_zip(DAY, ["1.0"] * 50)})
    refusals = [(503, b""), (429, b""), None]

    def answer(path, query):
        return refusals.pop() if refusals else files(found)(path, query)

    with served(answer) as there:
        code, _, err = klines(capsys, there.url, tmp_path / "k", last=DAY)
    assert code == 0
    assert "HTTP 429; again in" in err
    assert "HTTP 503; again in" in err


def test_no_network_ends_with_3_and_leaves_nothing_half_made(tmp_path, capsys):
    with served(lambda *_: (200, b"")) as there:
        url = there.url  # nobody listens there any more
    code, _, err = klines(capsys, url, tmp_path / "k")
    assert code == 3
    assert "call it again" in err
    assert read_manifest(tmp_path / "k").parts == {}


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("2026-03-02", "2026-03-01", "is after --to"),
        ("2026-02-30", "2026-03-01", "is no day"),
        ("yesterday", "2026-03-01", "is no day"),
        ("2026-03-01", "2199-01-01", "has not begun"),
    ],
)
@pytest.mark.parametrize("what", ["klines", "kalshi"])
def test_days_that_cannot_be(tmp_path, capsys, what, first, last, why):
    code, out, err = run(
        capsys, "fetch", what, "--from", first, "--to", last, "--out", tmp_path / "x"
    )
    assert (code, out) == (2, "")
    assert why in err
    assert not (tmp_path / "x").exists()


# --- Kalshi --------------------------------------------------------------------------------------


def test_pages_become_days_and_a_second_call_asks_only_for_the_cutoff(tmp_path, capsys):
    venue = Venue(day_of_markets(DAY) + day_of_markets(NEXT))
    with served(venue) as there:
        code, out, _ = kalshi(capsys, tmp_path, there.url, tmp_path / "f", "--json")
        (said,) = objects(out)
        assert code == 0
        assert (said["markets"], said["trades"], said["candlesticks"]) == (8, 40, 120)
        assert (said["parts"], said["kept"], said["without_result"]) == (18, 0, 0)
        assert [gap["to"] for gap in said["gaps"]] == ["2026-03-02T00:00:00Z"]
        first = len(there.asked)
        code, out, _ = kalshi(capsys, tmp_path, there.url, tmp_path / "f", "--json")
        assert code == 0
        assert objects(out)[0]["kept"] == 18
        assert [path for path, _ in there.asked[first:]] == ["/trade-api/v2/historical/cutoff"]


def test_cut_off_anywhere_it_goes_on_where_it_was_and_ends_the_same(tmp_path, capsys):
    """The venue goes away after each number of answers; then it is called again."""
    venue = Venue(day_of_markets(DAY, 3))
    with served(venue) as there:
        assert kalshi(capsys, tmp_path, there.url, tmp_path / "whole", last=DAY)[0] == 0
        needed = len(there.asked)
    for stop in range(1, needed, 2):
        out = tmp_path / f"cut{stop}"
        asked = [0]

        def dying(path, query, stop=stop, asked=asked):
            asked[0] += 1
            return venue(path, query) if asked[0] <= stop else (503, b"")

        with served(dying) as there:
            code, _, err = kalshi(capsys, tmp_path, there.url, out, last=DAY)
        assert code == 3, err
        held = len(read_manifest(out).parts)
        with served(venue) as there:
            code, said, _ = kalshi(capsys, tmp_path, there.url, out, "--json", last=DAY)
        assert (code, objects(said)[0]["kept"]) == (0, held)
        assert tables(out) == tables(tmp_path / "whole")


def tables(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.csv.gz")
    }


def test_what_settled_long_ago_comes_from_the_archive(tmp_path, capsys):
    """The cutoff lies in the middle of a day: one half is here, the other there, none twice."""
    venue = Venue(day_of_markets(DAY), page=2)
    with served(venue) as there:
        assert kalshi(capsys, tmp_path, there.url, tmp_path / "live", last=DAY)[0] == 0
    venue.cutoff = closes(venue.markets[1])
    with served(venue) as there:
        code, _, _ = kalshi(capsys, tmp_path, there.url, tmp_path / "both", last=DAY)
        asked = {path.removeprefix("/trade-api/v2") for path, _ in there.asked}
    assert code == 0
    assert {"/historical/markets", "/markets", "/historical/trades", "/markets/trades"} <= asked
    assert tables(tmp_path / "both") == tables(tmp_path / "live")


def test_refusals_of_every_kind_are_told_and_come_through(tmp_path, capsys):
    venue = Venue(day_of_markets(DAY, 1))
    venue.refusals = [(429, b'{"error": "too many requests"}'), (502, b""), None]
    with served(venue) as there:
        code, _, err = kalshi(capsys, tmp_path, there.url, tmp_path / "f", last=DAY)
    assert code == 0
    assert "HTTP 429 too many requests" in err or "HTTP 429 429: too many requests" in err
    assert "HTTP 502" in err


def test_a_place_in_the_list_that_is_forgotten_begins_the_pages_again(tmp_path, capsys):
    """The venue knows the cursor no more; a trade that came before is not counted twice."""
    venue = Venue(day_of_markets(DAY, 1), page=2)
    forgotten = []

    def answer(path, query):
        if path.endswith("/trades") and query.get("cursor") == "4" and not forgotten:
            forgotten.append(path)
            return 400, b'{"code": "bad_request", "message": "invalid cursor"}'
        return venue(path, query)

    with served(answer) as there:
        code, out, err = kalshi(capsys, tmp_path, there.url, tmp_path / "f", "--json", last=DAY)
    assert code == 0
    assert objects(out)[0]["trades"] == 5
    assert "its pages are begun again" in err


def test_a_day_without_markets_is_told_and_asked_for_again(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("kalshi_assistant.lab.fetch_kalshi.SETTLED_BY", 10**20)
    with served(Venue([])) as there:
        _, _, err = kalshi(capsys, tmp_path, there.url, tmp_path / "f", last=DAY)
    assert "2026-03-01: the venue lists no market of this day" in err
    with served(Venue(day_of_markets(DAY, 1))) as there:
        _, out, _ = kalshi(capsys, tmp_path, there.url, tmp_path / "f", "--json", last=DAY)
    assert objects(out)[0]["markets"] == 1


def test_a_final_refusal_and_nonsense_end_with_3(tmp_path, capsys):
    for answer, why in (
        ((400, b'{"code": "bad_request", "message": "no"}'), "HTTP 400 bad_request: no"),
        ((200, b"<html>"), "makes no sense"),
    ):
        with served(lambda *_, answer=answer: answer) as there:
            code, _, err = kalshi(capsys, tmp_path, there.url, tmp_path / "f", last=DAY)
        assert code == 3
        assert why in err


def test_a_market_that_makes_no_sense_is_told_and_the_others_are_kept(tmp_path, capsys):
    markets = day_of_markets(DAY, 3)
    markets[1]["open_time"] = "yesterday"
    with served(Venue(markets)) as there:
        code, out, err = kalshi(capsys, tmp_path, there.url, tmp_path / "f", "--json", last=DAY)
    assert code == 0
    assert objects(out)[0]["markets"] == 2
    assert "not an ISO 8601 time" in err


def test_what_is_wanted_is_checked_before_anything_is_asked(tmp_path, capsys):
    with served(Venue([])) as there:
        for more, why in (
            (("--what", "markets,books"), "'books' is none of"),
            (("--series", "../x"), "is no series"),
        ):
            code, _, err = kalshi(capsys, tmp_path, there.url, tmp_path / "f", *more)
            assert code == 2
            assert why in err
        assert there.asked == []


# --- import --------------------------------------------------------------------------------------


@pytest.fixture
def fetched(tmp_path, capsys):
    """Four markets and the index of their day, fetched."""
    values = [f"{90_000 + (k % 97) / 10:.2f}" for k in range(3_700)]
    with served(files(archive({DAY: day_zip(DAY, values)}))) as there:
        assert klines(capsys, there.url, tmp_path / "k", last=DAY)[0] == 0
    with served(Venue(day_of_markets(DAY))) as there:
        assert kalshi(capsys, tmp_path, there.url, tmp_path / "f", last=DAY)[0] == 0
    return tmp_path / "f", tmp_path / "k"


def test_a_panel_of_fetched_folders_is_evaluated(fetched, tmp_path, capsys):
    out = tmp_path / "panel"
    code, said, err = run(capsys, "import", "panel", *fetched, "--out", out, "--json")
    (made,) = objects(said)
    assert code == 0, err
    assert (made["markets"], made["prints"], made["quotes"]) == (4, 3_700, 4 * 14)
    assert (
        made["index"]
        == "proxy: Binance BTCUSDT closes of one second, stamped when the second is over"
    )
    assert made["quotes_are"].startswith("point: best bid and ask at the end of each minute")
    assert run(capsys, "verify", out)[0] == 0
    assert cli.main(["evaluate", str(out), "--json", "--no-simulations"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["markets"] == 4
    assert found["horizons"]["300"]["paired"]["n"] > 0


def test_markets_without_a_result_or_an_index_are_left_out_and_counted(tmp_path, capsys):
    markets = day_of_markets(DAY, 3)
    markets[2]["result"] = ""
    markets.append(day_of_markets(NEXT, 1)[0])
    values = ["90000.00"] * 3_700
    with served(files(archive({DAY: day_zip(DAY, values)}))) as there:
        klines(capsys, there.url, tmp_path / "k", last=DAY)
    with served(Venue(markets)) as there:
        kalshi(capsys, tmp_path, there.url, tmp_path / "f")
    code, _, err = run(
        capsys, "import", "panel", tmp_path / "f", tmp_path / "k", "--out", tmp_path / "p"
    )
    assert code == 0
    assert "left out: 1 markets without a result, 1 outside the index" in err


def test_a_panel_needs_both_kinds_and_quotes(fetched, tmp_path, capsys):
    for given, why in (((fetched[0],), "none of these folders is an index's"),
                       ((fetched[1],), "none of these folders is Kalshi's")):  # fmt: skip
        code, _, err = run(capsys, "import", "panel", *given, "--out", tmp_path / "p")
        assert code == 2
        assert why in err
    with served(Venue(day_of_markets(DAY))) as there:
        kalshi(capsys, tmp_path, there.url, tmp_path / "bare", "--what", "markets", last=DAY)
    code, _, err = run(
        capsys, "import", "panel", tmp_path / "bare", fetched[1], "--out", tmp_path / "p"
    )
    assert code == 2
    assert "--what markets,candlesticks" in err
    assert not (tmp_path / "p").exists()


def as_parquet(folder, tables, instants=False):
    folder.mkdir()
    ts = [int(row[0]) for row in tables.index]
    if instants:
        ts = pa.array(ts, pa.timestamp("s", tz="UTC"))
    names = ("ticker", "open_ts", "close_ts", "floor_strike", "expiration_value", "result")
    columns = {
        "index": {"ts": ts, "value": [float(row[1]) for row in tables.index]},
        "markets": dict(zip(names, map(list, zip(*tables.markets, strict=True)), strict=True)),
        "quotes": dict(
            zip(("ticker", "ts", "yes_bid", "yes_ask"),
                map(list, zip(*tables.quotes, strict=True)), strict=True)
        ),
    }  # fmt: skip
    for name, each in columns.items():
        pq.write_table(pa.table(each), folder / f"{name}.parquet")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("instants", [False, True])
def test_three_tables_in_parquet_become_the_panel_they_came_from(tmp_path, capsys, instants):
    tables = panels.made(markets=2)
    given = as_parquet(tmp_path / "given", tables, instants)
    words = ("--index", "BRTI, made up", "--quotes", "point: made up")
    code, out, err = run(
        capsys, "import", "parquet", *given, "--out", tmp_path / "p", *words, "--json"
    )
    assert code == 0, err
    assert objects(out)[0]["markets"] == 2
    with gzip.open(tmp_path / "p" / "index.csv.gz", "rt") as file:
        assert file.read().splitlines()[1:] == [f"{ts},{value}" for ts, value in tables.index]
    assert run(capsys, "verify", tmp_path / "p")[0] == 0


def test_parquet_without_its_library_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    words = ("--out", tmp_path / "p", "--index", "BRTI", "--quotes", "point: x")
    code, _, err = run(capsys, "import", "parquet", tmp_path / "x.parquet", *words)
    assert code == 2
    assert "pip install 'kalshi-assistant[export]'" in err


def test_parquet_that_is_no_panel_is_named(tmp_path, capsys):
    given = as_parquet(tmp_path / "given", panels.made(markets=1))
    words = ("--out", tmp_path / "p", "--index", "BRTI", "--quotes", "point: x")
    (tmp_path / "torn.parquet").write_bytes(given[0].read_bytes()[:100])
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    for files_given, why in (
        (given[:2], "no file holds quotes"),
        ([*given, given[0]], "both hold index"),
        ([*given, tmp_path / "torn.parquet"], "cannot be read as Parquet"),
        ([*given, tmp_path / "other.parquet"], "has none of the tables of a panel"),
        ([*given, tmp_path / "nowhere.parquet"], "cannot be read as Parquet"),
    ):
        code, _, err = run(capsys, "import", "parquet", *files_given, *words)
        assert code == 2
        assert why in err
    assert not (tmp_path / "p").exists()


# --- list and verify -----------------------------------------------------------------------------


def test_list_names_every_kind_with_its_span(fetched, tmp_path, capsys):
    panels.made(markets=3).write(tmp_path / "panels" / "made-up")
    code, out, _ = run(capsys, "list", tmp_path, "--json")
    found = {each["name"]: each for each in objects(out)}
    assert code == 0
    assert {name: each["what"] for name, each in found.items()} == {
        "f": "fetched", "k": "fetched", "made-up": "panel"
    }  # fmt: skip
    assert found["f"]["windows"] == 4
    assert (found["k"]["from"], found["k"]["to"]) == (
        "2026-03-01T00:00:01Z",
        "2026-03-01T01:01:40Z",
    )
    assert all(each["holds"] for each in found.values())
    code, out, _ = run(capsys, "list", tmp_path)
    assert out.splitlines()[0].split()[:2] == ["what", "name"]


def test_verify_names_what_was_changed_after_it_was_fetched(fetched, capsys):
    folder = fetched[0]
    trades = sorted((folder / "trades").rglob("*.gz"))
    trades[0].write_bytes(trades[0].read_bytes() + b"x")
    trades[1].unlink()
    (folder / "stray.txt").write_text("")
    code, out, _ = run(capsys, "verify", folder, "--json")
    found = {each["what"]: each for each in objects(out) if each["type"] == "finding"}
    assert code == 1
    assert found["digest"]["path"] == str(trades[0])
    assert found["missing"]["path"] == str(trades[1])
    assert (found["stray"]["serious"], found["digest"]["serious"]) == (False, True)


def spoiled(spoil):
    tables = panels.made(markets=3)
    spoil(tables)
    return tables


def without(row, place):
    return (*row[:place], "", *row[place + 1 :])


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda t: t.index.insert(5, t.index[9]), "order"),
        (lambda t: t.index.insert(5, t.index[5]), "duplicate"),
        (lambda t: t.index.__delitem__(slice(2_690, 2_695)), "gap"),
        (lambda t: t.markets.__setitem__(0, without(t.markets[0], 3)), "no_strike"),
        (lambda t: t.markets.__setitem__(0, without(t.markets[0], 5)), "no_result"),
        (lambda t: t.markets.append(t.markets[0]), "duplicate"),
        (lambda t: t.markets.append(("OTHER", *t.markets[0][1:])), "duplicate"),
        (lambda t: t.markets.append(("OTHER", t.markets[0][1] + 5, *t.markets[0][2:])), "overlap"),
        (lambda t: t.quotes.append(("NOBODY", 1, "0.1", "0.2")), "stranger"),
        (lambda t: t.quotes.append(("KXBTC15M-MADE000-00", 1, "0.1", "0.2")), "order"),
        (lambda t: t.quotes.append(("KXBTC15M-MADE000-00", 2**31, "0.9", "0.2")), "cell"),
        (lambda t: t.index.append(("soon", "1")), "cell"),
        (
            lambda t: t.markets.__setitem__(
                0, (*t.markets[0][:5], "no" if t.markets[0][5] == "yes" else "yes")
            ),
            "contradiction",
        ),
    ],
)
def test_verify_names_what_does_not_hold_in_a_panel(tmp_path, capsys, spoil, what):
    folder = spoiled(spoil).write(tmp_path / "panel")
    code, out, _ = run(capsys, "verify", folder, "--json")
    assert code == 1
    serious = {
        each["what"] for each in objects(out) if each["type"] == "finding" and each["serious"]
    }
    assert what in serious


def test_a_gap_that_settles_nothing_is_only_told(tmp_path, capsys):
    tables = panels.made(markets=3)
    del tables.index[2_000:2_010]
    code, out, _ = run(capsys, "verify", tables.write(tmp_path / "panel"))
    assert code == 0
    assert "gap (only told): index.csv.gz: 10 seconds are missing" in out


@pytest.mark.parametrize("name", ["meta.json", "index.csv.gz", "markets.csv.gz", "quotes.csv.gz"])
def test_a_panel_of_which_a_file_is_missing_does_not_hold(tmp_path, capsys, name):
    folder = panels.made(markets=1).write(tmp_path / "panel")
    (folder / name).unlink()
    code, out, _ = run(capsys, "verify", folder)
    assert code == 1
    assert "DOES NOT HOLD" in out
    assert name.partition(".")[0] in out


def test_torn_files_are_findings_and_never_a_traceback(tmp_path, capsys):
    folder = panels.made(markets=1).write(tmp_path / "panel")
    for name in ("index", "markets", "quotes"):
        path = folder / f"{name}.csv.gz"
        path.write_bytes(path.read_bytes()[:-9])
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(b'{"recv_ns": 1}\n' * 99)[:-9])
    (tmp_path / "x-0001.events").write_bytes(b"KAJRNL\x01\x00 nonsense")
    code, out, err = run(capsys, "verify", tmp_path)
    assert code == 1
    assert out.count("DOES NOT HOLD") == 4
    assert "Traceback" not in out + err


def test_recordings_are_read_to_their_end(tmp_path, capsys):
    lines = [
        {"recv_ns": ns, "frame": {"sid": 2, "seq": seq, "msg": {"market_ticker": "A-1"}}}
        for ns, seq in ((10, 1), (20, 2), (15, 3), (30, 7))
    ]
    path = tmp_path / "one.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    code, out, _ = run(capsys, "verify", path, "--json")
    thing, *found = objects(out)
    assert (code, thing["gaps"], thing["windows"], thing["rows"]) == (1, 1, 1, 4)
    assert {each["what"]: each["serious"] for each in found} == {"gap": False, "order": True}


def test_what_is_not_there_is_wrong_use(tmp_path, capsys):
    for path, why in ((tmp_path / "nowhere", "is not there"), (tmp_path, "there is no data in")):
        code, _, err = run(capsys, "verify", path)
        assert code == 2
        assert why in err
    code, _, err = run(capsys, "list", tmp_path)
    assert code == 0
    assert "there is no data here" in err


def test_an_empty_home_says_that_there_is_no_data_directory(capsys):
    code, _, err = run(capsys, "list")
    assert code == 2
    assert "there is no data directory" in err
