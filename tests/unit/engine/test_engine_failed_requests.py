"""The error rate counts every request about our orders or account that failed, and nothing else."""

import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.engine.feeds import REST
from kalshi_assistant.risk.limits import RiskSettings
from tests.support.build import ns
from tests.support.trading_desk import AT, changed, live, ours

MOST = 3


def desk():
    return live(risk=RiskSettings(canary_windows=0, max_errors_per_minute=MOST))


def refused(request, code="unreachable", text="not sent: no connection", feed=REST, at=AT):
    return e.RequestRefused(ns(at), ns(at), feed, request, code, text, False)


def is_paused(subject):
    standing = subject.state.breakers.blocks("entry", subject.state.now)
    return standing is not None and standing.breaker == "errors"


def fed(event, times=MOST + 1):
    """Whether the breaker of errors is open after so many of these."""
    subject = desk()
    for number in range(times):
        subject.feed(event(AT + number))
    return is_paused(subject)


FAILED = {
    "account unreachable": ("account", "unreachable", "no answer in time"),
    "account 429": ("account", "too many requests", "HTTP 429"),
    "look up 503": ("look up n-1-1", "503", "HTTP 503"),
    "amend 429": ("amend n-1-1", "429", "HTTP 429"),
    "amend without a connection": ("amend n-1-1", "not_sent", "not sent: no connection"),
    "cancel": ("cancel n-1-1", "not_yet", "no answer in time"),
}
NOT_FAILED = {
    "closing": ("decrease n-1-1", "closing", "closing: not sent"),
    "lease": ("amend n-1-1", "not_sent", "the lease is lost"),
    "not allowed": ("amend n-1-1", "not_allowed", "the lease is lost"),
    "no tokens": ("amend n-1-1", "no_write_tokens", "no write tokens: not sent"),
    "another order": ("look up n-1-1", "mismatch", "found in another market"),
    "gone": ("look up n-1-1", "not_found", "the records no longer have it"),
    "of markets": ("series", "503", "HTTP 503"),
}


@pytest.mark.parametrize("name", FAILED)
def test_a_request_that_failed_counts_each_time(name):
    assert fed(lambda at: refused(*FAILED[name], at=at))
    assert not fed(lambda at: refused(*FAILED[name], at=at), MOST)


@pytest.mark.parametrize("name", NOT_FAILED)
def test_what_was_not_sent_by_choice_or_answered_does_not(name):
    assert not fed(lambda at: refused(*NOT_FAILED[name], at=at))


def test_what_paper_refuses_does_not():
    assert not fed(lambda at: refused("amend n-1-1", "not_found", "x", Feed("paper"), at))


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        ("not sent: 127.0.0.1: connection refused", True),
        ("rate limited, not sent again", True),
        ("too_old", False),
        ("no write tokens: not sent", False),
        ("closing: not sent", False),
    ],
)
def test_an_order_that_failed_on_its_way_counts(reason, counts):
    subject = desk()
    for number in range(MOST + 1):
        order = subject.knows(ours(number + 1))
        subject.feed(changed("rejected", order, at=AT + number, reason=reason))
    assert is_paused(subject) is counts
