"""The configuration file: YAML read into values that know their line and column.

Only plain YAML is taken: mappings, lists and scalars of the YAML 1.2 core schema (so ``no`` and
``on`` are texts). Tags, anchors and aliases are refused, a key may stand once, and size and depth
are bounded, so no file can make the reader run code, run long or run out of memory.
"""

import math
import re
from pathlib import Path
from typing import Final, Protocol

import yaml

from kalshi_assistant.settings.located import Located, Plain, Problem, SettingsError

BYTES_MAX: Final = 256 * 1024
DEPTH_MAX: Final = 16
_DIGITS_MAX: Final = 30


class Mark(Protocol):
    """A place in a text, counted from zero; PyYAML has two classes for it."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column."""


class _CoreLoader(yaml.SafeLoader):
    """A safe loader that resolves the words of YAML 1.2 and no others."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML's own class attribute, emptied here


_TAG: Final = "tag:yaml.org,2002:"
_WORDS: Final = (
    ("null", re.compile(r"(?:~|null|)$"), ["~", "n", ""]),
    ("bool", re.compile(r"(?:true|false)$"), ["t", "f"]),
    ("int", re.compile(r"[-+]?[0-9]+$"), list("-+0123456789")),
    (
        "float",
        re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
        list("-+.0123456789"),
    ),
)
for _name, _pattern, _first in _WORDS:
    _CoreLoader.add_implicit_resolver(_TAG + _name, _pattern, _first)


def _refusal(where: str, text: str, key: str = "") -> SettingsError:
    return SettingsError([Problem(where, key, text)])


def _text_of(path: Path) -> str:
    """The file's text. Raises SettingsError where there is none to read."""
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise _refusal(str(path), "does not exist; write one or leave out --config") from error
    except OSError as error:
        raise _refusal(str(path), f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise _refusal(str(path), "is not UTF-8 text; save it as UTF-8") from error
    if len(raw) > BYTES_MAX:
        raise _refusal(str(path), f"is larger than {BYTES_MAX // 1024} KB; settings never are")
    if not text.strip():
        raise _refusal(str(path), "is empty; write settings as in config.example.yaml or remove it")
    return text


class _Reader:
    """Turns the nodes of one file into located values and collects what is wrong on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def where(self, mark: Mark | None) -> str:
        if mark is None:
            return str(self.path)
        return f"{self.path}:{mark.line + 1}:{mark.column + 1}"

    def refuse(self, mark: Mark | None, text: str, key: str = "") -> None:
        self.problems.append(Problem(self.where(mark), key, text))

    def section(self, node: yaml.MappingNode, path: str) -> dict[str, Located]:
        found: dict[str, Located] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse(key_node.start_mark, "is not the name of a setting; write name: value")
                continue
            name = key_node.value
            key = f"{path}{name}"
            if name in found:
                self.refuse(
                    key_node.start_mark,
                    f"is written twice, first at {found[name].where}; keep one",
                    key,
                )
                continue
            found[name] = Located(
                self.value(value_node, f"{key}."), self.where(key_node.start_mark)
            )
        return found

    def value(self, node: yaml.Node, path: str) -> Plain | dict[str, Located]:
        if isinstance(node, yaml.MappingNode):
            return self.section(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.item(item, path) for item in node.value]
        return self.scalar(node, path.removesuffix("."))

    def item(self, node: yaml.Node, path: str) -> Plain:
        value = self.value(node, path)
        if isinstance(value, dict):
            self.refuse(node.start_mark, "has a section inside a list", path.removesuffix("."))
            return None
        return value

    def scalar(self, node: yaml.Node, key: str) -> Plain:
        text = str(node.value)
        match node.tag.removeprefix(_TAG):
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text == "true"
            case "int" if len(text) <= _DIGITS_MAX:
                return int(text)
            case "float" if len(text) <= _DIGITS_MAX and math.isfinite(float(text)):
                return float(text)
            case "int" | "float":
                self.refuse(node.start_mark, "is no usable number; write fewer digits", key)
            case tag:
                self.refuse(node.start_mark, f"has the tag {tag[:40]!r}; write a plain value", key)
        return None


def _check_shape(text: str, reader: _Reader) -> None:
    """Raise SettingsError for anchors, aliases and depth, before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=_CoreLoader):
        if getattr(event, "anchor", None) is not None:
            reader.refuse(event.start_mark, "uses an anchor or alias; write the value out")
            raise SettingsError(reader.problems)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            reader.refuse(event.start_mark, f"is nested deeper than {DEPTH_MAX} levels")
            raise SettingsError(reader.problems)


def _syntax(error: yaml.MarkedYAMLError, reader: _Reader) -> Problem:
    """A YAML error in our words, with the tab, the commonest one, named."""
    mark = error.problem_mark or error.context_mark
    if mark is not None and mark.buffer is not None and mark.buffer[mark.pointer] == "\t":
        return Problem(reader.where(mark), "", "is a tab; indent with spaces")
    return Problem(reader.where(mark), "", f"is not YAML: {error.problem or error.context}")


def _root(text: str, reader: _Reader) -> yaml.Node | None:
    try:
        _check_shape(text, reader)
        node: yaml.Node | None = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        raise SettingsError([_syntax(error, reader)]) from error
    except yaml.YAMLError as error:
        raise _refusal(str(reader.path), "holds a character that YAML does not allow") from error
    return node


def read(path: Path) -> tuple[Located, list[Problem]]:
    """The values of the file and what is wrong with single ones of them.

    Raises SettingsError when the file as a whole cannot be read. A file of comments alone holds no
    settings.
    """
    reader = _Reader(path)
    node = _root(_text_of(path), reader)
    if node is None:
        return Located({}, str(path)), []
    if not isinstance(node, yaml.MappingNode):
        raise _refusal(reader.where(node.start_mark), "is not a setting; write name: value")
    return Located(reader.section(node, ""), str(path)), reader.problems


def plain(text: str) -> Plain:
    """One value as the file would read it: ``"5"`` is a number. Raises ValueError."""
    reader = _Reader(Path("value"))
    node = _root(text, reader)
    value = None if node is None else reader.value(node, "")
    if reader.problems or isinstance(value, dict):
        raise ValueError(f"not a plain value: {text[:40]!r}")
    return value
