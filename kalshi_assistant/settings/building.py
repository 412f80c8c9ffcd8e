"""Located values onto frozen settings: every value is checked, and every problem found is kept.

A value that is wrong is left at its default so that the rest can be checked too; the caller raises
when there are problems. No value is repeated in a message if it looks like a key.
"""

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import (
    Any,
    Final,
    Literal,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import TypeAdapter, ValidationError

from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.settings.environment import SECRET_FILES, SECRETS, variable
from kalshi_assistant.settings.located import Located, Plain, Problem

T = TypeVar("T")

_PEM: Final = "-----BEGIN"
_SHOWN_MAX: Final = 40
_WORDS: Final[dict[object, str]] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a path",
    type(None): "null",
}


def own_fields(kind: type[Any]) -> Iterator[tuple[Field[Any], Any]]:
    """The fields a person may set, each with its type: those described, and sections."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        if "about" in field.metadata or is_dataclass(hints[field.name]):
            yield field, hints[field.name]


def keys(kind: type[Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting below ``kind`` by its dotted name, with its type."""
    for field, hint in own_fields(kind):
        if is_dataclass(hint):
            yield from keys(_as_class(hint), f"{path}{field.name}.")
        else:
            yield f"{path}{field.name}", hint


def is_text(hint: Any) -> bool:
    """Whether a value of this type is taken from a variable as it stands."""
    if get_origin(hint) in (Union, types.UnionType):
        return any(is_text(part) for part in get_args(hint))
    if get_origin(hint) is Literal:
        return all(isinstance(choice, str) for choice in get_args(hint))
    return hint in (str, Path)


def _expected(hint: Any) -> str:
    """What to write for a value of this type, in words."""
    if isinstance(hint, NewType):
        return _expected(hint.__supertype__)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_expected(part) for part in get_args(hint))
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(hint))
    if origin in (tuple, list):
        return f"a list such as [..., ...] of {_expected(get_args(hint)[0])}"
    return _WORDS.get(hint, str(hint))


def _unlocated(value: "Plain | dict[str, Located]") -> Any:
    if isinstance(value, dict):
        return {name: _unlocated(item.value) for name, item in value.items()}
    return value


def _shown(value: "Plain | dict[str, Located]") -> str:
    if isinstance(value, dict):
        return "is a section"
    text = json.dumps(value)
    if _PEM in text:
        return "holds a key"
    return f"is {text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + '...'}"


def _holds_key(located: Located) -> bool:
    return not isinstance(located.value, dict) and _PEM in json.dumps(located.value)


class Builder:
    """Builds settings and keeps what was wrong and where each value came from."""

    def __init__(self, kind: type[Any]) -> None:
        self.problems: list[Problem] = []
        self.origins: dict[str, str] = {}
        self._known = [key for key, _ in keys(kind)]

    def build(self, kind: type[T], tree: Located, path: str = "") -> T:
        """An instance of ``kind`` from ``tree``; problems are added to ``problems``."""
        children = self._children(tree, path)
        specs = {field.name: hint for field, hint in own_fields(kind)}
        for name in children.keys() - specs.keys():
            self._unknown(children[name], path, name, list(specs))
        values: dict[str, Any] = {}
        for name, hint in specs.items():
            if is_dataclass(hint):
                section = children.get(name, Located({}, tree.where))
                values[name] = self.build(_as_class(hint), section, f"{path}{name}.")
                continue
            self.origins[f"{path}{name}"] = "default"
            if name in children:
                self._leaf(values, children[name], hint, path, name)
        return self._instance(kind, values, children, tree, path)

    def _children(self, tree: Located, path: str) -> Mapping[str, Located]:
        if isinstance(tree.value, dict):
            return tree.value
        if tree.value is not None:  # a section whose every line is commented out reads as null
            text = f"{_shown(tree.value)}; write a section: its settings, indented below it"
            self.problems.append(Problem(tree.where, path.removesuffix("."), text))
        return {}

    def _unknown(self, located: Located, path: str, name: str, names: list[str]) -> None:
        key = f"{path}{name}"
        if name in SECRETS or _holds_key(located):
            secret = name if name in SECRETS else SECRETS[0]
            file = SECRET_FILES.get(secret)
            text = f"is a secret and does not belong here: set {variable(secret)}" + (
                "" if file is None else f" or name a file with {file}"
            )
        elif near := get_close_matches(name, names, n=1):
            text = f"is unknown; did you mean {near[0]}?"
        elif elsewhere := [known for known in self._known if known.split(".")[-1] == name]:
            text = f"is unknown here; did you mean {elsewhere[0]}?"
        else:
            text = f"is unknown; known here: {', '.join(names)}"
        self.problems.append(Problem(located.where, key, text))

    def _leaf(
        self, values: dict[str, Any], located: Located, hint: Any, path: str, name: str
    ) -> None:
        if _holds_key(located):
            self._unknown(located, path, name, [])
            return
        try:
            text = json.dumps(_unlocated(located.value))
            values[name] = _at_home(TypeAdapter(hint).validate_json(text, strict=True))
        except (ValidationError, RuntimeError):
            wrong = f"{_shown(located.value)}; write {_expected(hint)}"
            self.problems.append(Problem(located.where, f"{path}{name}", wrong))
        else:
            self.origins[f"{path}{name}"] = located.where

    def _instance(
        self,
        kind: type[T],
        values: dict[str, Any],
        children: Mapping[str, Located],
        tree: Located,
        path: str,
    ) -> T:
        """The instance; what is out of range goes back to its default until the rest holds."""
        while True:
            try:
                return kind(**values)
            except RangeError as error:
                if not values:
                    raise  # the defaults themselves do not hold together: a bug of ours
                for name, text in error.problems:
                    where = children[name].where if name in children else tree.where
                    self.problems.append(Problem(where, f"{path}{name}", text))
                bad = {name for name, _ in error.problems} & values.keys()
                values = {n: v for n, v in values.items() if n not in bad} if bad else {}


def _at_home(value: Any) -> Any:
    """A path with its ``~`` replaced. Raises RuntimeError where there is no such home."""
    return value.expanduser() if isinstance(value, Path) else value


def _as_class(hint: Any) -> type[Any]:
    assert isinstance(hint, type)
    return hint
