"""What a configuration file says now, against the settings a process runs with."""

from collections.abc import Collection
from dataclasses import fields, replace

from kalshi_assistant.engine.changes import SECTIONS, Change, adopted, changes
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.settings.describe import document, leaves
from kalshi_assistant.settings.model import Settings


def compare(
    running: EngineSettings, inforce: Settings, wanted: Settings, live: Collection[str] = ()
) -> tuple[Change, ...]:
    """Every setting that differs; ``live`` names sections outside the engine that may change now.

    ``running`` may differ from what any file says in what a file does not decide.
    """
    proposed = replace(running, **{name: getattr(wanted, name) for name in SECTIONS})
    return (*changes(running, proposed), *_others(inforce, wanted, live))


def _others(inforce: Settings, wanted: Settings, live: Collection[str]) -> list[Change]:
    old, new = dict(leaves(document(inforce))), dict(leaves(document(wanted)))
    return [
        Change(key, old.get(key), new.get(key), "now" if _section(key) in live else "restart")
        for key in {**old, **new}
        if _section(key) not in SECTIONS and old.get(key) != new.get(key)
    ]


def _section(key: str) -> str:
    return key.partition(".")[0]


def carried(
    running: EngineSettings,
    inforce: Settings,
    wanted: Settings,
    found: Collection[Change],
    live: Collection[str] = (),
) -> tuple[EngineSettings, Settings]:
    """What engine and process run with once all that may change now has changed.

    Raises msgspec.ValidationError where that does not go together.
    """
    of_engine = [each for each in found if _section(each.key) in SECTIONS]
    engine = adopted(running, of_engine)
    laid = {name: getattr(engine, name) for name in SECTIONS}
    laid |= {each.name: getattr(wanted, each.name) for each in fields(wanted) if each.name in live}
    return engine, replace(inforce, **laid)
