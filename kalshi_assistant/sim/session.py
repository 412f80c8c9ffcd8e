"""The server's side of one WebSocket connection, without the socket: commands in, frames out.

Invariants:

- ``seq`` starts at 1 and rises by 1 per sid; every frame that names a sequenced sid uses one up:
  data, ``ok``, ``error``, ``unsubscribed``, index lists and the answers to ``get_snapshot``.
- The ``subscribed`` reply carries no ``sid`` or ``seq`` of its own; no data of a sid precedes it.
- One subscription per channel: subscribing again adds to it and answers with the same sid.
- A refused command changes nothing.

Not documented by the venue, and so a choice of this server: an unknown ticker is accepted and stays
silent until such a market exists; ``unsubscribed`` comes once per sid; a repeated subscribe is
answered with ``subscribed``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from kalshi_assistant.domain.events import BookSnapshot
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import MILLISECOND, SECOND, Nanos
from kalshi_assistant.sim import frames
from kalshi_assistant.sim.frames import Frames, Notice

_INDEX_CHANNELS: Final = (frames.INDEX, frames.INDEX_5HZ)
_UNSEQUENCED: Final = (frames.TICKER, frames.FILL, frames.USER_ORDERS, frames.POSITIONS)
CHANNELS: Final = (
    frames.ORDERBOOK,
    frames.TRADE,
    frames.LIFECYCLE,
    *_INDEX_CHANNELS,
    *_UNSEQUENCED,
    frames.ORDER_GROUPS,
)
"""Every channel that can be subscribed to."""

MARKETS_MAX: Final = 10_000
"""Markets per subscription; the venue has such a limit and does not publish it."""
COMMANDS_PER_SECOND: Final = 10_000

ERRORS: Final = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
    19: "shard_factor must be > 0",
    20: "shard_factor is required when shard_key is set",
    21: "shard_key must be >= 0 and < shard_factor",
    22: "shard_factor must be <= 100",
    24: "Index IDs required",
    25: "Subscription buffer overflow",
    26: "Subscription market limit exceeded",
    27: "Too many requests",
}
"""What the venue says by code; 6, 16, 17 were retired, and 9, 10, 18, 23, 28 cannot happen here."""

ALL_INDICES: Final = "all"
_SHARDS_MAX: Final = 100

_encode: Final = msgspec.json.Encoder().encode


class _Command(msgspec.Struct):
    id: int = 0
    cmd: str = ""
    params: msgspec.Raw = msgspec.Raw()


class _Params(msgspec.Struct):
    channels: list[str] | None = None
    market_ticker: str | None = None
    market_tickers: list[str] | None = None
    index_ids: list[str] | None = None
    sid: int | None = None
    sids: list[int] | None = None
    action: str | None = None
    use_yes_price: bool = False
    send_initial_snapshot: bool = False
    skip_ticker_ack: bool = False
    shard_factor: int | None = None
    shard_key: int | None = None

    def tickers(self) -> list[Ticker]:
        """The markets meant, by either spelling. Raises Refusal when both are used."""
        if self.market_ticker is not None and self.market_tickers is not None:
            raise Refusal(11)
        named = self.market_tickers or ([self.market_ticker] if self.market_ticker else [])
        return [Ticker(each) for each in named]


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not an error of ours
    """A command is refused with a code of ``ERRORS``, about ``sid`` where the sid is known."""

    def __init__(self, code: int, about: "Subscription | None" = None) -> None:
        super().__init__(ERRORS[code])
        self.code = code
        self.about = about


@dataclass(slots=True)
class Subscription:
    """One channel of one connection: what it wants to hear, and how far its sequence is."""

    sid: int
    channel: str
    everything: bool
    """No filter: every market, or every index."""
    use_yes_price: bool
    skip_ticker_ack: bool
    topics: dict[str, None] = field(default_factory=dict)
    """Tickers or indices in the order they were added."""
    seq: int = 0

    def wants(self, topic: str) -> bool:
        """Whether a notice about ``topic`` is for this subscription."""
        return self.everything or not topic or topic in self.topics

    def stamp(self) -> str:
        """The ``sid`` and, on sequenced channels, the next ``seq``, as JSON members."""
        if self.channel in _UNSEQUENCED:
            return f'"sid":{self.sid}'
        self.seq += 1
        return f'"sid":{self.sid},"seq":{self.seq}'

    def listed(self) -> list[str]:
        """What it hears, by name."""
        return list(frames.INDICES) if self.everything else list(self.topics)


class Session:
    """One connection. ``book`` gives a market's whole book as it is now, ``None`` if unknown."""

    def __init__(self, shared: Frames, book: Callable[[Ticker], BookSnapshot | None]) -> None:
        self._frames = shared
        self._book = book
        self._by_channel: dict[str, Subscription] = {}
        self._by_sid: dict[int, Subscription] = {}
        self._next_sid = 1
        self._second, self._commands = 0, 0

    def receive(self, command: bytes, now: Nanos) -> list[bytes]:
        """The frames that answer ``command``, in order; nonsense is answered with an error."""
        try:
            parsed = msgspec.json.decode(command, type=_Command)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return [_error(0, Refusal(1), now)]
        try:
            self._count(now)
            return self._obey(parsed, now)
        except Refusal as refusal:
            return [_error(parsed.id, refusal, now)]

    def publish(self, notices: Iterable[Notice], now: Nanos) -> list[bytes]:
        """The frames of ``notices`` that this connection subscribed to."""
        sent = []
        for each in notices:
            subscription = self._by_channel.get(each.channel)
            if subscription is not None and subscription.wants(each.topic):
                sent.append(_data(subscription, each, now))
        return sent

    def overflow(self, now: Nanos) -> bytes:
        """The last frame of a connection that does not read fast enough."""
        return _error(0, Refusal(25), now)

    def _count(self, now: Nanos) -> None:
        second = now // SECOND
        self._commands = self._commands + 1 if second == self._second else 1
        self._second = second
        if self._commands > COMMANDS_PER_SECOND:
            raise Refusal(27)

    def _obey(self, command: _Command, now: Nanos) -> list[bytes]:
        match command.cmd:
            case "subscribe":
                return self._subscribe(command.id, _params(command), now)
            case "unsubscribe":
                return self._unsubscribe(command.id, _params(command), now)
            case "update_subscription":
                return self._update(command.id, _params(command), now)
            case "list_subscriptions":
                return [_reply(command.id, "ok", self._list(), now)]
            case _:
                raise Refusal(5)

    def _list(self) -> list[dict[str, Any]]:
        return [{"channel": each.channel, "sid": each.sid} for each in self._by_sid.values()]

    # --- subscribe ---

    def _subscribe(self, id_: int, params: _Params, now: Nanos) -> list[bytes]:
        if not params.channels:
            raise Refusal(3)
        _check_shards(params)
        channels = list(dict.fromkeys(params.channels))
        for channel in channels:
            _check_filter(channel, params)
        replies, data = [], []
        for channel in channels:
            subscription, added = self._open(channel, params)
            about = {"channel": channel, "sid": subscription.sid}
            replies.append(_reply(id_, "subscribed", about, now))
            data += self._first_frames(subscription, added, params, now)
        return replies + data

    def _open(self, channel: str, params: _Params) -> tuple[Subscription, list[str]]:
        """The subscription to ``channel``, new or widened, and the topics that are new to it."""
        wanted = _wanted(channel, params)
        found = self._by_channel.get(channel)
        if found is None:
            found = Subscription(
                self._next_sid, channel, False, params.use_yes_price, params.skip_ticker_ack
            )
            self._next_sid += 1
            self._by_channel[channel] = self._by_sid[found.sid] = found
        added = [topic for topic in wanted if topic not in found.topics]
        found.everything |= not wanted or ALL_INDICES in wanted
        found.topics.update(dict.fromkeys(wanted))
        return found, added

    def _first_frames(
        self, subscription: Subscription, added: Sequence[str], params: _Params, now: Nanos
    ) -> list[bytes]:
        """A snapshot per new market of the book; the last ticker for those who asked for it."""
        if subscription.channel == frames.ORDERBOOK:
            return self._snapshots(subscription, added, now)
        if subscription.channel != frames.TICKER or not params.send_initial_snapshot:
            return []
        wanted = self._frames.tickers() if subscription.everything else added
        last = (self._frames.ticker(Ticker(each)) for each in wanted)
        return [_data(subscription, each, now) for each in last if each is not None]

    def _snapshots(
        self, subscription: Subscription, tickers: Iterable[str], now: Nanos, id_: int = 0
    ) -> list[bytes]:
        books = (self._book(Ticker(each)) for each in tickers)
        found = (frames.book_notice(book) for book in books if book is not None)
        return [_data(subscription, each, now, id_) for each in found]

    # --- unsubscribe ---

    def _unsubscribe(self, id_: int, params: _Params, now: Nanos) -> list[bytes]:
        if not params.sids:
            raise Refusal(4)
        leaving = [self._known(sid) for sid in dict.fromkeys(params.sids)]
        replies = [_about(id_, each, "unsubscribed", None, now) for each in leaving]
        for each in leaving:
            del self._by_sid[each.sid], self._by_channel[each.channel]
        return replies

    def _known(self, sid: int) -> Subscription:
        found = self._by_sid.get(sid)
        if found is None:
            raise Refusal(7)
        return found

    # --- update_subscription ---

    def _update(self, id_: int, params: _Params, now: Nanos) -> list[bytes]:
        subscription = self._known(_one_sid(params))
        if not params.action:
            raise Refusal(15, subscription)
        match _kind(subscription.channel), params.action:
            case ("markets", "add_markets"):
                return self._add_markets(id_, subscription, params, now)
            case ("markets", "delete_markets"):
                return self._drop(id_, subscription, _some_tickers(params, subscription), now)
            case ("markets", "get_snapshot") if subscription.channel == frames.ORDERBOOK:
                return self._get_snapshot(id_, subscription, params, now)
            case ("indices", "subscribe_indices"):
                return self._add_indices(id_, subscription, params, now)
            case ("indices", "unsubscribe_indices"):
                return self._drop(id_, subscription, _some_indices(params, subscription), now)
            case ("indices", "indexlist"):
                names = {"index_ids": subscription.listed()}
                return [_about(id_, subscription, f"{subscription.channel}_indexlist", names, now)]
            case _:
                raise Refusal(13, subscription)

    def _add_markets(
        self, id_: int, subscription: Subscription, params: _Params, now: Nanos
    ) -> list[bytes]:
        wanted = _some_tickers(params, subscription)
        added = [each for each in dict.fromkeys(wanted) if each not in subscription.topics]
        if len(subscription.topics) + len(added) > MARKETS_MAX:
            raise Refusal(26, subscription)
        subscription.topics.update(dict.fromkeys(added))
        replies = [self._acknowledge(id_, subscription, now)]
        return replies + self._first_frames(subscription, added, params, now)

    def _get_snapshot(
        self, id_: int, subscription: Subscription, params: _Params, now: Nanos
    ) -> list[bytes]:
        wanted = _some_tickers(params, subscription)
        if any(each not in subscription.topics for each in wanted):
            raise Refusal(11, subscription)
        return self._snapshots(subscription, wanted, now, id_)

    def _add_indices(
        self, id_: int, subscription: Subscription, params: _Params, now: Nanos
    ) -> list[bytes]:
        wanted = _some_indices(params, subscription)
        subscription.everything |= ALL_INDICES in wanted
        subscription.topics.update(dict.fromkeys(wanted))
        return [self._acknowledge(id_, subscription, now)]

    def _drop(
        self, id_: int, subscription: Subscription, unwanted: Iterable[str], now: Nanos
    ) -> list[bytes]:
        for each in unwanted:
            subscription.everything &= each != ALL_INDICES
            subscription.topics.pop(each, None)
        return [self._acknowledge(id_, subscription, now)]

    def _acknowledge(self, id_: int, subscription: Subscription, now: Nanos) -> bytes:
        """``ok`` with the full set after the change, which ``skip_ticker_ack`` leaves out."""
        if _kind(subscription.channel) == "indices":
            return _about(id_, subscription, "ok", {"index_ids": subscription.listed()}, now)
        names = {"market_tickers": list(subscription.topics)}
        message = None if subscription.skip_ticker_ack else names
        return _about(id_, subscription, "ok", message, now)


def _params(command: _Command) -> _Params:
    if bytes(command.params) in (b"", b"null"):
        raise Refusal(2)
    try:
        return msgspec.json.decode(command.params, type=_Params)
    except msgspec.ValidationError as error:
        raise Refusal(11) from error


def _kind(channel: str) -> Literal["markets", "indices", "neither"]:
    if channel in _INDEX_CHANNELS:
        return "indices"
    return "neither" if channel in (frames.LIFECYCLE, frames.ORDER_GROUPS) else "markets"


def _wanted(channel: str, params: _Params) -> Sequence[str]:
    """What a subscription to ``channel`` filters by; nothing means no filter."""
    kind = _kind(channel)
    if kind == "indices":
        return params.index_ids or ()
    return params.tickers() if kind == "markets" else ()


def _check_filter(channel: str, params: _Params) -> None:
    if channel not in CHANNELS:
        raise Refusal(8)
    wanted = _wanted(channel, params)
    if channel == frames.ORDERBOOK and not wanted:
        raise Refusal(14)
    if channel in _INDEX_CHANNELS and not wanted:
        raise Refusal(24)
    if len(wanted) > MARKETS_MAX:
        raise Refusal(26)


def _check_shards(params: _Params) -> None:
    """Sharding among readers is checked and has no effect: here one reader takes everything."""
    factor, key = params.shard_factor, params.shard_key
    if factor is None:
        if key is not None:
            raise Refusal(20)
        return
    if factor <= 0:
        raise Refusal(19)
    if factor > _SHARDS_MAX:
        raise Refusal(22)
    if key is not None and not 0 <= key < factor:
        raise Refusal(21)


def _one_sid(params: _Params) -> int:
    named = params.sids or []
    if params.sid is not None:
        named = [*named, params.sid]
    if len(named) != 1:
        raise Refusal(12)
    return named[0]


def _some_tickers(params: _Params, subscription: Subscription) -> list[Ticker]:
    tickers = params.tickers()
    if not tickers:
        raise Refusal(14, subscription)
    return tickers


def _some_indices(params: _Params, subscription: Subscription) -> list[str]:
    if not params.index_ids:
        raise Refusal(24, subscription)
    return params.index_ids


# --- envelopes ---


def _data(subscription: Subscription, of: Notice, now: Nanos, id_: int = 0) -> bytes:
    """A data frame: the shared body between this connection's own ``sid`` and ``seq``."""
    body = of.yes_body if subscription.use_yes_price else of.body
    head = f'{{"type":"{of.type}",{_id(id_)}{subscription.stamp()},"msg":'
    return b"".join((head.encode(), body, _tail(now)))


def _about(id_: int, subscription: Subscription, type_: str, message: Any, now: Nanos) -> bytes:
    """A reply about one sid, which takes a number of its sequence."""
    head = f'{{{_id(id_)}{subscription.stamp()},"type":"{type_}"'
    body = b"" if message is None else b',"msg":' + _encode(message)
    return b"".join((head.encode(), body, _tail(now)))


def _reply(id_: int, type_: str, message: Any, now: Nanos) -> bytes:
    """A reply about the connection: no sid, no seq."""
    head = f'{{{_id(id_)}"type":"{type_}","msg":'
    return b"".join((head.encode(), _encode(message), _tail(now)))


def _error(id_: int, refusal: Refusal, now: Nanos) -> bytes:
    message = {"code": refusal.code, "msg": ERRORS[refusal.code]}
    if refusal.about is None:
        return _reply(id_, "error", message, now)
    return _about(id_, refusal.about, "error", message, now)


def _id(id_: int) -> str:
    """The command's id as a JSON member; 0 is none."""
    return f'"id":{id_},' if id_ else ""


def _tail(now: Nanos) -> bytes:
    return b',"sending_ts_ms":%d}' % (now // MILLISECOND)
