"""The phrase typed at a start is for that start: nothing of it stays, nobody else uses it."""

import os
from dataclasses import replace

import pytest

from kalshi_assistant.cli import trading
from kalshi_assistant.cli.folders import folders
from kalshi_assistant.cli.live_trading import consented
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.grants import CONSENT, consent_for_child, grant_path
from kalshi_assistant.settings import load

PHRASE = "TRADE REAL MONEY abcd"


@pytest.fixture
def live(keyed):
    found = load()
    return replace(found, settings=replace(found.settings, mode="live"))


def handed(live, process):
    config = trading.config_digest(live.settings)
    key = live.private_key()
    return consent_for_child("key-1-abcd", config, key, process, SystemClock().now())


def test_what_was_typed_leaves_no_grant_behind(live, terminal):
    terminal(PHRASE)
    assert consented(live) is not None
    assert not grant_path(folders(live).state).exists()


def test_another_phrase_starts_nothing(live, terminal):
    terminal("trade real money")
    with pytest.raises(OperatorError, match="not the phrase"):
        consented(live)


def test_without_a_terminal_nobody_consents(live, terminal):
    terminal(PHRASE, is_terminal=False)
    assert consented(live) is None


def test_the_engine_behind_a_screen_starts_on_what_was_typed_there(live, terminal, monkeypatch):
    terminal(is_terminal=False)
    monkeypatch.setenv(CONSENT, handed(live, os.getppid()))
    assert consented(live) is not None
    assert CONSENT not in os.environ  # no process of its own inherits it
    assert consented(live) is None


def test_one_that_was_handed_to_another_process_starts_nothing(live, terminal, monkeypatch):
    terminal(PHRASE)
    monkeypatch.setenv(CONSENT, handed(live, os.getpid()))
    assert consented(live) is None


def test_on_paper_nothing_is_asked(keyed, terminal):
    terminal(PHRASE)
    assert consented(load()) is None
