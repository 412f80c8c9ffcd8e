"""Defaults, file, environment and flags become one set of settings, or every problem at once."""

from pathlib import Path

import pytest

from kalshi_assistant.domain.secrets import HIDDEN
from kalshi_assistant.settings import Settings, SettingsError, load

PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n"
WARM = "KALSHI_ASSISTANT__NUMBER__WARM_SECONDS"


@pytest.fixture
def write(tmp_path):
    def to_file(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text(PEM, encoding="utf-8")
    path.chmod(0o600)
    return path


def problems(path: Path | None = None, **environ: str) -> list[tuple[str, str, str]]:
    with pytest.raises(SettingsError) as caught:
        load(path, environ=environ)
    assert caught.value.exit_code == 2
    return [(p.where.rpartition("config.yaml")[2], p.key, p.text) for p in caught.value.problems]


def test_nothing_written_is_every_default():
    configuration = load(environ={})
    assert configuration.settings == Settings()
    assert set(configuration.origins.values()) == {"default"}


def test_later_sources_go_before_earlier_ones(write):
    path = write("number:\n  warm_seconds: 60\n  stale_seconds: 3\nenvironment: demo\n")
    configuration = load(path, environ={WARM: "90"}, flags={"environment": ("--env", "prod")})
    assert configuration.settings.number.warm_seconds == 90
    assert configuration.settings.number.stale_seconds == 3.0
    assert configuration.settings.environment == "prod"
    assert configuration.origins["number.warm_seconds"] == WARM
    assert configuration.origins["number.stale_seconds"] == f"{path}:3:3"
    assert configuration.origins["environment"] == "--env"


def test_a_flag_not_given_changes_nothing():
    flags = {"environment": ("--env", None)}
    assert load(environ={}, flags=flags).settings.environment == "prod"


def test_every_problem_is_listed_at_once(write):
    path = write(
        "environmnet: demo\n"  # misspelt
        "mode: trade\n"  # not a choice
        "number:\n"
        "  warm_seconds: soon\n"  # wrong type
        "  stale_seconds: 600\n"  # out of range
        "threshold_dollars: 0.02\n"  # in the wrong place
        "risk: 5\n"  # a value for a section
    )
    found = problems(path, KALSHI_ASSISTANT__JOURNAL__COMPRESS="maybe")
    assert sorted(found) == [
        (":1:1", "environmnet", "is unknown; did you mean environment?"),
        (":2:1", "mode", 'is "trade"; write one of watch, paper, live'),
        (":4:3", "number.warm_seconds", 'is "soon"; write a whole number'),
        (":5:3", "number.stale_seconds", "is 600.0; write at most 60"),
        (
            ":6:1",
            "threshold_dollars",
            "is unknown here; did you mean signal.threshold_dollars?",
        ),
        (":7:1", "risk", "is 5; write a section: its settings, indented below it"),
        (
            "KALSHI_ASSISTANT__JOURNAL__COMPRESS",
            "journal.compress",
            'is "maybe"; write true or false',
        ),
    ]


def test_two_settings_that_cannot_stand_together_are_named(write):
    path = write("signal:\n  lowest_probability: 0.9\n  highest_probability: 0.1\n")
    assert [(where, key) for where, key, _ in problems(path)] == [
        (":2:3", "signal.lowest_probability")
    ]


@pytest.mark.parametrize(("text", "given"), [("1", "1"), ("'600'", '"600"'), ("yes", '"yes"')])
def test_a_file_is_not_guessed_at(write, text, given):
    found = problems(write(f"journal:\n  compress: {text}\n"))
    assert found == [(":2:3", "journal.compress", f"is {given}; write true or false")]


def test_a_whole_number_will_do_for_a_number(write):
    assert (
        load(write("number:\n  stale_seconds: 4\n"), environ={}).settings.number.stale_seconds == 4
    )


def test_a_section_with_every_line_commented_out_is_its_defaults(write):
    assert load(write("number:\n#  warm_seconds: 60\n"), environ={}).settings == Settings()


def test_problems_in_the_file_itself_are_listed_with_the_rest(write):
    path = write("mode: watch\nmode: watch\nx_y_z: 1\n")
    assert [key for _, key, _ in problems(path)] == ["mode", "x_y_z"]


def test_a_text_setting_takes_a_variable_as_it_stands(key_file):
    environ = {
        "KALSHI_ASSISTANT__KEY_ID": "1e5",
        "KALSHI_ASSISTANT__PRIVATE_KEY_PATH": str(key_file),
    }
    assert load(environ=environ).settings.key_id == "1e5"


def test_unknown_and_empty_variables_are_named():
    found = problems(KALSHI_ASSISTANT__MOOD="x", KALSHI_ASSISTANT__KEY_ID="")
    assert [(where, key) for where, key, _ in found] == [
        ("KALSHI_ASSISTANT__KEY_ID", "key_id"),
        ("KALSHI_ASSISTANT__MOOD", "mood"),
    ]


def test_one_underscore_for_two_is_noticed():
    found = problems(KALSHI_ASSISTANT_ENVIRONMENT="demo")
    assert found[0][2] == "has no effect; write KALSHI_ASSISTANT__ENVIRONMENT"


def test_variables_of_others_are_left_alone():
    assert load(environ={"KALSHI_KEY": "x", "KALSHI_ASSISTANT_HOME": "y"}).settings == Settings()


def test_a_section_for_a_value_is_a_problem():
    found = problems(KALSHI_ASSISTANT__MODE__FAST="1")
    assert found == [
        ("KALSHI_ASSISTANT__MODE__FAST", "mode", "is a section; write one of watch, paper, live"),
    ]


# --- secrets ---


@pytest.mark.parametrize(
    "text",
    [
        f"private_key: {PEM!r}\n",
        "private_key: MC4CAQ\n",
        f"key_id: {PEM!r}\n",
        f"number:\n  warm_seconds: {PEM!r}\n",
        f"whatever: {PEM!r}\n",
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(write, text):
    with pytest.raises(SettingsError) as caught:
        load(write(text), environ={})
    assert "is a secret and does not belong here" in str(caught.value)
    assert "MC4CAQ" not in str(caught.value)


def test_the_key_comes_from_the_environment_and_does_not_print():
    configuration = load(
        environ={
            "KALSHI_ASSISTANT__KEY_ID": "abc",
            "KALSHI_ASSISTANT__PRIVATE_KEY": PEM.replace("\n", "\\n"),
            "KALSHI_ASSISTANT__PRIVATE_KEY_PASSPHRASE": "open",
        }
    )
    assert configuration.private_key().reveal() == PEM
    assert configuration.passphrase.reveal() == "open"
    assert HIDDEN in repr(configuration)
    assert "MC4CAQ" not in repr(configuration)


def test_the_key_comes_from_a_file_that_is_named(write, key_file):
    path = write(f"key_id: abc\nprivate_key_path: {key_file}\n")
    assert load(path, environ={}).private_key().reveal() == PEM


def test_no_key_is_no_key():
    assert load(environ={}).private_key() is None


def test_a_key_file_others_may_open_is_refused_with_the_remedy(write, key_file):
    key_file.chmod(0o640)
    found = problems(write(f"key_id: abc\nprivate_key_path: {key_file}\n"))
    assert found[0][:2] == (":2:1", "private_key_path")
    assert found[0][2].endswith(f"run: chmod 600 {key_file}")


def test_a_key_file_that_is_not_there_is_named(write, tmp_path):
    found = problems(write(f"key_id: abc\nprivate_key_path: {tmp_path / 'none.pem'}\n"))
    assert "does not exist" in found[0][2]


def test_a_folder_is_no_key_file(write, tmp_path):
    found = problems(write(f"key_id: abc\nprivate_key_path: {tmp_path}\n"))
    assert "is not a file" in found[0][2]


def test_the_key_is_checked_again_when_it_is_read(write, key_file):
    from kalshi_assistant.domain.errors import OperatorError

    configuration = load(write(f"key_id: a\nprivate_key_path: {key_file}\n"), environ={})
    key_file.chmod(0o644)
    with pytest.raises(OperatorError, match="chmod 600"):
        configuration.private_key()


def test_a_key_given_twice_is_a_problem(write, key_file):
    path = write(f"key_id: abc\nprivate_key_path: {key_file}\n")
    found = problems(path, KALSHI_ASSISTANT__PRIVATE_KEY=PEM)
    assert [key for _, key, _ in found] == ["private_key_path"]


def test_a_key_id_and_its_key_come_together(write, key_file):
    assert [key for _, key, _ in problems(write("key_id: abc\n"))] == ["key_id"]
    assert [key for _, key, _ in problems(write(f"private_key_path: {key_file}\n"))] == ["key_id"]


# --- the venue ---


def test_a_local_exchange_is_named_by_its_client_file(write):
    assert [key for _, key, _ in problems(write("environment: local\n"))] == ["environment"]
    assert [key for _, key, _ in problems(write("client_file: a.json\n"))] == ["client_file"]
    settings = load(write("environment: local\nclient_file: a.json\n"), environ={}).settings
    assert settings.client_file == Path("a.json")


def test_a_home_folder_in_a_path_is_replaced(write, monkeypatch):
    monkeypatch.setenv("HOME", "/far/away")
    settings = load(write("state_dir: ~/states\n"), environ={}).settings
    assert settings.state_dir == Path("/far/away/states")
