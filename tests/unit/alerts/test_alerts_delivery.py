"""The process that delivers, attached to an engine over a real socket."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from kalshi_assistant.alerts.delivery import Delivery
from kalshi_assistant.alerts.settings import TelegramSettings
from kalshi_assistant.alerts.telegram import TelegramChannel
from kalshi_assistant.control.alert_report import COMMAND, decode_reports
from kalshi_assistant.domain.errors import FinalError, OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.quant.rng import stream
from tests.support import control, views
from tests.support.alert_servers import TOKEN, BotApi, serving
from tests.support.alerting import NOW, Stub, settings, until
from tests.support.control import Engine
from tests.support.control import serving as engine_serving

ANN = 111


class Showing(Engine):
    """An engine that shows what a test wants."""

    def __init__(self):
        super().__init__()
        self.shown = views.snapshot(signals=())

    def take_snapshot(self):
        return self.shown

    def fires(self, server, number=1):
        """A signal."""
        at = Nanos(self.shown.at + number)
        fired = views.signal(made_at=at, ticker=f"KXBTC15M-{number}")
        self.shown = replace(self.shown, signals=(fired, *self.shown.signals)[:50])
        server.broadcast()

    def reports(self):
        """What was told of the channels, newest last."""
        told = [each.argument for each in self.commands if each.name == COMMAND]
        return [decode_reports(each) for each in told]


@asynccontextmanager
async def delivering(directory, chosen, *channels, **options):
    """A delivery at work, what it noted and what it sent; it must end by itself or be stopped."""
    notes, sent = [], []
    made = Delivery(
        directory, chosen, channels, lambda: NOW, stream(1, "alerts"), notes.append, sent.append,
        **options,
    )  # fmt: skip
    running = asyncio.create_task(made.run())
    try:
        yield made, notes, sent, running
    finally:
        if not running.done():
            made.stop("the test is over")
        await asyncio.wait([running])


async def test_what_a_rule_finds_is_delivered_until_the_engine_ends(tmp_path):
    engine, channel = Showing(), Stub()
    chosen = settings("signal any", "engine gone")
    async with (
        engine_serving(tmp_path, engine) as server,
        delivering(tmp_path, chosen, channel) as (made, notes, _, running),
    ):
        await until(lambda: made.snapshot is not None)
        engine.fires(server)
        await until(lambda: channel.got)
        server.close("stopped by the operator")
        await asyncio.wait([running])
        await running
    titles = [each.title for each in channel.got]
    assert titles == ["Signal: YES baseline_gap, edge 2.3c", "The engine is gone"]
    assert channel.got[1].text == "it ended: stopped by the operator"
    assert channel.closed
    assert "2 messages delivered, 0 dropped" in notes[-1]


async def test_a_dead_channel_slows_nothing_and_another_still_delivers(tmp_path):
    engine, dead, well = Showing(), Stub("apprise"), Stub("webhook")
    dead.open.clear()
    chosen = settings("signal any", per_minute=60, queue=5, farewell_seconds=0)
    async with (
        engine_serving(tmp_path, engine) as server,
        delivering(tmp_path, chosen, dead, well) as (made, _, sent, _),
    ):
        await until(lambda: made.snapshot is not None)
        for number in range(20):
            engine.fires(server, number)
            await until(lambda number=number: len(well.got) == number + 1)
        assert (len(well.got), len(dead.got), len(sent)) == (20, 0, 40)
        await until(lambda: made._couriers["apprise"].dropped == 14)
        await until(lambda: any(each[0].dropped == 14 for each in engine.reports()))
    newest = engine.reports()[-1]
    assert newest[0].dropped == 20  # what still waited was not delivered at the end
    notices = [each[0].notice for each in engine.reports() if each[0].notice]
    assert "the queue of 5 is full" in notices[0]
    assert len(notices) == 1  # the next is told a minute later


async def test_a_channel_that_needs_a_person_is_told_to_the_engine_once(tmp_path):
    engine, channel = Showing(), Stub()
    channel.always = OperatorError("there is no desktop here")
    async with (
        engine_serving(tmp_path, engine) as server,
        delivering(tmp_path, settings("signal any"), channel) as (made, notes, _, _),
    ):
        await until(lambda: made.snapshot is not None)
        for number in range(3):
            engine.fires(server, number)
            await until(lambda number=number: made.policy.counts.considered == number + 1)
        await until(lambda: engine.reports() and engine.reports()[-1][0].dropped == 3)
    assert [note for note in notes if "no desktop" in note] == [
        "webhook: is off until the next start: there is no desktop here"
    ]
    told = [each[0].notice for each in engine.reports() if each[0].notice]
    assert told == ["is off until the next start: there is no desktop here"]


async def test_an_engine_that_went_away_is_waited_for_and_looked_at_anew(tmp_path):
    channel, first, second = Stub(), Showing(), Showing()
    chosen = settings("signal any", "engine gone")
    async with delivering(tmp_path, chosen, channel, patient=True) as (made, _, __, running):
        async with engine_serving(tmp_path, first) as server:
            await until(lambda: made.snapshot is not None)
            for attachment in list(server._attached):
                attachment.drop()  # as a crash does it: no goodbye
            server.close("nobody hears this")
            await until(lambda: channel.got)
        second.fires(server)  # its history is no news
        another = replace(control.HELLO, pid=4712)
        async with engine_serving(tmp_path, second, greeting=another) as server:
            await until(lambda: made.snapshot is not None and made.snapshot.signals != ())
            second.fires(server, 2)
            await until(lambda: len(channel.got) == 2)
            assert not running.done()
    assert "went away without a goodbye" in channel.got[0].text
    assert "KXBTC15M-2" in channel.got[1].text


async def test_who_lost_its_parent_tells_and_ends(tmp_path):
    engine, channel = Showing(), Stub()
    async with (
        engine_serving(tmp_path, engine) as server,
        delivering(tmp_path, settings("engine gone"), channel) as (made, _, __, task),
    ):
        await until(lambda: made.snapshot is not None)
        made.orphan("the program that started this one is gone")
        for attachment in list(server._attached):
            attachment.drop()
        await asyncio.wait([task], timeout=30)
        assert task.done()
    assert [each.title for each in channel.got] == ["The engine is gone"]


async def test_without_an_engine_there_is_nothing_to_deliver(tmp_path):
    async with delivering(tmp_path, settings("fill any"), Stub()) as (_, __, ___, running):
        with pytest.raises(FinalError, match="no engine runs"):
            await running


async def test_a_process_that_died_before_is_told_to_the_engine(tmp_path):
    engine = Showing()
    async with (
        engine_serving(tmp_path, engine),
        delivering(tmp_path, settings("fill any"), Stub(), restarts=2),
    ):
        await until(engine.reports)
    (told,) = [each for each in engine.reports()[0] if each.channel == "process"]
    assert told.notice == "the process that delivers died and was started again (2)"


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_a_command_from_telegram_reaches_the_engine(tmp_path):
    engine, api = Showing(), BotApi()
    telegram = TelegramSettings(enabled=True, users=(ANN,))
    async with serving(api) as server, engine_serving(tmp_path, engine):
        channel = TelegramChannel(Secret(TOKEN), (ANN,), str(server.make_url("/")), lambda: NOW)
        chosen = settings(telegram=telegram)
        async with delivering(tmp_path, chosen, channel) as (made, _, __, ___):
            await until(lambda: made.snapshot is not None)
            await api.until(lambda: api.polls >= 2)
            api.says(ANN, "/pause", NOW // SECOND)
            await api.until(lambda: api.sent)
    assert api.sent == [(ANN, "pause done")]
    assert [(each.name, each.argument) for each in engine.commands if each.name != COMMAND] == [
        ("pause", "telegram user 111")
    ]


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_a_revoked_token_is_one_message_and_the_rest_goes_on(tmp_path):
    engine, api, well = Showing(), BotApi(), Stub()
    api.revoked = True
    telegram = TelegramSettings(enabled=True, users=(ANN,))
    async with serving(api) as server, engine_serving(tmp_path, engine) as seen:
        channel = TelegramChannel(Secret(TOKEN), (ANN,), str(server.make_url("/")), lambda: NOW)
        chosen = settings("signal any", telegram=telegram)
        async with delivering(tmp_path, chosen, channel, well) as (made, notes, _, __):
            await until(lambda: any("revoked" in note for note in notes))
            await until(lambda: made.snapshot is not None)
            for number in range(3):
                engine.fires(seen, number)
                await until(lambda number=number: len(well.got) == number + 1)
            await until(lambda: made._couriers["telegram"].dropped == 3)
    assert TOKEN not in " ".join(notes)
    assert len([note for note in notes if "revoked" in note]) <= 2  # of the commands, of messages
