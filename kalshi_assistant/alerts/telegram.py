"""Messages from a bot, and commands to it, over Telegram's HTTP API (python-telegram-bot).

Only the listed users are written to and listened to, in private chats, and a command older than a
minute is not followed. The token is in every address that is asked, so neither an address nor a
library's own words are ever repeated.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from kalshi_assistant.alerts.channel import RetryLaterError, hush, missing
from kalshi_assistant.alerts.message import Message, cut
from kalshi_assistant.domain.errors import AssistantError, FinalError, OperatorError, PassingError
from kalshi_assistant.domain.secrets import Secret
from kalshi_assistant.domain.time import SECOND, Nanos

if TYPE_CHECKING:
    from telegram import Bot, Update
    from telegram.error import RetryAfter, TelegramError
    from telegram.request import HTTPXRequest

TEXT_MAX: Final = 4_000
"""Telegram takes 4,096 characters."""
COMMAND_MAX: Final = 200
POLL_SECONDS: Final = 20
ANSWER_SECONDS: Final = 10.0
COMMAND_AGE: Final = 60 * SECOND
STRANGERS_MAX: Final = 20
REVOKED: Final = (
    "Telegram refuses the bot's token: it was revoked or is mistyped; get one from @BotFather and "
    "set KALSHI_ASSISTANT__TELEGRAM_TOKEN or alerts.telegram.token_path"
)
_SIGNS: Final = {"info": "", "warning": "⚠ ", "severe": "‼ "}

Answer = Callable[[int, str], Awaitable[str]]
"""User and text of a command; what to say to it."""


class TelegramChannel:
    """One bot and the users it knows."""

    name = "telegram"

    def __init__(
        self, token: Secret, users: Sequence[int], api_url: str, now: Callable[[], Nanos]
    ) -> None:
        """``now`` is the true time, against which the age of a command is measured."""
        self._token, self._users = token, tuple(users)
        self._api_url, self._now = api_url.rstrip("/"), now
        self._bot: Bot | None = None
        self._requests: tuple[HTTPXRequest, ...] = ()
        self._number, self._reached = -1, set[int]()
        self._strangers: set[int] = set()

    async def check(self) -> None:
        """Ask the bot who it is. Raises OperatorError for a bad token, PassingError, FinalError."""
        bot = self._open()
        from telegram.error import TelegramError

        try:
            await bot.get_me()
        except TelegramError as error:
            raise _translated(error) from None  # the library's own words may hold the token

    async def send(self, message: Message) -> str:
        """Write to every user who has not got it yet. Raises AssistantError."""
        bot = self._open()
        if message.number != self._number:
            self._number, self._reached = message.number, set()
        text = cut(f"{_SIGNS[message.severity]}{message.title}\n{message.text}", TEXT_MAX)
        refused: FinalError | None = None
        for user in self._users:
            if user not in self._reached:
                try:
                    await self._write(bot, user, text)
                except FinalError as error:
                    refused = error
                else:
                    self._reached.add(user)
        if refused is not None:
            raise refused
        return f"delivered to {len(self._users)} users"

    async def listen(
        self,
        answer: Answer,
        tell: Callable[[str], None],
        wait: Callable[[str | None], Awaitable[None]],
    ) -> None:
        """Follow commands until cancelled. Raises OperatorError when the token is refused.

        ``wait`` is called with the trouble after each failure, and with ``None`` while all is well;
        ``tell`` hears of commands that were ignored, and of answers that could not be sent.
        """
        bot, offset = self._open(), -1  # of what waited while we were away, only the newest is seen
        from telegram.error import Conflict, TelegramError

        while True:
            try:
                updates = await bot.get_updates(
                    offset=offset,
                    timeout=0 if offset == -1 else POLL_SECONDS,
                    read_timeout=POLL_SECONDS + ANSWER_SECONDS,
                    allowed_updates=["message"],
                )
            except Conflict:
                await wait("another program reads this bot's commands; end it or use another bot")
                continue
            except TelegramError as error:
                trouble = _translated(error)
                if isinstance(trouble, OperatorError):
                    raise trouble from None
                await wait(str(trouble))
                continue
            await wait(None)
            offset = max(offset, 0)
            for update in updates:
                offset = update.update_id + 1
                await self._follow(bot, update, answer, tell)

    async def close(self) -> None:
        """Close the connections."""
        if self._bot is not None:
            self._bot = None
            for request in self._requests:  # the bot itself closes only what it has opened itself
                await request.shutdown()

    async def _follow(
        self, bot: "Bot", update: "Update", answer: Answer, tell: Callable[[str], None]
    ) -> None:
        message = update.message
        if message is None or message.from_user is None or message.text is None:
            return
        user = message.from_user.id
        if user not in self._users or message.from_user.is_bot or message.chat.type != "private":
            if user not in self._strangers and len(self._strangers) < STRANGERS_MAX:
                self._strangers.add(user)
                tell(
                    f"a command of user {user} was ignored: not in alerts.telegram.users or a group"
                )
            return
        age = self._now() - int(message.date.timestamp()) * SECOND
        if abs(age) > COMMAND_AGE:
            said = "that command is too old (or a clock is wrong); nothing was done"
        else:
            said = await answer(user, message.text[:COMMAND_MAX])
        try:
            await self._write(bot, user, cut(said, TEXT_MAX))
        except AssistantError as error:
            tell(f"the answer to a command could not be sent: {error}")

    @staticmethod
    async def _write(bot: "Bot", user: int, text: str) -> None:
        from telegram.error import TelegramError

        try:
            await bot.send_message(chat_id=user, text=text)
        except TelegramError as error:
            raise _translated(error, user) from None  # its own words may hold the token

    def _open(self) -> "Bot":
        """The bot. Raises OperatorError where the package is missing."""
        if self._bot is None:
            self._bot, self._requests = _bot(self._token, self._api_url)
        return self._bot


def _bot(token: Secret, api_url: str) -> "tuple[Bot, tuple[HTTPXRequest, ...]]":
    try:
        from telegram import Bot
        from telegram.request import HTTPXRequest
    except ImportError as error:
        raise missing("telegram", "python-telegram-bot") from error
    from telegram.error import InvalidToken

    hush("telegram", "httpx", "httpcore")
    os.environ.setdefault("PTB_TIMEDELTA", "true")  # spans as the next version has them
    request = partial(HTTPXRequest, read_timeout=ANSWER_SECONDS, connect_timeout=ANSWER_SECONDS)
    writing, listening = request(connection_pool_size=4), request(connection_pool_size=1)
    try:
        bot = Bot(
            token.reveal(),
            base_url=f"{api_url}/bot",
            request=writing,
            get_updates_request=listening,
        )
    except InvalidToken:
        raise OperatorError(REVOKED) from None
    return bot, (writing, listening)


def _translated(error: "TelegramError", user: int | None = None) -> AssistantError:
    """The library's error by what has to be done about it, in words without the token."""
    from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

    match error:
        case InvalidToken():
            return OperatorError(REVOKED)
        case RetryAfter():
            return RetryLaterError("Telegram wants fewer messages", _seconds(error))
        case Forbidden():
            return FinalError(f"user {user} has blocked the bot, or never wrote to it: /start it")
        case BadRequest():
            return FinalError(
                f"Telegram knows no chat with user {user}: write /start to the bot first, "
                "and check alerts.telegram.users"
            )
        case ChatMigrated():
            return FinalError(f"{user} is a group: alerts.telegram.users takes users only")
        case _:
            return PassingError(f"Telegram cannot be reached ({type(error).__name__})")


def _seconds(error: "RetryAfter") -> float:
    """How long it wants to be left alone."""
    wanted = error.retry_after
    return wanted.total_seconds() if isinstance(wanted, timedelta) else float(wanted)
