"""A process's hold on an account, over a store whose disk may take nothing."""

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.runtime.keeping import Account
from kalshi_assistant.runtime.store import Store, StoreFailedError
from tests.support.clocks import HandClock
from tests.support.trading import NOON


class Broken:
    """A store whose disk takes nothing while ``broken``."""

    def __init__(self, store):
        self.store, self.broken = store, False

    def __getattr__(self, name):
        if self.broken and name in (
            "keep",
            "keep_window",
            "renew",
            "release",
            "age",
            "halts",
            "claim",
        ):

            def fails(*_, **__):
                raise StoreFailedError("the ledger took nothing: disk full")

            return fails
        return getattr(self.store, name)


class Process:
    """An account's hold in one process, whose clocks are moved by hand."""

    def __init__(self, path, holder="one", venue=False, clock=None):
        self.store = Broken(Store.open(path))
        self.wall = clock or HandClock(NOON)
        self.clock = HandClock(NOON + 7)
        self.told, self.said, self.forbidden = [], [], None
        self.account = Account(
            self.store,
            holder,
            self.wall,
            self.clock,
            self.told.extend,
            self.said.append,
            venue=venue,
            may_arm=lambda: self.forbidden,
        )

    def tend(self, after=0.0):
        """Let time pass and look after everything; what was told of it."""
        self.wall.at += int(after * SECOND)
        self.clock.at += int(after * SECOND)
        self.account.tend()
        return self.take()

    def start(self, after=0.0):
        """Take the lease, and work on what was read as the loop would; all that was told of it."""
        told = self.tend(after)
        self.account.adopted(told[-1].epoch)
        return told + self.tend()

    def take(self):
        told, self.told[:] = list(self.told), []
        return told
