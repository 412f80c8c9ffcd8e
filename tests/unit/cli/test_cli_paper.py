"""``paper reset``: a new account on paper, by typing, and never under a running process."""

import json

import pytest

from kalshi_assistant import cli
from kalshi_assistant.domain.time import HOUR
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.runtime.clock import SystemClock
from tests.support.trading import CASH, NOON, a_morning, opened, order


def run(capsys, *arguments):
    code = cli.main(["paper", "reset", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def traded(tmp_path):
    """A state folder with a paper ledger that was traded on and let go."""
    store, lease = opened(tmp_path / "prod" / "paper" / "ledger.sqlite")
    store.keep(lease.epoch, a_morning(Ledger(CASH)), [order(1)], NOON)
    store.release(lease.epoch, clean=True)
    yield tmp_path, store
    store.close()


def account(capsys, state):
    cli.main(["positions", "--json", "--mode", "paper", "--state-dir", str(state)])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_phrase_begins_a_new_account(traded, capsys, terminal):
    state, _ = traded
    assert len(account(capsys, state)) > 1
    terminal("BEGIN ANEW")
    code, out, err = run(capsys, "--state-dir", state)
    assert code == 0
    assert "a new account on paper with 1000.00" in out
    assert "positions open" in err
    [after] = account(capsys, state)
    assert (after["cash"], after["realized"]) == ("1000.00", "0.00")


@pytest.mark.parametrize("words", ["begin anew", "yes", ""])
def test_anything_else_changes_nothing(traded, capsys, terminal, words):
    state, _ = traded
    before = account(capsys, state)
    terminal(words)
    code, out, err = run(capsys, "--state-dir", state)
    assert (code, out) == (4, "")
    assert "stays as it is" in err
    assert account(capsys, state) == before


def test_it_is_refused_under_a_process_that_trades_on_it(traded, capsys, terminal):
    state, store = traded
    assert store.claim("desk/7", SystemClock().now()) is not None
    before = account(capsys, state)
    terminal("BEGIN ANEW")
    code, _, err = run(capsys, "--state-dir", state)
    assert code == 2
    assert "desk/7 is trading on" in err
    assert account(capsys, state) == before


def test_a_halt_stays_and_is_named(traded, capsys, terminal):
    state, store = traded
    store.halt("enough", "kill", SystemClock().now() - HOUR)
    terminal("BEGIN ANEW", is_terminal=False)
    code, out, err = run(capsys, "--json", "--state-dir", state)
    assert code == 0
    assert "still halted (kill): enough; `clear` lifts it" in err
    [said] = [json.loads(line) for line in out.splitlines()]
    assert (said["type"], said["done"], said["cash"], said["halts"]) == (
        "paper_reset", True, "1000.00", 1,
    )  # fmt: skip


def test_without_an_account_there_is_nothing_to_begin_anew(tmp_path, capsys, terminal):
    terminal()
    code, out, err = run(capsys, "--json", "--state-dir", tmp_path)
    assert code == 0
    assert "no account on paper yet" in err
    assert json.loads(out)["done"] is False
