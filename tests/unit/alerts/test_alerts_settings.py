"""What may be set, and what is said of what may not."""

import pytest

from kalshi_assistant.alerts.quiet import QuietHours
from kalshi_assistant.alerts.settings import (
    AlertSettings,
    LimitSettings,
    QuietSettings,
    TelegramSettings,
    WebhookSettings,
)
from kalshi_assistant.domain.ranges import RangeError
from kalshi_assistant.domain.time import parse_iso


def problems(make):
    with pytest.raises(RangeError) as caught:
        make()
    return dict(caught.value.problems)


def test_everything_is_off_by_default():
    assert AlertSettings().enabled == ()
    assert not AlertSettings().wanted


def test_every_wrong_rule_is_named_with_its_number_and_position():
    with pytest.raises(RangeError) as caught:
        AlertSettings(rules=("fill any", "spread>3", "sgnal any"))
    price = "`3` does not belong here; write a price such as 4c or $0.04"
    word = "`sgnal` does not belong here; write one of signal, p, index, spread, feed, breaker, "
    assert caught.value.problems == [
        ("rules", f"rule 2 `spread>3`: at position 8: {price}"),
        ("rules", f"rule 3 `sgnal any`: at position 1: {word}fill, window, loss, log, engine"),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"begin": "25:00", "end": "07:00"}, "begin", "such as 22:30"),
        ({"begin": "22:00"}, "begin", "write both or neither"),
        ({"zone": "Mars/Olympus"}, "zone", "Europe/Berlin"),
        ({"zone": "../../etc/passwd"}, "zone", "Europe/Berlin"),
    ],
)
def test_quiet_hours_are_times_of_a_day_in_a_zone(changes, field, words):
    assert words in problems(lambda: QuietSettings(**changes))[field]


@pytest.mark.parametrize(
    "url", ["ftp://example.net", "example.net/hook", "https://", "https://a b", "http://[::1"]
)
def test_a_webhook_has_an_address_of_the_web(url):
    assert "write one such as" in problems(lambda: WebhookSettings(url=url))["url"]


def test_an_address_with_a_password_is_refused_and_not_repeated():
    said = problems(lambda: WebhookSettings(url="https://u:hunter2@example.net"))["url"]
    assert "leave them out" in said
    assert "hunter2" not in said


def test_a_channel_that_is_on_says_what_it_lacks():
    assert "write the address" in problems(lambda: WebhookSettings(enabled=True))["url"]
    assert "numeric ids" in problems(lambda: TelegramSettings(enabled=True))["users"]
    assert "no groups" in problems(lambda: TelegramSettings(users=(-100123,)))["users"]


def test_retries_grow():
    wrong = {"first_retry_seconds": 10, "longest_retry_seconds": 5}
    assert "write less" in problems(lambda: LimitSettings(**wrong))["first_retry_seconds"]


def at(text):
    return parse_iso(f"2026-11-21T{text}:00Z")


def test_quiet_hours_may_go_over_midnight():
    night = QuietSettings(begin="22:00", end="07:00", zone="UTC").hours
    held = [night.hold(at(text)) for text in ("21:59", "22:00", "03:00", "06:59", "07:00")]
    assert held == [False, True, True, True, False]
    noon = QuietHours(12 * 60, 13 * 60, night.zone)
    assert [noon.hold(at(text)) for text in ("11:59", "12:00", "13:00")] == [False, True, False]


def test_quiet_hours_follow_their_zone():
    berlin = QuietSettings(begin="22:00", end="07:00", zone="Europe/Berlin").hours
    assert berlin.hold(at("21:30"))
    assert not berlin.hold(at("06:30"))


def test_quiet_hours_may_be_the_machines_own():
    here = QuietSettings(begin="00:00", end="23:59").hours
    assert here.zone is None
    assert isinstance(here.hold(at("12:00")), bool)
