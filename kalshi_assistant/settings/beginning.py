"""The first configuration: what is asked for it, what an answer must be, and the file that results.

Nothing here asks or writes; ``cli.init`` does. No answer is repeated in a message that may be a
secret, and no secret gets into the file: only where it is kept.
"""

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

from kalshi_assistant.risk.limits import RiskSettings
from kalshi_assistant.settings import keyfile
from kalshi_assistant.settings.building import keys
from kalshi_assistant.settings.describe import document, written
from kalshi_assistant.settings.environment import variable
from kalshi_assistant.settings.model import Environment, Settings

Channel = Literal["desktop", "telegram"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
TELEGRAM_TOKEN: Final = "telegram_token"  # noqa: S105  # the name of a secret, not the secret
LEAST_DOLLARS, MOST_DOLLARS = 10.0, 10_000_000.0
SHARES: Final = {
    "max_order_dollars": 0.02,
    "max_window_dollars": 0.04,
    "max_open_dollars": 0.06,
    "max_day_loss_dollars": 0.10,
    "min_cash_dollars": 0.005,
}
"""Limits as shares of the bankroll: those of the defaults, which are meant for 1,000 dollars."""
RULES: Final = ("breaker any", "fill any", "window result", "feed stale 30s")
"""Alerts to begin with."""
_ASKED: Final = ("environment", "mode", "key_id", "private_key_path", "client_file")
_SIZED: Final = ("sizing.max_risk_dollars", "sizing.max_exposure_dollars", "paper.cash_dollars")
_SECRET: Final = re.compile(r"-----BEGIN|\b\d{6,}:[A-Za-z0-9_-]{30,}")
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{4,100}")
_HEAD: Final = """\
# Written by `kalshi-assistant init`; `kalshi-assistant config check` checks it, `doctor` the rest.
# What does not stand here is at its default: `kalshi-assistant config show` lists everything.
# Secrets never stand here: name a file that only you may read, or set a variable of the
# environment, such as {variable}.

"""


class WrongAnswerError(ValueError):
    """What is wrong with an answer, and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that was asked."""

    environment: Environment = "prod"
    mode: Literal["watch", "paper"] = "watch"
    key_id: str | None = None
    key_file: Path | None = None
    client_file: Path | None = None
    bankroll: float = 1_000.0
    alerts: tuple[Channel, ...] = ()
    telegram_users: tuple[int, ...] = ()
    telegram_token_file: Path | None = None


# --- what an answer must be ---


def environment(text: str) -> Environment:
    """``prod``, ``demo`` or ``local``. Raises WrongAnswerError."""
    _no_secret(text)
    for known in get_args(Environment):
        if text.strip().lower() == known:
            found: Environment = known
            return found
    raise WrongAnswerError(f"{text.strip()[:20]!r} is no venue; write prod, demo or local")


def mode(text: str) -> Literal["watch", "paper"]:
    """``watch`` or ``paper``. Raises WrongAnswerError."""
    _no_secret(text)
    name = text.strip().lower()
    if name in ("watch", "paper"):
        return "watch" if name == "watch" else "paper"
    if name == "live":
        raise WrongAnswerError(
            "real money is never switched on here: write `mode: live` yourself, later"
        )
    raise WrongAnswerError(f"{text.strip()[:20]!r} is no mode; write watch or paper")


def key_id(text: str) -> str | None:
    """The id of a key, or none. Raises WrongAnswerError."""
    _no_secret(text)
    text = text.strip()
    if not text:
        return None
    if not _KEY_ID.fullmatch(text):
        raise WrongAnswerError(
            "an id of a key has letters, digits and dashes only; copy it from the venue's settings"
        )
    return text


def private_file(text: str) -> Path:
    """A file with a secret that only its owner may open. Raises WrongAnswerError."""
    path = _path(text)
    wrong = keyfile.fault(path)
    if wrong is not None:
        raise WrongAnswerError(wrong.replace("names ", "", 1))
    return path


def existing_file(text: str) -> Path:
    """Any file. Raises WrongAnswerError."""
    path = _path(text)
    if not path.is_file():
        raise WrongAnswerError(f"{path} is no file; write where it is")
    return path


def bankroll(text: str) -> float:
    """Dollars. Raises WrongAnswerError."""
    _no_secret(text)
    try:
        amount = float(text.strip().removeprefix("$").replace(",", "").replace("_", ""))
    except ValueError:
        raise WrongAnswerError("that is no number; write dollars, such as 1000") from None
    if not LEAST_DOLLARS <= amount <= MOST_DOLLARS:
        raise WrongAnswerError(f"write dollars from {LEAST_DOLLARS:g} to {MOST_DOLLARS:,.0f}")
    return round(amount, 2)


def channels(text: str) -> tuple[Channel, ...]:
    """Channels of alerts, or none. Raises WrongAnswerError."""
    _no_secret(text)
    names = [each for each in re.split(r"[\s,]+", text.strip().lower()) if each]
    if names in ([], ["none"]):
        return ()
    wrong = [name for name in names if name not in CHANNELS]
    if wrong:
        raise WrongAnswerError(f"{wrong[0][:20]!r} is none of desktop, telegram, none")
    return tuple(each for each in CHANNELS if each in names)


def users(text: str) -> tuple[int, ...]:
    """Ids of Telegram users. Raises WrongAnswerError."""
    _no_secret(text)
    names = [each for each in re.split(r"[\s,]+", text.strip()) if each]
    if not names or not all(re.fullmatch(r"[1-9][0-9]{3,14}", each) for each in names):
        raise WrongAnswerError(
            "an id of a Telegram user is a number, such as 123456789; @userinfobot tells yours"
        )
    return tuple(int(each) for each in names)


def token_file(text: str) -> Path | None:
    """A file with the bot's token; nothing means the environment. Raises WrongAnswerError."""
    _no_secret(text)
    return private_file(text) if text.strip() else None


def _path(text: str) -> Path:
    _no_secret(text)
    if not text.strip():
        raise WrongAnswerError("write the path of a file")
    try:
        return Path(text.strip()).expanduser().absolute()
    except RuntimeError as error:
        raise WrongAnswerError(f"there is no such home: {error}") from error


def _no_secret(text: str) -> None:
    if _SECRET.search(text):
        raise WrongAnswerError(
            "that is a secret itself; put it into a file that only you may read, and name the file"
        )


# --- the file ---


def settings_of(answers: Answers) -> Settings:
    """The settings that follow; alerts apart."""
    base, money = Settings(), answers.bankroll
    limits = {name: round(money * share, 2) for name, share in SHARES.items()}
    risk = asdict(base.risk) | limits
    return replace(
        base,
        environment=answers.environment,
        mode=answers.mode,
        key_id=answers.key_id,
        private_key_path=answers.key_file,
        client_file=answers.client_file,
        risk=RiskSettings(**risk),
        sizing=replace(
            base.sizing,
            max_risk_dollars=limits["max_order_dollars"],
            max_exposure_dollars=limits["max_open_dollars"],
        ),
        paper=replace(base.paper, cash_dollars=money),
    )


def text_of(answers: Answers) -> str:
    """The configuration file, with a line of comment on every setting in it."""
    settings = settings_of(answers)
    found = document(settings)
    asked = [name for name in _ASKED if name in ("environment", "mode") or found[name] is not None]
    text = _HEAD.format(variable=variable("private_key"))
    return text + written(settings, (*asked, "risk", *_SIZED)) + _alerts(answers)


def has_alerts() -> bool:
    """Whether this program has alerts at all."""
    return any(key == "alerts.rules" for key, _ in keys(Settings))


def _alerts(answers: Answers) -> str:
    if not answers.alerts:
        return ""
    rules = "\n".join(f'    - "{rule}"' for rule in RULES)
    text = (
        f"\n# What is told to somebody who is not looking, and how.\nalerts:\n  rules:\n{rules}\n"
    )
    if "desktop" in answers.alerts:
        text += "  desktop:\n    enabled: true\n"
    if "telegram" in answers.alerts:
        ids = ", ".join(map(str, answers.telegram_users))
        text += f"  telegram:\n    enabled: true\n    users: [{ids}]\n"
        path = answers.telegram_token_file
        where = f"set {variable(TELEGRAM_TOKEN)}, or name a file here with token_path"
        text += f"    # {where}\n" if path is None else f"    token_path: {_quoted(path)}\n"
    return text


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
