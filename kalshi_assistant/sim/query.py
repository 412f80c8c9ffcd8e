"""The query of a REST read: parameters taken with their limits, and pages with cursors.

A cursor names the last item of a page, so a page that follows neither skips nor repeats anything
when new items appear in front.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from kalshi_assistant.domain.time import SECOND, Nanos

Query = Mapping[str, Sequence[str]]
"""Every value given under every name, as the address had them."""

T = TypeVar("T")


class BadRequest(Exception):  # noqa: N818 - it is an answer to the client, not an error of ours
    """A parameter the venue would refuse with status 400."""


def text(query: Query, name: str) -> str | None:
    """One value, ``None`` where it is missing or empty. Raises BadRequest when given twice."""
    values = query.get(name, ())
    if len(values) > 1:
        raise BadRequest(f"{name} given more than once")
    return values[0] if values and values[0] else None


def names(query: Query, name: str, most: int) -> list[str] | None:
    """A list of at most ``most``, repeated or separated by commas; ``None`` where it is missing."""
    given = [each for value in query.get(name, ()) for each in value.split(",") if each]
    if len(given) > most:
        raise BadRequest(f"{name}: at most {most}")
    return given or None


def number(query: Query, name: str, low: int, high: int) -> int | None:
    """A whole number within bounds, ``None`` where it is missing."""
    given = text(query, name)
    if given is None:
        return None
    try:
        value = int(given)
    except ValueError as error:
        raise BadRequest(f"{name} is not a number") from error
    if not low <= value <= high:
        raise BadRequest(f"{name} must be between {low} and {high}")
    return value


def required(query: Query, name: str, low: int, high: int) -> int:
    """A whole number that has to be there."""
    value = number(query, name, low, high)
    if value is None:
        raise BadRequest(f"{name} is required")
    return value


def instant(query: Query, name: str) -> Nanos | None:
    """A time in whole epoch seconds."""
    seconds = number(query, name, 0, 2**40)
    return None if seconds is None else Nanos(seconds * SECOND)


def within(stamp: Nanos | None, low: Nanos | None, high: Nanos | None) -> bool:
    """Whether ``stamp`` lies in [low, high], either end open; what has no stamp never does."""
    return stamp is not None and (low is None or stamp >= low) and (high is None or stamp <= high)


def flag(query: Query, name: str) -> bool:
    """``true`` or ``false``; false where it is missing."""
    given = text(query, name)
    if given not in (None, "true", "false"):
        raise BadRequest(f"{name} must be true or false")
    return given == "true"


def page(
    query: Query, items: Sequence[T], key: Callable[[T], str], usual: int, most: int
) -> tuple[Sequence[T], str]:
    """The ``limit`` items after ``cursor``, and the cursor of the next page, empty at the end."""
    limit = number(query, "limit", 1, most) or usual
    start = _after(items, key, text(query, "cursor"))
    taken = items[start : start + limit]
    more = start + limit < len(items)
    return taken, _cursor(key(taken[-1])) if more and taken else ""


def _after(items: Sequence[T], key: Callable[[T], str], cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        last = urlsafe_b64decode(cursor.encode()).decode()
    except (Base64Error, UnicodeDecodeError, UnicodeEncodeError) as error:
        raise BadRequest("invalid cursor") from error
    for place, item in enumerate(items):
        if key(item) == last:
            return place + 1
    raise BadRequest("invalid cursor")


def _cursor(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode()
