"""The venue's socket as a state machine, without the socket: it is told what happened and when.

The runtime asks ``wants_connection`` and reports ``opened``, ``refused``, ``dropped``, ``receive``
and ``tick``; it sends what ``to_send`` gives. ``life`` has its states.

Invariants:

- What is wanted (``watch``) outlives a connection; sids, numbers and books do not.
- A command without an answer is repeated a bounded number of times, then the connection is given
  up; so is one that is silent, after it was asked to say something.
- Connections are made by growing, bounded, jittered delays; refused keys are never tried again.

Known limitation: pings are answered by the runtime's socket and not seen here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from kalshi_assistant.domain.events import Event, FeedBack, FeedLost, RequestRefused
from kalshi_assistant.domain.ids import BRTI, BTC_15_MINUTES, Feed, Series, Ticker
from kalshi_assistant.domain.ranges import check_ranges, setting
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.engine.feeds import SOCKET
from kalshi_assistant.venues.backoff import delays
from kalshi_assistant.venues.kalshi import commands, schema
from kalshi_assistant.venues.kalshi.life import State, Step, advance
from kalshi_assistant.venues.kalshi.snapshots import SnapshotRequests
from kalshi_assistant.venues.kalshi.subscriptions import PRIVATE, PUBLIC, Command, Subscription
from kalshi_assistant.venues.kalshi.wire import KalshiWire

CONNECTED: Final[tuple[State, ...]] = ("subscribing", "live")

KEY_REFUSED: Final = (401, 403)
CHANNEL_ENDED: Final = (10, 25)
"""Channel error, subscription buffer overflow: the sid is dead. Source: error codes, AsyncAPI."""
TRY_AGAIN: Final = (1, 18, 27)
"""Unable to process, command timeout, too many requests."""
UNKNOWN_SID: Final = 7
_PASSING: Final = (*CHANNEL_ENDED, *TRY_AGAIN, UNKNOWN_SID)
_WORDS_MAX: Final = 200
_PUT_OFF_MAX: Final = 5

SocketClient = Literal["websockets", "picows"]
"""The package that carries a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How patient a connection is, in venue time."""

    silence_seconds: float = setting(
        30.0, "a connection without any frame for so long is given up", ge=1, le=3_600
    )
    reply_seconds: float = setting(
        5.0, "a command without an answer for so long is sent again", gt=0, le=600
    )
    attempts: int = setting(
        3, "sendings of a command, or of a request for a book, before giving up", ge=1, le=20
    )
    first_delay_seconds: float = setting(
        0.5, "longest pause before the first attempt to connect again", gt=0, le=60
    )
    longest_delay_seconds: float = setting(
        30.0, "longest pause before any attempt to connect", ge=1, le=3_600
    )
    steady_seconds: float = setting(
        60.0, "a connection that lasted so long starts the pauses over", ge=0, le=3_600
    )
    private_channels: bool = setting(False, "listen to fills, orders and positions of your own")
    use_yes_price: bool = setting(
        False, "ask for YES dollars on both sides of the book; changes nothing that is shown"
    )

    client: SocketClient = setting(
        "websockets",
        "what carries the socket: websockets, or picows (extra: fast), which is quicker",
    )

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(slots=True)
class _Sent:
    command: Command
    at: Nanos


class KalshiSession:
    """The socket of one subaccount, over as many connections as it takes. ``chance`` jitters the
    delays.
    """

    def __init__(
        self,
        settings: SessionSettings,
        chance: np.random.Generator,
        series: Series = BTC_15_MINUTES,
        index: str = BRTI,
        subaccount: int = 0,
    ) -> None:
        self.last_sequence: dict[str, int] = {}
        """The last number received, by channel, on the connection that ended last."""
        self._settings = settings
        self._chance = chance
        self._index = index
        self._wire = KalshiWire(
            series, index, use_yes_price=settings.use_yes_price, subaccount=subaccount
        )
        channels = PUBLIC | PRIVATE if settings.private_channels else PUBLIC
        self._subscriptions = {name: Subscription(name, by) for name, by in channels.items()}
        self._snapshots = SnapshotRequests(_nanos(settings.reply_seconds), settings.attempts)
        self._watched: dict[Ticker, None] = {}
        self._state: State = "idle"
        self._connected = False
        self._delays = self._fresh_delays()
        self._retry_at = Nanos(0)
        self._opened_at = Nanos(0)
        self._heard_at = Nanos(0)
        self._now = Nanos(0)
        self._outbox: list[bytes] = []
        self._sent: dict[int, _Sent] = {}
        self._last_id = 0
        self._probed_at = Nanos(0)
        self._up: dict[Feed, None] = {}

    # --- what it is ---

    @property
    def state(self) -> State:
        """Where it stands in ``life.SESSION_LIFE``."""
        return self._state

    @property
    def gone(self) -> bool:
        """Whether a connection still open should be closed: this session is done with it."""
        return not self._connected and self._state != "connecting"

    @property
    def watched(self) -> tuple[Ticker, ...]:
        """The markets that are followed."""
        return tuple(self._watched)

    @property
    def last_print_second(self) -> int | None:
        """Epoch second of the newest index print, over all connections."""
        return self._wire.last_print_second

    @property
    def withheld(self) -> int:
        """Deltas not passed on because their book was not whole."""
        return self._wire.withheld

    @property
    def elsewhere(self) -> int:
        """Messages about another subaccount, which is none of our business."""
        return self._wire.elsewhere

    def wants_connection(self, now: Nanos) -> bool:
        """Whether to connect now."""
        return self._state == "idle" or (self._state == "waiting" and now >= self._retry_at)

    def wake_at(self) -> Nanos | None:
        """When ``tick`` or ``wants_connection`` has something new to say; ``None``: not by time."""
        if self._state == "waiting":
            return self._retry_at
        return min(self._deadlines()) if self._connected else None

    # --- what happened ---

    def connect(self, now: Nanos) -> None:
        """A connection is being made."""
        self._now = now
        self._step("connect")

    def opened(self, now: Nanos) -> Sequence[Event]:
        """The handshake succeeded: subscribe to everything wanted."""
        self._now = now
        if not self._step("opened"):
            return ()
        self._opened_at = self._heard_at = now
        for subscription in self._subscriptions.values():
            subscription.begin()
            self._reconcile(subscription)
        return (self._back(SOCKET),)

    def refused(self, now: Nanos, status: int | None, reason: str) -> Sequence[Event]:
        """No connection came about; a refused key is final."""
        if self._connected:
            return self.dropped(now, reason)
        self._now = now
        final = status in KEY_REFUSED
        if not self._step("denied" if final else "failed"):
            return ()
        if not final:
            self._retry_at = Nanos(now + next(self._delays))
        text = f"{reason}: check key id, key and environment" if final else reason
        code = "no connection" if status is None else str(status)
        return (RequestRefused(now, now, SOCKET, "connect", code, text, final),)

    def dropped(self, now: Nanos, reason: str) -> Sequence[Event]:
        """The connection ended: what it fed is unknown from here on."""
        if self._state == "connecting":
            return self.refused(now, None, reason)
        self._now = now
        if not self._step("dropped"):
            return ()
        self._retry_at = self._next_attempt(now)
        return self._end(reason)

    def close(self, now: Nanos) -> Sequence[Event]:
        """No more connections."""
        self._now = now
        return self._end("closed by us") if self._step("close") else ()

    def receive(self, frame: bytes, received_at: Nanos) -> Sequence[Event]:
        """The facts in a frame; replies move the session."""
        if not self._connected:
            return ()
        self._heard_at = self._now = received_at
        wire = self._wire
        events = wire.receive(frame, received_at)
        if wire.reply is None and not wire.wanted:
            return events
        return [*events, *self._answer()]

    def tick(self, now: Nanos) -> Sequence[Event]:
        """Time passed: notice silence, repeat what got no answer."""
        self._now = now
        if not self._connected:
            return ()
        silence = _nanos(self._settings.silence_seconds)
        if now >= self._heard_at + silence:
            return self.dropped(now, f"silent for {self._settings.silence_seconds:g} s")
        if now >= self._heard_at + silence // 2 and not self._probed:
            self._probe()
        reason = self._repeat(now) or self._ask_for_books()
        return self.dropped(now, reason) if reason else ()

    def to_send(self) -> list[bytes]:
        """Commands to send now, each given out once."""
        outbox, self._outbox = self._outbox, []
        return outbox

    # --- what is wanted ---

    def watch(self, ticker: Ticker) -> None:
        """Follow a market's book, trades and quotes, on this connection and those to come."""
        if ticker not in self._watched:
            self._watched[ticker] = None
            self._wire.expect(ticker)
            self._reconcile_markets()

    def unwatch(self, ticker: Ticker) -> None:
        """Let go of a market; frames of it that are under way are dropped."""
        if self._watched.pop(ticker, ticker) is None:
            self._wire.forget(ticker)
            self._snapshots.drop(ticker)
            self._reconcile_markets()

    def resync(self, ticker: Ticker, reason: str) -> None:  # noqa: ARG002 - the engine has told it
        """A book is not believed: ask for its snapshot and pass nothing on until it comes."""
        self._wire.distrust((ticker,))
        if self._connected:
            self._ask_for_books()

    def check(self, ticker: Ticker) -> None:
        """A book is believed: ask for its snapshot all the same, to be compared."""
        book = self._subscriptions[schema.ORDERBOOK]
        whole = ticker in book.told and ticker not in self._wire.broken
        if self._connected and book.sid is not None and whole:
            self._send(Command("get_snapshot", schema.ORDERBOOK, (ticker,)), book.sid)

    # --- states ---

    def _step(self, step: Step) -> bool:
        """Whether the table knows the step; if so it is made."""
        after = advance(self._state, step)
        if after is None:
            return False
        self._state, self._connected = after, after in CONNECTED
        return True

    def _end(self, reason: str) -> Sequence[Event]:
        """Forget what belonged to the connection; tell what is lost with it."""
        if numbers := self._wire.last_sequence:
            self.last_sequence = numbers
        self._wire.reset()
        self._snapshots.clear()
        self._outbox.clear()
        self._sent.clear()
        lost, self._up = self._up, {}
        return [FeedLost(self._now, self._now, feed, reason) for feed in lost]

    def _next_attempt(self, now: Nanos) -> Nanos:
        if self._opened_at and now - self._opened_at >= _nanos(self._settings.steady_seconds):
            self._delays = self._fresh_delays()
        self._opened_at = Nanos(0)
        return Nanos(now + next(self._delays))

    def _fresh_delays(self) -> Iterator[Nanos]:
        first = _nanos(self._settings.first_delay_seconds)
        longest = _nanos(self._settings.longest_delay_seconds)
        return delays(self._chance, min(first, longest), longest)

    def _settle(self) -> None:
        """Live while every channel that is wanted is subscribed."""
        complete = all(
            each.sid is not None or each.next_command(self._watched) is None
            for each in self._subscriptions.values()
        )
        self._step("complete" if complete else "incomplete")

    @property
    def _probed(self) -> bool:
        """Whether the venue was asked to say something since it last did."""
        return self._probed_at > self._heard_at

    def _back(self, feed: Feed) -> FeedBack:
        self._up[feed] = None
        return FeedBack(self._now, self._now, feed)

    def _deadlines(self) -> Iterator[Nanos]:
        """Everything that ``tick`` would do next, by time."""
        silence = _nanos(self._settings.silence_seconds)
        yield Nanos(self._heard_at + (silence if self._probed else silence // 2))
        reply = _nanos(self._settings.reply_seconds)
        yield from (Nanos(sent.at + reply) for sent in self._sent.values())
        for each in self._subscriptions.values():
            if each.waits_for is None and each.next_command(self._watched) is not None:
                yield each.again_at
        yield from self._snapshots.due(self._wire.broken)

    # --- commands ---

    def _reconcile_markets(self) -> None:
        if self._connected:
            for subscription in self._subscriptions.values():
                if subscription.by == "market":
                    self._reconcile(subscription)
            self._settle()

    def _reconcile(self, subscription: Subscription) -> None:
        """Say what the venue does not know yet, unless an answer is due or it was told to wait."""
        if subscription.waits_for is not None or self._now < subscription.again_at:
            return
        command = subscription.next_command(self._watched)
        if command is not None:
            subscription.waits_for = self._send(command, subscription.sid)

    def _send(self, command: Command, sid: int | None) -> int:
        self._last_id += 1
        self._sent[self._last_id] = _Sent(command, self._now)
        self._outbox.append(self._worded(self._last_id, command, sid or 0))
        return self._last_id

    def _worded(self, id_: int, command: Command, sid: int) -> bytes:
        match command.verb:
            case "subscribe":
                by_index = PUBLIC.get(command.channel) == "index"
                return commands.subscribe(
                    id_,
                    command.channel,
                    tickers=command.tickers,
                    index=self._index if by_index else None,
                    use_yes_price=self._settings.use_yes_price,
                )
            case "unsubscribe":
                return commands.unsubscribe(id_, sid)
            case "list_subscriptions":
                return commands.list_subscriptions(id_)
            case "add_markets" | "delete_markets" | "get_snapshot":
                return commands.update(id_, sid, command.verb, command.tickers)

    def _probe(self) -> None:
        """Ask something that is always answered, to tell a quiet connection from a dead one."""
        self._probed_at = self._now
        self._send(Command("list_subscriptions", ""), None)

    def _repeat(self, now: Nanos) -> str | None:
        """Send again what got no answer; the reason to give up, if there is one."""
        patience = _nanos(self._settings.reply_seconds)
        for id_, sent in list(self._sent.items()):
            if now < sent.at + patience:
                continue
            del self._sent[id_]
            subscription = self._subscriptions.get(sent.command.channel)
            if subscription is None or subscription.waits_for != id_:
                continue
            subscription.waits_for = None
            subscription.unanswered += 1
            if subscription.unanswered >= self._settings.attempts:
                return f"no answer to {sent.command}"
        for subscription in self._subscriptions.values():
            self._reconcile(subscription)
        return None

    def _ask_for_books(self) -> str | None:
        """Ask for the books that are due; the reason to give up, if there is one."""
        book = self._subscriptions[schema.ORDERBOOK]
        lost = tuple(self._wire.wanted)
        self._wire.wanted.clear()
        if book.sid is None:
            self._snapshots.clear()
            return None
        reachable = tuple(ticker for ticker in self._wire.broken if ticker in book.told)
        asked = self._snapshots.ask(reachable, lost, self._now)
        if asked:
            self._send(Command("get_snapshot", schema.ORDERBOOK, asked), book.sid)
        given_up = self._snapshots.given_up(self._now)
        return None if given_up is None else f"no snapshot of {given_up}"

    # --- replies ---

    def _answer(self) -> Sequence[Event]:
        reply, self._wire.reply = self._wire.reply, None
        events: Sequence[Event] = ()
        if reply is not None:
            events = self._replied(reply)
        if self._connected:
            self._ask_for_books()
        return events

    def _replied(self, reply: schema.Reply) -> Sequence[Event]:
        sent = None if reply.id is None else self._sent.pop(reply.id, None)
        match reply:
            case schema.Subscribed():
                return self._subscribed(reply, sent)
            case schema.ErrorReply():
                return self._errored(reply, sent)
            case schema.Unsubscribed() if sent is None:
                return self._ended_by_venue(reply)
            case schema.Ok() | schema.Unsubscribed():
                return self._obeyed(reply.id, sent)
            case schema.IndexList() | schema.IndexList5Hz():
                pass
        return ()

    def _subscribed(self, reply: schema.Subscribed, sent: _Sent | None) -> Sequence[Event]:
        subscription = self._subscriptions.get(reply.msg.channel)
        if subscription is None:
            return ()
        if subscription.sid not in (None, reply.msg.sid):
            return self.dropped(self._now, f"two subscriptions of {subscription.channel}")
        subscription.sid = reply.msg.sid
        self._confirmed(reply.id, sent)
        self._settle()
        feed = subscription.feed
        return () if feed in self._up else (self._back(feed),)

    def _obeyed(self, id_: int | None, sent: _Sent | None) -> Sequence[Event]:
        """A command was obeyed; a subscription whose sid was never told cannot be used."""
        if sent is not None and sent.command.verb == "subscribe":
            subscription = self._subscriptions[sent.command.channel]
            if subscription.sid is None:
                return self.dropped(self._now, f"no sid for {subscription.channel}")
        self._confirmed(id_, sent)
        return ()

    def _confirmed(self, id_: int | None, sent: _Sent | None) -> None:
        """Say the next thing, if there is one."""
        if sent is None:
            return
        subscription = self._subscriptions.get(sent.command.channel)
        if subscription is None:
            return
        subscription.confirm(sent.command)
        if sent.command.verb == "unsubscribe":
            self._wire.end(subscription.channel)
        self._free(subscription, id_)

    def _free(self, subscription: Subscription, id_: int | None) -> None:
        """The command under way has its answer."""
        if subscription.waits_for == id_:
            subscription.waits_for = None
        self._reconcile(subscription)
        self._settle()

    def _errored(self, reply: schema.ErrorReply, sent: _Sent | None) -> Sequence[Event]:
        """A command was refused, or a channel ended."""
        code, words = reply.msg.code, reply.msg.msg[:_WORDS_MAX]
        command = None if sent is None else sent.command
        subscription = self._about(reply, sent)
        feed = SOCKET if subscription is None else subscription.feed
        what = "subscription" if command is None else str(command)
        final = code not in _PASSING and (command is None or command.verb != "get_snapshot")
        told = RequestRefused(self._now, self._now, feed, what, str(code), words, final)
        if subscription is None:
            ended = code in CHANNEL_ENDED
            return [told, *self.dropped(self._now, words)] if ended else (told,)
        if code in CHANNEL_ENDED or code == UNKNOWN_SID:
            return [told, *self._ended(subscription, words)]
        if command is not None and subscription.waits_for == reply.id:
            if final:
                subscription.deny(command)
            else:
                self._put_off(subscription)
        self._free(subscription, reply.id)
        return (told,)

    def _about(
        self, reply: schema.ErrorReply | schema.Unsubscribed, sent: _Sent | None
    ) -> Subscription | None:
        if sent is not None:
            return self._subscriptions.get(sent.command.channel)
        if reply.sid is None:
            return None
        return next((s for s in self._subscriptions.values() if s.sid == reply.sid), None)

    def _ended_by_venue(self, reply: schema.Unsubscribed) -> Sequence[Event]:
        """A channel ended that nobody asked to end."""
        subscription = self._about(reply, None)
        return () if subscription is None else self._ended(subscription, "ended by the venue")

    def _ended(self, subscription: Subscription, reason: str) -> Sequence[Event]:
        """The venue ended a channel: what it fed is unknown; subscribe again, ever more slowly."""
        self._wire.end(subscription.channel)
        subscription.end()
        self._put_off(subscription)
        self._reconcile(subscription)
        self._settle()
        feed = subscription.feed
        still_up = any(s.sid is not None for s in self._subscriptions.values() if s.feed == feed)
        if still_up or self._up.pop(feed, feed) is not None:
            return ()
        return (FeedLost(self._now, self._now, feed, reason),)

    def _put_off(self, subscription: Subscription) -> None:
        """The first trouble in a while is answered at once, further ones after growing pauses."""
        calm = max(self._settings.steady_seconds, self._settings.reply_seconds)
        if self._now - subscription.again_at >= _nanos(calm):
            subscription.troubles = 0
        doublings = min(subscription.troubles, _PUT_OFF_MAX)
        pause = _nanos(self._settings.reply_seconds) << doublings if doublings else 0
        subscription.again_at = Nanos(self._now + pause)
        subscription.troubles += 1


def _nanos(seconds: float) -> Nanos:
    return Nanos(round(seconds * SECOND))
