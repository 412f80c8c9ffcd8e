"""A screen as a small SVG that is the same on every machine: text and colours, nothing else."""

import re
from io import StringIO
from typing import Final

from rich.console import Console

from kalshi_assistant.ui.app import AssistantApp

FORMAT: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {terminal_height}">
<style>text {{ font: {char_height}px monospace; white-space: pre }}
{styles}</style>
{backgrounds}
{matrix}
</svg>
"""
_CLIP: Final = re.compile(r' clip-path="[^"]*"')
_NUMBER: Final = re.compile(r'(?<==")\d+\.\d+(?=")')
"""Of attributes: what the screen says is not touched."""
_RECT: Final = re.compile(r'<rect fill="(#\w+)"[^>]*/>')
_LONG: Final = re.compile(r' shape-rendering="crispEdges"')


def picture(app: AssistantApp) -> str:
    """What is on the screen now."""
    width, height = app.size
    console = Console(
        width=width,
        height=height,
        file=StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    console.print(app.screen._compositor.render_update(full=True))
    drawn = console.export_svg(title="", code_format=FORMAT, unique_id="t")
    drawn = _LONG.sub("", _CLIP.sub("", drawn)).replace("t-r", "r").replace("&#160;", " ")
    drawn = _on_one_ground(_NUMBER.sub(lambda found: f"{float(found.group()):g}", drawn))
    return "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip()) + "\n"


def _on_one_ground(drawn: str) -> str:
    """The commonest background as one rectangle below everything."""
    fills = [found.group(1) for found in _RECT.finditer(drawn)]
    common = max(set(fills), key=lambda fill: (fills.count(fill), fill))
    kept = _RECT.sub(lambda found: "" if found.group(1) == common else found.group(), drawn)
    return kept.replace("</style>", f'</style>\n<rect fill="{common}" width="100%" height="100%"/>')
