"""Errors, sorted by what has to be done about them.

    AssistantError
    ├── OperatorError      a person mends it: the message names the thing and the remedy (exit 2)
    ├── OutsideError       the outside is missing: network, venue, key refused           (exit 3)
    │   ├── PassingError   try again later, by backoff
    │   └── FinalError     trying again cannot help
    ├── ComparisonError    the thing asked about is not so                               (exit 1)
    └── HaltError          stopped by risk until a person clears it                      (exit 4)

Nonsense from a peer is not an exception: it is the event ``Malformed``. A bug is a plain
exception: after one inside ``Engine.handle`` no further event is handled.
"""

from typing import ClassVar


class AssistantError(Exception):
    """The root of what the program says in its own words."""

    exit_code: ClassVar[int] = 1


class OperatorError(AssistantError):
    """Wrong use or configuration. The message says what to write instead."""

    exit_code: ClassVar[int] = 2


class OutsideError(AssistantError):
    """The network, the venue or the account is not there."""

    exit_code: ClassVar[int] = 3


class PassingError(OutsideError):
    """May work when tried again."""


class FinalError(OutsideError):
    """Will not work when tried again."""


class ComparisonError(AssistantError):
    """A check failed or a comparison differs."""

    exit_code: ClassVar[int] = 1


class HaltError(AssistantError):
    """Halted by risk; a person clears it."""

    exit_code: ClassVar[int] = 4
