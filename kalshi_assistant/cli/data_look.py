"""``data list`` and ``data verify``: what data there is, and does it hold."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kalshi_assistant.cli.output import ConfigFile, Json, Output
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.time import format_iso

if TYPE_CHECKING:
    from kalshi_assistant.lab.data_facts import Finding, Thing

SHOWN: Final = 10
"""Findings of one name that a person is shown of one thing; ``--json`` has all."""
_HEAD: Final = ("what", "name", "from", "to", "windows", "rows", "size", "gaps", "wrong")

Where = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="Folder; without one, the data directory.")
]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders or files with data.")]


def listed(folder: Where = None, as_json: Json = False, config: ConfigFile = None) -> int:
    """List the data below a folder: panels, fetched data, journals, recordings, Parquet.

    Everything is read to its end, so that what is told of it is so.
    """
    from kalshi_assistant.cli.ledgers import aligned

    output = Output(as_json=as_json)
    things = list(_read([_own(config) if folder is None else folder]))
    for thing in things:
        output.record("data", **_fields(thing))
    if not things:
        output.note("there is no data here; `data fetch`, `record` and `run` bring some")
        return 0
    output.say(aligned(_HEAD, [_row(thing) for thing in things]))
    bad = sum(not thing.holds for thing in things)
    if bad:
        output.note(f"{bad} of {len(things)} do not hold: `data verify` says why")
    return 0


def verified(paths: Paths, as_json: Json = False) -> int:
    """Check data: digests, order, gaps, duplicates, strikes, results; every finding is named.

    Exit code 1 when something does not hold. A gap of the index is only told, unless it lies in a
    minute that settles a market.
    """
    output = Output(as_json=as_json)
    things = list(_read(paths))
    if not things:
        raise OperatorError(f"there is no data in {', '.join(map(str, paths))}; name other paths")
    for thing in things:
        output.record("verification", **_fields(thing))
        state = "holds" if thing.holds else "DOES NOT HOLD"
        output.say(f"{thing.kind} {thing.path}: {state}, {thing.rows:,} rows")
        for finding in thing.findings:
            output.record("finding", **_finding(finding, thing))
        for line in _told(thing.findings):
            output.say(f"  {line}")
    bad = sum(not thing.holds for thing in things)
    output.say(f"{len(things)} sets of data, {bad} do not hold")
    return 1 if bad else 0


def _own(config: Path | None) -> Path:
    from kalshi_assistant.cli.folders import config_file, folders
    from kalshi_assistant.settings import load

    own = folders(load(config_file(config))).data
    if not own.is_dir():
        raise OperatorError(f"there is no data directory {own} yet; name a folder")
    return own


def _read(paths: Sequence[Path]) -> "Iterable[Thing]":
    from kalshi_assistant.lab.data_facts import below, facts_of

    seen = sys.stderr.isatty()

    def told(text: str) -> None:
        if seen:
            sys.stderr.write(f"\r{text[-76:]:<76}")
            sys.stderr.flush()

    yield from facts_of(below(paths), told)
    if seen:
        sys.stderr.write("\r" + " " * 76 + "\r")


def _fields(thing: "Thing") -> dict[str, object]:
    return {
        "holds": thing.holds,
        "what": thing.kind,
        "name": thing.name,
        "path": str(thing.path),
        "about": thing.about,
        "from": None if thing.first is None else format_iso(thing.first),
        "to": None if thing.last is None else format_iso(thing.last),
        "windows": thing.windows,
        "rows": thing.rows,
        "bytes": thing.bytes,
        "gaps": thing.gaps,
        "findings": dict(Counter(finding.what for finding in thing.findings)),
    }


def _finding(finding: "Finding", thing: "Thing") -> dict[str, object]:
    return {
        "what": finding.what,
        "serious": finding.serious,
        "of": str(thing.path),
        "path": str(finding.path),
        "text": finding.text,
    }


def _row(thing: "Thing") -> tuple[str, ...]:
    serious = sum(finding.serious for finding in thing.findings)
    return (
        thing.kind,
        thing.name,
        "-" if thing.first is None else format_iso(thing.first),
        "-" if thing.last is None else format_iso(thing.last),
        "-" if thing.windows is None else f"{thing.windows:,}",
        f"{thing.rows:,}",
        f"{thing.bytes / 1e6:,.1f} MB",
        "-" if thing.gaps is None else f"{thing.gaps:,}",
        f"{serious:,}",
    )


def _told(findings: "Sequence[Finding]") -> list[str]:
    """The serious ones first; of many alike the first some and how many more."""
    lines, shown, more = [], Counter[str](), Counter[str]()
    for finding in sorted(findings, key=lambda each: not each.serious):
        word = finding.what.replace("_", " ")
        shown[word] += 1
        if shown[word] > SHOWN:
            more[word] += 1
            continue
        mark = "" if finding.serious else " (only told)"
        lines.append(f"{word}{mark}: {finding.path.name}: {finding.text}")
    return lines + [f"{word}: and {count:,} more (--json has all)" for word, count in more.items()]
