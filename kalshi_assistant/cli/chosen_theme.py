"""The theme chosen on a screen, kept with the program's state: the user's file is not touched.

A choice holds until ``ui.theme`` says something else than it did when the choice was made; what was
typed last wins.
"""

from pathlib import Path
from typing import Final

import msgspec

NAME: Final = "screen.json"
_BYTES_MAX: Final = 4_096


class _Kept(msgspec.Struct, frozen=True):
    configured: str
    """``ui.theme`` when the choice was made."""
    chosen: str


def kept_theme(folder: Path, configured: str) -> str | None:
    """What was chosen last under this setting; ``None`` where nothing that can be read was."""
    try:
        with (folder / NAME).open("rb") as file:
            kept = msgspec.json.decode(file.read(_BYTES_MAX), type=_Kept)
    except (OSError, msgspec.MsgspecError):  # nothing is lost by it but a choice of colours
        return None
    return kept.chosen if kept.configured == configured else None


def keep_theme(folder: Path, configured: str, chosen: str) -> None:
    """Remember it, whole or not at all. Raises OperatorError where nothing can be written."""
    from kalshi_assistant.runtime.kill_file import write_durably

    write_durably(folder / NAME, msgspec.json.encode(_Kept(configured, chosen)))
