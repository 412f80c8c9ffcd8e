"""Live trading as a user runs it, against the local exchange: real processes, sockets, signals.

The engine believes in wild moves and so trades in every window; what it is given no rest from is
``kill -9``. In the end its ledger and the exchange's account are the same.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import DAY, Nanos
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.runtime.clock import SystemClock
from kalshi_assistant.runtime.local_client import read_client_file
from kalshi_assistant.runtime.sending import Carrier
from kalshi_assistant.runtime.store_reading import Reading
from kalshi_assistant.venues.kalshi.orders import list_groups
from kalshi_assistant.venues.kalshi.signing import Signer
from kalshi_assistant.venues.kalshi.statements import AccountReader

pytestmark = [
    pytest.mark.long,
    pytest.mark.process,
    pytest.mark.loopback,
    pytest.mark.enable_socket,
    pytest.mark.timeout(280),
]

SPEED = 60
KILLS = 10
CONFIG = """
signal: {threshold_dollars: 0.01, haircut_share: 0, cool_down_seconds: 0, gap: {believe: model}}
number: {volatility_floor_bp: 4.0, estimates_per_second: 0}
sizing: {confidence: 0, kelly_fraction: 1, min_edge_dollars: 0}
risk: {canary_windows: 0, stale_quiet_seconds: 0, approval_milliseconds: 5000}
exits: {take_profit_dollars: 0.05}
orders: {rest_take_profit: true, rest_seconds: 300}
sources: {stale_seconds: 60}
spot: {coinbase: false, kraken: false, bitstamp: false, gemini: false, cryptocom: false,
       bullish: false, paxos: false}
"""


@contextmanager
def exchange(folder, seed):
    command = [sys.executable, "-m", "kalshi_assistant", "exchange", "--port", "0"]
    command += ["--client-dir", str(folder), "--seed", str(seed), "--speed", str(SPEED), "--json"]
    command += ["--opens-before-close", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert json.loads(running.stdout.readline())["type"] == "exchange"
        try:
            yield read_client_file(folder / "client.json")
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(20)


def assistant(folder, windows=None):
    """The command, with everything in ``folder``."""
    (folder / "config.yaml").write_text(CONFIG + f"data_dir: {folder}/d\nlog_dir: {folder}/l\n")
    command = [sys.executable, "-m", "kalshi_assistant", "run", "--env", "local"]
    command += ["--mode", "live", "--client-file", str(folder / "x" / "client.json")]
    command += ["--state-dir", str(folder / "state"), "--config", str(folder / "config.yaml")]
    command += ["--no-ui", "--json"]
    return [*command, "--windows", str(windows)] if windows else command


def account(client, folder):
    """The venue's account, and our ledger's cash, positions and trades."""

    signer = Signer.from_pem(client.key_id, Secret(Path(client.private_key_path).read_text()))

    async def read():
        carrier = Carrier(client.rest_url, signer, SystemClock())
        told = []
        clock = client.clock(SystemClock())
        reader = AccountReader(clock.now, told.extend)
        question = type("Question", (), {"since": Nanos(clock.now() - DAY)})
        assert await carrier.hold(reader.talk(question), 5.0), told
        groups = await carrier.send(list_groups(2), 5.0)
        assert len(json.loads(groups.body)["order_groups"]) <= 1, groups  # a start takes up the old
        await carrier.close()
        return told[-1]

    seen = asyncio.run(read())
    [ledger] = folder.glob("state/**/ledger.sqlite")
    with Reading.of(ledger) as found:
        held = {each.ticker: each.quantity for each in found.holdings() if each.quantity}
        return seen, found.account().cash, held, [*found.entries()]


def test_ten_kills_and_five_windows_leave_ledger_and_venue_the_same(tmp_path):
    (tmp_path / "x").mkdir()
    chance = stream(5, "kills")
    with exchange(tmp_path / "x", 3) as client:
        for _ in range(KILLS):
            running = subprocess.Popen(
                assistant(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(2.0 + 3.0 * float(chance.random()))  # real processes take real time
            os.kill(running.pid, signal.SIGKILL)
            running.wait(20)
        ended = subprocess.run(
            assistant(tmp_path, windows=5),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-2_000:]
        said = [json.loads(line) for line in ended.stdout.splitlines()]
        windows = [line for line in said if line["type"] == "window"]
        time.sleep(1.0)  # the exchange's records lag by 0.3 s
        seen, cash, held, entries = account(client, tmp_path)
    assert len(windows) == 5
    assert seen.cash == cash
    assert {each.ticker: each.quantity for each in seen.positions if each.quantity} == held
    told = sorted(each.trade_id for each in seen.fills)
    assert told == sorted(each.trade_id for each in entries if hasattr(each, "trade_id"))
    assert len(told) > 0
    assert not [each for each in seen.orders if each.status == "resting"]
    names = [each.client_order_id for each in seen.orders]
    assert len(names) == len(set(names))
