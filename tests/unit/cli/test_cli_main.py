"""Every way out of the program is an exit code and a sentence, never a traceback."""

import importlib

import pytest
import typer

from kalshi_assistant import __version__, cli
from kalshi_assistant.cli.output import ReaderGone
from kalshi_assistant.domain.errors import (
    ComparisonError,
    FinalError,
    HaltError,
    OperatorError,
    PassingError,
)


@pytest.fixture
def perform(monkeypatch):
    """Run the program with ``demo`` replaced by ``body``."""

    def run(body, *arguments: str) -> int:
        monkeypatch.setattr(cli, "_body", lambda name: body)
        return cli.main(["demo", *arguments])

    return run


def raising(error: BaseException):
    def body() -> None:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ComparisonError("differs"), 1),
        (OperatorError("write this instead"), 2),
        (PassingError("no answer"), 3),
        (FinalError("key refused"), 3),
        (HaltError("halted"), 4),
    ],
)
def test_an_error_of_ours_is_its_message_and_its_code(perform, capsys, error, code):
    assert perform(raising(error)) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"kalshi-assistant: {error}\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interruption_is_130_and_quiet(perform, capsys, error):
    assert perform(raising(error)) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("error", [ReaderGone(), BrokenPipeError()])
def test_a_reader_that_went_away_is_no_failure(perform, monkeypatch, error):
    monkeypatch.setattr(cli, "discard_output", lambda: None)
    assert perform(raising(error)) == 0


def test_a_bug_keeps_its_traceback(perform):
    with pytest.raises(ZeroDivisionError):
        perform(raising(ZeroDivisionError()))


@pytest.mark.parametrize(("result", "code"), [(None, 0), (1, 1), ("text", 0)])
def test_what_a_command_returns_is_its_code(perform, result, code):
    assert perform(lambda: result) == code


def test_a_command_may_leave_by_itself(perform):
    assert perform(raising(typer.Exit(3))) == 3


def test_wrong_use_is_2_and_says_where_help_is(perform, capsys):
    assert perform(lambda: None, "--nonsense") == 2
    err = capsys.readouterr().err
    assert "--nonsense" in err
    assert "--help" in err


def test_an_unknown_command_is_2_and_named(capsys):
    assert cli.main(["dmo"]) == 2
    assert "demo" in capsys.readouterr().err


def test_the_version_is_the_package_s(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"kalshi-assistant {__version__}\n"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["run"]),
        (["--no-ui"], ["run", "--no-ui"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
        (["config", "show"], ["config", "show"]),
    ],
)
def test_no_command_is_run(given, meant):
    assert cli.with_command(given) == meant


def test_help_lists_every_command_and_reads_none_of_them(monkeypatch, capsys):
    def refuse(name: str) -> object:
        raise AssertionError(f"{name} was read")

    monkeypatch.setattr(cli, "_body", refuse)
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert f"  {name} " in out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_a_file_that_exposes_it(name):
    body = getattr(importlib.import_module(f"kalshi_assistant.cli.{name}"), name)
    assert callable(body)
