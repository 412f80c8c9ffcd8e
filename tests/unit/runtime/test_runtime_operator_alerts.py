"""What the process that delivers alerts tells the engine: checked, journalled, shown."""

import pytest

from kalshi_assistant.control.alert_report import (
    CHANNELS_MAX,
    COMMAND,
    ChannelReport,
    encode_reports,
)
from kalshi_assistant.control.protocol import CommandRequest
from kalshi_assistant.domain.events import AlertFailed
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.journal.codec import EventRecord
from kalshi_assistant.runtime.operator import Operator
from tests.support.alerting import NOW


class Clock:
    def now(self):
        return NOW


def operator():
    put = []
    return Operator(put.append, Clock(), lambda _: None), put


def report(channel="webhook", notice="", dropped=3):
    return ChannelReport(channel, 1, 5, 100, 7, dropped, notice)


def ask(subject, argument):
    return subject.answer(CommandRequest(1, COMMAND, argument))


def test_a_report_is_shown_as_a_queue_and_trouble_becomes_an_event():
    subject, put = operator()
    told = encode_reports((report(), report("telegram", "dropped `x`: no answer")))
    assert ask(subject, told).ok
    assert put == [AlertFailed(NOW, NOW, "telegram", 3, "dropped `x`: no answer")]
    (hook, telegram) = subject.queues()
    assert (hook.name, hook.depth, hook.high_water, hook.capacity, hook.dropped) == (
        "alerts.webhook", 1, 5, 100, 3
    )  # fmt: skip
    assert telegram.name == "alerts.telegram"


def test_a_later_report_replaces_the_one_before():
    subject, put = operator()
    ask(subject, encode_reports((report(dropped=3),)))
    ask(subject, encode_reports((report(dropped=4),)))
    assert [each.dropped for each in subject.queues()] == [4]
    assert put == []


def test_what_is_no_queue_is_told_but_not_shown():
    subject, put = operator()
    ask(subject, encode_reports((ChannelReport("process", 0, 0, 0, 0, 0, "it died"),)))
    assert subject.queues() == ()
    assert len(put) == 1


@pytest.mark.parametrize(
    "argument",
    [
        "", "[]x", "{}", "[1]", '[{"channel":"x"}]',
        encode_reports((report(notice="x" * 301),)),
        encode_reports((report(channel="X y"),)),
        encode_reports((report(dropped=-1),)),
        encode_reports((report(),) * (CHANNELS_MAX + 1)),
        encode_reports((report(),)).replace("notice", "other"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_whole(argument):
    subject, put = operator()
    reply = ask(subject, argument)
    assert not reply.ok
    assert "no reports of channels" in reply.text
    assert (subject.queues(), put) == ((), [])


def test_names_do_not_pile_up():
    subject, _ = operator()
    for number in range(CHANNELS_MAX + 5):
        ask(subject, encode_reports((report(f"c{'x' * number}"),)))
    assert len(subject.queues()) == CHANNELS_MAX


def test_the_engine_writes_it_into_the_log_and_does_nothing_else():
    engine = Engine(EngineSettings())
    event = AlertFailed(NOW, NOW, "webhook", 3, "dropped `x`: no answer")
    (note,) = engine.handle(event)
    line = engine.snapshot().log[0]
    assert (line.level, line.topic) == ("warning", "alerts")
    assert line.text == note.text == "webhook: dropped `x`: no answer (3 dropped so far)"
    assert EventRecord(sequence=0, event=event, intents=(note,)).event == event
