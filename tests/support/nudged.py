"""Settings in which one value, or all of a section, differ from others."""

from dataclasses import asdict, fields, is_dataclass

import msgspec

from kalshi_assistant.engine.changes import LEARNT_UNDER, SECTIONS, leaves
from kalshi_assistant.engine.settings import EngineSettings, from_json
from kalshi_assistant.risk.loosening import NO_DIRECTION, TIGHTER


def keys():
    """Every setting that a running engine may take anew."""
    found = [key for key, _ in leaves(asdict(EngineSettings()))]
    fixed = {*LEARNT_UNDER, *(f"risk.{name}" for name in NO_DIRECTION)}
    return [key for key in found if key.partition(".")[0] in SECTIONS and key not in fixed]


def with_values(settings, values):
    """``settings`` with the values of these dotted keys."""
    document = asdict(settings)
    for key, value in values.items():
        section = document
        *path, name = key.split(".")
        for each in path:
            section = section[each]
        section[name] = value
    return from_json(msgspec.json.encode(document).decode())


def nudged(settings, *names):
    """``settings`` with these keys a little otherwise, limits tighter."""
    return with_values(settings, {key: other(settings, key) for key in names})


def other(settings, key):
    spec, value = _spec(settings, key)
    choices = spec.metadata["choices"]
    if choices is not None:
        return next(choice for choice in choices if choice != value)
    if isinstance(value, bool):
        return not value
    down = TIGHTER.get(key.removeprefix("risk."), "less") in ("less", "off")
    step = 1 if isinstance(value, int) else 0.01
    least = spec.metadata["ge"] if spec.metadata["ge"] is not None else spec.metadata["gt"]
    if down and least is not None and value - step <= least:
        return value + step if not key.startswith("risk.") else value - step / 10
    return value - step if down else value + step


def _spec(settings, key):
    *path, name = key.split(".")
    for each in path:
        settings = getattr(settings, each)
    assert is_dataclass(settings)
    (spec,) = (each for each in fields(settings) if each.name == name)
    return spec, getattr(settings, name)
