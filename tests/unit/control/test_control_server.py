"""Engine and readers over a real local socket."""

import asyncio
import stat
from pathlib import Path

import msgspec
import pytest

from kalshi_assistant.control import client as client_module
from kalshi_assistant.control.client import attach
from kalshi_assistant.control.endpoint import SOCKET_NAME, claim, open_stream
from kalshi_assistant.control.protocol import (
    MESSAGES,
    REQUEST_BYTES_MAX,
    Attach,
    CommandReply,
    CommandRequest,
    Goodbye,
    Hello,
    SnapshotMessage,
    encode,
    receive,
)
from kalshi_assistant.control.server import ControlServer
from kalshi_assistant.control.settings import ControlSettings
from kalshi_assistant.domain.errors import FinalError, HaltError, OperatorError, PassingError
from kalshi_assistant.engine.snapshot import Snapshot
from tests.support.control import HELLO, Engine, serving, snapshot, until


async def test_a_reader_is_greeted_and_shown_the_present_state(tmp_path: Path) -> None:
    async with serving(tmp_path, Engine()) as server:
        client = await attach(tmp_path)
        assert client.hello == HELLO
        assert await anext(client.snapshots()) == snapshot(1)
        assert server.readers == 1
        await client.close()
        await until(lambda: server.readers == 0)


async def test_two_readers_see_the_same_and_one_snapshot_is_taken_for_both(
    tmp_path: Path,
) -> None:
    engine = Engine()
    async with serving(tmp_path, engine) as server:
        one, other = await attach(tmp_path), await attach(tmp_path)
        await until(lambda: server.readers == 2)
        engine.sequence, engine.asked = 2, 0
        server.broadcast()
        for client in (one, other):
            async for seen in client.snapshots():
                if seen == snapshot(2):
                    break
        assert engine.asked == 1
        await one.close()
        engine.sequence = 3
        server.broadcast()
        assert await anext(other.snapshots()) == snapshot(3)
        await other.close()


async def test_nothing_is_taken_while_nobody_reads(tmp_path: Path) -> None:
    engine = Engine()
    async with serving(tmp_path, engine) as server:
        server.broadcast()
        assert engine.asked == 0


async def test_snapshots_come_by_themselves(tmp_path: Path) -> None:
    engine = Engine()
    async with serving(tmp_path, engine, snapshots_per_second=50):
        client = await attach(tmp_path)
        async for seen in client.snapshots():
            if seen.sequence == 5:
                break
            engine.sequence = seen.sequence + 1
        await client.close()


async def test_an_unchanged_state_is_not_sent_again(tmp_path: Path) -> None:
    engine = Engine()
    async with serving(tmp_path, engine) as server:
        client = await attach(tmp_path)
        shown = client.snapshots()
        assert await anext(shown) == snapshot(1)
        server.broadcast()
        engine.sequence = 2
        server.broadcast()
        assert await anext(shown) == snapshot(2)
        await client.close()


async def test_a_command_reaches_the_engine_and_its_answer_the_reader(tmp_path: Path) -> None:
    engine = Engine()
    async with serving(tmp_path, engine):
        client = await attach(tmp_path)
        assert await client.command("pause", "lunch") == CommandReply(1, True, "pause done")
        assert await client.command("resume") == CommandReply(2, True, "resume done")
        assert engine.commands == [
            CommandRequest(1, "pause", "lunch"),
            CommandRequest(2, "resume", ""),
        ]
        await client.close()


async def test_an_answer_may_take_its_time_and_others_go_on(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def slow(request: CommandRequest) -> CommandReply:
        if request.name == "slow":
            await release.wait()
        return CommandReply(request.id, True, request.name)

    async with serving(tmp_path, Engine(), answer=slow):
        one, other = await attach(tmp_path), await attach(tmp_path)
        waiting = asyncio.create_task(one.command("slow"))
        assert (await other.command("fast")).text == "fast"
        release.set()
        assert (await waiting).text == "slow"
        await one.close()
        await other.close()


async def test_a_refused_command_comes_back_in_words(tmp_path: Path) -> None:
    def refuse(request: CommandRequest) -> CommandReply:
        raise HaltError("halted by risk: a person clears it")

    async with serving(tmp_path, Engine(), answer=refuse):
        client = await attach(tmp_path)
        reply = await client.command("arm")
        assert reply == CommandReply(1, False, "halted by risk: a person clears it")
        await client.close()


async def test_a_bug_in_the_engine_comes_out_of_the_server(tmp_path: Path) -> None:
    def broken(request: CommandRequest) -> CommandReply:
        raise ZeroDivisionError

    server = ControlServer(
        claim(tmp_path), HELLO, Engine().take_snapshot, broken, ControlSettings()
    )
    running = asyncio.create_task(server.run())
    client = await attach(tmp_path)
    with pytest.raises(PassingError, match="went away without a goodbye"):
        await client.command("pause")
    with pytest.raises(ExceptionGroup) as caught:
        await running
    assert caught.group_contains(ZeroDivisionError)
    await client.close()
    claim(tmp_path).release()


async def test_a_reader_that_does_not_read_holds_nobody_up_and_is_dropped(tmp_path: Path) -> None:
    engine = Engine()
    async with serving(tmp_path, engine, stalled_seconds=0.2) as server:
        _, sink, token = await open_stream(tmp_path)
        sink.transport.pause_reading()
        sink.write(encode(Attach(HELLO.version, token)))
        client = await attach(tmp_path)
        await until(lambda: server.readers == 2)
        engine.padding = 1_000_000
        shown = client.snapshots()
        for sequence in range(2, 6):
            engine.sequence = sequence
            server.broadcast()
            while (await anext(shown)).sequence != sequence:
                pass
        await until(lambda: server.readers == 1)
        assert (await client.command("still")).ok
        await client.close()
        sink.close()


async def test_a_slow_reader_gets_the_newest_when_it_reads_again(tmp_path: Path) -> None:
    engine = Engine()
    async with serving(tmp_path, engine) as server:
        source, sink, token = await open_stream(tmp_path)
        sink.write(encode(Attach(HELLO.version, token)))
        assert isinstance(await receive(source, MESSAGES, 10_000), Hello)
        sink.transport.pause_reading()
        engine.padding = 2_000_000
        for sequence in range(2, 100):
            engine.sequence = sequence
            server.broadcast()
            await asyncio.sleep(0)
        sink.transport.resume_reading()
        seen: list[int] = []
        while not seen or seen[-1] != 99:
            message = await receive(source, MESSAGES, 10_000_000)
            assert isinstance(message, SnapshotMessage)
            seen.append(message.snapshot.sequence)
        assert len(seen) < 10
        sink.close()


async def test_a_reader_that_only_asks_is_dropped(tmp_path: Path) -> None:
    def long_answer(request: CommandRequest) -> CommandReply:
        return CommandReply(request.id, True, "x" * 100_000)

    async with serving(tmp_path, Engine(), answer=long_answer) as server:
        _, sink, token = await open_stream(tmp_path)
        sink.transport.pause_reading()
        sink.write(encode(Attach(HELLO.version, token)))
        await until(lambda: server.readers == 1)
        for number in range(500):
            sink.write(encode(CommandRequest(number, "x", "")))
        await until(lambda: server.readers == 0)
        sink.close()


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"\x05\0\0\0hello", encode(CommandRequest(1, "x", ""))]
)
async def test_who_does_not_introduce_itself_is_sent_away(tmp_path: Path, said: bytes) -> None:
    async with serving(tmp_path, Engine()) as server:
        source, sink, _ = await open_stream(tmp_path)
        sink.write(said)
        assert await receive(source, MESSAGES, 1_000) == Goodbye("the introduction made no sense")
        assert await source.read() == b""
        assert server.readers == 0
        sink.close()


async def test_who_says_nothing_is_sent_away(tmp_path: Path) -> None:
    async with serving(tmp_path, Engine(), attach_seconds=0.02):
        source, sink, _ = await open_stream(tmp_path)
        assert await receive(source, MESSAGES, 1_000) == Goodbye("no introduction came")
        sink.close()


async def test_an_oversized_request_ends_the_connection(tmp_path: Path) -> None:
    async with serving(tmp_path, Engine()) as server:
        client = await attach(tmp_path)
        await until(lambda: server.readers == 1)
        with pytest.raises(PassingError):
            await client.command("x" * (REQUEST_BYTES_MAX + 1))
        await until(lambda: server.readers == 0)
        await client.close()


async def test_one_reader_too_many_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, Engine(), readers_max=1) as server:
        client = await attach(tmp_path)
        await until(lambda: server.readers == 1)
        other = await attach(tmp_path)
        assert [seen async for seen in other.snapshots()] == []
        assert other.goodbye == "1 readers are attached already; close one of them"
        await client.close()
        await other.close()


async def test_readers_are_told_why_the_engine_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, Engine()) as server:
        client = await attach(tmp_path)
        server.close("stopped by the operator")
        assert [seen async for seen in client.snapshots()] == [snapshot(1)]
        assert client.goodbye == "stopped by the operator"
        with pytest.raises(PassingError, match="stopped by the operator"):
            await client.command("pause")
        await client.close()


async def test_an_engine_that_dies_is_an_error_to_its_readers(tmp_path: Path) -> None:
    engine = Engine()
    server = ControlServer(
        claim(tmp_path), HELLO, engine.take_snapshot, engine.answer, ControlSettings()
    )
    running = asyncio.create_task(server.run())
    client = await attach(tmp_path)
    shown = client.snapshots()
    assert await anext(shown) == snapshot(1)
    running.cancel()
    await asyncio.wait([running])
    with pytest.raises(PassingError, match=r"process 4711\) went away without a goodbye"):
        await anext(shown)
    await client.close()


async def test_an_answer_that_never_comes_is_an_error(tmp_path: Path) -> None:
    async def never(request: CommandRequest) -> CommandReply:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(tmp_path, Engine(), answer=never):
        client = await attach(tmp_path)
        with pytest.raises(PassingError, match=r"did not answer 'pause' in 0\.01 s"):
            await client.command("pause", seconds=0.01)
        await client.close()


async def test_a_command_is_carried_out_even_when_its_reader_is_gone(tmp_path: Path) -> None:
    begun, release, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def flatten(request: CommandRequest) -> CommandReply:
        begun.set()
        await release.wait()
        done.set()
        return CommandReply(request.id, True, "flat")

    async with serving(tmp_path, Engine(), answer=flatten):
        _, sink, token = await open_stream(tmp_path)
        sink.write(encode(Attach(HELLO.version, token)) + encode(CommandRequest(1, "flatten", "")))
        await begun.wait()
        sink.transport.abort()
        release.set()
        await done.wait()


async def test_no_engine_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FinalError, match=r"no engine runs in .*kalshi-assistant run"):
        await attach(tmp_path)


async def test_a_dead_engine_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    endpoint = claim(tmp_path)
    endpoint.listener.close()
    with pytest.raises(FinalError, match=r"is dead .*kalshi-assistant run"):
        await attach(tmp_path)
    endpoint.release()


async def test_an_engine_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    endpoint = claim(tmp_path)
    with pytest.raises(PassingError, match=r"did not answer in 0\.02 s"):
        await attach(tmp_path, seconds=0.02)
    endpoint.release()


async def test_an_engine_of_another_version_is_the_operators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, Engine()):
        monkeypatch.setattr(client_module, "PROTOCOL_VERSION", 2)
        with pytest.raises(OperatorError, match=r"process 4711\) is kalshi-assistant 0\.1\.0"):
            await attach(tmp_path)


async def test_a_reader_of_another_version_is_told_what_is_here(tmp_path: Path) -> None:
    async with serving(tmp_path, Engine()) as server:
        source, sink, token = await open_stream(tmp_path)
        sink.write(encode(Attach(99, token)))
        assert await receive(source, MESSAGES, 10_000) == HELLO
        assert isinstance(await receive(source, MESSAGES, 10_000), Goodbye)
        assert server.readers == 0
        sink.close()


async def test_the_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    async with serving(tmp_path / "new", Engine()):
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "new" / SOCKET_NAME).stat().st_mode) == 0o600


async def test_a_snapshot_larger_than_the_stream_buffer_arrives(tmp_path: Path) -> None:
    engine = Engine()
    engine.padding = 3_000_000
    async with serving(tmp_path, engine):
        client = await attach(tmp_path)
        seen: Snapshot = await anext(client.snapshots())
        assert len(seen.config) == 3_000_000
        await client.close()


def test_every_message_is_a_tagged_map() -> None:
    payload = encode(HELLO)[4:]
    assert msgspec.msgpack.decode(payload)["type"] == "Hello"
