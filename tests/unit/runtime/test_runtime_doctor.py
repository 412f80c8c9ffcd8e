"""The doctor's lines of this machine, their sum, and the record of a run."""

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.runtime import doctor
from kalshi_assistant.runtime.doctor import MAY_WARN, MUST_PASS

NOW = 1_795_280_400 * SECOND
FAR = b'{"account": "a", "config": "c", "at": 99999999999999999999, "ready": true, "missing": []}'
GOOD = [doctor.passed(name, "") for name in (*MUST_PASS, *MAY_WARN)]


def without(name):
    return [line for line in GOOD if line.name != name]


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10, 9), "fail"), ((3, 11, 0), "pass"), ((3, 14, 2), "pass"), ((3, 15, 0), "warn")],
)
def test_python(version, status):
    assert doctor.python_line(version).status == status


@pytest.mark.parametrize(("free", "status"), [(10**8, "fail"), (10**9, "warn"), (10**10, "pass")])
def test_the_disk_is_that_of_a_folder_still_to_be_made(tmp_path, monkeypatch, free, status):
    asked = []

    def usage(path):
        asked.append(path)
        return type("Usage", (), {"free": free})

    monkeypatch.setattr(doctor.shutil, "disk_usage", usage)
    assert doctor.disk_line(tmp_path / "not" / "there").status == status
    assert asked == [tmp_path]


def test_the_state_folder_is_made_tried_and_left_empty(tmp_path):
    assert doctor.state_line(tmp_path / "state").status == "pass"
    assert list((tmp_path / "state").iterdir()) == []


def test_a_state_folder_others_may_write_in_fails(tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    line = doctor.state_line(tmp_path / "state")
    assert line.status == "fail"
    assert line.remedy.startswith("run: chmod 700")


def test_a_state_folder_that_is_a_file_fails(tmp_path):
    (tmp_path / "state").touch()
    assert doctor.state_line(tmp_path / "state").status == "fail"


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "pass"),
        ({"TERM": "xterm-256color"}, "pass"),
        ({"TERM": "xterm"}, "warn"),
        ({"TERM": "dumb"}, "warn"),
        ({}, "warn"),
        ({"TERM": "dumb", "NO_COLOR": "1"}, "pass"),
    ],
)
def test_colours(environ, status):
    assert doctor.colours_line(environ, is_terminal=True).status == status
    assert doctor.colours_line(environ, is_terminal=False).status == "skip"


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], 0),
        ([doctor.warned("a", "", ""), doctor.skipped("b", "")], 0),
        ([doctor.failed("a", "", "", outside=True)], 3),
        ([doctor.failed("a", "", "", outside=True), doctor.failed("b", "", "")], 1),
    ],
)
def test_the_exit_code_is_the_worst_of_ours_before_the_outside(lines, code):
    assert doctor.exit_code(lines) == code


def test_ready_needs_every_line():
    assert doctor.not_ready(GOOD) == ()
    for name in (*MUST_PASS, *MAY_WARN):
        assert doctor.not_ready(without(name)) == (name,)
        for bad in (doctor.skipped(name, ""), doctor.failed(name, "", "")):
            assert doctor.not_ready([*without(name), bad]) == (name,)


def test_a_warning_is_enough_for_some_lines_only():
    warned = [doctor.warned(line.name, "", "") for line in GOOD]
    assert doctor.not_ready(warned) == MUST_PASS


@pytest.mark.parametrize("ready", [True, False])
def test_a_run_is_kept_whether_ready_or_not(tmp_path, ready):
    lines = GOOD if ready else without("scope")
    made = doctor.write_pass(tmp_path, "key-1", "d1ge57", lines, NOW)
    assert doctor.read_pass(tmp_path) == made
    assert (made.ready, made.missing) == ((True, ()) if ready else (False, ("scope",)))


@pytest.mark.parametrize("text", [b"", b"{}", b'{"ready": "yes"}', b"\xff", FAR])
def test_a_record_that_makes_no_sense_is_none(tmp_path, text):
    (tmp_path / doctor.RECORD_NAME).write_bytes(text)
    assert doctor.read_pass(tmp_path) is None


def test_no_record_is_none(tmp_path):
    assert doctor.read_pass(tmp_path) is None
    (tmp_path / doctor.RECORD_NAME).mkdir()
    assert doctor.read_pass(tmp_path) is None
