"""The user's own themes: read from files, and what is wrong with them said in one sentence each."""

from pathlib import Path

import pytest

from kalshi_assistant.cli.looks import THEMES_MAX, looks, own_themes
from kalshi_assistant.settings import load


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_folder_is_no_theme(tmp_path):
    assert own_themes(tmp_path / "themes") == ([], [])


def test_themes_are_read_with_yes_and_no_as_words(tmp_path):
    write(tmp_path, "mine", 'based_on: light\nyes: "#102030"\nno: "#405060"\n')
    (theme,), notices = own_themes(tmp_path)
    assert notices == []
    assert theme.name == "mine"
    assert theme.palette["no"].color.get_truecolor() == (64, 80, 96)


def test_a_colour_without_its_quotes_is_a_comment_and_that_is_said(tmp_path):
    path = write(tmp_path, "mine", 'warn: "#ffffff"\nyes: #102030\n')
    (theme,), (notice,) = own_themes(tmp_path)
    assert notice == f'{path}:2:1: yes is None; write a colour as "#5cb8f0"'
    assert theme.palette["warn"].color.get_truecolor() == (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("broken", "yes: [", "is not YAML"),
        ("list", "- 1\n", "is not a setting; write name: value"),
        ("dark", 'yes: "#102030"\n', "give it another name"),
        ("ünser", 'yes: "#102030"\n', "give it another name"),
        ("empty", "", "is empty"),
        ("bomb", "a: &a [1]\nb: *a\n", "anchor"),
    ],
)
def test_a_file_that_is_no_theme_is_said_once_and_the_rest_goes_on(tmp_path, name, text, said):
    path = write(tmp_path, name, text)
    write(tmp_path, "good", 'yes: "#102030"\n')
    themes, notices = own_themes(tmp_path)
    assert [theme.name for theme in themes] == ["good"]
    assert len(notices) == 1
    assert str(path) in notices[0]
    assert said in notices[0]


def test_there_are_not_endlessly_many(tmp_path):
    for number in range(THEMES_MAX + 3):
        write(tmp_path, f"t{number:03d}", 'yes: "#102030"\n')
    themes, notices = own_themes(tmp_path)
    assert len(themes) == THEMES_MAX
    assert notices == [f"{tmp_path}: the first {THEMES_MAX} themes are read, there are 43"]


def test_the_flag_goes_before_the_setting(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("ui:\n  theme: mine\n", encoding="utf-8")
    write(tmp_path / "themes", "mine", 'yes: "#102030"\n')
    chosen = looks(load(config))
    assert chosen["theme"] == "mine"
    assert [theme.name for theme in chosen["themes"]] == ["mine"]
    assert looks(load(config), "light")["theme"] == "light"
