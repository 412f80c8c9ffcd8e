"""The constituents in virtual time: servers, bad lines and the real lines, without sockets."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kalshi_assistant.domain.time import SECOND, Nanos
from kalshi_assistant.sim.exchange import Exchange
from kalshi_assistant.sim.faults import Delivery, Faults, FaultSettings
from kalshi_assistant.sim.spot.served import Change, Levels, SpotServer, document, serve
from kalshi_assistant.venues.spot.desk import SpotDesk
from kalshi_assistant.venues.spot.line import SpotLine

DEPTHS: Final = {"kraken": 1_000, "cryptocom": 50, "bullish": 100, "lmax": 20}
"""How many levels a side a venue shows; the others show all."""
DOCUMENT_DELAY: Final = SECOND // 10
OLD_DOCUMENT: Final = 5 * SECOND
"""A document from a cache is as old as this."""


class ServedBook:
    """One venue's book in the exchange."""

    def __init__(self, exchange: Exchange, venue: str) -> None:
        self._exchange, self._venue = exchange, venue

    def levels(self, side: int) -> Levels:
        """A whole side as of now, best first."""
        return self._exchange.spot_levels(self._venue, side)


@dataclass(slots=True)
class _Wire:
    """One line and what stands at its other end."""

    line: SpotLine
    faults: Faults
    server: SpotServer | None = None
    pending: list[Delivery] = field(default_factory=list)
    document_at: Nanos | None = None
    connections: int = 0
    delivered: int = 0
    """Frames that arrived in this step."""


class SimulatedSpot:
    """All constituents of an exchange, and the desk that listens to them."""

    def __init__(
        self, exchange: Exchange, desk: SpotDesk, lines: Mapping[str, FaultSettings], seed: int
    ) -> None:
        self._exchange, self._desk, self._seed = exchange, desk, seed
        self._settings = lines
        self._made = 0
        self.wires: dict[SpotLine, _Wire] = {}
        for line in desk.lines.values():
            self._add(line)
        self._old: dict[str, tuple[Nanos, tuple[int, bytes]]] = {}
        self.storm = False
        """Whether documents are answered with 429 and 5xx."""

    def step(self, now: Nanos, ours: Nanos) -> None:
        """Live to ``now``; ``ours`` is what our own clock shows."""
        moves: defaultdict[str, list[tuple[Nanos, tuple[Change, ...]]]] = defaultdict(list)
        for move in self._exchange.spot_moves():
            moves[move.venue].append((move.at, move.changes))
        begun, over = self._desk.reconcile(ours)
        if begun is not None:
            self._add(begun)
        if over is not None:
            self.wires.pop(over, None)
        for wire in self.wires.values():
            self._serve(wire, moves[wire.line.wire.venue], now)
            self._connect(wire, now, ours)
            self._deliver(wire, now, ours)
            wire.line.tick(ours)
            self._talk(wire, now)
            self._documents(wire, now, ours)

    def asleep(self) -> None:
        """The machine slept: its connections did not live that long."""
        for wire in self.wires.values():
            if wire.server is not None:
                wire.pending.append(Delivery(None, Nanos(0)))

    def truth(self, line: SpotLine, side: int) -> list[tuple[int, int]]:
        """What a right book of this line holds."""
        venue = line.wire.venue
        return list(self._exchange.spot_levels(venue, side)[: DEPTHS.get(venue)])

    def _add(self, line: SpotLine) -> None:
        self._made += 1
        self.wires[line] = _Wire(line, self._faults(line, 0))

    def _faults(self, line: SpotLine, connection: int) -> Faults:
        venue = line.wire.venue
        name = f"{venue}.{self._made}.{connection}"
        return Faults(self._settings.get(venue, FaultSettings()), self._seed, name)

    def _serve(
        self, wire: _Wire, moves: list[tuple[Nanos, tuple[Change, ...]]], now: Nanos
    ) -> None:
        server = wire.server
        if server is None:
            return
        for at, changes in moves:
            self._send(wire, server.publish(changes, at), now)
        self._send(wire, server.tick(now), now)
        if server.closed:
            wire.pending.append(Delivery(None, now))

    def _connect(self, wire: _Wire, now: Nanos, ours: Nanos) -> None:
        line = wire.line
        if line.gone and wire.server is not None:
            self._drop(wire, ours, "closed by us")
        if line.wants_connection(ours):
            wire.connections += 1
            line.connect(ours)
            venue = line.wire.venue
            wire.faults = self._faults(line, wire.connections)
            wire.server = serve(venue, ServedBook(self._exchange, venue))
            line.opened(ours)
            self._send(wire, wire.server.opened(now), now)

    def _deliver(self, wire: _Wire, now: Nanos, ours: Nanos) -> None:
        due = [each for each in wire.pending if each.at <= now]
        wire.pending = [each for each in wire.pending if each.at > now]
        wire.delivered = len(due)
        for frame, _ in due:
            if frame is None:
                self._drop(wire, ours, "the line went down")
                return
            wire.line.receive(frame, ours)

    def _talk(self, wire: _Wire, now: Nanos) -> None:
        """Commands go out whole; their answers come back over the same bad line."""
        for command in wire.line.to_send():
            if wire.server is not None:
                self._send(wire, wire.server.receive(command, now), now)

    def _documents(self, wire: _Wire, now: Nanos, ours: Nanos) -> None:
        if wire.document_at is None:
            if wire.line.document_wanted(ours) is not None:
                wire.document_at = Nanos(now + DOCUMENT_DELAY)
            return
        if now < wire.document_at:
            return
        wire.document_at = None
        status, body = self._document(wire.line.wire.venue, now)
        wire.line.take_document(status, body, ours)

    def _document(self, venue: str, now: Nanos) -> tuple[int, bytes]:
        """The order book; in a storm a refusal, and now and then one from a cache."""
        if self.storm:
            return (429, b"{}") if now // SECOND % 2 else (503, b"")
        fresh = document(venue, ServedBook(self._exchange, venue), now)
        assert fresh is not None, "only venues that have one are asked"
        kept = self._old.get(venue)
        if kept is None or now - kept[0] > OLD_DOCUMENT:
            self._old[venue] = (now, fresh)
        elif now // SECOND % 4 == 0:
            return kept[1]
        return fresh

    def _send(self, wire: _Wire, frames: list[bytes], now: Nanos) -> None:
        for frame in frames:
            wire.pending += wire.faults.feed(frame, now)

    def _drop(self, wire: _Wire, ours: Nanos, reason: str) -> None:
        wire.server, wire.pending, wire.document_at = None, [], None
        wire.line.dropped(ours, reason)
