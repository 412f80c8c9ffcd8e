"""The venue in virtual time: listened to over a bad line with a key, or by asking without one."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from kalshi_assistant.domain.events import Event
from kalshi_assistant.domain.ids import BRTI, BTC_15_MINUTES, Ticker
from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.sim import writes
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import Delivery, Faults, FaultSettings
from kalshi_assistant.sim.frames import INDEX_5HZ, Frames, Notice
from kalshi_assistant.sim.session import Session
from kalshi_assistant.venues.kalshi.polling import PublicPoller
from kalshi_assistant.venues.kalshi.rest import Request
from kalshi_assistant.venues.kalshi.session import KalshiSession, SessionSettings

Tell = Callable[[Sequence[Event]], None]


class SimulatedListener(Protocol):
    """How the venue is listened to."""

    def publish(self, notices: Sequence[Notice], now: Nanos) -> None:
        """The exchange lived on."""

    def step(self, now: Nanos, ours: Nanos) -> None:
        """Deliver and notice what is due; ``ours`` is what our clock shows."""

    def talk(self, now: Nanos) -> None:
        """Let what is waiting to be said be said."""

    def asleep(self, ours: Nanos) -> None:
        """The machine slept."""

    def watch(self, ticker: Ticker) -> None:
        """Follow a market."""

    def unwatch(self, ticker: Ticker) -> None:
        """Let go of it."""

    def resync(self, ticker: Ticker, reason: str) -> None:
        """Its book is not believed."""

    def check(self, ticker: Ticker) -> None:
        """Its book is to be compared."""


class SimulatedSocket:
    """The real session on a bad line to the simulated one."""

    def __init__(
        self,
        exchange: Exchange,
        frames: Frames,
        faults: FaultSettings,
        seed: int,
        tell: Tell,
        session: SessionSettings | None = None,
        name: str = "",
    ) -> None:
        """``name`` keeps the chances of one process apart from those of another."""
        self.connections = 0
        self.pending: list[Delivery] = []
        self.delivered = 0
        """Frames that arrived in the last step."""
        self.source_ms = 0
        """How wrongly the five-a-second channel is stamped just now."""
        self._exchange, self._frames, self._tell = exchange, frames, tell
        self._settings, self._seed, self._name = faults, seed, name
        self._line = Faults(faults, seed)
        self._client = KalshiSession(session or SessionSettings(), stream(seed, f"{name}backoff"))
        self._server: Session | None = None

    def publish(self, notices: Sequence[Notice], now: Nanos) -> None:
        """Send what is subscribed."""
        if self._server is not None:
            self._send(self._server.publish(notices, now), now)

    def step(self, now: Nanos, ours: Nanos) -> None:
        """Connect where that is wanted, deliver, let time pass."""
        if self._client.gone:
            self._server = None
            self.pending.clear()
        if self._client.wants_connection(ours):
            self.connections += 1
            self._client.connect(ours)
            self._server = Session(self._frames, self._exchange.book)
            # the place of each connection in the run names its own stream of faults
            self._line = Faults(self._settings, self._seed, f"{self._name}line{self.connections}")
            self._tell(self._client.opened(ours))
        self._deliver(now, ours)
        self._tell(self._client.tick(ours))

    def talk(self, now: Nanos) -> None:
        """Commands go out whole; their answers come back over the same bad line."""
        for command in self._client.to_send():
            if self._server is not None:
                self._send(self._server.receive(command, now), now)

    def asleep(self, ours: Nanos) -> None:
        """Its connection did not live that long."""
        if self._server is not None:
            self._drop(ours)

    def watch(self, ticker: Ticker) -> None:
        """Subscribe."""
        self._client.watch(ticker)

    def unwatch(self, ticker: Ticker) -> None:
        """Unsubscribe."""
        self._client.unwatch(ticker)

    def resync(self, ticker: Ticker, reason: str) -> None:
        """Ask for a snapshot."""
        self._client.resync(ticker, reason)

    def check(self, ticker: Ticker) -> None:
        """Ask for a snapshot without doubting."""
        self._client.check(ticker)

    def _send(self, frames: Sequence[bytes], now: Nanos) -> None:
        for frame in frames:
            said = frame if self.source_ms == 0 else restamped(frame, self.source_ms)
            self.pending += self._line.feed(said, now)

    def _deliver(self, now: Nanos, ours: Nanos) -> None:
        due = [each for each in self.pending if each.at <= now]
        self.pending = [each for each in self.pending if each.at > now]
        self.delivered = len(due)
        for frame, _ in due:
            if frame is None:
                self._drop(ours)
                return
            self._tell(self._client.receive(frame, ours))

    def _drop(self, ours: Nanos) -> None:
        self._server = None
        self.pending.clear()
        self._tell(self._client.dropped(ours, "the line went down"))


class SimulatedPolls:
    """The real poller against the exchange's reads."""

    def __init__(self, exchange: Exchange, seed: int, tell: Tell) -> None:
        self.connections = self.delivered = 0
        self.pending: list[Delivery] = []
        self.storm = False
        self._exchange, self._tell = exchange, tell
        self._poller = PublicPoller(BTC_15_MINUTES, BRTI, stream(seed, "polling"))

    def publish(self, notices: Sequence[Notice], now: Nanos) -> None:
        """Nobody listens."""

    def step(self, now: Nanos, ours: Nanos) -> None:
        """Ask what is due."""
        for request in self._poller.due(ours):
            status, body = answer(self._exchange, request, now, storm=self.storm)
            self._tell(self._poller.answered(request, status, body, ours))
        self._tell(self._poller.tick(ours))

    def talk(self, now: Nanos) -> None:
        """Nothing is said."""

    def asleep(self, ours: Nanos) -> None:
        """Nothing was held open."""

    def watch(self, ticker: Ticker) -> None:
        """Ask for it."""
        self._poller.watch(ticker)

    def unwatch(self, ticker: Ticker) -> None:
        """Stop asking."""
        self._poller.unwatch(ticker)

    def resync(self, ticker: Ticker, reason: str) -> None:
        """The next answer mends it."""

    def check(self, ticker: Ticker) -> None:
        """Every answer is whole."""


def answer(exchange: Exchange, request: Request, now: Nanos, *, storm: bool) -> tuple[int, bytes]:
    """What the exchange says to a request; in a storm 429 and 503 by turns."""
    if storm:
        return (429, b'{"error": "too many requests"}') if now // SECOND % 2 else (503, b"")
    given: dict[str, list[str]] = {}
    for name, value in request.query:
        given.setdefault(name, []).append(value)
    return writes.answer(exchange, request.method, request.path.lstrip("/"), given, b"", now)


def restamped(frame: bytes, by_ms: int) -> bytes:
    """A frame of the five-a-second channel as a source with a wrong clock would stamp it."""
    said = msgspec.json.decode(frame)
    if said.get("type") != INDEX_5HZ:
        return frame
    body = said["msg"]
    body["source_ts_ms"] += by_ms
    value = msgspec.json.decode(body["data"])
    value["time"] += by_ms
    body["data"] = msgspec.json.encode(value).decode()
    return msgspec.json.encode(said)
