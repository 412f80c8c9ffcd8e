"""How files that hold the past are told by their names."""

from typing import Final

RECORDING: Final = (".jsonl", ".jsonl.gz")
"""Frames as they came, a line each."""
JOURNAL: Final = (".events", ".events.gz")
"""Event journals."""
