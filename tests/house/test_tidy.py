"""Habits a machine can check. Each test lists every offender at once."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from kalshi_assistant.cli import COMMANDS
from tests.support.source import FLOORS_BELOW_VENUES, PACKAGE, ROOT, Module, modules

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

ENTRY_POINTS = {f"{PACKAGE}.__main__", *(f"{PACKAGE}.cli.{name}" for name in COMMANDS)}

# Complete, tested, and used by a command only from a later issue on: soak runs and trading.
SERVES_TESTS: set[str] = set()

# a code, then a reason: "noqa: E501  # why" and "type: ignore[arg-type]  # why"
NOQA = re.compile(r"#\s*noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s+\S.{9,}")
TYPE_IGNORE = re.compile(r"#\s*type:\s*ignore\[[a-z, -]+\]\s+\S.{9,}")

UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise\s+Not" + r"Implemented")

# folders of one machine, and hosts that belong in an installer's own configuration
MACHINE = re.compile(
    r"(?<![\w.~}>)])/(?:work|home|root|Users|opt)/\w|(?<![\w.}>)])/tmp/\w|"
    r"pypi\.(?:org|python\.org)|pythonhosted\.org|extra-index" + r"-url|--index" + r"-url"
)
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".json", ".tcss", ".cfg", ""}
SKIPPED = {"build", "dist", "logs", "__pycache__"}


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{module.where}:{node.lineno} {node.name}: {lines_of(node)} lines"
        for module in (*modules(), *modules("tests"))
        for node in module.functions()
        if lines_of(node) > FUNCTION_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_no_file_holds_more_than_one_subject_can_need():
    long = [
        f"{module.where}: {count} lines"
        for module in (*modules(), *modules("tests"))
        if (count := module.text.count("\n")) > FILE_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_every_module_has_an_importer_or_is_an_entry_point():
    imported = {name for module in modules() for name in module.imports() if name != module.name}
    alone = [
        module.where
        for module in modules()
        if module.path.name != "__init__.py"
        and module.name not in imported | ENTRY_POINTS | SERVES_TESTS
    ]
    assert not alone, "\n".join(alone)


def test_every_folder_of_the_package_is_a_package():
    folders = {module.path.parent for module in modules()}
    assert [folder.name for folder in folders if not (folder / "__init__.py").exists()] == []


def calls_of(module: Module, name: str) -> Iterator[int]:
    """Lines on which ``name`` is called: ``Name(...)``, ``x.Name(...)`` or ``Name[...](...)``."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        called_name = called.attr if isinstance(called, ast.Attribute) else None
        if isinstance(called, ast.Name):
            called_name = called.id
        if called_name == name:
            yield node.lineno


def test_only_the_gate_approves():
    makers = {module.where for module in modules() for _ in calls_of(module, "Approved")}
    assert makers <= {f"{PACKAGE}/risk/gate.py"}


def test_the_lower_floors_know_their_types():
    loose = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        if module.room in FLOORS_BELOW_VENUES and module.where != f"{PACKAGE}/domain/ranges.py"
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
    ]
    assert not loose, "\n".join(loose)


def test_every_exception_to_a_rule_carries_its_code_and_reason():
    bare = [
        f"{module.where}:{line} {text}"
        for module in (*modules(), *modules("tests"))
        for line, text in module.comments()
        if ("noqa" in text and re.search(r"#\s*noqa", text) and not NOQA.search(text))
        or (re.search(r"#\s*type:\s*ignore", text) and not TYPE_IGNORE.search(text))
    ]
    assert not bare, "\n".join(bare)


def test_nothing_is_left_unfinished():
    found = [
        f"{module.where}:{number}"
        for module in (*modules(), *modules("tests"))
        for number, line in enumerate(module.text.splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not found, "\n".join(found)


def text_files() -> Iterator[tuple[str, str]]:
    """Every text file of the repository: where it is and what is in it."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if hidden or SKIPPED & set(parts) or any(part.endswith(".egg-info") for part in parts):
            continue
        if path.is_file() and path.suffix in TEXT_SUFFIXES and path.stat().st_size < 1_000_000:
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8", errors="replace")


def test_no_file_names_a_machine_or_a_registry():
    found = [
        f"{where}:{number} {match.group()}"
        for where, text in text_files()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := MACHINE.search(line))
    ]
    assert not found, "\n".join(found)


def normal(name: str) -> str:
    """The name of a distribution as registries compare it."""
    return name.lower().replace("_", "-")


def distributions(lines: list[str]) -> set[str]:
    return {normal(re.split(r"[<>=!~\[ ]", line)[0]) for line in lines}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def extras() -> set[str]:
    """Distributions of the extras for users: not those that only tests and benchmarks need."""
    groups = project()["optional-dependencies"]
    ours = ("dev", "bench")
    lines = [line for name, group in groups.items() if name not in ours for line in group]
    return distributions(lines)


def declared() -> set[str]:
    """Distributions that ``pyproject.toml`` names as dependencies, extras for users included."""
    return distributions(project()["dependencies"]) | extras()


def test_everything_imported_from_outside_is_a_declared_dependency():
    owners = packages_distributions()
    outside = {
        (name.split(".")[0], module.where)
        for module in modules()
        for name in module.imports()
        if name.split(".")[0] not in {*sys.stdlib_module_names, PACKAGE}
    }
    undeclared = sorted(
        f"{where}: {name}"
        for name, where in outside
        if not {normal(owner) for owner in owners.get(name, [])} & declared()
    )
    assert not undeclared, "\n".join(undeclared)


def test_extras_are_imported_only_where_they_are_used():
    """Not when a module is read: whoever has not installed them must not notice."""
    owners = packages_distributions()
    early = [
        f"{module.where}: {name}"
        for module in modules()
        for name in module.imports_at_once()
        if {normal(owner) for owner in owners.get(name.split(".")[0], [])} & extras()
    ]
    assert not early, "\n".join(early)


def test_every_declared_dependency_is_used():
    owners = packages_distributions()
    imported = {name.split(".")[0] for module in modules() for name in module.imports()}
    used = {normal(owner) for name in imported for owner in owners.get(name, [])}
    assert declared() - used - {"tzdata"} == set()  # tzdata is read by zoneinfo


@pytest.mark.parametrize("where", ["constraints.txt", "tests/bench/constraints.txt"])
def test_constraints_are_names_and_versions_only(where):
    lines = (ROOT / where).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert lines == sorted(set(lines), key=str.lower)
