"""``config check | show | schema``: are the settings right, what are they, what may they be."""

import json
from dataclasses import asdict
from pathlib import Path

import typer

from kalshi_assistant.cli.folders import Folders, config_file, folders
from kalshi_assistant.cli.output import ConfigFile, Json, Output

config = typer.Typer(rich_markup_mode=None)


@config.command()
def check(path: ConfigFile = None, as_json: Json = False) -> int:
    """Check the settings and list every problem (exit code 2 if there is one)."""
    from kalshi_assistant.settings import SettingsError, load

    output = Output(as_json=as_json)
    file = config_file(path)
    try:
        load(file, channels=True)
    except SettingsError as error:
        problems = [asdict(problem) for problem in error.problems]
        output.record("config_check", ok=False, file=_name(file), problems=problems)
        output.note(str(error))
        return error.exit_code
    output.record("config_check", ok=True, file=_name(file), problems=[])
    output.say(f"{file or 'no configuration file: the defaults'}: in order")
    return 0


@config.command()
def show(path: ConfigFile = None, as_json: Json = False) -> None:
    """Show the settings in force, where each came from, and the folders. No secret is shown."""
    from kalshi_assistant.settings import load, redacted

    output = Output(as_json=as_json)
    configuration = load(config_file(path))
    places = folders(configuration)
    shown = redacted(configuration.settings)
    output.record(
        "config",
        file=_name(configuration.file),
        settings=shown,
        origins=dict(configuration.origins),
        secrets=sorted(configuration.secrets),
        folders=places.as_text(),
    )
    output.say(_table(shown, dict(configuration.origins), places))
    if configuration.secrets:
        output.say(f"\nsecrets from the environment: {', '.join(sorted(configuration.secrets))}")


@config.command()
def schema(as_json: Json = False) -> None:
    """Print the JSON schema of the configuration file, for editors that complete and check."""
    from kalshi_assistant import settings

    output = Output(as_json=as_json)
    found = settings.schema()
    output.record("config_schema", schema=found)
    output.say(json.dumps(found, indent=2))


def _name(file: Path | None) -> str | None:
    return None if file is None else str(file)


def _table(shown: dict[str, object], origins: dict[str, str], places: Folders) -> str:
    """Settings with their origins, then folders, in aligned columns."""
    from kalshi_assistant.settings.describe import leaves

    rows = [(key, json.dumps(value), origins[key]) for key, value in leaves(shown)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{key:<{widths[0]}}  {value:<{widths[1]}}  {origin}" for key, value, origin in rows]
    width = max(map(len, places.as_text()))
    lines += ["", "folders"]
    lines += [f"  {name:<{width}}  {path}" for name, path in places.as_text().items()]
    return "\n".join(lines)
