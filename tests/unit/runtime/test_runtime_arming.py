"""Live trading needs every condition met and known; what no table calls tighter is looser."""

from dataclasses import replace
from pathlib import Path

import pytest

from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND
from kalshi_assistant.runtime.arming import (
    Lasting,
    Situation,
    armed,
    conditions,
    unmet,
)
from kalshi_assistant.runtime.doctor import DoctorPass

NOW = 1_795_280_400 * SECOND
FILE = Path("config.yaml")
PASSED = DoctorPass("key-1", "d1ge57", NOW - HOUR, True, ())
READY = Situation(
    mode="live",
    environment="prod",
    origins={
        "mode": "config.yaml:1:1",
        "environment": "config.yaml:2:1",
        "risk.max_order_dollars": "config.yaml:4:3",
        "risk.max_window_dollars": "config.yaml:5:3",
        "sizing.max_contracts": "config.yaml:7:3",
        "sizing.kelly_fraction": "default",
        "number.warm_seconds": "default",
    },
    file=FILE,
    switch="1",
    account="key-1",
    config="d1ge57",
    now=NOW,
    consent=True,
    consent_says="the phrase was typed",
    cash=20_000_000,
    passed=PASSED,
    netting=True,
    halts=(),
    quiet_until=None,
)


def off(**changes):
    """The names of what is not met when these things are otherwise."""
    found = conditions(replace(READY, **changes))
    assert armed(found) is (not unmet(found))
    return [each.name for each in unmet(found)]


def origin(key, where):
    return {"origins": dict(READY.origins) | {key: where}}


def test_all_met_is_armed():
    assert off() == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mode", {"mode": "watch"}),
        ("mode", origin("mode", "--mode")),
        ("mode", origin("mode", "KALSHI_ASSISTANT__MODE")),
        ("mode", origin("mode", "config.yamlx:1:1")),
        ("environment", origin("environment", "default")),
        ("environment", origin("environment", "--env")),
        ("switch", {"switch": None}),
        ("switch", {"switch": "true"}),
        ("switch", {"switch": ""}),
        ("limits", origin("risk.max_order_dollars", "default")),
        ("limits", origin("risk.max_order_dollars", "KALSHI_ASSISTANT__RISK__MAX_ORDER_DOLLARS")),
        ("limits", origin("risk.max_order_dollars", "other.yaml:4:3")),
        ("limits", origin("sizing.max_contracts", "default")),
        ("limits", origin("sizing.max_contracts", "KALSHI_ASSISTANT__SIZING__MAX_CONTRACTS")),
        ("consent", {"consent": False}),
        ("consent", {"consent": None}),
        ("funded", {"cash": None}),
        ("funded", {"cash": 999_999}),
        ("doctor", {"passed": None}),
        ("doctor", {"passed": DoctorPass("other", "d1ge57", NOW, True, ())}),
        ("doctor", {"passed": DoctorPass("key-1", "other", NOW, True, ())}),
        ("doctor", {"passed": DoctorPass("key-1", "d1ge57", NOW - 25 * HOUR, True, ())}),
        ("doctor", {"passed": DoctorPass("key-1", "d1ge57", NOW + MINUTE, True, ())}),
        ("doctor", {"passed": DoctorPass("key-1", "d1ge57", NOW, False, ("scope",))}),
        ("netting", {"netting": None}),
        ("netting", {"netting": False}),
        ("halts", {"halts": None}),
        ("halts", {"halts": ("kill: enough",)}),
        ("quiet", {"quiet_until": NOW + 1}),
    ],
)
def test_each_condition_alone_keeps_it_off(name, changes):
    assert off(**changes) == [name]


def test_without_a_file_nothing_is_named_in_it():
    assert off(file=None) == ["mode", "environment", "limits"]


@pytest.mark.parametrize("section", ["risk", "sizing.max"])
def test_limits_that_are_not_known_are_off(section):
    origins = {key: where for key, where in READY.origins.items() if section not in key}
    (found,) = unmet(conditions(replace(READY, origins=origins)))
    assert (found.name, found.met) == ("limits", None)


def test_what_is_off_says_what_to_do():
    for each in conditions(replace(READY, mode="watch", passed=None, cash=None, halts=None)):
        assert each.say
        assert each.remedy


OLD = DoctorPass("key-1", "d1ge57", NOW - 25 * HOUR, True, ())
AGREED = {}
NO_GRANT = {"consent": False, "consent_says": "the grant ran out"}


def judged(*situations):
    """What a process hears that lives through these, one after the other: the last."""
    lasting = Lasting()
    return [lasting.judge(unmet(conditions(replace(READY, **each)))) for each in situations][-1]


@pytest.mark.parametrize(
    "ends", [NO_GRANT, {"passed": OLD}, {"cash": 999_999}, {"cash": 0} | NO_GRANT]
)
def test_what_runs_out_closes_entries_alone(ends):
    closed = judged(AGREED, ends)
    assert closed.entries_only
    assert closed.why


@pytest.mark.parametrize("never", [NO_GRANT, {"passed": None}, {"passed": OLD}])
def test_what_never_was_there_closes_everything(never):
    assert not judged(never, never).entries_only


def test_a_start_with_everything_in_a_position_may_close_it():
    assert judged({"cash": 0}).entries_only
    assert judged({"cash": None}, {"cash": 0} | NO_GRANT).entries_only


@pytest.mark.parametrize(
    "ends",
    [
        {"cash": None},
        {"netting": None},
        {"switch": None},
        {"halts": ("kill file: enough",)},
        {"quiet_until": NOW + MINUTE},
        NO_GRANT | {"netting": None},
    ],
)
def test_everything_else_closes_everything(ends):
    assert not judged(AGREED, ends).entries_only
    assert judged(ends, AGREED) is None


def test_no_conditions_are_not_armed():
    assert not armed(())


def test_those_of_the_settings_are_the_first():
    names = [each.name for each in conditions(READY)][:4]
    assert names == ["mode", "environment", "switch", "limits"]
