"""``clear``: a person at the machine, and nobody else."""

import os
from contextlib import closing

import pytest

from kalshi_assistant.cli import clear as clear_command
from kalshi_assistant.cli import main, trading
from kalshi_assistant.control.beacons import Beacon
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.journal.hold import take_hold
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.kill_file import stamp_cancel_all, write_kill
from kalshi_assistant.runtime.store import Store
from tests.support.halt_book import HaltBook


@pytest.fixture
def state(tmp_path, keyed):
    return tmp_path / "state" / "prod" / keyed


@pytest.fixture
def clear(tmp_path, capsys):
    def run(*arguments, reason="looked at it"):
        words = ["clear", "--state-dir", str(tmp_path / "state"), "--reason", reason]
        code = main([*words, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def halted(state, books):
    """A live account with a halt in its book and a kill file."""
    book = books["live"] = HaltBook()
    book.halt(breaker="kill", reason="enough", now=Nanos(0))
    write_kill(state, "enough")
    return book


def test_the_phrase_lifts_book_and_file(halted, state, clear, terminal):
    terminal("CLEAR THE HALT abcd")
    code, out, _ = clear()
    assert code == 0
    assert "kill: enough" in out
    assert halted.cleared == ["looked at it"]
    assert not (state / "KILL").exists()


@pytest.mark.parametrize("words", ["CLEAR THE HALT", "clear the halt abcd", ""])
def test_anything_else_leaves_it(halted, state, clear, terminal, words):
    terminal(words)
    code, _, err = clear()
    assert code == 4
    assert "the halt stands" in err
    assert halted.standing
    assert (state / "KILL").exists()


def test_a_pipe_is_no_person(halted, state, clear, terminal):
    terminal("CLEAR THE HALT abcd", is_terminal=False)
    code, _, err = clear()
    assert code == 2
    assert "at a terminal" in err
    assert halted.standing
    assert (state / "KILL").exists()


def test_paper_takes_a_pipe(books, state, clear, terminal):
    write_kill(state, "enough")
    terminal("CLEAR THE HALT", is_terminal=False)
    assert clear("--mode", "paper")[0] == 0
    assert not (state / "KILL").exists()


def test_paper_takes_none_where_the_kill_file_also_halts_real_money(books, state, clear, terminal):
    write_kill(state, "enough")
    ledger = trading.ledger_file(state, "live")
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.touch()
    terminal("CLEAR THE HALT", is_terminal=False)
    assert clear("--mode", "paper")[0] == 2
    assert (state / "KILL").exists()


def test_a_running_engine_need_not_end_first(halted, state, clear, terminal):
    terminal("CLEAR THE HALT abcd")
    descriptor = os.open(state / "engine.lock", os.O_RDWR | os.O_CREAT)
    try:
        assert take_hold(descriptor)
        code, _, _ = clear()
    finally:
        os.close(descriptor)
    assert code == 0
    assert not halted.standing
    assert not (state / "KILL").exists()


def test_not_within_a_minute_of_a_cancel_all(halted, state, clear, terminal):
    terminal("CLEAR THE HALT abcd")
    stamp_cancel_all(state, SystemClock().now())
    code, _, err = clear()
    assert code == 4
    assert "cancel-all" in err
    assert halted.standing


def test_without_a_halt_there_is_nothing_to_do_on_paper(keyed, state, books, clear):
    book = books["paper"] = HaltBook()
    ledger = trading.ledger_file(state, "paper")
    ledger.parent.mkdir(parents=True)
    ledger.touch()
    code, out, _ = clear("--mode", "paper")
    assert code == 0
    assert "no halt is in force on the paper account" in out
    assert (book.written, book.cleared) == ([], [])


def test_looking_for_a_halt_makes_no_account(keyed, state, clear):
    code, out, _ = clear("--mode", "paper")
    assert code == 0
    assert "there is no paper account yet" in out
    assert not trading.ledger_file(state, "paper").exists()


def test_the_halts_of_a_demo_are_lifted_by_its_folder(tmp_path, capsys, terminal):
    folder = tmp_path / "demo"
    with closing(Store.open(folder / trading.LEDGER_NAME)) as store:
        store.halt("from the screen", "kill", Nanos(0))
        write_kill(folder, "from the screen")
        terminal("CLEAR THE HALT", is_terminal=False)
        assert main(["clear", "--state-dir", str(folder), "--reason", "seen"]) == 0
        assert store.halts() == ()
    assert "cleared: 1 of the book, and the kill file" in capsys.readouterr().out
    assert not (folder / "KILL").exists()


def test_an_engine_with_an_account_of_its_own_is_named(keyed, tmp_path, clear, monkeypatch):
    demo = Beacon(4711, "paper", "simulated", str(tmp_path / "demo"))
    monkeypatch.setattr(clear_command, "beside", lambda _: [demo])
    _, _, err = clear("--mode", "paper")
    assert f"process 4711, paper on simulated, in {demo.directory}" in err
    assert f"clear --state-dir {demo.directory}" in err


def test_without_a_halt_a_live_account_is_accepted_as_it_is(keyed, books, clear, terminal):
    """A running engine hears of a clearing, and takes the venue's cash for the account's."""
    book = books["live"] = HaltBook()
    terminal("CLEAR THE HALT abcd")
    code, out, _ = clear()
    assert code == 0
    assert "no halt is in force" not in out
    assert [each.breaker for each in book.written] == ["person"]
    assert (book.standing, book.cleared) == ([], ["looked at it"])


@pytest.mark.parametrize(("words", "is_terminal", "code"), [("yes", True, 4), (None, False, 2)])
def test_without_a_halt_the_phrase_is_needed_all_the_same(
    keyed, books, clear, terminal, words, is_terminal, code
):
    book = books["live"] = HaltBook()
    terminal(words or "CLEAR THE HALT abcd", is_terminal=is_terminal)
    assert clear()[0] == code
    assert (book.written, book.cleared) == ([], [])


def test_a_halt_that_stands_is_cleared_without_another_one(halted, clear, terminal):
    terminal("CLEAR THE HALT abcd")
    assert clear()[0] == 0
    assert [each.breaker for each in halted.written] == ["kill"]


def test_a_reason_is_needed(halted, clear, terminal):
    terminal("CLEAR THE HALT abcd")
    assert clear(reason="  ")[0] == 2
    assert main(["clear"]) == 2
    assert halted.standing
