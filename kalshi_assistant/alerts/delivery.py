"""The process that delivers: attached to an engine, until it ends.

It reads snapshots like a screen, asks the policy, hands messages to the couriers, and tells the
engine how they fare. It waits for an engine that went away without a goodbye, and says that it is
gone. Nothing here can hold the engine up: it is one of its readers.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from kalshi_assistant.alerts.channel import Channel
from kalshi_assistant.alerts.courier import Courier
from kalshi_assistant.alerts.message import Outgoing
from kalshi_assistant.alerts.policy import Policy
from kalshi_assistant.alerts.remote import Remote
from kalshi_assistant.alerts.settings import AlertSettings
from kalshi_assistant.alerts.telegram import TelegramChannel
from kalshi_assistant.control.alert_report import (
    COMMAND,
    NOTICE_MAX,
    ChannelReport,
    encode_reports,
)
from kalshi_assistant.control.client import ControlClient, attach
from kalshi_assistant.domain.errors import AssistantError, FinalError, OutsideError, PassingError
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.engine.snapshot import Snapshot
from kalshi_assistant.venues.backoff import delays

REPORT_SECONDS: Final = 1.0
NOTICE_SECONDS: Final = 60.0
"""Between two notices about one channel; what comes sooner is counted and told with the next."""
ATTACH_FIRST: Final = Nanos(200 * MILLISECOND)
ATTACH_LONGEST: Final = Nanos(5 * SECOND)
ORPHAN_SECONDS: Final = 2.0
"""Our parent is gone: so long the engine's last words are waited for."""


class _Notices:
    """What has to be told about one channel: one at once, the next after a while."""

    def __init__(self) -> None:
        self._text = ""
        self._more = 0
        self._free_at = 0.0

    def add(self, text: str) -> None:
        """One more; the newest words are kept."""
        self._more += bool(self._text)
        self._text = text

    def take(self, now: float) -> str:
        """What to tell at ``now`` (seconds of the loop), or nothing."""
        if not self._text or now < self._free_at:
            return ""
        more = f" (and {self._more} more)" if self._more else ""
        said = self._text[: NOTICE_MAX - len(more)] + more
        self._text, self._more, self._free_at = "", 0, now + NOTICE_SECONDS
        return said


class Delivery:
    """One process's worth of alerts. Make it inside the event loop, then ``run``."""

    def __init__(
        self,
        directory: Path,
        settings: AlertSettings,
        channels: Sequence[Channel],
        now: Callable[[], Nanos],
        chance: np.random.Generator,
        note: Callable[[str], None],
        sent: Callable[[Outgoing], None],
        *,
        patient: bool = False,
        restarts: int = 0,
    ) -> None:
        """``note`` hears of trouble, ``sent`` of every message that is handed to its channel;
        ``patient``: wait for an engine that is not there yet; ``restarts``: how often the process
        before this one died.
        """
        self._directory, self._settings = directory, settings
        self._chance, self._note, self._sent = chance, note, sent
        self._patient, self._restarts = patient, restarts
        self.policy = Policy(settings, [channel.name for channel in channels])
        self._couriers = {
            channel.name: Courier(channel, settings.limits, chance, self._tell)
            for channel in channels
        }
        self._notices = {name: _Notices() for name in self._couriers}
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._orphaned = False
        self._client: ControlClient | None = None
        self._pid: int | None = None
        self._remote = Remote(self, now)
        self.snapshot: Snapshot | None = None
        """The newest; ``None`` while no engine is attached."""

    async def command(self, name: str, argument: str) -> str:
        """Let the engine do something; answers in its words. Raises PassingError."""
        if self._client is None:
            raise PassingError("no engine is attached")
        return (await self._client.command(name, argument)).text

    def stop(self, reason: str) -> None:
        """End in order."""
        if not self._stopping.is_set():
            self._note(f"ending: {reason}")
            self._stopping.set()

    def orphan(self, reason: str) -> None:
        """Who started this is gone: wait for the engine's last words, then end."""
        self._orphaned = True
        asyncio.get_running_loop().call_later(ORPHAN_SECONDS, self.stop, reason)

    async def run(self) -> None:
        """Deliver until the engine ends or ``stop``. Raises FinalError where no engine runs, and
        OperatorError where it is of another version.
        """
        tasks = [asyncio.create_task(courier.run()) for courier in self._couriers.values()]
        tasks += [asyncio.create_task(self._report_often()), asyncio.create_task(self._listen())]
        following = asyncio.create_task(self._follow())
        ending = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait(
                [*tasks, following, ending], return_when=asyncio.FIRST_COMPLETED
            )
            await self._farewell()
            for task in done:
                task.result()
        finally:
            for each in (*tasks, following, ending):
                each.cancel()
            await asyncio.gather(*tasks, following, ending, return_exceptions=True)
            for courier in self._couriers.values():
                await courier.channel.close()

    def summary(self) -> str:
        """What became of it all, for the end."""
        counts, total = self.policy.counts, self._couriers.values()
        held = ", ".join(f"{name} {count}" for name, count in counts.suppressed.items())
        return (
            f"{counts.considered} alerts: {sum(each.delivered for each in total)} messages "
            f"delivered, {sum(each.dropped for each in total)} dropped, held back: "
            f"{held or 'none'}; {self.policy.overruns} times more happened at once than is shown"
        )

    async def _follow(self) -> None:
        """Snapshots into messages; back after the engine's goodbye."""
        while True:
            client = await self._attach()
            if client is None:
                return
            try:
                async for snapshot in client.snapshots():
                    self.snapshot = snapshot
                    self._send(self.policy.see(snapshot))
                said = f"it ended: {client.goodbye}"
            except OutsideError as error:
                said = str(error)
            finally:
                self.snapshot = self._client = None
                goodbye = client.goodbye
                await client.close()
            self._note(f"the engine is gone: {said}")
            self._send(self.policy.gone(said))
            if goodbye is not None or self._orphaned:
                return

    async def _attach(self) -> ControlClient | None:
        """The engine, waited for; ``None``: there is no sense in waiting."""
        for pause in delays(self._chance, ATTACH_FIRST, ATTACH_LONGEST):
            try:
                client = await attach(self._directory)
            except FinalError:
                if self._pid is None and not self._patient:
                    raise
            except PassingError as error:
                self._note(str(error))
            else:
                self._greet(client)
                return client
            if self._orphaned:
                break
            await asyncio.sleep(pause / SECOND)
        return None

    def _greet(self, client: ControlClient) -> None:
        if self._pid not in (None, client.hello.pid):
            self.policy.begin_anew()
        self._client, self._pid = client, client.hello.pid
        self._note(f"attached to the engine (process {client.hello.pid})")
        self._changed.set()

    def _send(self, messages: Iterable[Outgoing]) -> None:
        for outgoing in messages:
            self._sent(outgoing)
            self._couriers[outgoing.channel].put(outgoing.message)
            self._changed.set()

    def _tell(self, channel: str, text: str) -> None:
        self._note(f"{channel}: {text}")
        self._notices[channel].add(text)
        self._changed.set()

    async def _listen(self) -> None:
        """Commands from Telegram, where they are followed at all."""
        courier = self._couriers.get("telegram")
        if courier is None or not self._settings.telegram.commands:
            await asyncio.Event().wait()
            return
        assert isinstance(courier.channel, TelegramChannel)
        waits = _Waits(self._chance, lambda text: self._tell("telegram", f"commands: {text}"))
        try:
            await courier.channel.listen(
                self._remote.answer, lambda text: self._tell("telegram", text), waits.after
            )
        except AssistantError as error:
            if courier.given_up is None:
                self._tell("telegram", f"no commands are followed: {error}")
        await asyncio.Event().wait()

    async def _report_often(self) -> None:
        """Tell the engine how the channels fare, when that has changed and not too often."""
        told: tuple[ChannelReport, ...] = ()
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            if self._client is None:
                continue
            reports = self._reports()
            if reports != told:
                told = reports
                await self._report(reports)

    def _reports(self) -> tuple[ChannelReport, ...]:
        now = asyncio.get_running_loop().time()
        found = [
            courier.report(self._notices[name].take(now))
            for name, courier in self._couriers.items()
        ]
        if self._restarts:
            said = f"the process that delivers died and was started again ({self._restarts})"
            self._restarts = 0
            found.append(ChannelReport("process", 0, 0, 0, 0, 0, said))
        return tuple(found)

    async def _report(self, reports: tuple[ChannelReport, ...]) -> None:
        if self._client is None:
            return
        try:
            reply = await self._client.command(COMMAND, encode_reports(reports))
            refusal = None if reply.ok else reply.text
        except OutsideError as error:
            refusal = str(error)
        if refusal is not None:
            self._note(f"the engine was not told how the channels fare: {refusal}")

    async def _farewell(self) -> None:
        """Deliver what waits, for a bounded time; the rest is dropped and said."""
        self._send(self.policy.close())
        couriers = list(self._couriers.values())
        try:
            async with asyncio.timeout(self._settings.limits.farewell_seconds):
                for courier in couriers:
                    await courier.drained()
        except TimeoutError:
            for courier in couriers:
                courier.abandon("the program ended")
        await self._report(self._reports())
        self._note(self.summary())


class _Waits:
    """Growing pauses after trouble, which is told once until all is well again."""

    def __init__(self, chance: np.random.Generator, tell: Callable[[str], None]) -> None:
        self._chance, self._tell = chance, tell
        self._told = ""
        self._pauses = delays(chance, Nanos(SECOND), Nanos(60 * SECOND))

    async def after(self, trouble: str | None) -> None:
        """``None``: all is well."""
        if trouble is None:
            if self._told:
                self._pauses = delays(self._chance, Nanos(SECOND), Nanos(60 * SECOND))
            self._told = ""
            return
        if trouble != self._told:
            self._told = trouble
            self._tell(trouble)
        await asyncio.sleep(next(self._pauses) / SECOND)
