"""The page in a person's own browser."""

import stat
import webbrowser

import pytest

from kalshi_assistant.web.opening import open_in_browser

URL = "http://127.0.0.1:8464/?token=secret&x=1"


class Windowed:
    """A browser with a window; remembers what it opened."""

    def __init__(self):
        self.opened = []

    def open(self, url):
        self.opened.append(url)
        return True


def test_the_token_is_in_no_argument_but_in_a_file_of_its_owner(tmp_path, monkeypatch):
    browser = Windowed()
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    assert open_in_browser(URL, tmp_path)
    (opened,) = browser.opened
    page = tmp_path / "open.html"
    assert opened == page.as_uri()
    assert "url=http://127.0.0.1:8464/?token=secret&amp;x=1" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def missing():
    raise webbrowser.Error("could not locate runnable browser")


@pytest.mark.parametrize("get", [missing, lambda: webbrowser.GenericBrowser("w3m")])
def test_without_a_browser_that_has_a_window_there_is_none(tmp_path, monkeypatch, get):
    monkeypatch.setattr(webbrowser, "get", get)
    assert not open_in_browser(URL, tmp_path)
    assert list(tmp_path.iterdir()) == []
