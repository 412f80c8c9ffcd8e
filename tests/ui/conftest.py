"""Goldens of drawings."""

import os
from pathlib import Path

import pytest

from kalshi_assistant.ui.renderables.ink import Line, text_of
from tests.support.screen import Golden

GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def golden() -> Golden:
    """Compare lines with ``goldens/NAME.txt``; ``UPDATE_GOLDENS=1`` writes it instead."""

    def compare(name: str, lines: list[Line]) -> None:
        text = "".join(f"{text_of(drawn).rstrip()}\n" for drawn in lines)
        path = GOLDENS / f"{name}.txt"
        if os.environ.get("UPDATE_GOLDENS"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} is drawn otherwise"

    return compare
