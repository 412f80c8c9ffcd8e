"""Settings from environment variables: ``KALSHI_ASSISTANT__SECTION__KEY``.

A value is read as the file would read it, except where the setting is a text or a path: then it is
taken as it stands. Secrets may come from here and nowhere else (or from a key file that a setting
names).
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.settings.file import plain
from kalshi_assistant.settings.located import Located, Plain, Problem, SettingsError, put

PREFIX: Final = "KALSHI_ASSISTANT__"
_NEAR_PREFIX: Final = "KALSHI_ASSISTANT_"
SECRETS: Final = (
    "private_key",
    "private_key_passphrase",
    "cf_user",
    "cf_key",
    "http_token",
    "telegram_token",
    "webhook_secret",
    "apprise_urls",
)
"""Taken from the environment only; never part of the settings themselves."""
SECRET_FILES: Final = {
    "private_key": "private_key_path",
    "private_key_passphrase": "private_key_path",
    "telegram_token": "alerts.telegram.token_path",
    "webhook_secret": "alerts.webhook.secret_path",
    "apprise_urls": "alerts.apprise.urls_path",
}
"""The setting that names a file in place of a variable."""


def variable(key: str) -> str:
    """The variable of a setting: ``risk.max`` is ``KALSHI_ASSISTANT__RISK__MAX``."""
    return PREFIX + key.replace(".", "__").upper()


def secrets(environ: Mapping[str, str]) -> dict[str, Secret]:
    """The secrets that are set; line breaks in a key may be written as ``\\n``."""
    found = {name: environ.get(variable(name), "") for name in SECRETS}
    return {name: Secret(text.replace("\\n", "\n")) for name, text in found.items() if text}


def _near_miss(name: str, known: frozenset[str]) -> str | None:
    """The variable that was meant where one underscore was written for two."""
    if not name.startswith(_NEAR_PREFIX) or name.startswith(PREFIX):
        return None
    meant = PREFIX + name.removeprefix(_NEAR_PREFIX)
    names = [variable(key) for key in (*known, *SECRETS)]
    found = get_close_matches(meant, names, n=1, cutoff=0.95)
    return found[0] if found else None


def typed(text: str, as_text: bool) -> Plain:
    """A value as it would be in the file; ``as_text`` where the setting is a text."""
    if as_text:
        return text
    try:
        return plain(text)
    except (SettingsError, ValueError):
        return text  # not a plain value: the setting's own check will say what it should be


def read(
    environ: Mapping[str, str], known: frozenset[str], texts: frozenset[str]
) -> tuple[Located, list[Problem]]:
    """The values set in ``environ`` and what is wrong with single ones.

    ``known`` are the dotted names of all settings, ``texts`` those that are texts or paths.
    """
    tree: dict[str, Located] = {}
    problems: list[Problem] = []
    for name in sorted(environ):
        if (meant := _near_miss(name, known)) is not None:
            problems.append(Problem(name, "", f"has no effect; write {meant}"))
        key = name.removeprefix(PREFIX).lower().replace("__", ".")
        if not name.startswith(PREFIX) or key in SECRETS:
            continue
        if not environ[name].strip():
            problems.append(Problem(name, key, "is empty; write a value or unset it"))
            continue
        put(tree, key.split("."), Located(typed(environ[name], key in texts), name))
    return Located(tree, "environment"), problems
