"""``config``: what is wrong, what is in force, what may be written."""

import json

import pytest

from kalshi_assistant.cli import main


@pytest.fixture
def own_file(home):
    path = home / ".config" / "kalshi-assistant" / "config.yaml"
    path.parent.mkdir(parents=True)
    return path


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_check_without_a_file_is_in_order(capsys):
    assert main(["config", "check", "--json"]) == 0
    assert objects(capsys.readouterr().out) == [
        {"type": "config_check", "ok": True, "file": None, "problems": []}
    ]


def test_check_reads_the_user_s_own_file(own_file, capsys):
    own_file.write_text("mode: watch\n", encoding="utf-8")
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == f"{own_file}: in order\n"


def test_check_lists_problems_on_both_outputs(own_file, capsys):
    own_file.write_text("mod: watch\n", encoding="utf-8")
    assert main(["config", "check", "--json"]) == 2
    out, err = capsys.readouterr()
    problem = {
        "where": f"{own_file}:1:1",
        "key": "mod",
        "text": "is unknown; did you mean mode?",
    }
    assert objects(out) == [
        {"type": "config_check", "ok": False, "file": str(own_file), "problems": [problem]}
    ]
    assert f"{own_file}:1:1: mod is unknown; did you mean mode?" in err


def test_a_file_that_is_given_goes_before_the_user_s_own(own_file, tmp_path, capsys):
    own_file.write_text("nonsense: 1\n", encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text("mode: watch\n", encoding="utf-8")
    assert main(["config", "check", "--config", str(other)]) == 0
    assert str(other) in capsys.readouterr().out


def test_a_file_that_is_given_must_exist(tmp_path, capsys):
    assert main(["config", "check", "--config", str(tmp_path / "none.yaml")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_show_tells_values_origins_and_folders(own_file, monkeypatch, capsys):
    own_file.write_text("number:\n  warm_seconds: 60\n", encoding="utf-8")
    monkeypatch.setenv("KALSHI_ASSISTANT__ENVIRONMENT", "demo")
    assert main(["config", "show", "--json"]) == 0
    (shown,) = objects(capsys.readouterr().out)
    assert shown["type"] == "config"
    assert shown["settings"]["number"]["warm_seconds"] == 60
    assert shown["origins"]["number.warm_seconds"] == f"{own_file}:2:3"
    assert shown["origins"]["environment"] == "KALSHI_ASSISTANT__ENVIRONMENT"
    assert shown["origins"]["mode"] == "default"
    assert shown["folders"]["state"].endswith("demo/keyless")


def test_show_never_shows_a_secret(monkeypatch, capsys):
    monkeypatch.setenv("KALSHI_ASSISTANT__KEY_ID", "0123456789abcdef")
    monkeypatch.setenv("KALSHI_ASSISTANT__PRIVATE_KEY", "MC4CAQ")
    assert main(["config", "show"]) == 0
    assert main(["config", "show", "--json"]) == 0
    out = capsys.readouterr().out
    assert "MC4CAQ" not in out
    assert "01234567..." in out
    assert "secrets from the environment: private_key" in out


def test_show_for_people_is_a_table(capsys):
    assert main(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert "number.warm_seconds" in out
    assert "folders" in out


def test_show_of_bad_settings_is_2(monkeypatch, capsys):
    monkeypatch.setenv("KALSHI_ASSISTANT__MODE", "x")
    assert main(["config", "show"]) == 2
    assert "KALSHI_ASSISTANT__MODE: mode" in capsys.readouterr().err


def test_schema_is_json_either_way(capsys):
    assert main(["config", "schema"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main(["config", "schema", "--json"]) == 0
    (line,) = objects(capsys.readouterr().out)
    assert line == {"type": "config_schema", "schema": plain}
