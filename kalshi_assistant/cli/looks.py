"""How a screen looks, for every command that opens one: the theme, and the user's own ones.

What is wrong with a theme is said on the screen it would have dressed, and costs no more than that.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from kalshi_assistant.cli.chosen_theme import keep_theme, kept_theme

if TYPE_CHECKING:
    from kalshi_assistant.settings import Configuration
    from kalshi_assistant.ui.renderables.palette import Theme

ThemeName = Annotated[
    str | None,
    typer.Option("--theme", metavar="NAME", help="dark, light, high-contrast, or one of yours."),
]
FOLDER: Final = "themes"
"""Beside ``config.yaml``."""
THEMES_MAX: Final = 40


def looks(
    configuration: "Configuration", theme: str | None = None, *, remembers: bool = True
) -> dict[str, Any]:
    """What the screen is to be told about its looks; ``theme`` is the flag's, which goes before
    what was chosen on a screen the last time, and that before the setting. ``remembers``: what is
    chosen on this one is the next one's.
    """
    from kalshi_assistant.cli.folders import folders, state_root
    from kalshi_assistant.ui.renderables.palette import THEMES

    themes, notices = own_themes(folders(configuration).config / FOLDER)
    configured = configuration.settings.ui.theme
    folder = configuration.settings.state_dir or state_root()
    before = kept_theme(folder, configured)
    if before not in {*THEMES, *(own.name for own in themes)}:
        before = None  # a file of the user's that is gone
    chosen = partial(keep_theme, folder, configured) if remembers else None
    return {
        "theme": theme or before or configured,
        "themes": themes,
        "notices": notices,
        "remember": chosen,
    }


def own_themes(folder: Path) -> "tuple[list[Theme], list[str]]":
    """The user's themes, and a sentence for each thing that is wrong with them."""
    themes, notices = [], []
    paths = sorted(path for path in folder.glob("*.yaml") if path.is_file())
    for path in paths[:THEMES_MAX]:
        theme, problems = _own(path)
        themes += [] if theme is None else [theme]
        notices += problems
    if len(paths) > THEMES_MAX:
        notices.append(f"{folder}: the first {THEMES_MAX} themes are read, there are {len(paths)}")
    return themes, notices


def _own(path: Path) -> "tuple[Theme | None, list[str]]":
    from kalshi_assistant.settings import SettingsError, file
    from kalshi_assistant.ui.renderables.palette import THEMES
    from kalshi_assistant.ui.themes import NAME, theme_of

    if path.stem in THEMES or not NAME.fullmatch(path.stem):
        return None, [f"{path}: give it another name: letters and digits, none of {[*THEMES]}"]
    try:
        root, problems = file.read(path)
    except SettingsError as error:
        return None, [problem.line() for problem in error.problems]
    children = root.value if isinstance(root.value, dict) else {}
    where = {"": str(path), **{key: located.where for key, located in children.items()}}
    entries = {key: located.value for key, located in children.items()}
    theme, wrong = theme_of(path.stem, entries, where)
    return theme, [*(problem.line() for problem in problems), *wrong]
