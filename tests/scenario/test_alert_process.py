"""``kalshi-assistant alert run`` as a companion: a process, a socket, a webhook."""

import asyncio
import json
import os
import sys

import pytest
from msgspec.structs import replace

from tests.support import views
from tests.support.alert_servers import SECRET, Hook, serving
from tests.support.alerting import until
from tests.support.control import Engine
from tests.support.control import serving as engine_serving

pytestmark = [pytest.mark.process, pytest.mark.loopback, pytest.mark.enable_socket]


class Settling(Engine):
    """An engine whose window gets its result."""

    def __init__(self):
        super().__init__()
        self.shown = views.snapshot(windows=())

    def take_snapshot(self):
        return self.shown


async def test_a_result_arrives_and_the_goodbye_ends_it(tmp_path):
    hook, engine = Hook(), Settling()
    async with serving(hook) as web, engine_serving(tmp_path / "control", engine) as control:
        config = tmp_path / "own.yaml"
        config.write_text(
            "alerts:\n  rules: [window result, engine gone]\n  webhook:\n    enabled: true\n"
            f"    url: {web.make_url('/hook')}\n",
            encoding="utf-8",
        )
        command = ["-m", "kalshi_assistant", "alert", "run", "--tied", "--json"]
        options = ["--config", str(config), "--control-dir", str(tmp_path / "control")]
        running = await asyncio.create_subprocess_exec(
            sys.executable, *command, *options,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"KALSHI_ASSISTANT__WEBHOOK_SECRET": SECRET, "HOME": str(tmp_path)},
        )  # fmt: skip
        async with asyncio.timeout(90):
            await until_attached(running)
            engine.shown = replace(engine.shown, windows=(views.window(1),))
            control.broadcast()
            await until(lambda: hook.got)
            control.close("the test is over")
            out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    assert [each["title"] for each in hook.got] == ["Window settled YES", "The engine is gone"]
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["alert", "alert"]
    assert b"2 messages delivered, 0 dropped" in err
    assert SECRET.encode() not in out + err


async def until_attached(running):
    """Wait until the process says that it reads the engine."""
    while b"attached to the engine" not in (line := await running.stderr.readline()):
        assert line, "it ended instead"
