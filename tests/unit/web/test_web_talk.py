"""What a browser's terminal may say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.web.talk import (
    COLUMNS,
    LINES,
    Looked,
    Pinged,
    Resized,
    Typed,
    size_asked,
    understood,
)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (["stdin", "q"], Typed("q")),
        (["stdin", "\x1b[<0;1;1M"], Typed("\x1b[<0;1;1M")),
        (["resize", {"width": 100, "height": 30}], Resized(100, 30)),
        (["resize", {"width": 10**9, "height": -4}], Resized(COLUMNS[1], LINES[0])),
        (["focus"], Looked(True)),
        (["blur"], Looked(False)),
        (["ping", "1795282165405"], Pinged("1795282165405")),
        (["ping", "x" * 65], None),
        (["stdin", 7], None),
        (["stdin"], None),
        (["resize", {"width": 80.5, "height": 24}], None),
        (["resize", {"width": 80}], None),
        (["exit"], None),
        ([], None),
        ({"stdin": "q"}, None),
        (None, None),
    ],
)
def test_what_is_said_is_understood_or_is_nonsense(message, said):
    assert understood(json.dumps(message)) == said


@given(st.text())
def test_no_text_breaks_the_reader(message):
    understood(message)


@pytest.mark.parametrize(
    ("columns", "lines", "size"),
    [
        ("120", "40", (120, 40)),
        ("9999", "1", (COLUMNS[1], LINES[0])),
        ("", "", (80, 24)),
        ("NaN", "24", (80, 24)),
        ("99999", "24", (80, 24)),
        ("²", "24", (80, 24)),
        ("-5", "24", (80, 24)),
    ],
)
def test_a_size_is_taken_within_bounds(columns, lines, size):
    assert size_asked(columns, lines) == size
