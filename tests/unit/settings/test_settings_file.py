"""The configuration file is read with positions, and every odd file gets a clear message."""

from pathlib import Path

import pytest

from kalshi_assistant.settings.file import BYTES_MAX, DEPTH_MAX, plain, read
from kalshi_assistant.settings.located import SettingsError


@pytest.fixture
def write(tmp_path):
    def to_file(text: str | bytes) -> Path:
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        read(path)
    assert caught.value.exit_code == 2
    return str(caught.value).replace(str(path), "config.yaml")


def test_values_know_their_line_and_column(write):
    path = write("environment: demo\nnumber:\n  warm_seconds: 60\n")
    tree, problems = read(path)
    assert problems == []
    assert tree.value["environment"].where == f"{path}:1:1"
    assert tree.value["number"].value["warm_seconds"].where == f"{path}:3:3"
    assert tree.value["number"].value["warm_seconds"].value == 60


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e-05", 1e-05),
        ("true", True),
        ("null", None),
        ("~", None),
        ("no", "no"),
        ("on", "on"),
        ("12:30:00", "12:30:00"),
        ("2026-11-21", "2026-11-21"),
        ("'12'", "12"),
        ("[1, a]", [1, "a"]),
    ],
)
def test_scalars_are_read_by_the_core_schema(text, value):
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_a_section_is_not_a_plain_value():
    with pytest.raises(ValueError, match="not a plain value"):
        plain("{a: 1}")


def test_a_key_written_twice_names_both_places(write):
    path = write("mode: watch\nmode: watch\n")
    _, problems = read(path)
    assert [(p.where, p.key) for p in problems] == [(f"{path}:2:1", "mode")]
    assert f"{path}:1:1" in problems[0].text


def test_a_tab_is_named(write):
    assert "config.yaml:2:1: is a tab; indent with spaces" in refusal(write("number:\n\ta: 1\n"))


def test_bad_syntax_stands_with_its_place(write):
    assert "config.yaml:2:1: is not YAML" in refusal(write("a: [1, 2\n"))


@pytest.mark.parametrize("text", ["- a\n- b\n", "watch\n", "7\n"])
def test_a_file_that_is_no_mapping_is_refused(write, text):
    assert "config.yaml:1:1: is not a setting; write name: value" in refusal(write(text))


@pytest.mark.parametrize("text", ["", "   \n\n"])
def test_an_empty_file_is_refused(write, text):
    assert "is empty" in refusal(write(text))


def test_a_file_of_comments_holds_no_settings(write):
    tree, problems = read(write("# mode: watch\n"))
    assert (tree.value, problems) == ({}, [])


def test_a_huge_file_is_refused_before_it_is_parsed(write):
    assert "is larger than" in refusal(write("a: " + "x" * BYTES_MAX))


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor(write):
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert "config.yaml:1:4: uses an anchor or alias" in refusal(write(bomb))


def test_deep_nesting_is_refused(write):
    assert "is nested deeper" in refusal(write("a: " + "[" * (DEPTH_MAX + 1)))


def test_a_tag_is_refused(write):
    _, problems = read(write("a: !!python/object/apply:os.getcwd []\nb: !!binary aGk=\n"))
    assert [problem.key for problem in problems] == ["b"]


def test_several_documents_are_refused(write):
    assert "is not YAML" in refusal(write("a: 1\n---\nb: 2\n"))


def test_text_that_is_not_utf8_is_refused(write):
    assert "is not UTF-8" in refusal(write(b"a: \xff\xfe\n"))


def test_control_characters_are_refused(write):
    assert "character that YAML does not allow" in refusal(write("a: \x00\n"))


def test_a_byte_order_mark_is_no_trouble(write):
    tree, _ = read(write(b"\xef\xbb\xbfmode: watch\n"))
    assert tree.value["mode"].value == "watch"


def test_a_number_of_absurd_length_is_a_problem(write):
    _, problems = read(write(f"a: {'9' * 5_000}\nb: 1e999\n"))
    assert [problem.key for problem in problems] == ["a", "b"]


def test_a_key_that_is_no_name_is_a_problem(write):
    _, problems = read(write("? [a, b]\n: 1\n"))
    assert "is not the name of a setting" in problems[0].text


def test_a_section_inside_a_list_is_a_problem(write):
    _, problems = read(write("a:\n  - b: 1\n"))
    assert [(problem.key, problem.text) for problem in problems] == [
        ("a", "has a section inside a list")
    ]


def test_a_missing_file_is_named(tmp_path):
    assert "does not exist" in refusal(tmp_path / "none.yaml")


def test_a_folder_is_no_file(tmp_path):
    assert "cannot be read" in refusal(tmp_path)
