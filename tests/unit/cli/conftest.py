"""Commands run in a home of their own, without the settings of whoever runs the tests."""

import os

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home; its path."""
    for name in list(os.environ):
        if name.startswith(("KALSHI_ASSISTANT", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR", ""))
    return tmp_path
