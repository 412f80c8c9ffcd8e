"""What a person may set about alerts. Everything is off by default.

Secrets are not here: they come from the environment or from files that are named here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kalshi_assistant.alerts.grammar import Rule, RuleError, parse
from kalshi_assistant.alerts.message import CHANNELS, SEVERITIES
from kalshi_assistant.alerts.quiet import LOCAL, QuietHours, minute_of, zone_of
from kalshi_assistant.domain.ranges import RangeError, check_ranges, setting
from kalshi_assistant.domain.secrets import Secret

RULES_MAX: Final = 100
USERS_MAX: Final = 50
_SEVERITY: Final = "tell what is at least so: info, warning or severe"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietSettings:
    """Hours in which only the severe is told; the rest comes as one message afterwards."""

    begin: str | None = setting(None, "time of day they begin, such as 22:30; null: none")
    end: str | None = setting(None, "time of day they end, such as 07:00")
    zone: str = setting(LOCAL, "local, or a zone such as America/New_York")

    def __post_init__(self) -> None:
        problems = [
            (name, f"is {text!r}; write a time of day such as 22:30")
            for name, text in (("begin", self.begin), ("end", self.end))
            if text is not None and minute_of(text) is None
        ]
        if (self.begin is None) != (self.end is None):
            problems.append(("begin", "and end go together; write both or neither"))
        try:
            zone_of(self.zone)
        except ValueError:
            problems.append(
                ("zone", f"is {self.zone[:40]!r}; write local or a name such as Europe/Berlin")
            )
        if problems:
            raise RangeError(problems)

    @property
    def hours(self) -> QuietHours | None:
        """The hours themselves."""
        begin = None if self.begin is None else minute_of(self.begin)
        end = None if self.end is None else minute_of(self.end)
        if begin is None or end is None or begin == end:
            return None
        return QuietHours(begin, end, zone_of(self.zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """How much is told at most, and how hard a channel is tried."""

    repeat_seconds: float = setting(
        60.0, "the same news of the same rule is told again after so long", ge=0, le=86_400
    )
    per_minute: int = setting(6, "messages a minute and channel; more become a digest", ge=1, le=60)
    digest_seconds: float = setting(20.0, "a digest gathers for at least so long", ge=0, le=3_600)
    queue: int = setting(100, "messages that wait for a channel; beyond, some are dropped", ge=1,
                         le=10_000)  # fmt: skip
    attempts: int = setting(10, "attempts at a message before it is dropped", ge=1, le=50)
    first_retry_seconds: float = setting(2.0, "about so long after the first attempt", gt=0, le=600)
    longest_retry_seconds: float = setting(120.0, "and never longer apart than this", gt=0,
                                           le=3_600)  # fmt: skip
    timeout_seconds: float = setting(15.0, "an attempt that takes longer has failed", gt=0, le=120)
    farewell_seconds: float = setting(
        3.0, "after the engine's end, what waits is given so long", ge=0, le=5
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.first_retry_seconds > self.longest_retry_seconds:
            raise RangeError(
                [("first_retry_seconds", "is more than longest_retry_seconds; write less")]
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopSettings:
    """Notifications on this machine's desktop."""

    enabled: bool = setting(False, "whether they are shown")
    least: str = setting("info", _SEVERITY, choices=SEVERITIES)

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """Messages from a bot of yours; the token is KALSHI_ASSISTANT__TELEGRAM_TOKEN or a file."""

    enabled: bool = setting(False, "whether they are sent")
    least: str = setting("info", _SEVERITY, choices=SEVERITIES)
    token_path: Path | None = setting(None, "file with the bot's token, which only you may read")
    users: tuple[int, ...] = setting(
        (), "ids of the users who get messages and whose commands are followed"
    )
    commands: bool = setting(
        True, "whether /status /pnl /why /pause /resume /kill from those users are followed"
    )
    api_url: str = setting("https://api.telegram.org", "where the bot's HTTP API is served")

    def __post_init__(self) -> None:
        check_ranges(self)
        problems = _url_problems("api_url", self.api_url)
        if self.enabled and not self.users:
            problems.append(
                ("users", "is empty; write the numeric ids of the users, such as [123456789]")
            )
        if len(self.users) > USERS_MAX or any(not 0 < user < 2**52 for user in self.users):
            problems.append(("users", f"are up to {USERS_MAX} positive ids of users, no groups"))
        if problems:
            raise RangeError(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Signed POST requests; the secret is KALSHI_ASSISTANT__WEBHOOK_SECRET or a file."""

    enabled: bool = setting(False, "whether they are sent")
    least: str = setting("info", _SEVERITY, choices=SEVERITIES)
    url: str | None = setting(None, "where to, e.g. https://example.net/kalshi")
    secret_path: Path | None = setting(
        None, "file with the secret that signs them, which only you may read"
    )

    def __post_init__(self) -> None:
        check_ranges(self)
        problems = [] if self.url is None else _url_problems("url", self.url)
        if self.enabled and self.url is None:
            problems.append(("url", "is missing; write the address of the webhook"))
        if problems:
            raise RangeError(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """Email and a hundred other channels; the addresses hold passwords, so they have a file."""

    enabled: bool = setting(False, "whether they are used")
    least: str = setting("info", _SEVERITY, choices=SEVERITIES)
    urls_path: Path | None = setting(
        None, "file with Apprise addresses, one a line (mailto://...), which only you may read"
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """What is told to somebody who is not looking, and how."""

    rules: tuple[str, ...] = setting(
        (), 'what is told, e.g. ["breaker any", "signal edge>4c; to telegram; every 5m"]'
    )
    quiet: QuietSettings = field(default_factory=QuietSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    desktop: DesktopSettings = field(default_factory=DesktopSettings)
    telegram: TelegramSettings = field(default_factory=TelegramSettings)
    webhook: WebhookSettings = field(default_factory=WebhookSettings)
    apprise: AppriseSettings = field(default_factory=AppriseSettings)

    def __post_init__(self) -> None:
        problems = [
            ("rules", f"rule {number} `{text[:80]}`: {error}")
            for number, text in enumerate(self.rules, start=1)
            if (error := _problem(text)) is not None
        ]
        if len(self.rules) > RULES_MAX:
            problems.append(("rules", f"are {len(self.rules)}; write at most {RULES_MAX}"))
        if problems:
            raise RangeError(problems)

    @property
    def wanted(self) -> bool:
        """Whether there is anything for a process that delivers to do."""
        follows = self.telegram.enabled and self.telegram.commands
        return follows or bool(self.enabled and self.rules)

    @property
    def enabled(self) -> tuple[str, ...]:
        """The channels that are switched on."""
        return tuple(name for name in CHANNELS if getattr(self, name).enabled)

    def least(self, channel: str) -> str:
        """How severe something has to be for ``channel``."""
        least: str = getattr(self, channel).least
        return least

    @property
    def parsed(self) -> tuple[Rule, ...]:
        """The rules as values."""
        return tuple(parse(text) for text in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSecrets:
    """What the channels log in with; ``None`` where it was not given."""

    telegram_token: Secret | None = None
    webhook_secret: Secret | None = None
    apprise_urls: Secret | None = None


def _problem(text: str) -> RuleError | None:
    try:
        parse(text)
    except RuleError as error:
        return error
    return None


def _url_problems(name: str, url: str) -> list[tuple[str, str]]:
    """What is wrong with an address; it is not repeated, for it may hold a secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return [(name, "is no address; write one such as https://example.net/path")]
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url):
        return [(name, "is no address of the web; write one such as https://example.net/path")]
    if parts.username is not None or parts.password is not None:
        return [(name, "holds a user or a password; leave them out, requests are signed")]
    return []
