"""Events, intents and views as plain values for people: dollars as strings, times as ISO 8601 UTC.

The integer units of ``domain.units`` are told apart by their declared types, so a new field needs
nothing here. Probabilities and other floats stay numbers.
"""

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from kalshi_assistant.domain import units
from kalshi_assistant.domain.time import Nanos, format_iso

Readable = None | bool | int | float | str | list["Readable"] | dict[str, "Readable"]
_Turn = Callable[[Any], Readable]

_UNITS: Final[dict[object, _Turn]] = {
    Nanos: format_iso,
    units.Price: units.format_price,
    units.Quantity: units.format_quantity,
    units.Money: units.format_money,
    units.IndexValue: units.format_index,
}


def readable(value: object) -> Readable:
    """``value`` as JSON-ready data; a tagged struct carries its name under ``"type"``."""
    if isinstance(value, msgspec.Struct):
        return _struct(value)
    if isinstance(value, (tuple, list)):
        return [readable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): readable(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def _struct(value: msgspec.Struct) -> Readable:
    kind = type(value)
    tag = kind.__struct_config__.tag
    fields: dict[str, Readable] = {} if tag is None else {"type": tag}
    for name, turn in _plan(kind):
        fields[name] = turn(getattr(value, name))
    return fields


@cache
def _plan(kind: type[msgspec.Struct]) -> tuple[tuple[str, _Turn], ...]:
    """How each field of ``kind`` is turned; worked out once per type."""
    hints = get_type_hints(kind)
    return tuple((name, _turn(hints[name])) for name in kind.__struct_fields__)


def _turn(hint: object) -> _Turn:
    if hint in _UNITS:
        return _UNITS[hint]
    inner = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return _optional(inner)
    if get_origin(hint) is tuple:
        return _sequence(inner)
    return readable


def _optional(inner: tuple[object, ...]) -> _Turn:
    """``X | None`` as ``X``; any other union by what it holds."""
    known = [hint for hint in inner if hint is not types.NoneType]
    if len(known) != 1:
        return readable
    turn = _turn(known[0])
    return lambda value: None if value is None else turn(value)


def _sequence(inner: tuple[object, ...]) -> _Turn:
    if len(inner) == 2 and inner[1] is Ellipsis:
        turn = _turn(inner[0])
        return lambda values: [turn(value) for value in values]
    turns = [_turn(hint) for hint in inner]
    return lambda values: [turn(value) for turn, value in zip(turns, values, strict=True)]
