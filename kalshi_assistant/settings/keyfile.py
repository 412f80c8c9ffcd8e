"""Files with a secret: found, readable, and nobody else's business."""

import os
import stat
from pathlib import Path
from typing import Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret

_BYTES_MAX: Final = 64 * 1024


def fault(path: Path) -> str | None:
    """What is wrong with the file and what to do about it; ``None`` when it may be used."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return f"names {path}, which does not exist; write where the key file is"
    except OSError as error:
        return f"names {path}, which cannot be looked at: {error.strerror or error}"
    if not stat.S_ISREG(found.st_mode):
        return f"names {path}, which is not a file; write where the key file is"
    if os.name == "posix" and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"names {path}, which others may open; run: chmod 600 {path}"
    if found.st_size > _BYTES_MAX:
        return f"names {path}, which is too large for a key"
    return None


def read(path: Path, setting: str = "private_key_path") -> Secret:
    """The text of the file that ``setting`` names. Raises OperatorError with the remedy."""
    wrong = fault(path)
    if wrong is not None:
        raise OperatorError(f"{setting} {wrong}")
    try:
        return Secret(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise OperatorError(
            f"{path} is not text in UTF-8 (a private key is written in PEM form)"
        ) from error
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror or error}") from error
