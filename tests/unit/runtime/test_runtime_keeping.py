"""One account, one trader: the lease, what is durable, and what is heard of other processes."""

import sqlite3
from contextlib import closing

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import DAY_ENDED, Halt, HaltKept, OrderKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import (
    OperatorCleared,
    OperatorHalted,
    Restored,
    TradingArmed,
    TradingDisarmed,
)
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.time import DAY, SECOND
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.runtime.keeping import BACKLOG_MAX, Unready
from kalshi_assistant.runtime.store import LEASE_SECONDS, PATIENCE, Store, StoreFailedError
from tests.support.account_holder import Process
from tests.support.trading import CASH, NOON, fill, order

LIFE = LEASE_SECONDS * SECOND
READ_AGAIN = "the account is being read again"
WINDOW = WindowReport("T", 1, 2, None, None, None, None, None, 60, {}, 0, {}, 0, None)
ACCEPTED = OrderKept(NOON, "n-1-1", "v-1", "working", 0, None)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with closing(Store.open(path)) as store:
        store.start(CASH)
    return path


@pytest.fixture
def begin(path):
    """Starts processes on one file; closes them in the end."""
    made = []

    def start(*, holder="one", tended=True, **more):
        made.append(Process(path, holder, **more))
        if tended:
            made[-1].start()
        return made[-1]

    yield start
    for each in made:
        each.store.store.close()


def kinds(events):
    return [type(event) for event in events]


def rows(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


# --- the lease ---


def test_a_start_takes_the_lease_tells_what_was_kept_and_arms(begin):
    process = begin(tended=False, venue=True)
    assert process.account.epoch is None
    (restored,) = process.tend()
    assert isinstance(restored, Restored)
    assert (restored.epoch, restored.standing.cash, restored.venue) == (1, CASH, True)
    assert (restored.at, restored.received_at) == (NOON + 7, NOON + 7)
    assert restored.since == NOON + 7 - DAY
    assert restored.namespace == process.account.namespace
    assert process.account.epoch == 1
    process.account.adopted(1)
    assert process.take() == []
    assert process.tend() == [TradingArmed(NOON + 7, NOON + 7, 1)]


def test_until_the_engine_works_on_what_was_read_nothing_is_armed_kept_or_sent(begin, path):
    process = begin(tended=False)
    assert kinds(process.tend()) == [Restored]
    entry = Ledger(CASH).fill(fill(1, quantity=100), None)
    for adopted in (None, 2, 0):  # no start, or another one, is not this one
        if adopted is not None:
            process.account.adopted(adopted)
        process.account.arm(process.clock.at)
        assert process.tend(0.5) == []
        assert process.account.keep([entry], [replace(order(), purpose="exit")]) == READ_AGAIN
        assert "being read again" in process.account.fresh()
    assert (rows(path, "orders"), rows(path, "fills"), process.said) == (0, 0, [])
    process.account.adopted(1)
    assert kinds(process.tend(0.5)) == [TradingArmed]
    assert process.account.fresh() is None
    assert rows(path, "fills") == 0  # it was void, and did not wait


def test_who_is_being_stopped_is_not_armed_again(begin):
    process = begin()
    process.account.ending()
    (disarmed,) = process.tend(0.5)
    assert (type(disarmed), disarmed.reason) == (TradingDisarmed, "the assistant is being stopped")
    for process.forbidden in (Unready("no grant"), None):
        assert process.tend(0.5) == []
    process.wall.at += LIFE + 1
    assert kinds(process.tend()) == [TradingDisarmed]
    assert kinds(process.start((LIFE + PATIENCE) / SECOND + 1)) == [Restored, TradingDisarmed]


def test_arming_is_told_when_it_changes_and_not_again(begin):
    process = begin()
    assert process.tend(0.5) == []
    process.forbidden = Unready("no grant", entries_only=True)
    (closed,) = process.tend(0.5)
    process.forbidden = Unready("no grant")
    (disarmed,) = process.tend(0.5)
    assert isinstance(disarmed, TradingDisarmed)
    assert (disarmed.reason, closed.reason) == ("no grant", "no grant")
    assert (disarmed.entries_only, closed.entries_only) == (False, True)
    assert process.tend(0.5) == []
    process.forbidden = None
    assert kinds(process.tend(0.5)) == [TradingArmed]


def test_what_forbids_arming_at_the_start_is_told_at_once(begin):
    process = begin(tended=False)
    process.forbidden = Unready("no grant")
    restored, disarmed = process.start()
    assert (type(restored), type(disarmed)) == (Restored, TradingDisarmed)
    assert disarmed.reason == "no grant"
    assert process.tend(0.5) == []


def test_a_second_process_stands_by_and_takes_over_with_everything(begin, path):
    first = begin()
    second = begin(holder="two", tended=False, clock=first.wall)
    (standing_by,) = second.tend()
    assert "standing by" in standing_by.reason
    assert second.tend() == []  # told once
    entry = Ledger(CASH).fill(fill(1, quantity=100), None)
    assert first.account.keep([entry], [order()]) is None
    assert second.account.keep([], [order(2)]) == "another process trades this account"
    first.account.release(clean=False)
    restored, armed = second.start(0.5)
    assert (restored.epoch, restored.clean) == (2, False)
    assert [each.order.id for each in restored.orders] == ["n-1-1"]
    assert restored.standing.cash == CASH - 560_000
    assert armed.epoch == 2
    assert rows(path, "orders") == 1


def test_a_lease_that_is_renewed_stays(begin):
    first = begin()
    second = begin(holder="two", tended=False, clock=first.wall)
    for _ in range(20):
        assert first.tend(0.5) == []
        assert all(isinstance(each, TradingDisarmed) for each in second.tend())
    assert (first.account.epoch, second.account.epoch) == (1, None)


def test_a_full_disk_is_told_once_with_the_reason_and_so_is_its_end(begin):
    """No renewal is written, so the lease runs out: nobody else has it, and nobody says so."""
    process = begin()
    process.store.broken = True
    for _ in range(4):
        assert process.tend(0.5) == []
    process.wall.at += LIFE - 2 * SECOND + 1
    why = process.account.keep([], [order()])
    assert "disk full" in why
    process.store.broken = False  # what is only read is read on a full disk
    (lost,) = process.tend()
    assert isinstance(lost, TradingDisarmed)
    assert "ran out" in lost.reason
    assert lost.reason.startswith("the ledger took nothing: disk full; ")
    assert process.tend(0.5) == [], "nobody else has the lease"
    process.store.broken = True
    for _ in range(4):
        assert process.tend(0.5) == []
    assert process.said == ["the ledger took nothing: disk full"]
    process.store.broken = False
    (restored,) = process.tend((LIFE + PATIENCE) / SECOND + 1)
    assert restored.epoch == 2
    assert process.said[1:] == ["the ledger is written again"]


def test_a_process_that_slept_has_lost_its_lease_and_sends_nothing(begin):
    process = begin()
    process.wall.at += LIFE + 1
    assert "ran out" in process.account.fresh()
    why = process.account.keep([], [order()])
    assert "ran out" in why
    (disarmed,) = process.take()
    assert disarmed.reason == why
    assert process.account.epoch is None
    assert process.account.fresh().startswith("another process trades this account")


def test_a_lease_that_was_lost_is_taken_anew_and_everything_read_again(begin):
    process = begin()
    process.wall.at += LIFE + 1
    assert kinds(process.tend()) == [TradingDisarmed]
    (restored,) = process.tend((LIFE + PATIENCE) / SECOND + 1)
    assert (type(restored), restored.epoch) == (Restored, 2)
    assert process.tend(0.5) == []  # what the engine adopted was the start before
    assert process.account.keep([], [order()]) == READ_AGAIN
    process.account.adopted(2)
    assert process.tend() == [TradingArmed(process.clock.at, process.clock.at, 2)]
    assert process.account.keep([], [order()]) is None


def test_a_takeover_while_we_slept_is_noticed_before_anything_leaves(begin):
    first = begin()
    second = begin(holder="two", tended=False, clock=first.wall)
    second.tend()
    second.tend((LIFE + PATIENCE) / SECOND + 1)
    assert second.account.epoch == 2
    assert "held by two" in first.account.fresh()
    assert "held by two" in first.account.keep([], [order()])
    assert kinds(first.take()) == [TradingDisarmed]


def test_a_lease_given_back_in_order_is_told_to_the_next(begin):
    first = begin()
    first.account.release(clean=True)
    assert first.account.epoch is None
    second = begin(holder="two", tended=False)
    assert second.tend()[0].clean


def test_a_ledger_that_does_not_balance_is_not_traded_on(begin, path):
    process = begin(tended=False)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE accounts SET cash = cash + 1")
        connection.commit()
    with pytest.raises(OperatorError, match="does not balance"):
        process.tend()
    assert kinds(process.take()) == []


# --- what is durable ---


def test_orders_and_entries_are_on_the_disk_when_keep_returns(begin, path):
    process = begin()
    assert process.account.keep([], [order()]) is None
    assert process.account.keep([ACCEPTED], []) is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT id, state, order_id FROM orders").fetchall() == [
            ("n-1-1", "working", "v-1")
        ]


def test_a_disk_that_takes_nothing_lets_no_order_leave_and_loses_no_entry(begin, path):
    process, ledger = begin(), Ledger(CASH)
    process.store.broken = True
    for number in (1, 2):
        entry = ledger.fill(fill(number, quantity=100), None)
        assert "disk full" in process.account.keep([entry], [order(number)])
    assert process.said == ["the ledger took nothing: disk full"]  # once, not for each
    assert (rows(path, "orders"), rows(path, "fills")) == (0, 0)
    process.store.broken = False
    assert process.account.keep([], [order(3)]) is None
    assert (rows(path, "orders"), rows(path, "fills")) == (1, 2)


def test_entries_held_back_are_written_as_soon_as_the_disk_takes_them(begin, path):
    process = begin()
    process.store.broken = True
    process.account.keep([Ledger(CASH).fill(fill(1, quantity=100), None)], [])
    process.tend(0.5)
    process.store.broken = False
    assert process.tend(0.5) == []
    assert rows(path, "fills") == 1


def test_what_could_not_be_written_is_written_before_the_lease_is_given_back(begin, path):
    process = begin()
    process.store.broken = True
    process.account.keep([Ledger(CASH).fill(fill(1, quantity=100), None)], [])
    process.store.broken = False
    process.account.release(clean=True)
    assert rows(path, "fills") == 1


def test_too_much_that_cannot_be_written_ends_the_process(begin):
    process = begin()
    process.store.broken = True
    process.account.keep([ACCEPTED] * BACKLOG_MAX, [])
    with pytest.raises(RuntimeError, match="could not be written"):
        process.account.keep([ACCEPTED], [])


def test_after_a_lost_lease_nothing_old_is_written(begin, path):
    """Whoever has it now writes the account."""
    process = begin()
    process.store.broken = True
    process.account.keep([Ledger(CASH).fill(fill(1, quantity=100), None)], [])
    process.store.broken = False
    process.wall.at += LIFE + 1
    process.tend()
    assert "1 entries are given up" in process.said[-1]
    process.start((LIFE + PATIENCE) / SECOND + 1)
    assert process.account.epoch == 2
    assert process.account.keep([], [order()]) is None
    assert (rows(path, "fills"), rows(path, "orders")) == (0, 1)


def test_a_failing_disk_does_not_end_who_stands_by(begin):
    first = begin()
    second = begin(holder="two", tended=False, clock=first.wall)
    second.store.broken = True
    second.tend()
    assert "disk full" in second.said[-1]
    second.store.broken = False
    first.account.release(clean=True)
    assert kinds(second.start(0.5)) == [Restored, TradingArmed]


def test_a_failing_disk_is_no_fresh_lease(begin):
    process = begin()
    assert process.account.fresh() is None
    process.store.broken = True
    assert "disk full" in process.account.fresh()


# --- halts ---


def test_a_halt_written_by_another_process_reaches_the_engine(begin, path):
    process = begin()
    with closing(Store.open(path)) as other:
        other.halt("enough", "kill", NOON)
    (halted,) = process.tend(0.5)
    assert isinstance(halted, OperatorHalted)
    assert (halted.breaker, halted.reason) == ("kill", "enough")
    assert process.tend(0.5) == []


def test_a_halt_cleared_by_another_process_reaches_the_engine(begin, path):
    process = begin()
    with closing(Store.open(path)) as other:
        other.halt("enough", "kill", NOON)
        process.tend(0.5)
        other.clear("looked at it", NOON)
    (told,) = process.tend(0.5)
    assert (type(told), told.reason) == (OperatorCleared, "looked at it")
    assert process.tend(0.5) == []


def test_a_halt_that_came_and_went_between_two_looks_is_told_as_cleared(begin, path):
    """So is a clearing without any halt before it: a person accepts the account as it is."""
    process = begin()
    with closing(Store.open(path)) as other:
        other.halt("cleared without a halt", "person", NOON + 1)
        other.clear("looked at it", NOON + 1)
    assert kinds(process.tend(0.5)) == [OperatorCleared]
    assert process.tend(0.5) == []


def test_a_halt_after_a_clearing_is_told_after_it_and_stands(begin, path):
    process = begin()
    with closing(Store.open(path)) as other:
        other.halt("enough", "kill", NOON)
        process.tend(0.5)
        other.clear("looked at it", NOON + 1)
        other.halt("once more", "person", NOON + 2)
        cleared, halted = process.tend(0.5)
        assert (type(cleared), cleared.standing) == (OperatorCleared, ("person",))
        assert (type(halted), halted.breaker) == (OperatorHalted, "person")
        other.clear("looked at it", NOON + 3)
    assert [each.standing for each in process.tend(0.5)] == [()]


def test_a_clearing_is_told_with_its_own_instant(begin, path):
    process = begin()
    with closing(Store.open(path)) as other:
        for after, found in ((SECOND // 5, 3 * SECOND // 10), (3_600 * SECOND, 0)):
            other.halt("enough", "kill", NOON)
            process.tend(0.5)
            other.clear("looked at it", process.wall.at + after)
            (cleared,) = process.tend(0.5)
            assert cleared.received_at - cleared.at == found  # a clock ahead: as of now


def test_what_was_cleared_before_the_start_is_no_news(begin, path):
    with closing(Store.open(path)) as other:
        other.halt("enough", "kill", NOON)
        other.clear("looked at it", NOON + 1)
    process = begin(tended=False)
    assert kinds(process.start()) == [Restored, TradingArmed]
    assert process.tend(0.5) == []


def test_halts_that_stood_at_the_start_are_told_with_what_was_kept(begin, path):
    with closing(Store.open(path)) as other:
        other.halt("enough", "person", NOON)
    process = begin(tended=False)
    restored, _ = process.start()
    assert restored.standing.halts == (Halt("person", "enough", NOON),)
    assert process.tend(0.5) == []


def test_a_halt_of_our_own_is_no_news_from_elsewhere(begin):
    """Told back to the engine it would become a halt by a person, that nothing else lifts."""
    process = begin()
    own = Halt("day_loss", "the day has lost $20.00", NOON)
    assert process.account.keep([HaltKept(NOON, own, None)], []) is None
    assert process.tend(0.5) == []


def test_a_halt_that_we_cleared_is_no_news_from_elsewhere(begin):
    """Told back to the engine it would accept what was lost and moved since."""
    process = begin()
    own = Halt("day_loss", "the day has lost $20.00", NOON)
    assert process.account.keep([HaltKept(NOON, own, None)], []) is None
    process.tend(0.5)
    assert process.account.keep([HaltKept(NOON, own, DAY_ENDED)], []) is None
    assert process.tend(0.5) == []


def test_under_a_halt_no_entry_leaves_exits_do_and_what_happened_is_kept(begin, path):
    process = begin()
    with closing(Store.open(path)) as other:
        other.halt("enough", "person", NOON)
    entry = Ledger(CASH).fill(fill(1, quantity=100), None)
    why = process.account.keep([entry], [order(1)])
    assert "halted (person): enough" in why
    assert (rows(path, "fills"), rows(path, "orders")) == (1, 0)
    assert process.account.keep([], [replace(order(2), purpose="exit")]) is None
    assert rows(path, "orders") == 1


def test_under_a_halt_what_waited_is_written_once(begin, path):
    process, ledger = begin(), Ledger(CASH)
    process.store.broken = True
    process.account.keep([ledger.fill(fill(1, quantity=100), None)], [])
    process.store.broken = False
    with closing(Store.open(path)) as other:
        other.halt("enough", "person", NOON)
    process.account.keep([ledger.fill(fill(2, quantity=100), None)], [order()])
    assert rows(path, "fills") == 2
    assert process.tend(0.5) != []
    assert rows(path, "fills") == 2


def test_an_id_used_twice_is_a_mistake_that_ends_the_process(begin, path):
    process = begin()
    process.account.keep([], [order()])
    with pytest.raises(sqlite3.IntegrityError):
        process.account.keep([], [order()])
    assert rows(path, "orders") == 1


def test_a_first_start_hears_nothing_of_old_clearings(path, begin):
    with closing(Store.open(path)) as other:
        other.halt("enough", "kill", NOON - SECOND)
        other.clear("seen", NOON)
    assert [type(each) for each in begin(tended=False).tend()] == [Restored]


def loses_the_lease(process):
    """It slept too long; told so, it has nothing of its own any more."""
    process.wall.at += LIFE + SECOND
    process.tend()
    assert process.account.epoch is None


def test_what_was_cleared_while_the_lease_was_lost_is_told_with_the_account(begin, path):
    """The engine still has the halt in mind; nothing else would ever lift it."""
    process = begin()
    with closing(Store.open(path)) as other:
        other.halt("enough", "person", NOON)
        process.tend(0.5)
        loses_the_lease(process)
        other.clear("looked at it", NOON + 1)
    told = process.tend(LEASE_SECONDS + 2)
    assert kinds(told) == [Restored, OperatorCleared]
    process.account.adopted(told[0].epoch)
    assert kinds(process.tend(0.5)) == [TradingArmed]


def test_a_clearing_is_heard_of_whatever_the_clocks_did(begin, path):
    """The clearing is stamped earlier than one before: the clock was set back in between."""
    process = begin()
    with closing(Store.open(path)) as other:
        for at in (NOON, NOON - 3_600 * SECOND):
            other.halt("enough", "person", at)
            process.tend(0.5)
            other.clear("looked at it", at)
            assert kinds(process.tend(0.5)) == [OperatorCleared]


OWN = Halt("person", "a person has seen enough", NOON)


def test_a_halt_outlives_a_lease_that_was_lost(begin, path):
    process = begin()
    loses_the_lease(process)
    entries = [HaltKept(NOON, OWN, None), HaltKept(NOON, replace(OWN, breaker="x"), DAY_ENDED)]
    assert "another process" in process.account.keep(entries, [])
    with closing(Store.open(path)) as other:
        assert other.halts() == (OWN,)


def test_a_halt_that_waited_for_the_disk_outlives_a_lease_that_was_lost(begin, path):
    process = begin()
    process.store.broken = True
    process.account.keep([HaltKept(NOON, OWN, None)], [])
    process.store.broken = False
    loses_the_lease(process)
    with closing(Store.open(path)) as other:
        assert other.halts() == (OWN,)


def test_nothing_is_traded_before_a_halt_that_waits_for_the_disk_is_kept(begin, path, monkeypatch):
    process = begin()
    loses_the_lease(process)

    def fails(*_):
        raise StoreFailedError("the ledger took nothing: disk full")

    with monkeypatch.context() as broken:
        broken.setattr(process.store.store, "halt", fails)
        process.account.keep([HaltKept(NOON, OWN, None)], [])
        process.tend(LEASE_SECONDS + 2)
        assert process.account.epoch is None
    told = process.tend(0.5)
    assert [each.standing.halts for each in told if isinstance(each, Restored)] == [(OWN,)]


def test_what_a_process_without_the_account_finds_out_halts_nobody(begin, path):
    process = begin()
    loses_the_lease(process)
    found = Halt("ledger_differs", "an order is under our name and not in our store", NOON)
    assert "another process" in process.account.keep([HaltKept(NOON, found, None)], [])
    with closing(Store.open(path)) as other:
        assert other.halts() == ()


# --- windows that are over ---


def test_the_line_of_a_window_outlives_the_journals(begin, path):
    begin().account.keep_window(WINDOW)
    assert rows(path, "windows") == 1


def test_who_has_no_account_keeps_no_windows(begin, path):
    begin()
    begin(holder="two", tended=False).account.keep_window(WINDOW)
    assert rows(path, "windows") == 0


def test_a_window_that_the_disk_does_not_take_is_told_and_nothing_stops(begin, path):
    process = begin()
    process.store.broken = True
    process.account.keep_window(WINDOW)
    assert process.said == [
        "the line of T is not in the ledger: the ledger took nothing: disk full"
    ]
    assert process.account.epoch is not None
