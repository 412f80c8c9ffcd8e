"""Things are kept in the user's own folders, apart by environment and account."""

from pathlib import Path

import pytest

from kalshi_assistant.cli import folders as module
from kalshi_assistant.cli.folders import account_name, config_file, folders, ledger_path
from kalshi_assistant.settings import load


def test_state_is_apart_by_environment_and_account():
    key = {"KALSHI_ASSISTANT__KEY_ID": "one", "KALSHI_ASSISTANT__PRIVATE_KEY": "x"}
    demo = key | {"KALSHI_ASSISTANT__ENVIRONMENT": "demo"}
    other = key | {"KALSHI_ASSISTANT__KEY_ID": "two"}
    places = {folders(load(environ=environ)).state for environ in ({}, key, demo, other)}
    assert len(places) == 4
    assert all(path.is_absolute() for path in places)


def test_folders_that_are_set_are_taken(tmp_path):
    environ = {
        f"KALSHI_ASSISTANT__{name.upper()}_DIR": str(tmp_path / name)
        for name in ("state", "data", "log")
    }
    places = folders(load(environ=environ))
    assert places.state == tmp_path / "state" / "prod" / "keyless"
    assert places.data == tmp_path / "data"
    assert places.logs == tmp_path / "log"


def test_a_checkout_logs_into_its_own_folder(tmp_path, monkeypatch):
    assert folders(load(environ={})).logs == module.checkout() / "logs"
    monkeypatch.setattr(module, "checkout", lambda: None)
    assert folders(load(environ={})).logs.is_relative_to(tmp_path)


@pytest.mark.parametrize("key_id", ["../../etc", "a/b", "", "x" * 100, "paper", "keyless"])
def test_a_key_id_that_is_no_file_name_becomes_a_digest(key_id):
    assert len(account_name(key_id)) == 16
    assert account_name(key_id).isalnum()


def test_the_own_configuration_file_is_taken_only_if_there(home):
    assert config_file(None) is None
    own = home / ".config" / "kalshi-assistant" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.touch()
    assert config_file(None) == own
    assert config_file(Path("other.yaml")) == Path("other.yaml")


def test_every_folder_is_named(home):
    assert set(folders(load(environ={})).as_text()) == {"config", "state", "data", "cache", "logs"}


def test_the_ledger_of_paper_is_apart_from_every_account_s_and_both_by_environment(tmp_path):
    environ = {
        "KALSHI_ASSISTANT__STATE_DIR": str(tmp_path),
        "KALSHI_ASSISTANT__KEY_ID": "one",
        "KALSHI_ASSISTANT__PRIVATE_KEY": "x",
    }
    places = folders(load(environ=environ))
    assert ledger_path(places, "live") == tmp_path / "prod" / "one" / "ledger.sqlite"
    assert ledger_path(places, "paper") == tmp_path / "prod" / "paper" / "ledger.sqlite"
    demo = folders(load(environ=environ | {"KALSHI_ASSISTANT__ENVIRONMENT": "demo"}))
    assert ledger_path(demo, "paper") == tmp_path / "demo" / "paper" / "ledger.sqlite"
