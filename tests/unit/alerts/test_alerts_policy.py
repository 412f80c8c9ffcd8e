"""What is told of all that could be: repetition, routes, limits, quiet hours, digests."""

from msgspec.structs import replace

from kalshi_assistant.alerts.message import Candidate
from kalshi_assistant.alerts.policy import KEYS_MAX, Policy
from kalshi_assistant.alerts.settings import (
    AppriseSettings,
    DesktopSettings,
    QuietSettings,
)
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos, parse_iso
from tests.support import views
from tests.support.alerting import settings

NOON = parse_iso("2026-11-21T12:00:00Z")
MIDNIGHT = parse_iso("2026-11-21T23:30:00Z")


def candidate(key="", rule=0, at=NOON, **changes):
    return replace(Candidate(rule, key, at, f"title {key}", f"text {key}"), **changes)


def flood(count, rule=0):
    return [candidate(str(number), rule) for number in range(count)]


def after(seconds, start=NOON):
    return Nanos(start + round(seconds * SECOND))


def test_a_rule_that_finds_something_sends_it():
    policy = Policy(settings("signal any; severe"))
    old, new = views.snapshot(signals=()), views.snapshot(signals=(views.signal(),))
    assert policy.see(old) == []
    (sent,) = policy.see(new)
    assert sent.channel == "webhook"
    assert sent.message.severity == "severe"
    assert sent.message.rules == ("signal any; severe",)
    assert sent.message.title.startswith("Signal: YES")


def test_the_same_news_is_told_again_only_after_a_while_and_says_how_often_it_came():
    policy = Policy(settings("fill any", repeat_seconds=60))
    assert len(policy.consider([candidate("a")], NOON)) == 1
    assert policy.consider([candidate("a")], after(59)) == []
    assert len(policy.consider([candidate("b")], after(59))) == 1
    (again,) = policy.consider([candidate("a")], after(60))
    assert again.message.text == "text a\n(1 more like it since it was told last)"
    assert policy.counts.suppressed == {"repeated": 1}


def test_a_rule_may_have_a_time_of_its_own():
    policy = Policy(settings("fill any; every 5s"))
    sent = [len(policy.consider([candidate("a")], after(second))) for second in (0, 4, 5)]
    assert sent == [1, 0, 1]


def test_rules_and_channels_say_who_hears_of_what():
    chosen = settings(
        "fill any",
        "fill any; to desktop",
        "fill any; warning",
        "fill any; to telegram",
        desktop=DesktopSettings(enabled=True),
        apprise=AppriseSettings(enabled=True, least="warning"),
    )
    policy = Policy(chosen)
    routes = [
        [out.channel for out in policy.consider([candidate(str(rule), rule)], NOON)]
        for rule in range(4)
    ]
    assert routes == [
        ["desktop", "webhook"],
        ["desktop"],
        ["desktop", "webhook", "apprise"],
        [],
    ]
    assert policy.counts.suppressed == {"no_channel": 1}


def test_a_flood_becomes_a_digest():
    policy = Policy(settings("fill any", per_minute=6, digest_seconds=20))
    first = policy.consider(flood(1_000), NOON)
    assert [out.message.count for out in first] == [1, 1, 1, 1]  # two are kept for the severe
    assert policy.consider([], after(59)) == []
    (digest,) = policy.consider([], after(60))
    assert digest.message.count == 996
    assert digest.message.title == "996 alerts"
    assert digest.message.text.startswith(
        "996 x fill any\nthe last 8 of 996:\n2026-11-21T12:00:00Z"
    )
    assert "title 999" in digest.message.text


def test_what_is_severe_still_leaves_in_a_flood():
    policy = Policy(settings("fill any", "breaker any", per_minute=6))
    policy.consider(flood(100), NOON)
    (severe,) = policy.consider([candidate("x", 1)], after(1))
    assert severe.message.severity == "severe"
    assert len(policy.consider([candidate("y", 1), candidate("z", 1)], after(2))) == 1
    out = policy.consider([], after(60))
    assert [each.message.severity for each in out] == ["severe"]
    assert out[0].message.count == 97


def test_quiet_hours_keep_everything_but_the_severe_for_afterwards():
    quiet = QuietSettings(begin="22:00", end="07:00", zone="UTC")
    policy = Policy(settings("fill any", "breaker any", quiet=quiet))
    assert policy.consider(flood(3), MIDNIGHT) == []
    (severe,) = policy.consider([candidate("x", 1)], after(1, MIDNIGHT))
    assert severe.message.severity == "severe"
    morning = parse_iso("2026-11-22T07:00:00Z")
    assert policy.consider([], Nanos(morning - 1)) == []
    (digest,) = policy.consider([], morning)
    assert digest.message.count == 3


def test_the_end_sends_what_has_waited():
    policy = Policy(settings("fill any", per_minute=1))
    policy.consider(flood(3), NOON)
    (last,) = policy.close()
    assert last.message.count == 2
    assert policy.close() == []


def test_another_clock_neither_opens_nor_closes_a_limit():
    policy = Policy(settings("fill any", per_minute=1))
    assert len(policy.consider([candidate("a")], NOON)) == 1
    assert policy.consider([candidate("b")], Nanos(NOON - 60 * MINUTE)) == []
    assert policy.consider([], Nanos(NOON - 59 * MINUTE - SECOND)) == []
    assert len(policy.consider([], Nanos(NOON - 59 * MINUTE))) == 1


def test_what_is_remembered_is_bounded():
    policy = Policy(settings("fill any"))
    policy.consider(flood(KEYS_MAX + 10), NOON)
    policy.consider([candidate("0"), candidate(str(KEYS_MAX + 5))], NOON)
    assert policy.counts.suppressed == {"repeated": 1}  # the oldest was forgotten, the other not


def test_an_engine_that_is_gone_is_told():
    policy = Policy(settings("engine gone"))
    policy.see(views.snapshot())
    (sent,) = policy.gone("no goodbye")
    assert sent.message.title == "The engine is gone"
    assert sent.message.at == views.NOW
