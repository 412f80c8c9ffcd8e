"""What is said ends in the right file, readable, without secrets."""

import errno
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import StrikeSet
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.runtime import logs as logs_module
from kalshi_assistant.runtime.logs import Logs, open_logs, redact

NOON = Nanos(1_795_280_400_000_000_000)
NOON_TEXT = "2026-11-21T17:00:00Z"
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\nabc=\n-----END PRIVATE KEY-----"
SECRET = "s3cr3t"


class StoppedClock:
    """It is always noon."""

    def now(self) -> Nanos:
        return NOON


@contextmanager
def logs_in(directory: Path, **limits: int) -> Iterator[Logs]:
    """Open logs, closed at the end, so that everything is written."""
    logs = open_logs(directory, StoppedClock(), **limits)
    try:
        yield logs
    finally:
        logs.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_of_the_main_log_has_time_level_topic_text_and_fields(tmp_path: Path) -> None:
    with logs_in(tmp_path) as logs:
        logs.main("warning", "feeds", "100% lost", feed="kalshi.book", gaps=3)
    assert lines(tmp_path / "main.log") == [
        {
            "at": NOON_TEXT,
            "level": "warning",
            "topic": "feeds",
            "feed": "kalshi.book",
            "gaps": 3,
            "text": "100% lost",
        }
    ]


def test_fields_never_displace_what_every_line_has(tmp_path: Path) -> None:
    with logs_in(tmp_path) as logs:
        logs.main("error", "x", "said", event="theirs", at="theirs")
    (line,) = lines(tmp_path / "main.log")
    assert (line["at"], line["level"], line["text"]) == (NOON_TEXT, "error", "said")
    assert line["event"] == "theirs"


def test_the_other_logs_take_structs_and_mappings_in_words_of_people(tmp_path: Path) -> None:
    edge = Edge(
        "yes", Quantity(2_500), Price(5_600), Money(14_000_000), Money(431_200), 0.1, 0, 0, 0.08
    )
    signal = Signal("baseline_gap", Ticker("A"), NOON, edge, 0.66, 0.02, 300.0, "BRTI", "d1")
    with logs_in(tmp_path) as logs:
        logs.signal(signal)
        logs.trade(StrikeSet(Nanos(0), NOON, Ticker("A"), IndexValue(9_125_062)))
        logs.latency({"stage": "handle", "p99_us": 6.5})
    (said,) = lines(tmp_path / "signals.json")
    assert (said["at"], said["made_at"], said["p_yes"]) == (NOON_TEXT, NOON_TEXT, 0.66)
    assert (said["edge"]["cost"], said["edge"]["worst_price"]) == ("14.00", "0.5600")
    (said,) = lines(tmp_path / "trades.json")
    assert said == {
        "at": "1970-01-01T00:00:00Z",
        "type": "StrikeSet",
        "received_at": NOON_TEXT,
        "ticker": "A",
        "strike": "91250.62",
    }
    assert lines(tmp_path / "latency.json") == [{"at": NOON_TEXT, "stage": "handle", "p99_us": 6.5}]


def test_every_log_is_there_from_the_start_and_for_its_owner_only(tmp_path: Path) -> None:
    with logs_in(tmp_path / "new" / "logs"):
        pass
    files = sorted((tmp_path / "new" / "logs").iterdir())
    assert [path.name for path in files] == [
        "latency.json",
        "main.log",
        "signals.json",
        "trades.json",
    ]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_lines_of_an_earlier_run_are_kept(tmp_path: Path) -> None:
    for number in range(2):
        with logs_in(tmp_path) as logs:
            logs.latency({"run": number})
    assert [line["run"] for line in lines(tmp_path / "latency.json")] == [0, 1]


def test_a_thousand_lines_keep_their_order(tmp_path: Path) -> None:
    with logs_in(tmp_path) as logs:
        for number in range(1_000):
            logs.main("info", "count", "next", number=number)
    assert [line["number"] for line in lines(tmp_path / "main.log")] == list(range(1_000))


def test_a_log_rotates_by_size_and_keeps_so_many_files(tmp_path: Path) -> None:
    with logs_in(tmp_path, rotate_bytes=2_000, kept_files=3) as logs:
        for number in range(1_000):
            logs.latency({"number": number})
    files = sorted(tmp_path.glob("latency.json*"))
    assert [path.name for path in files] == [
        "latency.json",
        "latency.json.1",
        "latency.json.2",
        "latency.json.3",
    ]
    assert all(path.stat().st_size <= 2_000 for path in files)
    in_order = [files[3], files[2], files[1], files[0]]
    numbers = [line["number"] for path in in_order for line in lines(path)]
    assert numbers == list(range(numbers[0], 1_000))


@pytest.mark.parametrize(
    "value",
    [
        {"private_key": SECRET},
        {"PRIVATE-KEY": SECRET},
        {"api_key": SECRET, "x": 1},
        {"session_token": SECRET},
        {"Authorization": f"Bearer {SECRET}"},
        {"KALSHI-ACCESS-SIGNATURE": SECRET},
        {"headers": [{"KALSHI-ACCESS-KEY": SECRET}]},
        {"token": {"deep": SECRET}},
        Secret(SECRET),
        {"key": Secret(SECRET)},
        (Secret(SECRET),),
        f"KALSHI-ACCESS-SIGNATURE: {SECRET}",
        f"sent authorization='Bearer {SECRET}' and failed",
        f"Authorization: Bearer {SECRET}, retry",
        f'{{"private_key": "{SECRET} {SECRET}"}}',
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"cut off: -----BEGIN PRIVATE KEY-----\n{SECRET}",
        {"text": f"x {PEM} {PEM}".replace("abc", SECRET)},
    ],
)
def test_a_secret_is_never_written(tmp_path: Path, value: object) -> None:
    with logs_in(tmp_path) as logs:
        logs.main("error", "venue", "refused", what=value)
        logs.main("error", "venue", value if isinstance(value, str) else "refused")
        logs.trade(value)
    for path in tmp_path.iterdir():
        assert SECRET not in path.read_text()
    assert "<secret>" in (tmp_path / "trades.json").read_text()


@pytest.mark.parametrize(
    "value",
    [
        {"tokens_left": 5, "key": "a", "private_key_path": "k.pem", "secretary": "x"},
        "the token bucket is empty",
        "signature type RSA-PSS",
        {"token": None},
    ],
)
def test_what_is_no_secret_is_kept(value: object) -> None:
    assert redact(value) == value


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(value=anything)
def test_whatever_is_said_is_a_line(value: object) -> None:
    line = logs_module._as_json({"said": redact(value)})
    assert b"\n" not in line
    json.loads(line)


@pytest.mark.parametrize("value", [2**70, "half a character \ud800", float("nan"), object()])
def test_odd_values_do_not_stop_the_log(tmp_path: Path, value: object) -> None:
    with logs_in(tmp_path) as logs:
        logs.main("info", "odd", "value", value=value)
        logs.main("info", "odd", "after")
    assert [line["text"] for line in lines(tmp_path / "main.log")] == ["value", "after"]


def test_lines_lost_to_a_full_disk_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, mended = threading.Event(), threading.Event()

    class FullDisk(FileIO):
        def write(self, data: Any) -> int:
            if not mended.is_set():
                super().write(data[:3])
                failed.set()
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    monkeypatch.setattr(logs_module, "FileIO", FullDisk)
    with logs_in(tmp_path) as logs:
        logs.latency({"lost": 1})
        assert failed.wait(10)
        mended.set()
        logs.latency({"kept": 1})
    assert logs.trouble is None
    assert [line.get("kept") for line in lines(tmp_path / "latency.json")] == [1]
    (loss,) = lines(tmp_path / "main.log")
    assert loss["level"] == "warning"
    assert loss["text"].startswith("1 log lines were lost: ")


def test_trouble_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(logs_module, "FileIO", FullDisk)
    with logs_in(tmp_path) as logs:
        logs.latency({"lost": 1})
    assert logs.trouble is not None
    assert "latency.json: No space left on device" in logs.trouble


def test_too_many_waiting_lines_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs_module, "_QUEUE_MAX", 10)
    monkeypatch.setattr(logs_module, "_PERIOD_SECONDS", 60)
    with logs_in(tmp_path) as logs:
        for number in range(25):
            logs.latency({"number": number})
    assert [line["number"] for line in lines(tmp_path / "latency.json")] == list(range(10))
    (loss,) = lines(tmp_path / "main.log")
    assert loss["text"] == "15 log lines were lost: the disk was behind"


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    with logs_in(tmp_path) as logs:
        logs.close()


def test_a_folder_that_cannot_be_written_is_the_operators(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="give a folder that can be written"):
        open_logs(tmp_path / "file", StoppedClock())


def test_the_caller_only_appends(tmp_path: Path) -> None:
    class Unreadable(msgspec.Struct):
        def __getattribute__(self, name: str) -> object:
            assert threading.current_thread().name == "logs", name
            return super().__getattribute__(name)

    with logs_in(tmp_path) as logs:
        logs.trade(Unreadable())
    assert len(lines(tmp_path / "trades.json")) == 1
