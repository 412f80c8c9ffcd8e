"""The bot against a local server that speaks Telegram's Bot API."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest

from kalshi_assistant.alerts.channel import RetryLaterError
from kalshi_assistant.alerts.telegram import REVOKED, TelegramChannel
from kalshi_assistant.domain.errors import FinalError, OperatorError, PassingError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import SECOND
from tests.support.alert_servers import TOKEN, BotApi, serving
from tests.support.alerting import NOW, message

pytestmark = [pytest.mark.loopback, pytest.mark.enable_socket]

ANN, BOB, EVE = 111, 222, 666
NOW_SECOND = NOW // SECOND


@asynccontextmanager
async def bot(*users, token=TOKEN):
    """A server and a channel to it."""
    api = BotApi()
    async with serving(api) as server:
        channel = TelegramChannel(
            Secret(token), users or (ANN,), str(server.make_url("/")), lambda: NOW
        )
        try:
            yield api, channel
        finally:
            await channel.close()


class Listening:
    """What a listener was asked and told; it answers in capitals."""

    def __init__(self):
        self.asked, self.told, self.waits = [], [], []

    async def answer(self, user, text):
        self.asked.append((user, text))
        return text.upper()

    async def wait(self, trouble):
        if trouble is not None:
            self.waits.append(trouble)
        await asyncio.sleep(0)

    @asynccontextmanager
    async def at(self, channel):
        running = asyncio.create_task(channel.listen(self.answer, self.told.append, self.wait))
        try:
            yield running
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_a_message_goes_to_every_user():
    async with bot(ANN, BOB) as (api, channel):
        assert await channel.send(message(1, "severe")) == "delivered to 2 users"
        assert api.sent == [(ANN, "‼ title 1\ntext"), (BOB, "‼ title 1\ntext")]


async def test_a_long_message_is_cut_to_what_telegram_takes():
    async with bot() as (api, channel):
        await channel.send(message(1, text="x" * 10_000))
        assert len(api.sent[0][1]) == 4_000
        assert api.sent[0][1].endswith("...")


async def test_the_check_asks_the_bot_who_it_is():
    async with bot() as (api, channel):
        await channel.check()
        api.revoked = True
        with pytest.raises(OperatorError) as caught:
            await channel.check()
        assert str(caught.value) == REVOKED


@pytest.mark.parametrize("token", [TOKEN, "not a token", "1/../..:x"])
async def test_a_revoked_or_mistyped_token_is_one_clear_message_without_the_token(token, caplog):
    caplog.set_level(logging.DEBUG)
    async with bot(token=token) as (api, channel):
        api.revoked = True
        with pytest.raises(OperatorError, match="revoked or is mistyped") as caught:
            await channel.send(message())
        seen = f"{caught.value!r} {caught.value.__cause__!r} {channel!r}"
    assert token not in seen
    assert caught.value.__suppress_context__
    said = [each.getMessage() for each in caplog.records if each.name != "aiohttp.access"]
    assert not [line for line in said if token in line]  # the server's own log does not count


async def test_a_flood_is_waited_for_as_long_as_telegram_says():
    async with bot() as (api, channel):
        api.flood_seconds = 17
        with pytest.raises(RetryLaterError) as caught:
            await channel.send(message())
        assert caught.value.seconds == 17


async def test_trying_again_writes_only_to_those_who_have_not_got_it():
    async with bot(ANN, BOB) as (api, channel):
        api.blocked = {ANN}
        with pytest.raises(FinalError, match=f"user {ANN} has blocked the bot"):
            await channel.send(message(1))
        api.blocked = set()
        await channel.send(message(1))
        assert [user for user, _ in api.sent] == [BOB, ANN]


async def test_a_user_who_never_wrote_to_the_bot_is_named_with_the_remedy():
    async with bot() as (api, channel):
        api.unknown = {ANN}
        with pytest.raises(FinalError, match=f"user {ANN}: write /start to the bot first"):
            await channel.send(message())


async def test_a_dead_server_is_to_be_tried_again():
    async with bot() as (_, channel):
        pass
    with pytest.raises(PassingError, match="cannot be reached") as caught:
        await channel.send(message())
    await channel.close()
    assert TOKEN not in str(caught.value)


async def test_a_command_of_an_allowed_user_is_answered():
    async with bot(ANN, BOB) as (api, channel):
        listening = Listening()
        async with listening.at(channel):
            await api.until(lambda: api.polls >= 2)
            api.says(BOB, "/status", NOW_SECOND)
            await api.until(lambda: api.sent)
        assert (listening.asked, api.sent) == ([(BOB, "/status")], [(BOB, "/STATUS")])


async def test_strangers_groups_and_bots_are_ignored_and_told_of_once():
    async with bot(ANN) as (api, channel):
        listening = Listening()
        async with listening.at(channel):
            await api.until(lambda: api.polls >= 2)
            api.says(EVE, "/kill", NOW_SECOND)
            api.says(EVE, "/kill", NOW_SECOND)
            api.says(ANN, "/kill", NOW_SECOND, chat="group")
            api.says(ANN, "/status", NOW_SECOND)
            await api.until(lambda: api.sent)
        assert listening.asked == [(ANN, "/status")]
        assert [f"user {EVE}" in told for told in listening.told] == [True, False]


async def test_an_old_command_is_not_followed():
    async with bot() as (api, channel):
        listening = Listening()
        async with listening.at(channel):
            await api.until(lambda: api.polls >= 2)
            api.says(ANN, "/pause", NOW_SECOND - 61)
            await api.until(lambda: api.sent)
        assert listening.asked == []
        assert "too old" in api.sent[0][1]


async def test_what_waited_while_we_were_away_is_not_worked_off():
    async with bot() as (api, channel):
        for number in range(5):
            api.says(ANN, f"/pause {number}", NOW_SECOND)
        listening = Listening()
        async with listening.at(channel):
            await api.until(lambda: api.sent)
        assert listening.asked == [(ANN, "/pause 4")]


async def test_a_token_that_is_revoked_while_listening_ends_it_with_one_message():
    async with bot() as (api, channel):
        listening = Listening()
        async with listening.at(channel) as running:
            await api.until(lambda: api.polls >= 2)
            api.revoked = True
            api.says(ANN, "/status", NOW_SECOND)  # wakes the poll; the next is refused
            with pytest.raises(OperatorError) as caught:
                async with asyncio.timeout(30):
                    await running
        assert str(caught.value) == REVOKED


async def test_another_reader_of_the_same_bot_is_said():
    async with bot() as (api, channel):
        api.conflict = True
        listening = Listening()
        async with listening.at(channel):
            await api.until(lambda: api.polls >= 2)
        assert "another program reads this bot's commands" in listening.waits[0]
