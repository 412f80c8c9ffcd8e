"""``risk explain``: limits, breakers and a preview, for people and for machines."""

import json

import pytest

from kalshi_assistant.cli import main


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_people_see_limits_breakers_and_what_they_come_to(capsys):
    assert main(["risk", "explain"]) == 0
    out = capsys.readouterr().out
    assert "$20.00 is 2% of $1000.00" in out
    assert "kill (halt)" in out
    assert "blocks new entries; keeps exits, take-profits and cancels" in out
    assert "38.46 contracts, at most $19.9992; more is refused by max_order_dollars" in out
    assert "5 of them ($99.996, 1 pause on the way), then max_day_loss_dollars" in out


def test_machines_get_one_object_a_line(capsys):
    assert main(["risk", "explain", "--json"]) == 0
    found = objects(capsys.readouterr().out)
    kinds = [each["type"] for each in found]
    assert kinds == sorted(kinds, key=["risk_limit", "risk_breaker", "risk_preview"].index)
    previews = [each for each in found if each["type"] == "risk_preview"]
    assert [each["canary"] for each in previews] == [True, False]
    assert previews[1]["largest_order"] == "38.46"
    (kill,) = [each for each in found if each.get("name") == "kill"]
    assert kill["halt"] is True
    assert kill["stops"] == "blocks every order, exits too"


def test_the_configuration_in_force_is_the_one_explained(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    path.write_text("risk:\n  max_order_dollars: 7\n  canary_windows: 0\n", encoding="utf-8")
    assert main(["risk", "explain", "--config", str(path), "--bankroll", "70"]) == 0
    out = capsys.readouterr().out
    assert "$7.00 is 10% of $70.00" in out
    assert "  always\n" in out
    assert "first" not in out.split("preview")[1]


@pytest.mark.parametrize("dollars", ["0", "-5", "nan", "1e12"])
def test_a_bankroll_is_some_money(dollars, capsys):
    assert main(["risk", "explain", f"--bankroll={dollars}"]) == 2
    assert "--bankroll" in capsys.readouterr().err


def test_wrong_settings_are_wrong_use(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    path.write_text("risk:\n  collar_cents: -1\n", encoding="utf-8")
    assert main(["risk", "explain", "--config", str(path)]) == 2
    assert "collar_cents" in capsys.readouterr().err
