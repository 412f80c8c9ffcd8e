"""The page in a person's own browser, without the token in any list of processes."""

import os
import webbrowser
from html import escape
from pathlib import Path
from typing import Final

_PAGE: Final = (
    '<!DOCTYPE html><meta http-equiv="refresh" content="0;url={url}"><title>...</title>\n'
)


def open_in_browser(url: str, folder: Path) -> bool:
    """Have the browser open ``url``, by way of a file in ``folder`` that only its owner may read.

    Answers whether there is one; a browser for the terminal is none, it would take it over.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    waits = isinstance(browser, webbrowser.GenericBrowser)
    if waits and not isinstance(browser, webbrowser.BackgroundBrowser):
        return False
    path = folder / "open.html"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_PAGE.format(url=escape(url)))
    return browser.open(path.as_uri())
