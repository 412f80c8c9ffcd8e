"""Standard output carries the result and nothing else."""

import io
import os
import subprocess
import sys

import pytest

from kalshi_assistant.cli.output import Output, ReaderGone


class ClosedPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture
def streams():
    return io.StringIO(), io.StringIO()


def test_with_json_there_are_objects_only(streams):
    out, err = streams
    output = Output(as_json=True, out=out, err=err)
    output.say("for people")
    output.record("window", ticker="T", p_yes=0.5)
    output.note("working")
    assert out.getvalue() == '{"type": "window", "ticker": "T", "p_yes": 0.5}\n'
    assert err.getvalue() == "working\n"


def test_an_object_may_have_a_kind_of_its_own(streams):
    out, err = streams
    Output(as_json=True, out=out, err=err).record("signal", kind="baseline_gap")
    assert out.getvalue() == '{"type": "signal", "kind": "baseline_gap"}\n'


def test_without_json_there_is_text_only(streams):
    out, err = streams
    output = Output(as_json=False, out=out, err=err)
    output.record("window", ticker="T")
    output.say("for people")
    assert out.getvalue() == "for people\n"


def test_what_is_not_a_number_is_never_written(streams):
    out, err = streams
    with pytest.raises(ValueError, match="not JSON compliant"):
        Output(as_json=True, out=out, err=err).record("window", p_yes=float("nan"))


def test_a_closed_pipe_is_told_apart_from_an_error(streams):
    with pytest.raises(ReaderGone):
        Output(as_json=False, out=ClosedPipe(), err=streams[1]).say("text")


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["config", "schema"], ["--help"], ["config", "--help"]])
def test_a_closed_pipe_ends_the_program_quietly(arguments):
    """The reader is gone before the first line is written."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kalshi_assistant", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
