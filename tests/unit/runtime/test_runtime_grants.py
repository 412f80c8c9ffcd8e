"""A grant holds for one account, one set of settings, one day, and one row of clean ends."""

import json
import stat

import pytest

from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND
from kalshi_assistant.runtime.grants import (
    consent_for_child,
    examine_consent,
    examine_grant,
    grant_path,
    make_grant,
    phrase,
    revoke,
    use_grant,
)

NOW = 1_795_280_400 * SECOND
ACCOUNT, CONFIG, KEY = "0123-abcd", "d1ge57", Secret("a private key")
DAY = 24 * HOUR


@pytest.fixture
def granted(tmp_path):
    make_grant(tmp_path, ACCOUNT, CONFIG, KEY, NOW)
    return tmp_path


def verdict(folder, account=ACCOUNT, config=CONFIG, key=KEY, now=NOW):
    return examine_grant(folder, account, config, key, now)


def test_it_holds_as_it_was_made(granted):
    assert verdict(granted).holds
    assert stat.S_IMODE(grant_path(granted).stat().st_mode) == 0o600
    assert "private key" not in grant_path(granted).read_text()


@pytest.mark.parametrize(
    ("after", "holds"), [(-6 * SECOND, False), (-SECOND, True), (DAY - 1, True), (DAY, False)]
)
def test_it_holds_for_a_day(granted, after, holds):
    assert verdict(granted, now=NOW + after).holds is holds


@pytest.mark.parametrize(
    ("other", "say"),
    [
        ({"account": "another"}, "another account"),
        ({"config": "other"}, "settings have changed"),
        ({"key": Secret("another key")}, "not made with this key"),
    ],
)
def test_it_is_bound_to_account_settings_and_key(granted, other, say):
    found = verdict(granted, **other)
    assert not found.holds
    assert say in found.say


@pytest.mark.parametrize(
    ("field", "value"),
    [("valid_until", NOW + 9 * DAY), ("made_at", NOW + DAY), ("config", "other"), ("seal", "é")],
)
def test_a_changed_text_does_not_hold(granted, field, value):
    path = grant_path(granted)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    config = value if field == "config" else CONFIG
    assert not verdict(granted, config=config, now=NOW + DAY + HOUR).holds
    assert not verdict(granted, config=config).holds


@pytest.mark.parametrize("text", [b"", b"{}", b"\xff\xfe", b"[" * 5_000])
def test_nonsense_is_no_grant(tmp_path, text):
    grant_path(tmp_path).write_bytes(text)
    assert not verdict(tmp_path).holds


def test_none_is_no_grant(tmp_path):
    assert verdict(tmp_path).say == "there is no grant"
    grant_path(tmp_path).mkdir()
    assert "cannot be read" in verdict(tmp_path).say


def test_a_clean_end_leaves_it(granted):
    assert use_grant(granted, ACCOUNT, CONFIG, KEY, NOW, clean=True).holds
    assert use_grant(granted, ACCOUNT, CONFIG, KEY, NOW, clean=True).holds


@pytest.mark.parametrize("clean", [False, None])
def test_any_other_end_voids_it_for_good(granted, clean):
    found = use_grant(granted, ACCOUNT, CONFIG, KEY, NOW, clean=clean)
    assert not found.holds
    assert "did not end in order" in found.say
    assert not use_grant(granted, ACCOUNT, CONFIG, KEY, NOW, clean=True).holds


def test_it_can_be_taken_away_again_and_again(granted):
    revoke(granted)
    revoke(granted)
    assert not verdict(granted).holds


def test_the_phrase_names_the_account():
    assert phrase(ACCOUNT) == "TRADE REAL MONEY abcd"


# --- the phrase typed at a start ---


def handed(process=77, now=NOW):
    return consent_for_child(ACCOUNT, CONFIG, KEY, process, now)


def starts(text, account=ACCOUNT, config=CONFIG, key=KEY, parent=77, now=NOW):
    return examine_consent(text, account, config, key, parent, now)


def test_it_starts_the_child_of_the_process_in_which_it_was_typed():
    assert starts(handed())
    assert starts(handed(), parent=None)  # where the system does not tell
    assert not starts(handed(), parent=78)
    assert not starts(handed(), parent=1)  # started again by somebody else


@pytest.mark.parametrize(
    ("after", "holds"), [(-6 * SECOND, False), (0, True), (MINUTE, True), (3 * MINUTE, False)]
)
def test_it_is_for_a_start_now(after, holds):
    assert starts(handed(), now=NOW + after) is holds


@pytest.mark.parametrize(
    "other", [{"account": "another"}, {"config": "other"}, {"key": Secret("another key")}]
)
def test_it_is_for_this_account_and_these_settings(other):
    assert not starts(handed(), **other)


@pytest.mark.parametrize("text", ["", ".", "..", "77", f"77.{NOW}.", f"77.{NOW}.\udcff", "x.y.z"])
def test_what_was_not_made_here_starts_nothing(text):
    assert not starts(text)


def test_a_changed_one_starts_nothing():
    process, stamp, seal = handed().split(".")
    assert not starts(f"78.{stamp}.{seal}", parent=78)
    assert not starts(f"{process}.{NOW + MINUTE}.{seal}")
