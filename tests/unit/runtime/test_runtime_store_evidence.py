"""The record of signals in the ledger file: replaced as it goes on, summed up at a start."""

from contextlib import closing

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain.evidence import EvidenceKept, PolicyTally
from kalshi_assistant.domain.time import DAY, SECOND
from kalshi_assistant.execution.evidence import days_of
from kalshi_assistant.runtime.store import LEASE_SECONDS, Store
from tests.support.trading import CASH, NOON, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


def window(ticker="T", kind="baseline_gap", **more):
    plain = EvidenceKept(NOON, ticker, kind, "2026-11-21", "abc", 1, ((0.6, 0.5),), ())
    return replace(plain, **more)


def settled(ticker="T", **more):
    tally = PolicyTally("conservative", 1_000, 1_000, -5_000_000)
    done = {"tallies": (tally,), "result": "yes", "gain": 0.5, "counted": True}
    return window(ticker, **(done | more))


def kept(store, lease, *entries):
    store.keep(lease.epoch, entries, (), NOON)


def test_nothing_is_restored_from_a_new_file(path):
    store, lease = opened(path)
    restored = store.restored(lease.epoch, NOON)
    assert (restored.evidence, restored.unsettled) == ((), ())


def test_a_window_is_one_row_as_it_was_told_last(path):
    store, lease = opened(path)
    kept(store, lease, window(), window(signals=2))
    assert store.restored(lease.epoch, NOON).unsettled == (window(signals=2),)


def test_settled_windows_come_back_by_day_and_the_others_as_they_are(path):
    store, lease = opened(path)
    rows = (settled("a"), settled("b", result="no", gain=-0.5), settled("c", day="2026-11-22"))
    kept(store, lease, *rows, window("d"))
    restored = store.restored(lease.epoch, NOON)
    assert restored.evidence == days_of(rows)
    assert [(day.day, day.windows, day.total) for day in restored.evidence] == [
        ("2026-11-21", 2, 0.0),
        ("2026-11-22", 1, 0.5),
    ]
    assert restored.unsettled == (window("d"),)


def test_what_has_a_result_is_not_written_over(path):
    store, lease = opened(path)
    kept(store, lease, settled(), window(signals=9))
    assert store.restored(lease.epoch, NOON).evidence == days_of([settled()])


def test_a_window_nobody_settled_for_days_is_given_up(path):
    store, lease = opened(path)
    kept(store, lease, window(at=NOON - 4 * DAY))
    assert store.restored(lease.epoch, NOON).unsettled == ()


def test_a_paper_account_begun_anew_keeps_the_record_of_its_signals(path):
    store, lease = opened(path)
    kept(store, lease, settled())
    store.release(lease.epoch, clean=True)
    store.reset_paper(CASH, NOON)
    with closing(Store.open(path)) as again:
        later = NOON + (LEASE_SECONDS + 5) * 1_000_000_000
        lease = again.claim("next", later)
        assert again.restored(lease.epoch, later).evidence == days_of([settled()])


def test_another_result_replaces_the_first_and_comes_back_to_be_changed_again(path):
    store, lease = opened(path)
    changed = settled(result="no", gain=-0.5)
    kept(store, lease, settled(), changed, window(signals=9))
    restored = store.restored(lease.epoch, NOON)
    assert restored.evidence == days_of([changed])
    assert restored.settled == (changed,)
    assert store.restored(lease.epoch, NOON + SECOND).settled == (changed,)
