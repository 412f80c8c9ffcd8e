"""The channels that are switched on; a missing package shows when one is used, not before."""

from collections.abc import Callable, Sequence

from kalshi_assistant.alerts.apprise import AppriseChannel
from kalshi_assistant.alerts.channel import Channel
from kalshi_assistant.alerts.desktop import DesktopChannel
from kalshi_assistant.alerts.message import CHANNELS
from kalshi_assistant.alerts.settings import AlertSettings, ChannelSecrets
from kalshi_assistant.alerts.telegram import TelegramChannel
from kalshi_assistant.alerts.webhook import WebhookChannel
from kalshi_assistant.domain.errors import AssistantError, OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import Nanos


def open_channel(
    name: str,
    settings: AlertSettings,
    secrets: ChannelSecrets,
    now: Callable[[], Nanos],
    run: str,
) -> Channel:
    """One channel; ``now`` is the true time, ``run`` names this process. Raises OperatorError."""
    if name not in settings.enabled:
        known = f"there are {', '.join(CHANNELS)}; email is an address of apprise"
        remedy = f"is off: set alerts.{name}.enabled" if name in CHANNELS else f"is none; {known}"
        raise OperatorError(f"the channel {name[:20]} {remedy}")
    match name:
        case "desktop":
            return DesktopChannel()
        case "telegram":
            telegram = settings.telegram
            token = _given(secrets.telegram_token, name)
            return TelegramChannel(token, telegram.users, telegram.api_url, now)
        case "webhook":
            webhook = settings.webhook
            secret, url = _given(secrets.webhook_secret, name), webhook.url
            assert url is not None  # the settings refuse a webhook without one
            return WebhookChannel(url, secret, now, run, settings.limits.timeout_seconds)
        case _:
            return AppriseChannel(_given(secrets.apprise_urls, name))


def open_channels(
    settings: AlertSettings, secrets: ChannelSecrets, now: Callable[[], Nanos], run: str
) -> Sequence[Channel]:
    """Every channel that is switched on. Raises OperatorError."""
    return tuple(open_channel(name, settings, secrets, now, run) for name in settings.enabled)


async def check(
    name: str, settings: AlertSettings, secrets: ChannelSecrets, now: Callable[[], Nanos]
) -> str | None:
    """What keeps a channel from delivering, with the remedy; ``None``: nothing that can be known
    without sending. Asks Telegram who the bot is.
    """
    try:
        channel = open_channel(name, settings, secrets, now, "check")
    except OperatorError as error:
        return str(error)
    try:
        await channel.check()
    except AssistantError as error:
        return str(error)
    finally:
        await channel.close()
    return None


def _given(secret: Secret | None, channel: str) -> Secret:
    if secret is None:
        raise OperatorError(f"the channel {channel} has no secret; `config check` says which")
    return secret
