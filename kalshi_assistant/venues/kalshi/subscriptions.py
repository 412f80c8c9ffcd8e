"""What a connection should hear and what the venue has been told: one record per channel.

The session compares the two and sends one command per channel at a time, so a lost answer, a
market added while a command is under way and a channel that the venue ended all mend alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from typing_extensions import override

from kalshi_assistant.domain.ids import Feed, Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.venues.kalshi import schema
from kalshi_assistant.venues.kalshi.commands import Verb
from kalshi_assistant.venues.kalshi.wire import FEED_OF_CHANNEL

By = Literal["market", "index", "nothing"]

PUBLIC: Final[dict[str, By]] = {
    schema.ORDERBOOK: "market",
    schema.TRADE: "market",
    schema.TICKER: "market",
    schema.LIFECYCLE: "nothing",
    schema.INDEX: "index",
    schema.INDEX_5HZ: "index",
}
PRIVATE: Final[dict[str, By]] = {
    schema.FILL: "nothing",
    schema.USER_ORDERS: "nothing",
    schema.MARKET_POSITIONS: "nothing",
    schema.ORDER_GROUPS: "nothing",
}
"""Channels, and what each is filtered by."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command to send: ``tickers`` where it is about markets."""

    verb: Verb
    channel: str
    tickers: tuple[Ticker, ...] = ()

    @override
    def __str__(self) -> str:
        return f"{self.verb} {self.channel}".strip()


@dataclass(slots=True)
class Subscription:
    """One channel: its sid once the venue gave one, and the markets the venue confirmed."""

    channel: str
    by: By
    sid: int | None = None
    told: dict[Ticker, None] = field(default_factory=dict)
    denied: dict[Ticker, None] = field(default_factory=dict)
    """Markets the venue refused on this connection."""
    singly: bool = False
    """The venue refused several markets at once: it is asked about one at a time from here on."""
    refused: bool = False
    """The venue refused the channel on this connection."""
    waits_for: int | None = None
    """The command under way."""
    unanswered: int = 0
    """Commands in a row that got no answer."""
    troubles: int = 0
    """How often the venue ended or put off the channel on this connection."""
    again_at: Nanos = field(default=Nanos(0))
    """No command before this."""

    @property
    def feed(self) -> Feed:
        """What a person calls it."""
        return FEED_OF_CHANNEL[self.channel]

    def begin(self) -> None:
        """A new connection: the venue knows nothing."""
        self.sid, self.waits_for = None, None
        self.unanswered = self.troubles = 0
        self.again_at = Nanos(0)
        self.singly = self.refused = False
        self.told, self.denied = {}, {}

    def settled(self, wanted: Iterable[Ticker]) -> bool:
        """Whether nothing has to be said or waited for."""
        return self.waits_for is None and self.next_command(wanted) is None

    def next_command(self, wanted: Iterable[Ticker]) -> Command | None:
        """What to say so that the venue comes to know what is wanted; ``None`` if it does."""
        if self.refused:
            return None
        tickers = tuple(each for each in wanted if each not in self.denied)
        if self.by != "market":
            return None if self.sid is not None else Command("subscribe", self.channel)
        if self.sid is None:
            return Command("subscribe", self.channel, self._group(tickers)) if tickers else None
        if not tickers:
            return Command("unsubscribe", self.channel)
        added = tuple(each for each in tickers if each not in self.told)
        if added:
            return Command("add_markets", self.channel, self._group(added))
        dropped = tuple(each for each in self.told if each not in tickers)
        return Command("delete_markets", self.channel, dropped) if dropped else None

    def _group(self, tickers: tuple[Ticker, ...]) -> tuple[Ticker, ...]:
        return tickers[:1] if self.singly else tickers

    def confirm(self, command: Command) -> None:
        """The venue did as told."""
        self.unanswered = 0
        match command.verb:
            case "subscribe":
                self.told = dict.fromkeys(command.tickers)
            case "add_markets":
                self.told |= dict.fromkeys(command.tickers)
            case "delete_markets":
                for ticker in command.tickers:
                    self.told.pop(ticker, None)
            case "unsubscribe":
                self.end()
            case "get_snapshot" | "list_subscriptions":
                pass

    def deny(self, command: Command) -> None:
        """The venue will not do this, now or later; of several markets one may be to blame."""
        if len(command.tickers) > 1 and command.verb in ("subscribe", "add_markets"):
            self.singly = True
        elif command.verb == "add_markets" or (command.tickers and command.verb == "subscribe"):
            self.denied |= dict.fromkeys(command.tickers)
        elif command.verb == "subscribe":
            self.refused = True
        elif command.verb == "delete_markets":
            self.confirm(command)
        elif command.verb == "unsubscribe":
            self.end()

    def end(self) -> None:
        """Nothing more comes on its sid."""
        self.sid, self.waits_for = None, None
        self.told = {}
