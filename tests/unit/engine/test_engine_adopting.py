"""Settings that change while the engine runs: as if it had begun with them, or not at all."""

from dataclasses import replace

import pytest

from kalshi_assistant.domain.events import OperatorResumed, SettingsChanged
from kalshi_assistant.domain.intents import Announce, Note
from kalshi_assistant.engine.changes import LEARNT_UNDER, SECTIONS
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.execution.terms import OrderSettings
from kalshi_assistant.quant.layout import M_BLOCK, M_PRECISION, M_RISK, M_SIZE, R_P, R_WARM
from kalshi_assistant.risk.limits import RiskSettings
from tests.support import build, tapes
from tests.support.build import OPEN, STRIKE, ns
from tests.support.nudged import keys, nudged, with_values

AT = ns(OPEN)
OPENING = tapes.one_window()[:12]
START = replace(tapes.SETTINGS, risk=RiskSettings(day_loss_ends_with_day=True))


def changed(settings, at=AT, config=None):
    return SettingsChanged(at, at, settings.as_json(), config or settings.digest)


def begun(settings):
    """An engine set up with these from the start."""
    subject = Engine(settings)
    subject.handle(OperatorResumed(AT, AT))
    return subject


def adopted(settings, start=START):
    """One that was set up otherwise, and told of these."""
    subject = Engine(start)
    (note,) = subject.handle(changed(settings))
    assert note.topic == "settings", note
    assert subject.settings == settings, note
    return subject


def arrays(subject):
    """All numbers that the compiled part reads."""
    state = subject._state
    markets = [each.book.array.tolist() for each in state.markets.values()]
    return state.index.array.tolist(), state.index.real[:R_P].tolist(), markets


def asked(subject):
    """What of them is a setting, and what a market is told from outside."""
    index, real, markets = arrays(subject)
    told = [[each[slot] for slot in (M_SIZE, M_BLOCK, M_RISK, M_PRECISION)] for each in markets]
    return index, real[R_WARM:], told


def holders(found, seen):
    """Every frozen settings object that an engine's state refers to."""
    if id(found) in seen:
        return
    seen[id(found)] = found
    if type(found).__name__.endswith("Settings"):
        yield found
        return
    if isinstance(found, dict):
        inside = [*found.values()]
    elif isinstance(found, (list, tuple, set, frozenset)) or type(found).__name__ == "deque":
        inside = [*found]
    else:
        names = [name for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())]
        inside = [getattr(found, name) for name in names if hasattr(found, name)]
        inside += vars(found).values() if hasattr(found, "__dict__") else []
    for each in inside:
        if each is not None and not isinstance(each, (str, bytes, int, float, type)):
            yield from holders(each, seen)


@pytest.mark.parametrize("key", keys())
def test_each_setting_is_taken_wherever_it_was_written_down(key):
    wanted = nudged(START, key)
    assert wanted != START
    one, other = begun(wanted), Engine(START)
    for event in OPENING:
        one.handle(event)
        other.handle(event)
    other.handle(changed(wanted, OPENING[-1].received_at))
    assert other.settings == wanted
    assert asked(other) == asked(one)
    assert [*map(repr, holders(other._state, {}))] == [*map(repr, holders(one._state, {}))]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_window_under_new_settings_goes_as_if_they_had_always_been_there(section):
    wanted = nudged(START, *(key for key in keys() if key.startswith(f"{section}.")))
    one, other = begun(wanted), adopted(wanted)
    for event in tapes.one_window():
        assert one.handle(event) == other.handle(event)
    assert one.fingerprint() == other.fingerprint()


CHEAP = {"bids": ((1_000, 50_000),), "asks": ((1_200, 50_000),)}


def offered_a_wide_edge(wanted):
    """What an engine answers that was told of these a minute into a window, then of the edge."""
    subject, at = Engine(START), OPEN + 60
    for event in (build.armed(OPEN), build.history(at), build.listed(at), build.book(at)):
        subject.handle(event)
    subject.handle(build.printed(at, STRIKE))
    subject.handle(changed(wanted, ns(at)))
    found = [*subject.handle(build.book(at + 1, **CHEAP)), *subject.handle(build.timer(at + 1))]
    return subject, [each.signal for each in found if isinstance(each, Announce)]


def test_signals_carry_the_name_of_the_settings_they_were_made_under():
    wanted = with_values(START, {"signal.threshold_dollars": 0.02})
    subject, (signal,) = offered_a_wide_edge(wanted)
    assert signal.config == wanted.digest != START.digest
    assert subject.snapshot().config == wanted.digest


def test_a_stricter_threshold_is_felt_at_the_next_event():
    wanted = with_values(START, {"signal.threshold_dollars": 0.9})
    subject, signals = offered_a_wide_edge(wanted)
    assert signals == []
    assert subject.snapshot().market.veto == "edge_below_threshold"


LIVE = replace(START, mode="live")


@pytest.mark.parametrize(
    ("start", "values"),
    [
        (START, {"risk.max_order_dollars": 20.5}),
        (START, {"risk.min_cash_dollars": 1.0}),
        (START, {"risk.small_loss_dollars": 0.4}),
        (START, {"sizing.max_risk_dollars": 21.0}),
        (START, {"sizing.max_contracts": 501.0}),
        *((START, {key: 0.5}) for key in sorted(LEARNT_UNDER)),
        (START, {"paper.cash_dollars": 2_000.0}),
        (START, {"sources.stale_seconds": 3.0}),
        (START, {"replica.deviation": 0.004}),
        (START, {"account.subaccount": 1}),
        (START, {"mode": "live"}),
        (START, {"environment": "prod"}),
        (START, {"polled": True}),
        (START, {"namespace": "other"}),
        (START, {"signal.threshold_dollars": 0.04, "risk.max_order_dollars": 20.5}),
        (LIVE, {"signal.threshold_dollars": 0.02}),
        (LIVE, {"signal.highest_probability": 0.98}),
        (LIVE, {"signal.max_book_age_seconds": 0.0}),
        (LIVE, {"sizing.kelly_fraction": 0.5}),
        (LIVE, {"exits.flip": True}),
        (LIVE, {"orders.style": "make"}),
        (LIVE, {"number.tail_degrees": 5.0}),
    ],
)
def test_what_loosens_or_may_not_change_is_refused_whole(start, values):
    subject = Engine(start)
    before = arrays(subject)
    (note,) = subject.handle(changed(with_values(start, values)))
    assert (note.level, note.topic) == ("error", "settings")
    assert [*values][-1] in note.text
    assert subject.settings is start
    assert arrays(subject) == before


@pytest.mark.parametrize(
    "values",
    [
        {"signal.threshold_dollars": 0.04},
        {"signal.highest_probability": 0.9, "sizing.kelly_fraction": 0.1},
        {"risk.max_day_loss_dollars": 50.0, "risk.canary_windows": 30},
        {"signal.gap.enabled": False, "number.stale_seconds": 3.0},
    ],
)
def test_live_what_gets_tighter_is_taken(values):
    adopted(with_values(LIVE, values), LIVE)


@pytest.mark.parametrize("text", ["", "{", '{"number": 5}', '{"risk": {"max_order_dollars": -1}}'])
def test_settings_that_make_no_sense_are_refused(text):
    subject = Engine(START)
    (note,) = subject.handle(SettingsChanged(AT, AT, text, "0" * 12))
    assert isinstance(note, Note)
    assert note.level == "error"
    assert subject.settings is START


def test_settings_under_a_name_that_is_not_theirs_are_refused():
    subject = Engine(START)
    wanted = with_values(START, {"orders.style": "make"})
    subject.handle(changed(wanted, config=START.digest))
    assert subject.settings is START


def test_the_same_settings_again_are_no_news():
    assert Engine(START).handle(changed(START)) == ()


def test_what_was_counted_against_a_limit_stays_counted_when_it_gets_tighter():
    subject = Engine(START)
    for second in range(4):
        assert subject._state.breakers.error(ns(OPEN + second)) == ()
    subject.handle(changed(with_values(START, {"risk.max_errors_per_minute": 4}), ns(OPEN + 5)))
    (halt,) = subject._state.breakers.error(ns(OPEN + 6))
    assert halt.breaker == "errors"


def test_defaults_of_an_order_style_can_be_changed_on_paper():
    wanted = replace(START, orders=OrderSettings(style="make", rest_seconds=30))
    assert adopted(wanted).settings.orders.style == "make"


def test_an_engine_of_defaults_has_only_keys_that_are_sorted_into_one_of_the_three():
    from kalshi_assistant.engine.changes import changes

    for key in keys():
        (found,) = changes(EngineSettings(), nudged(EngineSettings(), key))
        assert (found.key, found.effect in ("now", "restart", "looser")) == (key, True)
