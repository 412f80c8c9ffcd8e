"""A string that does not print."""

import hmac
from typing import Final, final

from typing_extensions import override

HIDDEN: Final = "<secret>"


@final
class Secret:
    """Holds key material. ``str``, ``repr``, formatting and pickling never show it; ``reveal``
    does.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; call it where it is used and nowhere else."""
        return self._value

    @override
    def __repr__(self) -> str:
        return HIDDEN

    @override
    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    @override
    def __hash__(self) -> int:
        return hash(self._value)

    @override
    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")
