"""The lease: one writer at a time, whatever the clocks say."""

from contextlib import closing

import pytest

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.execution.ledger import Ledger
from kalshi_assistant.runtime.store import LEASE_SECONDS, PATIENCE, LeaseLostError, Store
from tests.support.trading import CASH, NOON, fill, opened, order

LIFE = LEASE_SECONDS * SECOND


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def two(path):
    """The same file opened by two."""
    with closing(Store.open(path)) as first, closing(Store.open(path)) as second:
        first.start(CASH)
        yield first, second


def test_a_second_one_waits_until_the_lease_is_given_back(two):
    first, second = two
    assert first.claim("one", NOON).epoch == 1
    assert second.claim("two", NOON) is None
    first.release(1, clean=True)
    assert second.claim("two", NOON).epoch == 2


def test_one_that_is_not_renewed_is_taken_over_a_patience_after_its_end(two):
    first, second = two
    first.claim("one", NOON)
    first.renew(1, NOON + SECOND)
    over = NOON + SECOND + LIFE + PATIENCE
    assert second.claim("two", over) is None
    assert second.claim("two", over + 1).epoch == 2


def test_a_renewed_one_is_never_taken(two):
    first, second = two
    first.claim("one", NOON)
    for now in range(NOON, NOON + 60 * SECOND, SECOND):
        first.renew(1, now)
        assert second.claim("two", now + SECOND) is None


def test_a_holder_whose_lease_ran_out_writes_nothing_even_if_nobody_took_it(two):
    first, _ = two
    first.claim("one", NOON)
    late = NOON + LIFE + 1
    for attempt in (
        lambda: first.keep(1, [], [order()], late),
        lambda: first.renew(1, late),
        lambda: first.age(1, late),
        lambda: first.restored(1, late),
    ):
        with pytest.raises(LeaseLostError, match="ran out"):
            attempt()
    first.keep(1, [], [order()], late - 1)


def test_the_old_holder_is_told_and_its_entries_and_orders_go_nowhere(two):
    first, second = two
    first.claim("one", NOON)
    second.claim("two", NOON + LIFE + PATIENCE + 1)
    with pytest.raises(LeaseLostError, match="held by two"):
        first.keep(1, [Ledger(CASH).fill(fill(1), None)], [order()], NOON)
    restored = second.restored(2, NOON + LIFE + PATIENCE + 1)
    assert (restored.orders, restored.standing.cash) == ((), CASH)


def test_the_age_of_the_lease_is_asked_again_before_a_frame_leaves(two):
    first, second = two
    first.claim("one", NOON)
    first.renew(1, NOON + SECOND)
    assert first.age(1, NOON + 3 * SECOND) == 2 * SECOND
    first.release(1, clean=True)
    with pytest.raises(LeaseLostError, match="given back"):
        first.age(1, NOON + SECOND)
    second.claim("two", NOON)
    with pytest.raises(LeaseLostError, match="held by two"):
        first.age(1, NOON)


def test_a_lost_lease_cannot_be_given_back_nor_made_clean(two):
    first, second = two
    first.claim("one", NOON)
    second.claim("two", NOON + LIFE + PATIENCE + 1)
    first.release(1, clean=True)
    assert not second.restored(2, NOON + LIFE + PATIENCE + 1).clean
    assert second.age(2, NOON + LIFE + PATIENCE + 1) == 0


@pytest.mark.parametrize("clean", [True, False])
def test_the_next_one_is_told_how_the_last_one_ended(two, clean):
    first, second = two
    first.claim("one", NOON)
    assert first.restored(1, NOON).clean, "there was none before"
    first.release(1, clean=clean)
    second.claim("two", NOON)
    assert second.restored(2, NOON).clean is clean


def test_one_from_before_the_clock_was_set_back_is_taken_when_it_does_not_move(two):
    """Its stamps lie a year ahead and would hold everybody off for that long."""
    first, second = two
    first.claim("one", NOON + 365 * 86_400 * SECOND)
    assert second.claim("two", NOON) is None
    assert second.claim("two", NOON + LIFE + PATIENCE) is None
    assert second.claim("two", NOON + LIFE + PATIENCE + 1).epoch == 2


def test_one_whose_stamps_lie_ahead_but_move_is_left_alone(two):
    first, second = two
    ahead = 3_600 * SECOND
    first.claim("one", NOON + ahead)
    for now in range(NOON, NOON + 20 * SECOND, SECOND):
        first.renew(1, now + ahead)
        assert second.claim("two", now) is None


def test_epochs_are_never_used_again(path):
    for epoch in (1, 2, 3):
        store, lease = opened(path)
        assert lease.epoch == epoch
        store.release(epoch, clean=True)
        store.close()


def test_a_clock_set_back_does_not_make_the_waiting_longer(two):
    """Who waits counts from what it saw by the clock as it is now."""
    first, second = two
    first.claim("one", NOON)
    assert second.claim("two", NOON + SECOND) is None
    back = NOON - 3_600 * SECOND
    assert second.claim("two", back) is None
    assert second.claim("two", back + LIFE + PATIENCE) is None
    assert second.claim("two", back + LIFE + PATIENCE + 1).epoch == 2
