"""Commands run in a home of their own, without the settings of whoever runs the tests."""

import io
import os

import pytest

from kalshi_assistant.cli import trading
from tests.support.halt_book import HaltBook, private_key_text


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home; its path."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_ASSISTANT", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR", ""))
    return tmp_path


@pytest.fixture
def keyed(monkeypatch):
    """A key in the environment; its id."""
    monkeypatch.setenv("KALSHI_ASSISTANT__KEY_ID", "key-1-abcd")
    monkeypatch.setenv("KALSHI_ASSISTANT__PRIVATE_KEY", private_key_text())
    return "key-1-abcd"


@pytest.fixture
def books(monkeypatch):
    """The account's books by mode, in memory, instead of files."""
    found = {}
    monkeypatch.setattr(trading, "open_book", lambda _, mode: found.setdefault(mode, HaltBook()))
    return found


@pytest.fixture
def terminal(monkeypatch):
    """Standard input as a terminal at which these words are typed; call it with them."""

    def sit(*words, is_terminal=True):
        source = io.StringIO("".join(f"{word}\n" for word in words))
        source.isatty = lambda: is_terminal
        monkeypatch.setattr("sys.stdin", source)

    return sit
