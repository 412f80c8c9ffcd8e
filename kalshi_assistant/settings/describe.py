"""The settings described: example file, JSON schema, values in force, all from the same fields."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import Field, is_dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from kalshi_assistant.settings.building import own_fields
from kalshi_assistant.settings.environment import PREFIX
from kalshi_assistant.settings.model import Settings

_HEAD: Final = f"""\
# Every setting at its default. Copy what you want to change into config.yaml in your configuration
# folder (`kalshi-assistant config show` names it) or into a file you pass with --config.
# An environment variable goes before the file: {PREFIX}NUMBER__WARM_SECONDS=60
# Secrets never stand here: name a key file, or set {PREFIX}PRIVATE_KEY.
"""
_KEY_ID_SHOWN: Final = 8
_SCHEMA_WORDS: Final = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "choices": "enum",
}


def _plain(value: Any) -> Any:
    """A value of the settings as JSON has it."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def document(settings: Any) -> dict[str, Any]:
    """The settings as nested plain values, in the order in which they are declared."""
    found: dict[str, Any] = {}
    for field, hint in own_fields(type(settings)):
        value = getattr(settings, field.name)
        found[field.name] = document(value) if is_dataclass(hint) else _plain(value)
    return found


def redacted(settings: Settings) -> dict[str, Any]:
    """The settings as they may be shown to others: the key id cut to its beginning."""
    found = document(settings)
    key_id = found["key_id"]
    if key_id is not None:
        found["key_id"] = f"{key_id[:_KEY_ID_SHOWN]}..."
    return found


def leaves(found: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document by its dotted name."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _bounds(field: Field[Any]) -> str:
    """The bounds of a number as a person writes them, e.g. `` (10 to 3600)``, or nothing."""
    low, above, high = (field.metadata.get(key) for key in ("ge", "gt", "le"))
    if low is not None and high is not None:
        return f" ({low:.12g} to {high:.12g})"
    words = [
        f"{word} {bound:.12g}"
        for word, bound in (("at least", low), ("more than", above), ("at most", high))
        if bound is not None
    ]
    return f" ({', '.join(words)})" if words else ""


def _section(
    kind: type[Any],
    values: Mapping[str, Any],
    indent: str,
    path: str = "",
    only: Collection[str] | None = None,
) -> Iterator[str]:
    """The lines of a section; ``only`` these keys or whole sections, where it is given."""
    for field, hint in own_fields(kind):
        key = f"{path}{field.name}"
        inside = None if only is None or key in only else only
        if inside is not None and not any(each.startswith(f"{key}.") for each in inside):
            continue
        if is_dataclass(hint):
            assert isinstance(hint, type)
            yield ""
            yield f"{indent}# {(hint.__doc__ or '').splitlines()[0]}"
            yield f"{indent}{field.name}:"
            yield from _section(hint, values[field.name], indent + "  ", f"{key}.", inside)
        else:
            yield f"{indent}# {field.metadata['about']}{_bounds(field)}"
            yield f"{indent}{field.name}: {_scalar(values[field.name])}"


def _scalar(value: Any) -> str:
    """A value as the file has it: words bare, everything else as JSON, which is YAML."""
    if isinstance(value, str) and value.replace("_", "").isalpha():
        return value
    return json.dumps(value)


def example() -> str:
    """The text of ``config.example.yaml``."""
    return _HEAD + "\n" + written(Settings())


def written(settings: Settings, only: Collection[str] | None = None) -> str:
    """A configuration file that says all of these settings, with a line of comment on each.

    ``only``: dotted keys, or sections as a whole.
    """
    return "\n".join(_section(Settings, document(settings), "", only=only)) + "\n"


def _by_name(kind: type[Any]) -> dict[str, tuple[Field[Any], Any]]:
    return {field.name: (field, hint) for field, hint in own_fields(kind)}


def _add_bounds(schema: dict[str, Any], definitions: dict[str, Any], kind: type[Any]) -> None:
    """Complete pydantic's schema with our bounds and descriptions, and forbid unknown names."""
    schema["additionalProperties"] = False
    listed = _by_name(kind)
    schema["properties"] = {
        name: text for name, text in schema["properties"].items() if name in listed
    }
    for name, (field, hint) in listed.items():
        if is_dataclass(hint):
            assert isinstance(hint, type)
            _add_bounds(definitions[hint.__name__], definitions, hint)
            continue
        text = schema["properties"][name]
        text["description"] = field.metadata["about"]
        for key, word in _SCHEMA_WORDS.items():
            if field.metadata.get(key) is not None:
                text[word] = _plain(field.metadata[key])


def schema() -> dict[str, Any]:
    """The JSON schema of the configuration file."""
    found = TypeAdapter(Settings).json_schema()
    _add_bounds(found, found.get("$defs", {}), Settings)
    found["title"] = "Kalshi Assistant settings"
    return found
