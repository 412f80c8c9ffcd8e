"""How the venue refuses a write or a private read, in the nested form that its clients recorded.

Chosen where the venue says nothing: a market that is not open is refused with 409
``market_inactive``, a triggered group with 409 ``order_group_triggered``; a bad body with 400
``missing_parameters`` or ``invalid_parameters``; an order that does not rest any more with 404.
"""

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


class Refused(Exception):  # noqa: N818 - it is an answer to the client, not an error of ours
    """A request that is answered with an error body."""

    def __init__(self, status: int, code: str, details: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.details = details

    def error(self) -> dict[str, Any]:
        """The error as a batch carries it for one of its items."""
        body: dict[str, Any] = {"code": self.code, "message": self.code.replace("_", " ")}
        return body if self.details is None else body | {"details": self.details}

    def body(self) -> bytes:
        """The whole body."""
        return _encode({"error": self.error()})


def not_found() -> Refused:
    """No such market, order or group, or not there."""
    return Refused(404, "not_found")


def invalid_order(details: str) -> Refused:
    """An order that cannot be."""
    return Refused(400, "invalid_order", details)


def invalid_size() -> Refused:
    """A count that is not positive, or too fine, or not more than what is filled."""
    return Refused(400, "invalid_order_size")


def invalid(details: str) -> Refused:
    """A parameter of the wrong kind or out of its bounds."""
    return Refused(400, "invalid_parameters", details)


def insufficient() -> Refused:
    """The money is not there, or not on this shard."""
    return Refused(400, "insufficient_balance")
