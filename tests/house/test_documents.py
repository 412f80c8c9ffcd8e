"""Documents name files that exist, and the README says what the program says."""

import re
from pathlib import Path

import pytest

from kalshi_assistant.cli import COMMANDS
from tests.support.source import PACKAGE, ROOT

FILE = re.compile(r"`([a-z_]+(?:/[a-z_0-9]+)*\.py)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "tests/README.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_architecture_names_only_files_that_exist():
    named = set(FILE.findall(read("ARCHITECTURE.md")))
    missing = sorted(name for name in named if not (ROOT / PACKAGE / name).exists())
    assert not missing, "\n".join(missing)


def test_architecture_names_every_room():
    rooms = {path.name for path in (ROOT / PACKAGE).iterdir() if (path / "__init__.py").exists()}
    rooms |= {path.stem for path in (ROOT / PACKAGE).glob("[a-z]*.py")}
    assert {room for room in rooms if f"`{room}" not in read("ARCHITECTURE.md")} == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document):
    folder = (ROOT / document).parent
    assert [
        link for link in LINK.findall(read(document)) if not (folder / Path(link)).exists()
    ] == []


def test_the_readme_lists_every_command():
    text = read("README.md")
    assert [name for name in COMMANDS if f"| `{name} " not in text] == []


def test_decisions_are_numbered_without_holes():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
