"""The account's book in memory, as far as halts go; and a key pair to use it with."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_assistant.domain.entries import Halt
from tests.support.order_venue import NAMESPACE


class HaltBook:
    """Keeps halts, and all that were ever ``written``; ``error`` is raised by every write
    instead.
    """

    namespace = NAMESPACE

    def __init__(self, error=None):
        self.error = error
        self.standing = []
        self.written = []
        self.cleared = []
        self.kept_groups = []
        self.triggered = []
        self.kept_orders = []

    def halt(self, *, breaker, reason, now):
        if self.error is not None:
            raise self.error
        self.standing.append(Halt(breaker, reason, now))
        self.written.append(self.standing[-1])

    def groups(self):
        return tuple(self.kept_groups)

    def group_triggered(self, group_id, now):
        self.triggered.append(group_id)

    def unfinished(self):
        return tuple(self.kept_orders)

    def halts(self):
        return tuple(self.standing)

    def clear(self, *, reason, now):
        count, self.standing = len(self.standing), []
        self.cleared.append(reason)
        return count


def private_key_text():
    """A new Ed25519 key as PEM."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )
