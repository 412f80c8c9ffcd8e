"""Which channels there are, and what is said of one that could not deliver."""

import pytest

from kalshi_assistant.alerts.channels import check, open_channel, open_channels
from kalshi_assistant.alerts.settings import (
    AlertSettings,
    AppriseSettings,
    ChannelSecrets,
    DesktopSettings,
    TelegramSettings,
    WebhookSettings,
)
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret
from tests.support.alert_servers import SECRET, TOKEN, BotApi, serving
from tests.support.alerting import NOW

GIVEN = ChannelSecrets(
    telegram_token=Secret(TOKEN), webhook_secret=Secret(SECRET), apprise_urls=Secret("nonsense")
)


def everything(api_url="https://api.telegram.org"):
    return AlertSettings(
        desktop=DesktopSettings(enabled=True),
        telegram=TelegramSettings(enabled=True, users=(1,), api_url=api_url),
        webhook=WebhookSettings(enabled=True, url="https://example.net/hook"),
        apprise=AppriseSettings(enabled=True),
    )


def now():
    return NOW


def test_the_channels_that_are_on_are_opened():
    assert open_channels(AlertSettings(), ChannelSecrets(), now, "run") == ()
    opened = open_channels(everything(), GIVEN, now, "run")
    assert [each.name for each in opened] == ["desktop", "telegram", "webhook", "apprise"]


@pytest.mark.parametrize("name", ["telegram", "webhook", "apprise"])
def test_a_channel_without_its_secret_is_wrong_use(name):
    with pytest.raises(OperatorError, match="has no secret"):
        open_channel(name, everything(), ChannelSecrets(), now, "run")


async def test_a_check_says_what_is_wrong_or_nothing():
    assert await check("webhook", everything(), GIVEN, now) is None
    assert "is off" in (await check("webhook", AlertSettings(), GIVEN, now) or "")
    assert "none that Apprise knows" in (await check("apprise", everything(), GIVEN, now) or "")


async def test_a_check_of_the_desktop_names_the_remedy(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert "there is no desktop here" in (await check("desktop", everything(), GIVEN, now) or "")


@pytest.mark.loopback
@pytest.mark.enable_socket
async def test_a_check_of_telegram_asks_the_bot():
    api = BotApi()
    async with serving(api) as server:
        chosen = everything(str(server.make_url("/")))
        assert await check("telegram", chosen, GIVEN, now) is None
        api.revoked = True
        said = await check("telegram", chosen, GIVEN, now)
    assert said is not None
    assert "revoked" in said
    assert TOKEN not in said
