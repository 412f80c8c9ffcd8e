"""The user's own themes: read from files, and what is wrong with them said in one sentence each."""

from pathlib import Path

import pytest

from kalshi_assistant.cli.chosen_theme import NAME
from kalshi_assistant.cli.looks import THEMES_MAX, looks, own_themes
from kalshi_assistant.settings import Configuration, load


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


def configured(tmp_path: Path, theme: str) -> Configuration:
    config = tmp_path / "config.yaml"
    config.write_text(f"state_dir: {tmp_path / 'state'}\nui:\n  theme: {theme}\n", "utf-8")
    return load(config)


def test_the_flag_goes_before_the_setting(tmp_path):
    write(tmp_path / "themes", "mine", 'yes: "#102030"\n')
    chosen = looks(configured(tmp_path, "mine"))
    assert chosen["theme"] == "mine"
    assert [theme.name for theme in chosen["themes"]] == ["mine"]
    assert looks(configured(tmp_path, "mine"), "light")["theme"] == "light"


def test_what_was_chosen_on_a_screen_is_the_next_ones_and_the_file_of_the_user_is_as_it_was(
    tmp_path,
):
    configuration = configured(tmp_path, "dark")
    before = (tmp_path / "config.yaml").read_bytes()
    looks(configuration)["remember"]("light")
    assert looks(configuration)["theme"] == "light"
    assert looks(configuration, "high-contrast")["theme"] == "high-contrast"
    assert (tmp_path / "config.yaml").read_bytes() == before


def test_a_setting_that_changed_since_goes_before_what_was_chosen(tmp_path):
    looks(configured(tmp_path, "dark"))["remember"]("light")
    assert looks(configured(tmp_path, "high-contrast"))["theme"] == "high-contrast"


def test_a_chosen_theme_that_is_gone_and_a_damaged_file_leave_the_setting(tmp_path):
    path = write(tmp_path / "themes", "mine", 'yes: "#102030"\n')
    configuration = configured(tmp_path, "light")
    looks(configuration)["remember"]("mine")
    assert looks(configuration)["theme"] == "mine"
    path.unlink()
    assert looks(configuration)["theme"] == "light"
    (tmp_path / "state" / NAME).write_bytes(b"{")
    assert looks(configuration)["theme"] == "light"


def test_a_screen_that_only_looks_leaves_no_trace(tmp_path):
    assert looks(configured(tmp_path, "dark"), remembers=False)["remember"] is None
    assert not (tmp_path / "state").exists()
