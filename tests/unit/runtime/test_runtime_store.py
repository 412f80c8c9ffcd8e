"""The durable ledger: what was kept comes back, once, and nothing else is ever there."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import msgspec
import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.entries import (
    GroupKept,
    Halt,
    HaltKept,
    OpenOrder,
    OrderKept,
    PolicyFillKept,
    PolicySettlementKept,
    StandingKept,
)
from kalshi_assistant.domain.errors import HaltError, OperatorError
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.orders import FINISHED
from kalshi_assistant.domain.time import DAY, SECOND
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.runtime import store as module
from kalshi_assistant.runtime.store import LeaseLostError, Store, StoreFailedError
from tests.support.trading import CASH, NOON, a_morning, fill, opened, order


@pytest.fixture
def path(tmp_path):
    return tmp_path / "prod" / "paper" / "ledger.sqlite"


def everything(path):
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
        tables = [
            name
            for name in names
            if not name.startswith(("sqlite_", "orders_", "halts_", "policy_settlements_"))
        ]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def kept(store, lease, entries, orders=(), at=NOON):
    store.keep(lease.epoch, entries, orders, at)


# --- an account, over a start --------------------------------------------------------------------


def test_a_new_store_has_a_name_of_its_own_and_keeps_it(path, tmp_path):
    with closing(Store.open(path)) as first:
        named = first.namespace
    with closing(Store.open(path)) as again, closing(Store.open(tmp_path / "other")) as other:
        assert again.namespace == named != other.namespace
        assert len(named) == 8


def test_only_the_owner_may_read_it(path):
    store, lease = opened(path)
    kept(store, lease, a_morning(Ledger(CASH)))
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_others_may_read_is_made_private(path):
    store, _ = opened(path)
    store.close()
    path.chmod(0o644)
    Store.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_account_is_opened_once(path):
    store = Store.open(path)
    assert store.start(CASH)
    assert not store.start(5)
    epoch = store.claim("test", NOON).epoch
    standing = store.restored(epoch, NOON).standing
    assert (standing.start, standing.cash, standing.peak, standing.day_start) == (CASH,) * 4
    assert (standing.holdings, standing.halts, standing.seen) == ((), (), ())


def test_what_a_ledger_did_comes_back_as_that_ledger(path):
    store, lease = opened(path)
    ledger = Ledger(CASH)
    kept(store, lease, a_morning(ledger))
    store.release(lease.epoch, clean=True)
    store.close()
    after = Store.open(path)
    told = after.restored(after.claim("next", NOON).epoch, NOON + SECOND)
    assert Ledger.restore(told.standing) == ledger
    assert told.standing.results == (("A", "yes"), ("B", "no"))
    assert (told.epoch, told.namespace, told.clean) == (2, after.namespace, True)


def test_a_fill_told_after_the_payout_comes_back_paid_out_and_so_does_the_next(path):
    store, lease = opened(path)
    ledger = Ledger(CASH)
    kept(store, lease, a_morning(ledger))
    late = ledger.fill(fill(9, ticker="A"), None)
    kept(store, lease, [late, *ledger.paid_late()])
    after = Ledger.restore(store.restored(lease.epoch, NOON).standing)
    assert after == ledger
    assert [held.ticker for held in after.holdings()] == ["C"]
    after.fill(fill(10, ticker="A"), None)
    assert [end.pnl for end in after.paid_late()] == [4_400_000]


def test_a_result_that_was_changed_comes_back_with_what_it_moved(path):
    store, lease = opened(path)
    ledger = Ledger(CASH)
    entries = a_morning(ledger)
    before = ledger.cash
    kept(store, lease, [*entries, ledger.correct("A", "no", NOON)])
    told = store.restored(lease.epoch, NOON).standing
    assert Ledger.restore(told) == ledger
    assert told.results == (("A", "no"), ("B", "no"))
    after = Ledger.restore(told)
    kept(store, lease, [after.correct("A", "yes", NOON)])
    assert store.restored(lease.epoch, NOON).standing.cash == after.cash == before


def test_what_was_paid_out_under_other_assumptions_comes_back_by_market(path):
    store, lease = opened(path)
    entries = [
        PolicyFillKept(NOON, ticker, "o", f"t-{number}", side, 5_000, 300, True, 0, "optimistic")
        for number, (ticker, side) in enumerate((("A", 0), ("A", 1), ("A", 0), ("B", 0)))
    ]
    paid = PolicySettlementKept(NOON, "A", "optimistic", "yes", 1_500_000)
    kept(store, lease, [*entries[:3], paid, entries[3]])
    (told,) = store.restored(lease.epoch, NOON).standing.policies
    assert (told.paid, [each.ticker for each in told.holdings]) == ((("A", 300),), ["B"])


def test_windows_are_kept_by_market_and_close_the_last_word_counts(path):
    store, lease = opened(path)
    first = WindowReport("T", 1, 2, None, None, None, None, None, 60, {}, 0, {}, 0, None)
    for window in (first, replace(first, close_time=3), replace(first, result="yes")):
        store.keep_window(lease.epoch, window, NOON)
    decode = msgspec.json.Decoder(WindowReport).decode
    found = [decode(row[3]) for row in everything(path)["windows"]]
    assert found == [replace(first, result="yes"), replace(first, close_time=3)]
    with pytest.raises(LeaseLostError):
        store.keep_window(lease.epoch + 1, first, NOON)


def test_what_changes_outside_single_markets_comes_back(path):
    store, lease = opened(path)
    entry = StandingKept(NOON, CASH + 5, CASH + 5, CASH + 7, "2026-11-21", CASH + 6, 2, 31, 99)
    kept(store, lease, [entry])
    standing = store.restored(lease.epoch, NOON).standing
    assert (standing.start, standing.cash, standing.peak) == (CASH + 5, CASH + 5, CASH + 7)
    assert (standing.day, standing.day_start) == ("2026-11-21", CASH + 6)
    assert (standing.losses_in_a_row, standing.good_windows, standing.cooling_until) == (2, 31, 99)


def test_fills_told_lately_are_remembered_the_oldest_first_and_older_ones_not(path, monkeypatch):
    store, lease = opened(path)
    ledger = Ledger(CASH)
    old = NOON - module.SEEN_DAYS * DAY - 1
    kept(store, lease, [ledger.fill(fill(1, at=old), None)])
    kept(store, lease, [ledger.fill(fill(n, at=NOON - n), None) for n in (2, 3, 4)])
    assert store.restored(lease.epoch, NOON).standing.seen == (("o", "2"), ("o", "3"), ("o", "4"))
    monkeypatch.setattr(module, "SEEN_MAX", 2)
    assert store.restored(lease.epoch, NOON).standing.seen == (("o", "3"), ("o", "4"))


def test_a_ledger_whose_sums_do_not_agree_is_not_traded_on(path):
    for column in ("cash", "fees", "realized"):
        store, lease = opened(path.with_name(column))
        kept(store, lease, a_morning(Ledger(CASH)))
        store._connection.execute(f"UPDATE accounts SET {column} = {column} + 1")
        with pytest.raises(OperatorError, match="does not balance"):
            store.restored(lease.epoch, NOON)


# --- orders --------------------------------------------------------------------------------------


def test_orders_that_are_not_finished_come_back_as_far_as_they_got(path):
    store, lease = opened(path)
    orders = [order(n, fair=1, top=2, exchange_index=2) for n in (1, 2, 3)]
    kept(store, lease, [], orders)
    kept(store, lease, [OrderKept(NOON, "n-1-2", "v2", "working", 300, None)])
    kept(store, lease, [OrderKept(NOON, "n-1-3", "v3", "rejected", 0, "too_old")])
    kept(store, lease, [OrderKept(NOON, "n-1-2", None, "cancelling", 400, None)])
    assert store.restored(lease.epoch, NOON).orders == (
        OpenOrder(orders[0], "submitted", None, 0),
        OpenOrder(orders[1], "cancelling", "v2", 400),
    )


def test_orders_that_are_not_finished_are_told_to_any_process_with_their_last_word(path):
    store, lease = opened(path)
    orders = [order(n) for n in (1, 2, 3)]
    kept(store, lease, [], orders)
    kept(store, lease, [OrderKept(NOON + 5, "n-1-2", None, "uncertain", 0, "silence")])
    kept(store, lease, [OrderKept(NOON + 6, "n-1-3", "v3", "cancelled", 0, None)])
    with closing(Store.open(path)) as other:
        found = other.unfinished()
    assert [(each.order.id, each.state, each.changed_at) for each in found] == [
        ("n-1-1", "submitted", orders[0].made_at),
        ("n-1-2", "uncertain", NOON + 5),
    ]


@pytest.mark.parametrize("state", sorted(FINISHED))
def test_a_finished_order_does_not_come_back(path, state):
    store, lease = opened(path)
    kept(store, lease, [OrderKept(NOON, "n-1-1", "v", state, 0, None)], [order()])
    assert store.restored(lease.epoch, NOON).orders == ()


def test_orders_made_lately_come_back_whatever_became_of_them(path):
    store, lease = opened(path)
    orders = [order(1, made_at=NOON - DAY), order(2, made_at=NOON - SECOND), order(3, made_at=NOON)]
    kept(store, lease, [], orders)
    kept(store, lease, [OrderKept(NOON, orders[2].id, "v", "filled", 1_000, None)])
    assert store.restored(lease.epoch, NOON).recent == tuple(orders[1:])


def test_an_order_is_never_written_twice_nor_is_what_came_with_it(path):
    store, lease = opened(path)
    kept(store, lease, [], [order(1)])
    before = everything(path)
    with pytest.raises(sqlite3.IntegrityError):
        kept(store, lease, [], [order(2), order(1)])
    assert everything(path) == before


def test_a_fill_is_never_written_twice_nor_is_what_came_with_it(path):
    store, lease = opened(path)
    entry = Ledger(CASH).fill(fill(1), None)
    kept(store, lease, [entry])
    before = everything(path)
    with pytest.raises(sqlite3.IntegrityError):
        kept(store, lease, [entry], [order(2)])
    assert everything(path) == before


def test_fills_under_other_assumptions_move_no_cash(path):
    store, lease = opened(path)
    kept(store, lease, [PolicyFillKept(NOON, "T", "n-1-1", "t", 0, 56, 1, True, 0, "optimistic")])
    assert len(everything(path)["policy_fills"]) == 1
    assert store.restored(lease.epoch, NOON).standing.cash == CASH


# --- halts ---------------------------------------------------------------------------------------


def test_a_halt_needs_no_lease_and_stays_until_a_person_clears_it(path):
    store, _ = opened(path)
    with closing(Store.open(path)) as other:
        other.halt("stop everything", "operator", NOON)
        other.halt("said again", "operator", NOON + 1)
    assert store.halts() == (Halt("operator", "stop everything", NOON),)
    assert store.clear("looked into it", NOON + 2) == 1
    assert store.clear("nothing left", NOON + 3) == 0
    assert store.halts() == ()
    assert everything(path)["halts"] == [
        (1, "operator", "stop everything", NOON, NOON + 2, "looked into it")
    ]


def test_the_engine_s_own_halts_are_kept_and_cleared_by_breaker(path):
    store, lease = opened(path)
    daily, drift = Halt("daily_loss", "lost 5", NOON), Halt("drift", "off", NOON)
    kept(store, lease, [HaltKept(NOON, daily, None), HaltKept(NOON, drift, None)])
    assert store.restored(lease.epoch, NOON).standing.halts == (daily, drift)
    kept(store, lease, [HaltKept(NOON + 1, daily, "a new day")])
    assert store.halts() == (drift,)


def test_what_is_cleared_here_lifts_no_halt_of_the_same_name_that_came_later(path):
    store, lease = opened(path)
    with closing(Store.open(path)) as other:
        other.halt("again", "kill", NOON + 5)
    kept(store, lease, [HaltKept(NOON + 9, Halt("kill", "enough", NOON), "looked at it")])
    assert [each.reason for each in store.halts()] == ["again"]
    kept(store, lease, [HaltKept(NOON + 9, Halt("kill", "again", NOON + 5), "looked at it")])
    assert store.halts() == ()


def test_no_entry_becomes_durable_while_a_halt_stands_but_a_way_out_does(path):
    store, lease = opened(path)
    with closing(Store.open(path)) as other:
        other.halt("stop", "operator", NOON)
    before = everything(path)
    with pytest.raises(HaltError, match="stop"):
        kept(store, lease, [], [order(1)])
    assert everything(path) == before
    kept(store, lease, [], [order(2, purpose="exit", reduce_only=True)])
    store.clear("fine", NOON)
    kept(store, lease, [], [order(1)])


@pytest.mark.parametrize(
    ("breaker", "refused"),
    [
        ("kill", {"entry", "take_profit", "exit"}),
        ("ledger_differs", {"entry", "take_profit"}),
        ("flatten", {"entry", "take_profit"}),
        ("person", {"entry"}),
        ("day_loss", {"entry"}),
        ("of a later version", {"entry", "take_profit"}),
    ],
)
def test_while_a_halt_stands_what_it_stops_is_refused_and_nothing_else(path, breaker, refused):
    store, lease = opened(path)
    with closing(Store.open(path)) as other:
        other.halt("x", "person", NOON)
        other.halt("stop", breaker, NOON)
    found = set()
    for number, purpose in enumerate(("entry", "take_profit", "exit")):
        try:
            kept(store, lease, [], [order(number, purpose=purpose)])
        except HaltError:
            found.add(purpose)
    assert found == refused


# --- a new paper account -------------------------------------------------------------------------


def test_a_paper_account_begun_anew_forgets_nothing_but_starts_from_nothing(path):
    store, lease = opened(path)
    kept(store, lease, a_morning(Ledger(CASH)), [order(9)])
    with pytest.raises(OperatorError, match="test is trading on"):
        store.reset_paper(7, NOON)
    store.release(lease.epoch, clean=True)
    store.reset_paper(7, NOON)
    told = store.restored(store.claim("test", NOON).epoch, NOON)
    assert told.standing.cash == told.standing.start == told.standing.peak == 7
    assert (told.standing.holdings, told.standing.seen, told.standing.results) == ((), (), ())
    assert told.orders == ()
    rows = everything(path)
    assert (len(rows["fills"]), len(rows["settlements"]), len(rows["orders"])) == (4, 2, 1)


# --- trouble -------------------------------------------------------------------------------------


def test_a_full_disk_writes_nothing_and_says_so(path):
    store, lease = opened(path)
    [pages] = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    before = everything(path)
    with pytest.raises(StoreFailedError, match="full"):
        kept(store, lease, [], [order(n, kind="x" * 10_000) for n in range(9)])
    assert everything(path) == before
    store.age(lease.epoch, NOON)


def test_a_file_that_another_program_holds_is_waited_for_a_moment_only(path, monkeypatch):
    monkeypatch.setattr("kalshi_assistant.runtime.store_schema.BUSY_SECONDS", 0.01)
    store, lease = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailedError, match="locked"):
            kept(store, lease, [], [order()])
        other.execute("ROLLBACK")
    kept(store, lease, [], [order()])


def test_pages_move_home_on_another_thread_and_never_with_a_write(path, monkeypatch):
    monkeypatch.setattr(module, "CHECKPOINT_WRITES", 20)
    store, lease = opened(path)
    empty = path.stat().st_size
    for number in range(30):
        kept(store, lease, [], [order(number, kind="x" * 1_000)])
    store.renew(lease.epoch, NOON)
    assert path.stat().st_size == empty
    assert [store.is_behind(), store.is_behind()] == [True, False]
    with ThreadPoolExecutor(1) as thread:
        thread.submit(store.move_home).result()
    assert path.stat().st_size > empty
    kept(store, lease, [], [order(30)])
    assert len(store.restored(lease.epoch, NOON).orders) == 31


def test_a_file_that_is_gone_cannot_take_its_pages(path):
    store, _ = opened(path)
    path.unlink()
    with pytest.raises(StoreFailedError, match="unable to open"):
        store.move_home()


def test_what_is_written_while_pages_move_home_is_moved_by_the_next_go(path):
    store, lease = opened(path)
    for number in range(30):
        kept(store, lease, [], [order(number)])
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN").execute("SELECT count(*) FROM orders").fetchall()
        kept(store, lease, [], [order(30)])
        assert store.move_home() > 0
    assert store.move_home() == 0


def test_an_order_is_durable_even_where_the_weight_could_not_be_put_back(path, monkeypatch):
    store, lease = opened(path)

    def fails(self):
        raise StoreFailedError("the disk")

    with monkeypatch.context() as broken:
        broken.setattr(Store, "_weigh_again", fails)
        store.renew(lease.epoch, NOON)
        assert synchronous(store) == 1
        with pytest.raises(StoreFailedError):
            kept(store, lease, [], [order()])
    kept(store, lease, [], [order(2)])
    assert synchronous(store) == 2
    assert [each.order.id for each in store.restored(lease.epoch, NOON).orders] == [order(2).id]


def synchronous(store):
    """1: on the disk with the next transaction; 2: at the end of this one."""
    [level] = store._connection.execute("PRAGMA synchronous").fetchone()
    return level


def test_a_renewal_waits_for_no_disk_and_whatever_follows_it_does(path, monkeypatch):
    store, lease = opened(path)
    levels = []
    check = Store._check
    monkeypatch.setattr(
        Store, "_check", lambda self, *rest: (levels.append(synchronous(self)), check(self, *rest))
    )
    store.renew(lease.epoch, NOON)
    kept(store, lease, [], [order()])
    with pytest.raises(LeaseLostError):
        store.renew(lease.epoch, NOON + 60 * SECOND)
    with pytest.raises(LeaseLostError):
        kept(store, lease, [], [order(2)], at=NOON + 60 * SECOND)
    assert levels == [1, 2, 1, 2]
    assert synchronous(store) == 2


def test_after_the_lease_nothing_is_read_as_ours(path):
    store, lease = opened(path)
    store.release(lease.epoch, clean=False)
    with pytest.raises(LeaseLostError):
        store.restored(lease.epoch, NOON)


def test_order_groups_are_remembered_until_they_are_gone(tmp_path):
    store, lease = opened(tmp_path / "ledger.sqlite")
    made = [GroupKept(NOON + number, f"og-{number}", 2, "open") for number in (1, 2)]
    store.keep(lease.epoch, made, (), NOON)
    store.group_triggered("og-1", NOON + 5)
    store.keep(lease.epoch, [GroupKept(NOON + 6, "og-2", 2, "ended")], (), NOON)
    store.group_triggered("og-2", NOON + 7)
    assert store.restored(lease.epoch, NOON).groups == (
        GroupKept(NOON + 5, "og-1", 2, "triggered"),
        GroupKept(NOON + 6, "og-2", 2, "ended"),
    )
    store.keep(lease.epoch, [GroupKept(NOON + 8, "og-1", 2, "gone")], (), NOON)
    assert [each.group_id for each in store.groups()] == ["og-2"]
