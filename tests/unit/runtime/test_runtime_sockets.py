"""Both clients live the same life: the same frames, refusals and ends make the same events."""

import asyncio
import contextlib
import sys

import pytest
from websockets.asyncio.server import serve

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import BookDelta, BookSnapshot, FeedBack, FeedLost
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.fast_socket import FastSocket
from kalshi_assistant.runtime.sockets import VenueSocket, socket_kind, why_closed
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings
from tests.support.clocks import HandClock
from tests.support.frame_server import SNAPSHOT, TICKER, delta

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

NOW = 1_795_280_500 * SECOND
PATIENCE_SECONDS = 20
BOTH = pytest.mark.parametrize("kind", [VenueSocket, FastSocket])


class Run:
    """A session on a socket; what it was told."""

    def __init__(self, kind, port, **options):
        self.session = KalshiSession(
            SessionSettings(first_delay_seconds=60, longest_delay_seconds=600), stream(1, "test")
        )
        self.session.watch(TICKER)
        self.events, self._arrived = [], asyncio.Event()
        url = f"ws://127.0.0.1:{port}/trade-api/ws/v2"
        self.clock = clock = HandClock(NOW)
        headers = lambda: {"X-Key": "mine"}  # noqa: E731  # a callback of one line
        self.socket = kind(url, self.session, headers, clock, self._put, **options)

    def _put(self, events):
        self.events += events
        self._arrived.set()

    async def until(self, done):
        """Wait until the events so far satisfy a condition; give them."""
        task = asyncio.create_task(self.socket.run())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not done(self.events):
                    waiting = asyncio.create_task(self._arrived.wait())
                    ended, _ = await asyncio.wait(
                        {task, waiting}, return_when=asyncio.FIRST_COMPLETED
                    )
                    waiting.cancel()
                    if task in ended:
                        task.result()
                    self._arrived.clear()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return list(self.events)


@contextlib.asynccontextmanager
async def venue(handle, **options):
    """A server of the venue's kind; its port."""
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        yield server.sockets[0].getsockname()[1]


def has(kind, count=1):
    return lambda events: sum(isinstance(event, kind) for event in events) >= count


def ended(events):
    return any(isinstance(each, FeedLost) for each in events)


async def lost_because(kind, handle, **options):
    async with venue(handle) as port:
        events = await Run(kind, port, **options).until(ended)
    (reason,) = {event.reason for event in events if isinstance(event, FeedLost)}
    return reason


FRAMES = [SNAPSHOT, *map(delta, range(2, 400))]


async def all_frames(connection):
    for number, frame in enumerate(FRAMES):
        if number % 3 == 2:  # in fragments, the last one empty
            await connection.send([frame[:50].decode(), frame[50:].decode(), ""])
        else:
            await connection.send(frame if number % 3 else frame.decode())
    await connection.wait_closed()


async def test_the_same_frames_make_the_same_events():
    seen = []
    for kind in (VenueSocket, FastSocket):
        async with venue(all_frames) as port:
            seen.append(await Run(kind, port).until(has(BookDelta, len(FRAMES) - 1)))
    assert seen[0] == seen[1]
    kinds = [type(event) for event in seen[0]]
    assert kinds == [FeedBack, BookSnapshot] + [BookDelta] * (len(FRAMES) - 1)


@BOTH
async def test_the_handshake_is_signed_pings_are_answered_and_commands_sent(kind):
    heard = []

    async def handle(connection):
        heard.append(connection.request.headers["X-Key"])
        heard.append(await connection.recv())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await (await connection.ping(b"alive?"))
        heard.append("pong")
        await connection.send(SNAPSHOT.decode())
        await connection.wait_closed()

    async with venue(handle) as port:
        await Run(kind, port).until(has(BookSnapshot))
    assert (heard[0], heard[2]) == ("mine", "pong")
    assert '"cmd":"subscribe"' in heard[1]


@BOTH
@pytest.mark.parametrize(("status", "final"), [(401, True), (503, False), (302, False)])
async def test_a_refusal_is_told_with_its_status(kind, status, final):
    def refuse(connection, request):
        response = connection.respond(status, "no\n")
        response.headers["Location"] = "http://127.0.0.1:1/"
        return response

    async with venue(all_frames, process_request=refuse) as port:
        run = Run(kind, port)
        (event,) = await run.until(bool)
    if kind is FastSocket or status != 302:  # the other client follows a redirection
        assert (event.code, event.final) == (str(status), final)
    assert run.session.state == ("refused" if final else "waiting")


@BOTH
async def test_nobody_listening_is_told(kind):
    async with venue(all_frames) as port:
        pass
    (event,) = await Run(kind, port).until(bool)
    assert (event.code, event.final) == ("no connection", False)


@BOTH
async def test_a_server_that_hangs_up_in_the_handshake_is_told(kind):
    async def hang_up(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        (event,) = await Run(kind, server.sockets[0].getsockname()[1]).until(bool)
    assert (event.code, event.final) == ("no connection", False)


@BOTH
async def test_a_connection_that_breaks_is_told(kind):
    async def handle(connection):
        await connection.recv()
        connection.transport.abort()

    assert await lost_because(kind, handle) == "the connection broke"


@BOTH
@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "restart"), (4001, "too slow")])
async def test_the_venues_goodbye_is_told_in_its_words(kind, code, reason):
    async def handle(connection):
        await connection.recv()
        await connection.close(code, reason)

    assert await lost_because(kind, handle) == f"closed by the venue with {code} {reason}".strip()


@BOTH
@pytest.mark.parametrize("fragments", [1, 3])
async def test_a_message_over_the_limit_ends_the_connection(kind, fragments):
    async def handle(connection):
        await connection.recv()
        pieces = ["x" * 60] * fragments if fragments > 1 else "x" * 180
        await connection.send(pieces)
        await connection.wait_closed()

    reason = await lost_because(kind, handle, frame_bytes_max=100)
    assert reason.startswith("closed by us with 1009")


@BOTH
@pytest.mark.parametrize("raw", [b"\xc1\x02hi", b"\x80\x02hi", b"\x01\x02hi\x81\x02ho"])
async def test_compressed_frames_and_fragments_out_of_order_end_the_connection(kind, raw):
    async def handle(connection):
        await connection.recv()
        connection.transport.write(raw)
        await connection.wait_closed()

    assert (await lost_because(kind, handle)).startswith("closed by us with 1002")


@BOTH
async def test_a_session_that_is_done_closes_the_connection(kind):
    closed = []

    async def handle(connection):
        await connection.send(SNAPSHOT.decode())
        await connection.wait_closed()
        closed.append(connection.close_code)
        run._put([])

    def close(events):
        if has(BookSnapshot)(events) and not run.session.gone:
            run.events += run.session.close(NOW)
            run.socket.nudge()
        return bool(closed)

    async with venue(handle) as port:
        run = Run(kind, port)
        await run.until(close)
    assert closed == [1000]
    assert run.session.state == "closed"


@BOTH
async def test_what_is_raised_on_a_frame_ends_the_run(kind):
    async def handle(connection):
        await connection.send(SNAPSHOT.decode())
        await connection.wait_closed()

    async with venue(handle) as port:
        run = Run(kind, port)

        def broken(frame, received_at):
            raise ZeroDivisionError

        run.session.receive = broken
        with pytest.raises(ZeroDivisionError):
            await run.until(has(BookSnapshot))


@BOTH
async def test_frames_are_written_down_under_the_feed_that_was_given(kind):
    written = []

    class Sink:
        def write(self, records):
            written.extend(records)

    async with venue(all_frames) as port:
        run = Run(kind, port, frames=Sink(), feed=Feed("other.socket"))
        await run.until(has(BookDelta, 3))
    assert {record.source for record in written} == {"other.socket"}
    assert {record.direction for record in written} == {"in", "out"}
    assert [r.frame for r in written if r.direction == "in"][:3] == FRAMES[:3]


@pytest.mark.parametrize(
    ("sent", "received", "first", "words"),
    [
        (None, None, False, "the connection broke"),
        ("1000", "1000", False, "closed by us"),
        ("1000", None, False, "closed by us"),
        ("1009 large", "1009", False, "closed by us with 1009 large"),
        ("1001", "1001 bye", True, "closed by the venue with 1001 bye"),
        (None, "4001", False, "closed by the venue with 4001"),
    ],
)
def test_who_closed_is_known_from_both_goodbyes(sent, received, first, words):
    assert why_closed(sent, received, received_first=first) == words


def test_the_setting_chooses_the_client():
    assert SessionSettings().client == "websockets"
    assert socket_kind("websockets") is VenueSocket
    assert socket_kind("picows") is FastSocket


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "picows", None)
    with pytest.raises(OperatorError, match=r"pip install 'kalshi-assistant\[fast\]'"):
        socket_kind("picows")


@BOTH
async def test_a_clock_set_back_ends_a_connection_whose_waits_are_by_the_old_one(kind):
    async with venue(all_frames) as port:
        run = Run(kind, port)

        def then(events):
            if has(BookSnapshot)(events):
                run.clock.at = NOW - 3_600 * SECOND
            return ended(events)

        await run.until(then)


@BOTH
async def test_a_clock_set_back_does_not_put_off_the_next_attempt(kind):
    """It was to come a minute after the refusal, by a clock that went back by an hour."""
    attempts = []

    def refuse(connection, request):
        attempts.append(request.path)
        run.clock.at = NOW - 3_600 * SECOND
        return connection.respond(503, "no\n")

    async with venue(all_frames, process_request=refuse) as port:
        run = Run(kind, port)
        await run.until(lambda _: len(attempts) > 1)
