"""What the channels of alerts log in with: from the environment, or from files for their owner."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kalshi_assistant.alerts.settings import AlertSettings, ChannelSecrets
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.settings import keyfile
from kalshi_assistant.settings.environment import SECRET_FILES, variable

_SECRET_OF: Final = {
    "telegram": "telegram_token",
    "webhook": "webhook_secret",
    "apprise": "apprise_urls",
}
_CHARACTERS_LEAST: Final = {"webhook_secret": 16}
"""A shorter secret could be guessed."""


def _path(alerts: AlertSettings, channel: str) -> Path | None:
    paths = {
        "telegram": alerts.telegram.token_path,
        "webhook": alerts.webhook.secret_path,
        "apprise": alerts.apprise.urls_path,
    }
    return paths[channel]


def faults(alerts: AlertSettings, secrets: Mapping[str, Secret]) -> list[tuple[str, str]]:
    """What does not fit together about them: ``(setting, what to write)``."""
    found: list[tuple[str, str]] = []
    for channel, name in _SECRET_OF.items():
        path, setting, given = _path(alerts, channel), SECRET_FILES[name], name in secrets
        if path is not None and given:
            found.append((setting, f"stands beside {variable(name)}; keep one of the two"))
        elif path is not None and (wrong := keyfile.fault(path)) is not None:
            found.append((setting, wrong))
        elif path is None and not given and channel in alerts.enabled:
            found.append((setting, f"is missing; name a file, or set {variable(name)}"))
    return found


def read(alerts: AlertSettings, secrets: Mapping[str, Secret]) -> ChannelSecrets:
    """The secrets of the channels that are switched on. Raises OperatorError."""
    found = {
        name: _one(name, _path(alerts, channel), secrets.get(name))
        for channel, name in _SECRET_OF.items()
        if channel in alerts.enabled
    }
    return ChannelSecrets(**found)


def _one(name: str, path: Path | None, given: Secret | None) -> Secret | None:
    secret = given if path is None else keyfile.read(path, SECRET_FILES[name])
    if secret is None:
        return None
    text = secret.reveal().strip()
    if len(text) < _CHARACTERS_LEAST.get(name, 1):
        least = _CHARACTERS_LEAST.get(name, 1)
        raise OperatorError(
            f"{variable(name)} or the file of {SECRET_FILES[name]} is too short; "
            f"write at least {least} characters"
        )
    return Secret(text)
