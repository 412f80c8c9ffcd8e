"""One-second candles from an archive: digests, bounds, both units of time, gaps."""

import zipfile
from datetime import date

import pytest

from kalshi_assistant.lab import fetch_klines
from kalshi_assistant.lab.fetch_klines import ArchiveTrouble, checksum, gaps_of, read_archive
from tests.support.past_server import HEAD, midnight, rows, zipped

DAY = date(2026, 3, 1)
NAME = "BTCUSDT-1s-2026-03-01.csv"
START = midnight(DAY)


def read(text, name=NAME):
    return list(read_archive(zipped(text, name), "BTCUSDT", DAY))


@pytest.mark.parametrize("unit", [1_000, 1_000_000])
def test_a_close_stands_under_the_second_at_which_it_is_known(unit):
    """Milliseconds before 2025, microseconds since."""
    assert read(rows(DAY, ["90000.005", "90001.994"], unit)) == [
        (START + 1, 9_000_000),
        (START + 2, 9_000_199),
    ]


def test_a_header_is_passed_over():
    assert len(read(f"{HEAD}\n" + rows(DAY, ["1.00", "2.00"]))) == 2


def test_a_whole_day_is_taken_and_its_last_second_belongs_to_it():
    found = read(rows(DAY, ["90000"] * 86_400, 1_000_000))
    assert (found[0][0], found[-1][0], len(found)) == (START + 1, START + 86_400, 86_400)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no rows"),
        ("x,y\nnonsense\n", "row 2 is no candle"),
        (rows(date(2026, 3, 2), ["1"]), "not of this day"),
        (rows(date(2026, 2, 28), ["1"]), "not of this day"),
        (rows(DAY, ["1"]) * 2, "out of order"),
        (f"{START * 1000 + 1},1,1,1,1\n", "not on a whole second"),
        (f"{START * 1000},1,1,1,-4\n", "is no price"),
        (f"{START * 1000},1,1,1,nan\n", "is no price"),
        (f"{START * 1000},1,1,1,1e30\n", "is no price"),
        ("9" * 30_000, "a line is over"),
    ],
)
def test_what_is_no_day_of_candles_is_named(text, why):
    if len(text) > 20_000:
        text += "9" * 70_000
    with pytest.raises(ArchiveTrouble, match=why):
        read(text)


def test_a_zip_that_is_cut_short_is_named():
    packed = zipped(rows(DAY, ["1.0"] * 100), NAME)
    for length in (0, 10, len(packed) // 2, len(packed) - 5):
        with pytest.raises(ArchiveTrouble, match="damaged or cut short"):
            list(read_archive(packed[:length], "BTCUSDT", DAY))


def test_a_zip_with_a_flipped_bit_is_named():
    packed = bytearray(zipped(rows(DAY, [f"{k}.5" for k in range(1, 500)]), NAME))
    packed[len(NAME) + 60] ^= 16
    with pytest.raises(ArchiveTrouble):
        list(read_archive(bytes(packed), "BTCUSDT", DAY))


def test_another_file_in_the_zip_is_not_read():
    with pytest.raises(ArchiveTrouble, match=r"holds \.\./evil\.csv, not"):
        read(rows(DAY, ["1"]), name="../evil.csv")


def test_a_bomb_is_refused_by_what_it_claims(monkeypatch):
    monkeypatch.setattr(fetch_klines, "CSV_BYTES_MAX", 10_000)
    with pytest.raises(ArchiveTrouble, match="claims 20,000 bytes"):
        read("0" * 20_000)


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_claims(monkeypatch):
    infolist = zipfile.ZipFile.infolist

    def lying(archive):
        found = infolist(archive)
        for each in found:
            each.file_size = 100
        return found

    monkeypatch.setattr(zipfile.ZipFile, "infolist", lying)
    got = []
    with pytest.raises(ArchiveTrouble, match="damaged or cut short"):
        got.extend(read_archive(zipped(rows(DAY, ["9.0"] * 4_000), NAME), "BTCUSDT", DAY))
    assert len(got) <= 3


def test_a_checksum_file_is_a_digest_and_a_name():
    assert checksum(b"AB" * 32 + b"  BTCUSDT-1s-2026-03-01.zip\n") == "ab" * 32
    for content in (b"", b"<html>not found</html>", b"abc  file.zip"):
        with pytest.raises(ArchiveTrouble, match="no SHA-256"):
            checksum(content)


def test_gaps_are_the_runs_of_seconds_that_are_not_there():
    whole = set(range(START + 1, START + 86_401))
    assert gaps_of(sorted(whole), DAY) == ()
    holes = {START + 1, START + 2, START + 100, START + 86_400}
    assert gaps_of(sorted(whole - holes), DAY) == (
        (START + 1, 2),
        (START + 100, 1),
        (START + 86_400, 1),
    )
