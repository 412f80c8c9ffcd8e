"""Defaults, then the file, the environment, the flags: one set of settings, or every problem."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kalshi_assistant.alerts.settings import ChannelSecrets
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.settings import channel_secrets, environment, file, keyfile
from kalshi_assistant.settings.building import Builder, is_text, keys
from kalshi_assistant.settings.located import Located, Plain, Problem, SettingsError, merge, put
from kalshi_assistant.settings.located import from_flags as flags_of
from kalshi_assistant.settings.model import Settings

Flags = Mapping[str, tuple[str, Plain]]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings in force, where each came from, and the secrets, which are kept apart from them."""

    settings: Settings
    origins: Mapping[str, str]
    """Dotted name to ``file:line:column``, variable, flag or ``default``."""
    file: Path | None
    secrets: Mapping[str, Secret]

    def private_key(self) -> Secret | None:
        """The private key (PEM) from the environment or the key file. Raises OperatorError."""
        given = self.secrets.get("private_key")
        if given is not None or self.settings.private_key_path is None:
            return given
        return keyfile.read(self.settings.private_key_path)

    def channel_secrets(self) -> ChannelSecrets:
        """What the channels of alerts log in with. Raises OperatorError."""
        return channel_secrets.read(self.settings.alerts, self.secrets)

    @property
    def passphrase(self) -> Secret | None:
        """What opens an encrypted private key, if it was given."""
        return self.secrets.get("private_key_passphrase")

    def http_token(self) -> Secret | None:
        """The token of the HTTP interface, if there is one. Raises OperatorError."""
        given, path = self.secrets.get("http_token"), self.settings.http.token_file
        if given is not None or path is None:
            return given
        return Secret(keyfile.read(path, "http.token_file").reveal().strip())

    @property
    def publisher(self) -> tuple[Secret, Secret] | None:
        """User and key of the index's publisher, for who has a licence."""
        user, key = self.secrets.get("cf_user"), self.secrets.get("cf_key")
        return None if user is None or key is None else (user, key)


def _key_faults(settings: Settings, secrets: Mapping[str, Secret]) -> list[tuple[str, str]]:
    """What does not fit together about the keys: ``(setting, what to write)``."""
    faults: list[tuple[str, str]] = []
    if ("cf_user" in secrets) != ("cf_key" in secrets):
        both = f"{environment.variable('cf_user')} and {environment.variable('cf_key')}"
        faults.append(("cf", f"wants both of {both}, or neither"))
    if settings.http.token_file is not None and "http_token" in secrets:
        text = f"stands beside {environment.variable('http_token')}; keep one of the two"
        faults.append(("http.token_file", text))
    path, in_environment = settings.private_key_path, "private_key" in secrets
    variable = environment.variable("private_key")
    if path is not None and in_environment:
        faults.append(("private_key_path", f"stands beside {variable}; keep one of the two"))
    if settings.key_id is not None and path is None and not in_environment:
        faults.append(("key_id", f"has no key; write private_key_path or set {variable}"))
    if settings.key_id is None and (path is not None or in_environment):
        faults.append(("key_id", "is missing for the private key; write the id the venue shows"))
    if path is not None and (wrong := keyfile.fault(path)) is not None:
        faults.append(("private_key_path", wrong))
    return faults


def _venue_faults(settings: Settings) -> list[tuple[str, str]]:
    """What does not fit together about the venue."""
    local = settings.environment == "local"
    if local and settings.client_file is None:
        text = "is local; write client_file, the client.json that `kalshi-assistant exchange` wrote"
        return [("environment", text)]
    if local and settings.key_id is not None:
        return [("key_id", "does not go with environment local; its client_file names the key")]
    if not local and settings.client_file is not None:
        text = "is only for environment local; remove it or write environment: local"
        return [("client_file", text)]
    return []


def _combined(
    builder: Builder, settings: Settings, secrets: Mapping[str, Secret], *, channels: bool
) -> list[Problem]:
    faults = [*_venue_faults(settings), *_key_faults(settings, secrets)]
    if channels:
        faults += channel_secrets.faults(settings.alerts, secrets)
    return [Problem(builder.origins[key], key, text) for key, text in faults]


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Flags | None = None,
    assigned: Mapping[str, str] | None = None,
    channels: bool = False,
) -> Configuration:
    """The settings in force. Raises SettingsError listing every problem.

    ``path`` is the configuration file, if there is one; ``environ`` is the process's own unless
    given; ``flags`` are values from the command line as ``{setting: (flag, value)}``, ``assigned``
    those that were written there as ``--set setting=value``. ``channels``: what the channels of
    alerts log in with has to be there too; a shell that only looks, or kills, may be without it.
    """
    environ = os.environ if environ is None else environ
    known = dict(keys(Settings))
    from_file, problems = (Located({}, "default"), []) if path is None else file.read(path)
    texts = frozenset(key for key, hint in known.items() if is_text(hint))
    from_environ, more = environment.read(environ, frozenset(known), texts)
    tree = merge(merge(from_file, from_environ), flags_of(flags or {}))
    written: dict[str, Located] = {}
    for key, text in (assigned or {}).items():
        put(written, key.split("."), Located(environment.typed(text, key in texts), f"--set {key}"))
    tree = merge(tree, Located(written, "command line"))

    builder = Builder(Settings)
    settings = builder.build(Settings, tree)
    secrets = environment.secrets(environ)
    problems = [*problems, *more, *builder.problems]
    problems += _combined(builder, settings, secrets, channels=channels)
    if problems:
        raise SettingsError(problems)
    return Configuration(settings, builder.origins, path, secrets)
