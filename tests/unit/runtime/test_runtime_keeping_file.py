"""The log of the ledger moves into its file without holding anybody up."""

import asyncio

import pytest

from kalshi_assistant.runtime.keeping import MOVES_MAX, Account
from kalshi_assistant.runtime.store import StoreFailedError


class Moving:
    """A ledger whose pages move home in so many goes."""

    def __init__(self, *left):
        self.left, self.told, self.goes = [*left], [], 0

    def move_home(self):
        self.goes += 1
        left = self.left.pop(0) if self.left else 1
        if isinstance(left, Exception):
            raise left
        return left

    def run(self):
        account = object.__new__(Account)
        account._store, account._tell = self, self.told.append
        asyncio.run(account._move_home())
        return self.goes, self.told


@pytest.mark.enable_socket
def test_pages_written_meanwhile_are_moved_too_and_in_the_end_writers_wait():
    assert Moving(0).run() == (1, [])
    assert Moving(5, 1, 0).run() == (3, [])
    assert Moving(*[1] * 100).run() == (MOVES_MAX + 1, [])


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "error", [StoreFailedError("full"), FileNotFoundError("gone"), RuntimeError("no thread")]
)
def test_pages_that_stay_where_they_are_are_told_and_end_nothing(error):
    goes, [said] = Moving(error).run()
    assert goes == 1
    assert str(error) in said
