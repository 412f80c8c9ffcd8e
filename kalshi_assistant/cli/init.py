"""``init``: the first configuration, from a few answers."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from kalshi_assistant.cli.output import Json, Output
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.settings.beginning import Answers

T = TypeVar("T")
ATTEMPTS_MAX: Final = 20


def init(
    environment: Annotated[
        str | None, typer.Option("--env", metavar="prod|demo|local", help="Which venue.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(metavar="watch|paper", help="No orders, or on paper.")
    ] = None,
    key_id: Annotated[str | None, typer.Option(help="Id of the API key; '' for none.")] = None,
    key_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The private key (PEM).")
    ] = None,
    client_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="client.json, with --env local.")
    ] = None,
    bankroll: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="What the limits are shares of.")
    ] = None,
    alerts: Annotated[
        str | None, typer.Option(metavar="desktop,telegram|none", help="Where alerts go.")
    ] = None,
    telegram_users: Annotated[
        str | None, typer.Option(metavar="ID,...", help="Who the bot talks to.")
    ] = None,
    telegram_token_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The bot's token; '': the environment.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: what no option says is at its default.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Where to; else your own.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Write a commented configuration from a few answers; one that is there is kept beside it.

    Every answer has an option; without a terminal, or with --yes, nothing is asked. The file is
    for you alone (0600), holds no secret, and is checked before it takes its place.
    """
    from kalshi_assistant.cli.folders import config_dir

    output = Output(as_json=as_json)
    given = {
        "environment": environment,
        "mode": mode,
        "key_id": key_id,
        "key_file": key_file,
        "client_file": client_file,
        "bankroll": bankroll,
        "alerts": alerts,
        "telegram_users": telegram_users,
        "telegram_token_file": telegram_token_file,
    }
    asking = not yes and sys.stdin.isatty()
    answers = _answers(_Form(given, output, asking=asking))
    path = (config_dir() / "config.yaml" if out is None else out.expanduser()).resolve()
    backup = _install(answers, path)
    output.record(
        "init",
        file=str(path),
        backup=None if backup is None else str(backup),
        environment=answers.environment,
        mode=answers.mode,
        alerts=list(answers.alerts),
    )
    _tell(answers, path, backup, output)
    return 0


@dataclass(slots=True)
class _Form:
    """The options of the command line, and a person to ask for the rest."""

    given: dict[str, str | None]
    output: Output
    asking: bool
    problems: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def ask(self, name: str, question: str, check: Callable[[str], T], default: str) -> T | None:
        """The answer to a question: of its option, of a person, or the default.

        ``None`` where the option's answer is wrong, which is in ``problems`` then.
        """
        from kalshi_assistant.settings.beginning import WrongAnswerError

        self.used.add(name)
        told = self.given[name]
        if told is None and self.asking:
            return self._of_person(question, check, default)
        try:
            return check(default if told is None else told)
        except WrongAnswerError as error:
            self.problems.append(f"{_option(name)}: {error}")
            return None

    def _of_person(self, question: str, check: Callable[[str], T], default: str) -> T:
        from kalshi_assistant.settings.beginning import WrongAnswerError

        for _ in range(ATTEMPTS_MAX):
            text = typer.prompt(question, default=default, err=True, show_default=bool(default))
            try:
                return check(str(text))
            except WrongAnswerError as error:
                self.output.note(f"  {error}")
        raise OperatorError("that is not going anywhere; nothing was written")

    def finish(self) -> None:
        """Raise OperatorError with everything that is wrong with the options."""
        self.problems += [
            f"{_option(name)}: does not go with the other answers"
            for name, value in self.given.items()
            if value and name not in self.used
        ]
        if self.problems:
            raise OperatorError("\n".join(["nothing was written:", *self.problems]))


def _option(name: str) -> str:
    return "--env" if name == "environment" else f"--{name.replace('_', '-')}"


def _answers(form: _Form) -> "Answers":
    from kalshi_assistant.settings import beginning as say
    from kalshi_assistant.settings.environment import secrets

    found: dict[str, Any] = {
        "environment": form.ask(
            "environment",
            "Which venue: prod, its demo, or a local exchange",
            say.environment,
            "prod",
        )
    }
    if found["environment"] == "local":
        question = "client.json that `kalshi-assistant exchange` wrote"
        found["client_file"] = form.ask("client_file", question, say.existing_file, "")
    else:
        question = "Id of the API key (empty: none, what is public only)"
        found["key_id"] = form.ask("key_id", question, say.key_id, "")
        if found["key_id"] is not None and "private_key" not in secrets(os.environ):
            found["key_file"] = form.ask("key_file", "File with the private key", _usable_key, "")
    if found["environment"] == "local" or found.get("key_id") is not None:
        question = "Mode: watch (no orders) or paper (orders on paper)"
        found["mode"] = form.ask("mode", question, say.mode, "watch")
    question = "Bankroll in dollars, of which the limits are shares"
    found["bankroll"] = form.ask("bankroll", question, say.bankroll, "1000")
    if say.has_alerts() or form.given["alerts"] is not None:
        _ask_alerts(form, found)
    form.finish()
    return say.Answers(**found)


def _ask_alerts(form: _Form, found: dict[str, Any]) -> None:
    from kalshi_assistant.settings import beginning as say

    question = "Alerts: desktop, telegram, both or none"
    found["alerts"] = form.ask("alerts", question, say.channels, "none")
    if "telegram" in (found["alerts"] or ()):
        question = "Ids of the Telegram users the bot talks to"
        found["telegram_users"] = form.ask("telegram_users", question, say.users, "")
        question = "File with the bot's token (empty: from the environment)"
        found["telegram_token_file"] = form.ask("telegram_token_file", question, _token, "")


def _token(text: str) -> Path | None:
    """Where the bot's token is: a file, or the environment as it is now. Raises
    WrongAnswerError.
    """
    from kalshi_assistant.settings.beginning import TELEGRAM_TOKEN, WrongAnswerError, token_file
    from kalshi_assistant.settings.environment import variable

    path, name = token_file(text), variable(TELEGRAM_TOKEN)
    if path is None and not os.environ.get(name):
        raise WrongAnswerError(f"{name} is not set here; name a file, or set it and begin again")
    return path


def _usable_key(text: str) -> Path:
    """A private key file that can sign. Raises WrongAnswerError."""
    from kalshi_assistant.settings import keyfile
    from kalshi_assistant.settings.beginning import WrongAnswerError, private_file
    from kalshi_assistant.settings.environment import secrets
    from kalshi_assistant.venues.kalshi.signing import Signer

    path = private_file(text)
    try:
        passphrase = secrets(os.environ).get("private_key_passphrase")
        Signer.from_pem("key", keyfile.read(path), passphrase)
    except OperatorError as error:
        raise WrongAnswerError(str(error)) from error
    return path


def _install(answers: "Answers", path: Path) -> Path | None:
    """Write the file, check it, and put it in place; where the one before is kept.

    Raises OperatorError, and leaves all as it was, where it cannot be written or is not in order.
    """
    from kalshi_assistant.settings import SettingsError, load
    from kalshi_assistant.settings.beginning import text_of

    candidate = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        candidate.unlink(missing_ok=True)
        _write(candidate, text_of(answers).encode())
        load(candidate, channels=True)
        backup = _kept(path)
        candidate.replace(path)
    except SettingsError as error:
        text = str(error).replace(str(candidate), str(path))
        raise OperatorError(f"nothing was written: it would not be in order: {text}") from error
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        candidate.unlink(missing_ok=True)
    return backup


def _kept(path: Path) -> Path | None:
    """The file that is there, kept under a name with the time of now."""
    from kalshi_assistant.domain.time import format_iso
    from kalshi_assistant.runtime.clock import SystemClock

    if not path.exists():
        return None
    stamp = format_iso(SystemClock().now()).replace("-", "").replace(":", "")
    backup = path.with_name(f"{path.name}.{stamp}")
    _write(backup, path.read_bytes())
    return backup


def _write(path: Path, content: bytes) -> None:
    """A new file for its owner only. Raises OSError, also where there is one already."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)


def _tell(answers: "Answers", path: Path, backup: Path | None, output: Output) -> None:
    output.say(f"wrote {path}, for you alone")
    if backup is not None:
        output.say(f"the one before is {backup}")
    output.say("in order: `kalshi-assistant config check` says the same")
    output.say("next: `kalshi-assistant doctor` looks at the rest, then `kalshi-assistant run`")
    if answers.environment != "local" and answers.key_id is None:
        output.say("without a key books are polled and signals are for information only")
