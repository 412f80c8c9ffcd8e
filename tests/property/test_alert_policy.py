"""The policy over any sequence of snapshots and candidates: it never raises, keeps its limits and
loses nothing without a reason.
"""

import math

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kalshi_assistant.alerts.message import TEXT_MAX, TITLE_MAX, Candidate
from kalshi_assistant.alerts.policy import Policy
from kalshi_assistant.alerts.settings import (
    AppriseSettings,
    DesktopSettings,
    QuietSettings,
)
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.engine.snapshot import BreakerView, LogLine, TradingView
from tests.support import views
from tests.support.alerting import settings

RULES = (
    "signal any", "signal edge>4c; severe", "p crosses 0.8", "p crosses below 20%",
    "index move 20bp in 60s", "index move $50 in 5s; to desktop", "spread>3c", "feed stale 5s",
    "feed kalshi.rest stale 1s; to apprise", "feed down", "breaker any", "breaker day_loss",
    "fill any; every 5s", "window result", "window differs", "loss>$20", "log warning",
    "engine gone",
)  # fmt: skip
CHANNELS = {"desktop": DesktopSettings(enabled=True),
            "apprise": AppriseSettings(enabled=True, least="warning")}  # fmt: skip

chosen = st.builds(
    lambda rules, per_minute, digest, repeat, quiet: settings(
        *rules,
        per_minute=per_minute,
        digest_seconds=digest,
        repeat_seconds=repeat,
        quiet=quiet,
        **CHANNELS,
    ),
    st.lists(st.sampled_from(RULES), max_size=6),
    st.integers(1, 10),
    st.sampled_from([0.0, 5.0, 90.0]),
    st.sampled_from([0.0, 1.0, 60.0]),
    st.sampled_from([QuietSettings(), QuietSettings(begin="12:00", end="17:10", zone="UTC")]),
)
instants = st.one_of(
    st.integers(views.NOW - 10**12, views.NOW + 10**13), st.integers(-(2**63), 2**63 - 1)
)
floats = st.one_of(st.floats(0, 1), st.sampled_from([math.nan, math.inf, -math.inf, 0.0]))
cents = st.one_of(st.integers(9_000_000, 9_200_000), st.sampled_from([0, -1, 1, 2**53]))


@st.composite
def markets(draw):
    levels = st.lists(st.tuples(st.integers(-5, 10_005), st.integers(0, 10**6)), max_size=2)
    book = views.book(known=draw(st.booleans()), bids=tuple(draw(levels)), asks=tuple(draw(levels)))
    p = draw(st.one_of(st.none(), floats))
    mid = draw(st.one_of(st.none(), floats))
    return views.market(
        ticker=draw(st.sampled_from(["A", "B"])),
        close_time=Nanos(draw(instants)),
        book=book,
        number=views.number(p_yes=p),
        market_mid=mid,
        position=Quantity(draw(st.integers(-1_000, 1_000))),
    )


@st.composite
def snapshots(draw):
    feed = st.builds(
        lambda name, state, at: views.feed(name, state=state, last_event_at=at),
        st.sampled_from(["kalshi.book", "kalshi.rest", "x"]),
        st.sampled_from(["up", "down", "waiting"]),
        st.one_of(st.none(), instants),
    )
    line = st.builds(
        LogLine,
        instants,
        st.sampled_from(["info", "warning", "error", "fill"]),
        st.sampled_from(["fill", "risk", "alerts"]),
        st.text(max_size=5),
    )
    value = draw(st.one_of(st.none(), cents))
    index = views.index(
        value=None if value is None else IndexValue(value),
        value_at=draw(st.one_of(st.none(), instants)),
        first_second=draw(st.integers(-(10**10), 10**10)),
        tail=tuple(draw(st.lists(cents, max_size=5))),
    )
    signal = views.signal(p_yes=draw(floats), seconds_left=draw(floats))
    return views.snapshot(
        at=Nanos(draw(instants)),
        market=draw(st.one_of(st.none(), markets())),
        index=index,
        feeds=tuple(draw(st.lists(feed, max_size=3))),
        log=tuple(draw(st.lists(line, max_size=4))),
        signals=draw(st.sampled_from([(), (signal,), (signal, views.signal())])),
        windows=draw(st.sampled_from([(), (views.window(1),), (views.window(1, agrees=False),)])),
        trading=draw(st.one_of(st.none(), st.just(trading(draw(st.integers(-(10**9), 10**9)))))),
    )


def trading(day_pnl):
    state = "open" if day_pnl % 2 else "closed"
    breaker = BreakerView("day_loss", state, None, None, "blocks new entries")
    return TradingView(
        closed_because=None, armed=True, venue=False, agreed=True, cash=Money(1), equity=Money(2),
        peak=Money(2), day_pnl=Money(day_pnl), worst=Money(0), orders=(), breakers=(breaker,),
        policies=(), good_windows=0, canary=False,
    )  # fmt: skip


def adds_up(policy, out):
    """Every candidate is accounted for, and every message is bounded."""
    counts = policy.counts
    assert counts.considered == counts.passed + sum(counts.suppressed.values())
    assert all(each.message.count >= 1 for each in out)
    assert all(len(each.message.title) <= TITLE_MAX for each in out)
    assert all(len(each.message.text) <= TEXT_MAX + 60 for each in out)


@given(chosen, st.lists(snapshots(), max_size=8))
def test_no_sequence_of_snapshots_makes_it_raise(picked, sequence):
    policy = Policy(picked)
    for number, snapshot in enumerate(sequence):
        adds_up(policy, policy.see(snapshot))
        if number % 3 == 2:
            adds_up(policy, policy.gone("no goodbye"))
            policy.begin_anew()
    adds_up(policy, policy.close())


candidates = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 20)), max_size=60
)


@given(
    candidates, st.integers(1, 8), st.sampled_from([0.0, 30.0]), st.sampled_from([0.0, 3.0, 60.0])
)
def test_no_minute_has_more_messages_than_allowed_and_nothing_is_lost(
    stream, per_minute, digest, repeat
):
    rules = ("fill any", "breaker any", "log error; to desktop")
    limits = {"per_minute": per_minute, "digest_seconds": digest, "repeat_seconds": repeat}
    policy = Policy(settings(*rules, **limits, **CHANNELS))
    at, sent, told = views.NOW, {}, {}
    for rule, key, seconds in stream:
        at = Nanos(at + seconds * SECOND)
        for out in policy.consider([Candidate(rule, key, at, "t", "x")], at):
            sent.setdefault(out.channel, []).append(at)
            told[out.channel] = told.get(out.channel, 0) + out.message.count
    for times in sent.values():
        for first in times:
            within = [each for each in times if first <= each < first + 60 * SECOND]
            assert len(within) <= per_minute
    for out in policy.close():
        told[out.channel] = told.get(out.channel, 0) + out.message.count
    adds_up(policy, [])
    counts = policy.counts
    for name in ("desktop", "webhook", "apprise"):
        accounted = counts.sent.get(name, 0) + counts.merged.get(name, 0) + policy.waiting(name)
        assert told.get(name, 0) == accounted
        assert policy.waiting(name) == 0


@given(candidates)
def test_what_every_channel_takes_is_told_on_every_channel_or_counted(stream):
    policy = Policy(settings("breaker any", "breaker kill", "engine gone", **CHANNELS))
    told, at = {}, views.NOW
    for rule, key, seconds in stream:
        at = Nanos(at + seconds * SECOND)
        for out in policy.consider([Candidate(rule, key, at, "t", "x")], at):
            told[out.channel] = told.get(out.channel, 0) + out.message.count
    for out in policy.close():
        told[out.channel] = told.get(out.channel, 0) + out.message.count
    passed = policy.counts.passed
    assert passed == len(stream) - policy.counts.suppressed.get("repeated", 0)
    assert all(told.get(name, 0) == passed for name in ("desktop", "webhook", "apprise"))


@given(st.lists(instants, min_size=1, max_size=20))
def test_time_may_jump_as_it_likes(times):
    quiet = QuietSettings(begin="22:00", end="07:00", zone="America/New_York")
    policy = Policy(settings("fill any", quiet=quiet, per_minute=2))
    for number, at in enumerate(times):
        plain = Candidate(0, str(number), Nanos(at), "t", "x")
        adds_up(policy, policy.consider([plain, replace(plain, key="k")], Nanos(at)))


def test_prices_of_a_book_that_make_no_sense_raise_nothing():
    policy = Policy(settings("spread>1c"))
    crossed = views.book(bids=((Price(9_999), Quantity(1)),), asks=((Price(1), Quantity(1)),))
    assert policy.see(views.snapshot(market=views.market(book=crossed))) == []
