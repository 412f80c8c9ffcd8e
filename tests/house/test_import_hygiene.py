"""Who does not use a heavy library does not load it."""

import subprocess
import sys

import pytest

from tests.support.source import ROOT, modules

pytestmark = pytest.mark.process

ENGINE_SIDE = ("domain", "engine", "journal", "venues", "sim", "control", "runtime", "headless")
SERVERS = ("metrics", "web")
"""Processes of their own, and no screens either: what a browser shows is drawn by another."""


def loaded_by(statement: str, *watched: str) -> list[str]:
    """Which ``watched`` packages a fresh interpreter holds after ``statement``."""
    code = f"import sys\n{statement}\nprint([m for m in {watched!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = eval(done.stdout.splitlines()[-1])
    return found


def test_headless_and_the_engine_process_load_no_screen():
    """Every room the engine process is made of, in one interpreter."""
    names = [module.name for module in modules() if module.room in ENGINE_SIDE]
    assert loaded_by("import " + ", ".join(names), "textual", "rich") == []


def test_what_serves_over_http_loads_no_screen_and_no_kernel():
    names = [module.name for module in modules() if module.room in SERVERS]
    assert loaded_by("import " + ", ".join(names), "textual", "rich", "numba") == []


def test_the_package_itself_loads_nothing_else():
    watched = ("msgspec", "numpy", "typer", "yaml")
    assert loaded_by("import kalshi_assistant", *watched) == []


def test_no_command_loads_a_heavy_library_before_it_runs():
    names = [module.name for module in modules() if module.room == "cli"]
    watched = ("numba", "numpy", "textual", "aiohttp", "websockets", "cryptography", "pydantic")
    assert loaded_by("import " + ", ".join(names), *watched) == []


def test_help_loads_neither_kernel_nor_screen():
    statement = "from kalshi_assistant.cli import main\nassert main(['--help']) == 0"
    assert loaded_by(statement, "numba", "textual", "numpy", "aiohttp") == []
