"""Streams: nobody waits for a slow one."""

import asyncio

from kalshi_assistant.metrics.streaming import Streams, _Line


class Transport:
    """Remembers whether it was cut."""

    aborted = False

    def abort(self):
        self.aborted = True


class Told:
    """Documents that a test turns by hand."""

    def __init__(self):
        self.changes, self.made = 1, 0

    def document(self):
        self.made += 1
        return b"%d" % self.changes


def streams_of(told, waiting_max=3):
    return Streams(told.document, lambda: told.changes, 2, waiting_max, 0.01)


def joined(streams, waiting_max=3):
    line = _Line(waiting_max)
    line.transport = Transport()
    streams._lines.add(line)
    return line


def drained(line):
    return [line.waiting.get_nowait() for _ in range(line.waiting.qsize())]


async def test_a_document_is_made_once_for_everybody():
    told = Told()
    streams = streams_of(told)
    first, second = joined(streams), joined(streams)
    streams.send()
    assert told.made == 1
    assert drained(first) == drained(second) == [b"event: state\ndata: 1\n\n"]


async def test_what_did_not_change_is_not_sent_again():
    told = Told()
    streams = streams_of(told)
    line = joined(streams)
    streams.send()
    streams.send()
    assert len(drained(line)) == 1


async def test_a_slow_one_is_dropped_and_counted_and_the_others_go_on():
    told = Told()
    streams = streams_of(told)
    slow, quick = joined(streams), joined(streams)
    for _ in range(4):
        told.changes += 1
        streams.send()
        drained(quick)
    assert streams.dropped == {"slow": 1, "gone": 0}
    assert slow.transport.aborted
    assert not quick.transport.aborted
    assert streams.clients == 1


async def test_while_nobody_listens_nothing_is_made():
    told = Told()
    streams = streams_of(told)
    running = asyncio.create_task(streams.run())
    for _ in range(5):
        await asyncio.sleep(0)
    assert told.made == 0
    running.cancel()


async def test_at_the_end_everybody_is_let_go():
    streams = streams_of(Told())
    line = joined(streams)
    streams.close()
    assert drained(line) == [None]
    assert streams.clients == 0
