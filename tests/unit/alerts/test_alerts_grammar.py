"""Rules as they are written: what each means, and what is said of those that mean nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.alerts.grammar import (
    BreakerRule,
    CrossRule,
    EngineRule,
    FeedRule,
    FillRule,
    LogRule,
    LossRule,
    MoveRule,
    RuleError,
    SignalRule,
    SpreadRule,
    WindowRule,
    parse,
)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("signal any", SignalRule(None, None)),
        ("signal edge>4c", SignalRule(None, 0.04)),
        ("signal momentum", SignalRule("momentum", None)),
        ("signal delay_capture edge > $0.04", SignalRule("delay_capture", 0.04)),
        ("p crosses 0.8", CrossRule(0.8, None)),
        ("p crosses above 80%", CrossRule(0.8, "above")),
        ("p crosses below 0.2", CrossRule(0.2, "below")),
        ("index move 20bp in 60s", MoveRule(20, "bp", 60)),
        ("index move 0.2% in 1m", MoveRule(20, "bp", 60)),
        ("index move $50 in 2m", MoveRule(50, "$", 120)),
        ("spread>3c", SpreadRule(0.03)),
        ("feed stale 5s", FeedRule(None, 5)),
        ("feed any stale 5s", FeedRule(None, 5)),
        ("feed kalshi.index stale 1m", FeedRule("kalshi.index", 60)),
        ("feed down", FeedRule(None, None)),
        ("feed kalshi.book down", FeedRule("kalshi.book", None)),
        ("breaker any", BreakerRule(None)),
        ("breaker day_loss", BreakerRule("day_loss")),
        ("fill any", FillRule()),
        ("window result", WindowRule("result")),
        ("window no", WindowRule("no")),
        ("window differs", WindowRule("differs")),
        ("loss>$20", LossRule(20)),
        ("log error", LogRule("error")),
        ("engine gone", EngineRule()),
    ],
)
def test_each_condition_is_read(text, condition):
    assert parse(text).condition == condition
    assert parse(f"  {text}  ;").condition == condition


def test_what_stands_behind_the_condition_is_read_in_any_order():
    rule = parse("spread>3c; every 5m; severe; to telegram, desktop, telegram")
    assert (rule.severity, rule.channels, rule.every_seconds) == (
        "severe",
        ("telegram", "desktop"),
        300,
    )
    assert parse("spread>3c; to desktop; severe").severity == "severe"


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("breaker any", "severe"),
        ("engine gone", "severe"),
        ("loss>$1", "severe"),
        ("feed down", "warning"),
        ("log error", "warning"),
        ("fill any", "info"),
        ("breaker any; info", "info"),
    ],
)
def test_a_rule_is_as_severe_as_its_kind_unless_it_says_so(text, severity):
    assert parse(text).severity == severity


@pytest.mark.parametrize(
    ("text", "column", "remedy"),
    [
        ("", 1, "something is missing; write one of signal, p, index"),
        ("sgnal any", 1, "`sgnal` does not belong here; write one of signal"),
        ("signal egde>4c", 8, "one of edge, any, delay_capture"),
        ("signal edge", 12, "something is missing; write > and a price such as 4c"),
        ("spread>4", 8, "a price such as 4c or $0.04"),
        ("spread>0c", 8, "a price such as 4c"),
        ("spread>$4c", 8, "a price such as 4c"),
        ("spread>3c severe", 11, "a semicolon before"),
        ("p crosses 1.5", 11, "between 0 and 1"),
        ("p crosses 0.8x", 11, "such as 0.8 or 80%"),
        ("feed stale 5", 12, "such as 5s, 2m or 1h"),
        ("feed kalshi.book", 17, "one of stale, down"),
        ("index move 20 bp in 60s", 12, "such as 20bp, 0.2% or $50"),
        ("index move 20bp in 2h", 20, "from 1s to 900s"),
        ("breaker foo", 9, "one of any, kill"),
        ("window result; to mail", 19, "desktop, telegram, webhook, apprise"),
        ("fill any; severe; info", 19, "keep one"),
        ("fill any; to webhook; to desktop", 23, "keep one"),
        ("fill any; every 25h", 17, "longer than a day"),
        ("fill any, loudly", 9, "a semicolon"),
        ("fill \x00", 6, "cannot read"),
        (f"fill {'x' * 300}", 201, "at most 200 characters"),
    ],
)
def test_an_error_names_the_position_and_the_remedy(text, column, remedy):
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert caught.value.column == column
    assert remedy in str(caught.value)
    assert f"at position {column}: " in str(caught.value)


WORDS = st.sampled_from(
    ["signal", "edge", ">", "4c", "$3", "p", "crosses", "0.8", "index", "move", "20bp", "in", "60s",
     "spread", "feed", "stale", "down", "kalshi.book", "breaker", "any", ";", "to", "telegram", ",",
     "every", "severe", "window", "result", "loss", "9" * 40, "é", " "]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join), st.lists(WORDS).map("".join)))
def test_any_text_is_a_rule_or_an_error_within_it(text):
    column, rule = None, None
    try:
        rule = parse(text)
    except RuleError as error:
        column = error.column
    assert rule is not None or 1 <= column <= len(text) + 1
    assert rule is None or parse(rule.text) == rule
