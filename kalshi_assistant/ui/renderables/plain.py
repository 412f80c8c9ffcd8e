"""Lines as text for other programs: words and numbers, no boxes, bars, dots or padding."""

import re
from collections.abc import Iterable
from typing import Final

from kalshi_assistant.ui.renderables.ink import Line, text_of

_DRAWN: Final = re.compile("[\u2500-\u259f\u2800-\u28ff]+|·{3,}|-{3,}|#{3,}|\\.{4,}")
"""Box drawing, blocks and braille; runs of what stands for them."""
_WIDE: Final = re.compile(r"\s{2,}")


def plain(content: str) -> str:
    """A drawn line as it would be said: columns two blanks apart, nothing at its ends."""
    return _WIDE.sub("  ", _DRAWN.sub("  ", content)).strip()


def plain_text(contents: Iterable[Line]) -> str:
    """Drawn lines as text; a line with nothing to say is left out."""
    said = (plain(text_of(content)) for content in contents)
    return "\n".join(text for text in said if text)
