"""``kill``: the halt first, whatever else works; 0 only where all is confirmed gone."""

import json

import pytest

from kalshi_assistant.cli import kill as kill_command
from kalshi_assistant.cli import main, trading
from kalshi_assistant.control.protocol import CommandReply
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.runtime import killing
from tests.support.halt_book import HaltBook
from tests.support.order_venue import SILENCE, OrderVenue, carried, refusal
from tests.unit.runtime.test_runtime_killing import OUR_GROUP, TRIGGER, kept


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def venue(monkeypatch):
    found = OrderVenue()

    async def sweep(access, sweeping):
        assert access.signer is not None
        sweeping.now = lambda: found.now
        return carried(sweeping.talk(), found)

    monkeypatch.setattr(killing, "sweep", sweep)
    return found


@pytest.fixture
def kill(state, capsys):
    """Run it with --json; answers the exit code, the object and what was said beside it."""

    def run(*arguments, plain=False):
        words = ["kill", "--state-dir", str(state), *arguments]
        code = main(words if plain else [*words, "--json"])
        out, err = capsys.readouterr()
        return (code, out, err) if plain else (code, json.loads(out), err)

    return run


def torn(*_):
    raise OperatorError("the book is torn")


def book_of(books):
    return books.setdefault(trading.LIVE, HaltBook())


def kill_text(state, account="key-1-abcd"):
    return (state / "prod" / account / "KILL").read_text()


def test_ours_go_and_it_is_0(keyed, books, venue, kill, state):
    venue.add("a")
    venue.add("hand", client=None)
    code, found, _ = kill("--reason", "too wild")
    assert code == 0
    assert (found["halted"], found["confirmed"], found["mode"]) == (True, True, "live")
    assert [each["order_id"] for each in found["cancelled"]] == ["a"]
    assert found["others"] == 1
    assert kill_text(state).startswith("too wild (")
    assert [(each.breaker, each.reason) for each in books["live"].standing] == [
        ("kill", "too wild")
    ]
    assert venue.resting() == ["hand"]


def test_the_halt_is_there_before_the_venue_is_asked(keyed, books, venue, kill, state):
    seen = []
    venue.on_request = lambda request: seen.append((kill_text(state), len(books["live"].standing)))
    kill()
    assert seen
    assert all(text and standing == 1 for text, standing in seen)


def test_what_is_not_confirmed_is_1_and_named(keyed, books, venue, kill):
    venue.add("a")
    venue.faults[("DELETE", "/")] = [refusal(404, "not_found")] * 99
    code, found, _ = kill()
    assert code == 1
    assert found["halted"]
    assert not found["confirmed"]
    (left,) = found["unconfirmed"]
    assert left["order_id"] == "a"
    assert "404" in left["reason"]


def test_an_order_on_its_way_that_the_records_cannot_rule_out_is_1(keyed, books, venue, kill):
    book_of(books).kept_orders = [kept()]
    venue.lag = 60 * SECOND
    code, found, err = kill()
    assert code == 1
    assert not found["confirmed"]
    (unseen,) = found["unconfirmed"]
    assert (unseen["order_id"], unseen["client_order_id"]) == (None, kept().order.id)
    assert "looking on for up to 15 s" in err


def test_a_group_that_was_not_closed_is_1_and_named(keyed, books, venue, kill):
    book_of(books).kept_groups = [OUR_GROUP]
    venue.faults[TRIGGER] = [SILENCE] * 9
    code, found, _ = kill()
    assert code == 1
    assert found["confirmed"]
    assert found["untriggered"] == ["order group og-1 was not triggered: no route"]


def test_groups_that_the_book_does_not_tell_are_1(keyed, books, venue, kill, monkeypatch):
    monkeypatch.setattr(book_of(books), "groups", torn)
    code, found, _ = kill()
    assert code == 1
    assert found["untriggered"] == ["our order groups: the book is torn"]


def test_without_a_network_it_is_3_and_the_halt_stands(keyed, books, venue, kill, state):
    venue.faults[("GET", "/")] = [SILENCE] * 999
    code, found, _ = kill()
    assert code == 3
    assert found["halted"]
    assert "no route" in found["trouble"]
    assert kill_text(state)


def test_without_a_key_it_is_3_and_the_halt_stands(books, venue, kill, state):
    code, found, _ = kill("--mode", "live")
    assert (code, found["halted"]) == (3, True)
    assert "there is no key" in found["trouble"]
    assert venue.seen == []
    assert kill_text(state, "keyless")


def test_a_key_that_cannot_be_used_is_3_and_the_halt_stands(
    keyed, books, venue, kill, state, monkeypatch
):
    monkeypatch.setenv("KALSHI_ASSISTANT__PRIVATE_KEY", "no key at all")
    code, found, _ = kill()
    assert (code, found["halted"]) == (3, True)
    assert "not PEM" in found["trouble"]
    assert kill_text(state)


def test_a_book_that_fails_keeps_the_file_and_says_what_is_not_known(
    keyed, venue, kill, state, monkeypatch
):
    monkeypatch.setattr(trading, "open_book", torn)
    venue.add("a")
    code, found, err = kill()
    assert (code, found["halted"]) == (3, True)
    assert "which is ours" in found["trouble"]
    assert "torn" in err
    assert kill_text(state)


def test_a_book_that_takes_no_halt_still_says_which_are_ours(keyed, venue, kill, monkeypatch):
    full = HaltBook(OperatorError("the disk is full"))
    monkeypatch.setattr(trading, "open_book", lambda *_: full)
    venue.add("a")
    venue.add("hand", client=None)
    code, found, err = kill()
    assert (code, found["halted"], found["confirmed"]) == (0, True, True)
    assert "the disk is full" in err
    assert venue.resting() == ["hand"]


def test_everything_needs_no_book(keyed, venue, kill, monkeypatch):
    monkeypatch.setattr(trading, "open_book", torn)
    venue.add("hand", client=None)
    code, found, _ = kill("--everything", "--yes")
    assert (code, found["confirmed"], found["everything"]) == (0, True, True)


def test_an_engine_that_runs_is_told_of_a_halt_that_no_disk_took(
    keyed, venue, kill, state, monkeypatch
):
    """It halts as on a key of the screen, while it lives; that it is not kept is still said."""
    asked = []

    def ask(which, name, argument, seconds):
        asked.append((which.control_dir, name, argument))
        return CommandReply(1, ok=True, text="halted: no new entries until a person clears it")

    monkeypatch.setattr(kill_command, "ask", ask)
    monkeypatch.setattr(trading, "open_book", torn)
    state.write_text("a file")
    code, found, err = kill("--reason", "too wild")
    ((folder, name, reason),) = asked
    assert folder.is_relative_to(state)
    assert (name, reason) == ("halt", "too wild")
    assert (code, found["halted"], found["engine_told"]) == (1, False, True)
    assert "COULD NOT BE WRITTEN: the running engine halts while it lives" in err


def test_a_disk_that_fails_does_not_hold_the_cancels_up(keyed, venue, kill, state, monkeypatch):
    monkeypatch.setattr(trading, "open_book", torn)
    state.write_text("a file")
    venue.add("a")
    code, found, err = kill("--everything", "--yes")
    assert (code, found["halted"], found["confirmed"]) == (1, False, False)
    assert "COULD NOT BE WRITTEN" in err
    assert venue.resting() == []


def test_everything_says_what_it_does_and_nothing_re_arms(keyed, books, venue, kill, state):
    venue.add("hand", client=None)
    code, out, _ = kill("--everything", "--yes", plain=True)
    assert code == 0
    assert "placed by hand" in out
    assert "within the next minute" in out
    assert "nothing is armed for 60 seconds" in out
    assert (state / "prod" / "key-1-abcd" / "CANCEL_ALL").exists()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_everything_unsaid_takes_only_ours(keyed, books, venue, kill, terminal, is_terminal):
    terminal("n", is_terminal=is_terminal)
    venue.add("a")
    venue.add("hand", client=None)
    code, found, err = kill("--everything")
    assert code == 2
    assert found["everything"] is None
    assert venue.resting() == ["hand"]
    assert "placed by hand" in err


def test_everything_may_be_said_at_the_terminal(keyed, books, venue, kill, terminal):
    terminal("y")
    venue.add("hand", client=None)
    code, found, _ = kill("--everything")
    assert (code, found["everything"]) == (0, True)


def test_paper_asks_no_venue(keyed, books, venue, kill):
    code, found, _ = kill("--mode", "paper")
    assert (code, found["mode"]) == (0, "paper")
    assert len(books["paper"].standing) == 1
    assert venue.seen == []


def test_without_a_key_the_account_is_the_one_on_paper(books, venue, kill):
    assert kill()[1]["mode"] == "paper"


def test_a_grant_does_not_outlive_it(keyed, books, venue, kill, state):
    grant = state / "prod" / "key-1-abcd" / "grant.json"
    grant.parent.mkdir(parents=True)
    grant.touch()
    kill()
    assert not grant.exists()


def test_settings_that_are_wrong_still_halt_every_account(kill, state, tmp_path, capsys):
    for name in ("prod/one", "prod/two", "demo/one"):
        (state / name).mkdir(parents=True)
    bad = tmp_path / "bad.yaml"
    bad.write_text("mod: live\n")
    code, found, err = kill("--config", str(bad), "--env", "prod")
    assert code == 2
    assert "did you mean mode" in err
    assert kill_text(state, "one")
    assert kill_text(state, "two")
    assert not (state / "demo" / "one" / "KILL").exists()
    assert len(found["folders"]) == 2


def test_an_unknown_account_is_wrong_use(kill):
    code = main(["kill", "--mode", "real"])
    assert code == 2


def test_people_are_told_in_sentences(keyed, books, venue, kill):
    venue.add("a")
    venue.add("b", client="k7-1-2")

    def trade(request):
        if request.method == "DELETE" and venue.orders["b"]["status"] == "resting":
            venue.end("b", "executed", "5.00")

    venue.on_request = trade
    code, out, _ = kill(plain=True)
    assert code == 0
    assert "halted: nothing is sent" in out
    assert "cancelled: k7-1-1 in KXBTC15M-26NOV211215-15" in out
    assert "traded before it could be cancelled: k7-1-2" in out
    assert "(5.00 contracts traded meanwhile)" in out
    assert "none of our orders rests" in out
