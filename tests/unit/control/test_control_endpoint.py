"""One engine per folder; what a dead one left is removed, a living one is respected."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kalshi_assistant.control import endpoint as endpoint_module
from kalshi_assistant.control.client import attach
from kalshi_assistant.control.endpoint import LOCK_NAME, SOCKET_NAME, TCP_NAME, claim, open_stream
from kalshi_assistant.control.protocol import MESSAGES, Attach, Goodbye, encode, receive
from kalshi_assistant.domain.errors import FinalError, OperatorError, PassingError
from tests.support.control import HELLO, Engine, serving, snapshot

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import sys, time
from pathlib import Path
from kalshi_assistant.control.endpoint import claim
endpoint = claim(Path(sys.argv[1]))
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_second_engine_in_the_folder_is_refused(tmp_path: Path) -> None:
    endpoint = claim(tmp_path)
    with pytest.raises(OperatorError, match=rf"already running .*process {os.getpid()}\)"):
        claim(tmp_path)
    endpoint.release()
    claim(tmp_path).release()


def test_release_leaves_no_address_and_may_be_repeated(tmp_path: Path) -> None:
    endpoint = claim(tmp_path)
    endpoint.release()
    endpoint.release()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_NAME]


@pytest.mark.process
def test_what_a_killed_engine_left_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"claimed\n"
        with pytest.raises(OperatorError, match=f"process {child.pid}"):
            claim(tmp_path)
        os.kill(child.pid, signal.SIGKILL)
    assert (tmp_path / SOCKET_NAME).exists()
    claim(tmp_path).release()


def test_a_socket_that_answers_is_respected_even_without_its_lock(tmp_path: Path) -> None:
    endpoint = claim(tmp_path)
    (tmp_path / LOCK_NAME).unlink()
    with pytest.raises(OperatorError, match="already running"):
        claim(tmp_path)
    assert (tmp_path / SOCKET_NAME).exists()
    endpoint.release()


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(OperatorError, match="chmod 700"):
        claim(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PassingError, match="cannot use the folder"):
        claim(tmp_path / "file" / "below")


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_without_unix_sockets_a_token_opens_loopback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_module, "_has_unix_sockets", lambda: False)
    async with serving(tmp_path, Engine()):
        assert (tmp_path / TCP_NAME).stat().st_mode & 0o777 == 0o600
        client = await attach(tmp_path)
        assert await anext(client.snapshots()) == snapshot(1)
        await client.close()


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_a_path_too_long_for_a_socket_is_served_on_loopback(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120)
    async with serving(directory, Engine()):
        client = await attach(directory)
        assert client.hello == HELLO
        await client.close()
    assert [path.name for path in directory.iterdir()] == [LOCK_NAME]


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_a_wrong_token_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_module, "_has_unix_sockets", lambda: False)
    async with serving(tmp_path, Engine()) as server:
        source, sink, token = await open_stream(tmp_path)
        sink.write(encode(Attach(HELLO.version, token + "x")))
        assert await receive(source, MESSAGES, 1_000) == Goodbye("the token is wrong")
        assert server.readers == 0
        sink.close()


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_a_stale_port_is_a_dead_engine_and_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_module, "_has_unix_sockets", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    (tmp_path / TCP_NAME).write_text(f'{{"port":{port},"token":"old"}}')
    with pytest.raises(FinalError, match="is dead"):
        await attach(tmp_path)
    claim(tmp_path).release()


async def test_a_half_written_address_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / TCP_NAME).write_text('{"port":')
    with pytest.raises(FinalError, match="no engine runs"):
        await attach(tmp_path)
