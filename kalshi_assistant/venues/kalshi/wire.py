"""The venue's frames as facts: decode, check the sequence, translate. Pure: no clock, no I/O.

Invariants:

- ``receive`` never raises on what a peer can send, and a frame is used whole or not at all.
- A delta is passed on only while its book is known to be whole: every frame of the book's
  subscription since that market's snapshot has arrived and was understood. Otherwise it is withheld
  (``withheld`` counts), until the market's next snapshot.
- A frame that could have been a change of a book and cannot be read makes the books it could have
  been about unknown, which is told by a ``Gap``. A ``Gap`` with ``expected == got`` is one in which
  no number is missing but a content.
- Every price that leaves is a YES price (``texts.yes_prices``).
- What a private channel says of another subaccount than ours is dropped (``elsewhere`` counts). One
  that names none cannot be told apart and is passed on.

Known limitation: a digit damaged within a number that stays plausible cannot be noticed here.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Gap,
    IndexPrinted,
    Malformed,
)
from kalshi_assistant.domain.ids import BRTI, BTC_15_MINUTES, Feed, Series, Ticker
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.domain.time import MILLISECOND, Nanos, whole_second
from kalshi_assistant.engine.feeds import (
    ACCOUNT,
    BOOK,
    INDEX,
    LIFECYCLE,
    QUOTES,
    SOCKET,
    TRADES,
)
from kalshi_assistant.venues.kalshi import account, facts, schema, texts
from kalshi_assistant.venues.kalshi.schema import DECODE_FRAME, DeltaFrame
from kalshi_assistant.venues.kalshi.sequence import Arrival, Line
from kalshi_assistant.venues.kalshi.texts import NONSENSE, NonsenseError

FEED_OF_CHANNEL: Final[dict[str, Feed]] = {
    schema.ORDERBOOK: BOOK,
    schema.TRADE: TRADES,
    schema.TICKER: QUOTES,
    schema.LIFECYCLE: LIFECYCLE,
    schema.INDEX: INDEX,
    schema.INDEX_5HZ: INDEX,
    schema.FILL: ACCOUNT,
    schema.USER_ORDERS: ACCOUNT,
    schema.MARKET_POSITIONS: ACCOUNT,
    schema.ORDER_GROUPS: ACCOUNT,
}
"""What a person calls the source of each channel's events."""

BOOKS_MAX: Final = 1_000
"""Books kept account of; the snapshot of one more is refused."""
_REASON_MAX: Final = 200
_FORGOTTEN_MAX: Final = 64

# each reader takes the one frame it stands beside in the table
Reader = Callable[[Any, Nanos], Event | None]


class KalshiWire:
    """One connection's frames, in the order received.

    ``series`` is whose markets are passed on, ``index`` which index. ``use_yes_price`` says how the
    book was subscribed to: true when the NO side comes in YES dollars. Until the first ``expect``,
    as in a recording, the book of any market of the series is taken up when its snapshot comes.
    ``subaccount`` is whose fills, orders and positions are passed on; ``None``, as in a recording:
    everybody's.
    """

    def __init__(
        self,
        series: Series = BTC_15_MINUTES,
        index: str = BRTI,
        *,
        use_yes_price: bool = False,
        subaccount: int | None = None,
    ) -> None:
        self.reply: schema.Reply | None = None
        """The last frame that was a reply; whoever acts on it takes it away."""
        self.wanted: dict[Ticker, None] = {}
        """Books that a snapshot should be asked for; whoever asks takes them away."""
        self.withheld = 0
        """Deltas not passed on because their book was not whole."""
        self.elsewhere = 0
        """Messages about fills, orders and positions of another subaccount."""
        self.last_print_second: int | None = None
        """Epoch second of the newest print of the index, over all connections."""
        self._prefix = f"{series}-"
        self._index = index
        self._subaccount = subaccount
        self._bids = texts.yes_prices("yes", in_yes_dollars=use_yes_price)
        self._asks = texts.yes_prices("no", in_yes_dollars=use_yes_price)
        self._counts = texts.counts()
        self._lines = {name: Line(name, feed) for name, feed in FEED_OF_CHANNEL.items()}
        self._book = self._lines[schema.ORDERBOOK]
        self._takes_any = True
        self._tracked: dict[Ticker, None] = {}
        self._whole: dict[str, Ticker] = {}
        self._forgotten: dict[str, None] = {}

    # --- what is followed ---

    def expect(self, ticker: Ticker) -> None:
        """A book that will come; its deltas are withheld until its snapshot."""
        self._takes_any = False
        self._tracked[ticker] = None
        self._forgotten.pop(ticker, None)

    def forget(self, ticker: Ticker) -> None:
        """A book nobody wants any more; frames of it that are under way are dropped."""
        self._tracked.pop(ticker, None)
        self._whole.pop(ticker, None)
        self.wanted.pop(ticker, None)
        self._forgotten[ticker] = None
        while len(self._forgotten) > _FORGOTTEN_MAX:
            del self._forgotten[next(iter(self._forgotten))]

    def distrust(self, tickers: Sequence[Ticker]) -> None:
        """These books are not whole: withhold their deltas until a snapshot, and want one."""
        for ticker in tickers:
            if ticker in self._tracked and (self._whole.pop(ticker, None) is not None):
                self.wanted[ticker] = None

    def end(self, channel: str) -> None:
        """Nothing more comes on this channel's sid; what it fed is not whole any more."""
        self._lines[channel].end()
        if channel == schema.ORDERBOOK:
            self._whole.clear()
            self.wanted.clear()

    def reset(self) -> None:
        """A new connection: sids and numbers begin anew, every book waits for its snapshot."""
        for channel in self._lines:
            self.end(channel)
        self.reply = None

    @property
    def broken(self) -> tuple[Ticker, ...]:
        """Books that wait for a snapshot."""
        return tuple(ticker for ticker in self._tracked if ticker not in self._whole)

    @property
    def last_sequence(self) -> dict[str, int]:
        """The last number received, by channel."""
        return {name: line.next - 1 for name, line in self._lines.items() if line.next is not None}

    # --- frames ---

    def receive(self, frame: bytes | str, received_at: Nanos) -> Sequence[Event]:
        """The facts in ``frame``, in order. Never raises on bad input.

        Deltas, nearly all frames there are, are dealt with here, without a further call.
        """
        try:
            message: schema.Frame = DECODE_FRAME(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            return self._unread(frame, str(error), received_at)
        if type(message) is not DeltaFrame:
            return self._other(frame, message, received_at)
        book = self._book
        if message.seq != book.next or message.sid != book.sid:
            usable, trouble = self._count(book, message.sid, message.seq, received_at)
            if trouble or not usable:
                return [*trouble, *self._withhold(message, received_at)] if usable else trouble
        book.next = message.seq + 1
        body = message.msg
        ticker = self._whole.get(body.market_ticker)
        if ticker is None:
            return self._withhold(message, received_at)
        try:
            change = self._counts[body.delta_fp]
            if body.side == "yes":
                side, price = BID, self._bids[body.price_dollars]
            else:
                side, price = ASK, self._asks[body.price_dollars]
        except NONSENSE as error:
            return self._spoiled(message.seq, (ticker,), str(error), received_at)
        at: Nanos = body.ts_ms * MILLISECOND  # type: ignore[assignment]  # the call costs a look-up
        return (BookDelta(at, received_at, ticker, side, price, change),)

    def _withhold(self, message: DeltaFrame, received_at: Nanos) -> Sequence[Event]:
        """A delta of a book that is not whole. One of a book never heard of may be misnamed."""
        name = message.msg.market_ticker
        if name in self._tracked or name in self._forgotten:
            self.withheld += 1
            return ()
        reason = f"a delta of {name[:40]!r}, which has no book"
        return self._spoiled(message.seq, tuple(self._tracked), reason, received_at)

    def _other(
        self, frame: bytes | str, message: schema.Frame, received_at: Nanos
    ) -> Sequence[Event]:
        if isinstance(message, schema.Reply):
            return self._replied(message, received_at)
        line = self._lines[message.channel]
        trouble: Sequence[Event] = ()
        if not isinstance(message, schema.Unnumbered):
            usable, trouble = self._count(line, message.sid, message.seq, received_at)
            if not usable:
                return trouble
        if isinstance(message, schema.SnapshotFrame):
            return [*trouble, *self._snapshot(frame, message, received_at)]
        return [*trouble, *self._translated(message, line.feed, received_at)]

    def _replied(self, reply: schema.Reply, received_at: Nanos) -> Sequence[Event]:
        """A reply takes a number of the sid it is about; one that came late is not used."""
        if isinstance(reply, schema.Subscribed):
            self.reply = reply
            return self._begun(reply.msg, received_at)
        line, seq = self._line_of(reply.sid), reply.seq
        if line is None or reply.sid is None or seq is None:
            self.reply = reply
            return ()
        usable, trouble = self._count(line, reply.sid, seq, received_at)
        if usable:
            self.reply = reply
        return trouble

    def _begun(self, body: schema.SubscribedBody, received_at: Nanos) -> Sequence[Event]:
        """A channel has its sid; a second one while the first still runs makes no sense."""
        line = self._lines.get(body.channel)
        if line is None:
            return ()
        changed = line.sid not in (None, body.sid)
        line.begin(body.sid)
        if not changed:
            return ()
        return self._doubted(line, 1, (), f"a second sid for {body.channel}", received_at)

    def _translated(self, message: schema.Data, feed: Feed, received_at: Nanos) -> Sequence[Event]:
        try:
            if not self._is_ours(message):
                return ()
            if not self._is_here(message):
                self.elsewhere += 1
                return ()
            event = _READERS[type(message)](message, received_at)
        except NONSENSE as error:
            return (_malformed(feed, str(error), received_at),)
        if isinstance(event, IndexPrinted):
            self.last_print_second = max(self.last_print_second or 0, whole_second(event.at))
        return () if event is None else (event,)

    def _is_ours(self, message: schema.Data) -> bool:
        """Whether the message is about our series or our index; groups of orders have neither."""
        match message:
            case schema.LifecycleFrame():
                return schema.DECODE_NAME(message.msg).market_ticker.startswith(self._prefix)
            case schema.EventFrame() | schema.EventFeeFrame():
                return message.msg.event_ticker.startswith(self._prefix)
            case schema.IndexFrame() | schema.Index5HzFrame():
                return message.msg.index_id == self._index
            case schema.UserOrderFrame():
                return message.msg.ticker.startswith(self._prefix)
            case schema.OrderGroupFrame():
                return True
            case _:
                return message.msg.market_ticker.startswith(self._prefix)

    def _is_here(self, message: schema.Data) -> bool:
        """Whether it is not certainly about another subaccount."""
        match message:
            case schema.FillFrame() | schema.PositionFrame():
                named = message.msg.subaccount
            case schema.UserOrderFrame():
                named = message.msg.subaccount_number
            case _:
                return True
        return self._subaccount is None or named in (None, self._subaccount)

    # --- whole books ---

    def _snapshot(
        self, frame: bytes | str, message: schema.SnapshotFrame, received_at: Nanos
    ) -> Sequence[Event]:
        name = message.msg.market_ticker
        if name in self._forgotten:
            return ()
        try:
            ticker = self._admitted(name)
            _check_absence(frame, message.msg)
            bids = texts.levels(message.msg.yes_dollars_fp, self._bids)
            asks = texts.levels(message.msg.no_dollars_fp, self._asks)
        except NONSENSE as error:
            about = (Ticker(name),) if name in self._tracked else tuple(self._tracked)
            return self._spoiled(message.seq, about, str(error), received_at)
        self._tracked[ticker] = None
        self._whole[ticker] = ticker
        self.wanted.pop(ticker, None)
        sent_at = message.msg.ts_ms or message.sending_ts_ms
        at = facts.stamp(sent_at, received_at)
        return (BookSnapshot(at, received_at, ticker, bids, asks),)

    def _admitted(self, name: str) -> Ticker:
        """A market whose book may be taken up."""
        if name not in self._tracked:
            if not (self._takes_any and name.startswith(self._prefix)):
                raise NonsenseError(f"a book of {name[:40]!r}, which nobody asked for")
            if len(self._tracked) >= BOOKS_MAX:
                raise NonsenseError(f"more than {BOOKS_MAX} books")
        return Ticker(name)

    # --- trouble ---

    def _count(
        self, line: Line, sid: int, seq: int, received_at: Nanos
    ) -> tuple[bool, Sequence[Event]]:
        """Count a frame: whether its content may be used, and what its number gives away."""
        if line.ended:
            return False, ()
        if line.sid is None:
            line.sid = sid
        elif sid != line.sid:
            reason = f"sid {sid} on {line.channel}, which has {line.sid}"
            return False, self._doubted(line, seq, (), reason, received_at)
        expected = line.next
        arrival = line.take(seq)
        if arrival is Arrival.IN_ORDER:
            return True, ()
        if arrival is Arrival.LATE or arrival is Arrival.DOUBT:
            reason = f"out of order: {line.channel} number {seq} after {(expected or 0) - 1}"
            if arrival is Arrival.DOUBT and line is self._book and self._whole:
                return False, self._spoiled(seq, tuple(self._tracked), reason, received_at)
            return False, (_malformed(line.feed, reason, received_at),)
        tickers = self._lost_on(line)
        # after a restart even a snapshot may be an old one
        usable = arrival is Arrival.JUMP or line is not self._book
        return usable, (Gap(received_at, received_at, line.feed, tickers, expected or 0, seq),)

    def _lost_on(self, line: Line) -> tuple[Ticker, ...]:
        """Books that lost something when ``line`` did; they are not whole from here on."""
        if line is not self._book:
            return ()
        tickers = tuple(self._tracked)
        self.distrust(tickers)
        return tickers

    def _spoiled(
        self, seq: int, tickers: tuple[Ticker, ...], reason: str, received_at: Nanos
    ) -> Sequence[Event]:
        """A frame of the book with a good number and a bad content."""
        trouble = _malformed(BOOK, reason, received_at)
        if not tickers:
            return (trouble,)
        self.distrust(tickers)
        return trouble, Gap(received_at, received_at, BOOK, tickers, seq, seq)

    def _unread(self, frame: bytes | str, reason: str, received_at: Nanos) -> Sequence[Event]:
        """A frame that does not decode: count it if its envelope can be read."""
        envelope = _Envelope.read(frame)
        line, by_type = self._line_of(envelope.sid), self._lines.get(envelope.channel or "")
        if line is None:
            line = by_type
        elif by_type not in (None, line):
            line = self._book if self._book in (line, by_type) else line
            return self._doubted(line, 0, (), reason, received_at)
        if line is None:
            trouble = (_malformed(SOCKET, reason, received_at),)
            return trouble if envelope.readable else self._anything_lost(trouble, received_at)
        return self._unread_on(line, envelope, reason, received_at)

    def _unread_on(
        self, line: Line, envelope: "_Envelope", reason: str, received_at: Nanos
    ) -> Sequence[Event]:
        if envelope.seq is None or line.sid is None:
            return self._doubted(line, 0, (), reason, received_at)
        usable, trouble = self._count(line, envelope.sid or line.sid, envelope.seq, received_at)
        if not usable:
            return trouble
        named = Ticker(envelope.ticker or "")
        about = (named,) if named in self._tracked else ()
        return [*trouble, *self._doubted(line, envelope.seq, about, reason, received_at)]

    def _doubted(
        self, line: Line, seq: int, about: tuple[Ticker, ...], reason: str, received_at: Nanos
    ) -> Sequence[Event]:
        """A frame of ``line`` that is not understood: on the book, what it changed is unknown."""
        if line is self._book:
            return self._spoiled(seq, about or tuple(self._tracked), reason, received_at)
        return (_malformed(line.feed, reason, received_at),)

    def _anything_lost(self, trouble: Sequence[Event], received_at: Nanos) -> Sequence[Event]:
        """A frame of which nothing can be read may have been a change of any book."""
        tickers = tuple(self._tracked)
        if not tickers:
            return trouble
        self.distrust(tickers)
        expected = self._book.next or 0
        return [*trouble, Gap(received_at, received_at, BOOK, tickers, expected, expected)]

    def _line_of(self, sid: int | None) -> Line | None:
        if sid is None:
            return None
        return next((line for line in self._lines.values() if line.sid == sid), None)


class _Envelope(msgspec.Struct, frozen=True, gc=False):
    """What can be made out of a frame that does not decode."""

    readable: bool
    channel: str | None = None
    sid: int | None = None
    seq: int | None = None
    ticker: str | None = None

    @classmethod
    def read(cls, frame: bytes | str) -> "_Envelope":
        """Whatever has the right type, field by field."""
        try:
            found = msgspec.json.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return cls(readable=False)
        if not isinstance(found, dict):
            return cls(readable=False)
        body = found.get("msg")
        ticker = body.get("market_ticker") if isinstance(body, dict) else None
        type_ = found.get("type")
        return cls(
            readable=True,
            channel=schema.CHANNEL_OF_TYPE.get(type_) if isinstance(type_, str) else None,
            sid=_number(found.get("sid")),
            seq=_number(found.get("seq")),
            ticker=ticker if isinstance(ticker, str) else None,
        )


def _number(found: object) -> int | None:
    return found if type(found) is int and 0 < found < 2**53 else None


def _check_absence(frame: bytes | str, body: schema.SnapshotBody) -> None:
    """A side that is absent is empty, unless its name came damaged: then its levels stand there."""
    if body.yes_dollars_fp and body.no_dollars_fp:
        return
    members = msgspec.json.decode(frame)["msg"]
    strange = [name for name, value in members.items() if isinstance(value, list)]
    if any(name not in ("yes_dollars_fp", "no_dollars_fp") for name in strange):
        raise NonsenseError("a book with an unknown side")


def _malformed(feed: Feed, reason: str, received_at: Nanos) -> Malformed:
    return Malformed(received_at, received_at, feed, reason[:_REASON_MAX])


_READERS: Final[dict[type, Reader]] = {
    schema.TickerFrame: facts.quote,
    schema.TradeFrame: facts.trade,
    schema.IndexFrame: facts.index_print,
    schema.Index5HzFrame: facts.index_tick,
    schema.LifecycleFrame: facts.lifecycle,
    schema.EventFrame: facts.event_made,
    schema.EventFeeFrame: facts.fees_changed,
    schema.FillFrame: account.fill,
    schema.UserOrderFrame: account.order,
    schema.PositionFrame: account.position,
    schema.OrderGroupFrame: account.order_group,
}
