"""``kalshi-assistant exchange`` as a user starts it: a process, a file, a signal."""

import json
import signal
import subprocess
import sys

import pytest

from kalshi_assistant.runtime.local_client import read_client_file

pytestmark = [pytest.mark.process, pytest.mark.loopback, pytest.mark.enable_socket]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_announces_itself_and_ends_in_order(tmp_path, number, code):
    command = [sys.executable, "-m", "kalshi_assistant", "exchange", "--port", "0"]
    command += ["--client-dir", str(tmp_path), "--seed", "3", "--rsa", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        line = json.loads(running.stdout.readline())
        client = read_client_file(tmp_path / "client.json")
        running.send_signal(number)
        assert running.stdout.read() == ""
        assert running.wait(20) == code
    assert line["type"] == "exchange"
    assert line["rest_url"] == client.rest_url
    assert client.rest_url.endswith("/trade-api/v2")
    assert client.ws_url.endswith("/trade-api/ws/v2")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_option_is_the_callers_mistake(tmp_path):
    command = [sys.executable, "-m", "kalshi_assistant", "exchange", "--port", "x"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
