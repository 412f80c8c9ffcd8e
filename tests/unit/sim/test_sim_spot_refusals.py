"""Nonsense from a client gets the venue's own error, changes nothing, and never raises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.sim.spot.served import PATHS, serve
from kalshi_assistant.venues.spot.wire import SpotLost, SpotMalformed
from tests.support.spot_lines import NOW, WIRES, Chance
from tests.support.spot_readers import flipped, planted, truncated

every = pytest.mark.parametrize("venue", PATHS)

BOOKS = {venue: Chance(venue, 5, levels=60).book for venue in PATHS}


def commands(venue):
    """What the venue's own client says, and some more."""
    said = []
    for kind in WIRES:
        if kind.split()[0] == venue:
            wire = WIRES[kind]()
            wire.opened(NOW)
            for seconds in (1, 2, 12, 40):
                said += [text.encode() for text in wire.to_send(NOW + seconds * SECOND)]
    more = [frame.replace(b"subscribe", b"unsubscribe") for frame in said]
    if venue == "cryptocom":
        more.append(b'{"id":77,"method":"public/respond-heartbeat"}')
    return said + more or [b'{"type":"SUBSCRIBE"}']


COMMANDS = {venue: commands(venue) for venue in PATHS}


def connected(venue):
    server = serve(venue, BOOKS[venue])
    server.opened(NOW)
    return server


def survives(venue, *frames):
    """Every answer is JSON of bounded size but for a book; the server goes on."""
    server = connected(venue)
    for frame in (*frames, COMMANDS[venue][0], *frames):
        for answer in server.receive(frame, NOW):
            json.loads(answer)
            assert len(answer) < 50_000
        server.publish([(0, 1, 1)], NOW)
        server.tick(NOW + SECOND)


REFUSALS = {
    "coinbase": {"type": "error"},
    "kraken": {"success": False},
    "bitstamp": {"event": "bts:error"},
    "gemini": {"status": 400},
    "cryptocom": {"code": 40001},
    "bullish": {"id": None},
    "paxos": {"type": "ERROR"},
    "lmax": {"type": "ERROR"},
}


@every
@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 60_000,
        b" " * 70_000,
        b'{"id":1e99,"type":7,"method":7,"event":7}',
    ],
    ids=range(7),
)
def test_nonsense_is_answered_by_the_venues_error(venue, nonsense):
    (answer,) = connected(venue).receive(nonsense, NOW)
    said = json.loads(answer)
    assert {key: said[key] for key in REFUSALS[venue]} == REFUSALS[venue]


ILL = {
    "coinbase": [
        {"type": "subscribe", "channel": "level2", "product_ids": ["DOGE-USD"]},
        {"type": "subscribe", "channel": "level3", "product_ids": ["BTC-USD"]},
        {"type": "beg", "channel": "level2", "product_ids": ["BTC-USD"]},
    ],
    "kraken": [
        {"method": "subscribe", "params": {"channel": "book", "symbol": ["XBT/USD"]}},
        {"method": "subscribe", "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 11}},
        {"method": "subscribe", "params": {"channel": "book"}},
        {"method": "subscribe", "params": {"channel": "level3", "symbol": ["BTC/USD"]}},
        {"method": "beg"},
    ],
    "bitstamp": [
        {"event": "bts:subscribe", "data": {"channel": "live_trades_btcusd"}},
        {"event": "beg"},
    ],
    "gemini": [
        {"id": 1, "method": "subscribe", "params": ["dogeusd@depth"]},
        {"id": 1, "method": "beg"},
        {"type": "subscribe", "subscriptions": [{"name": "l2", "symbols": ["DOGEUSD"]}]},
        {"type": "beg"},
    ],
    "cryptocom": [
        {"id": 1, "method": "subscribe", "params": {"channels": ["book.DOGE_USD.50"]}},
        {"id": 1, "method": "subscribe", "params": {"channels": ["book.BTC_USD.50"]}},
        {"id": 1, "method": "beg"},
    ],
    "bullish": [
        {"method": "subscribe", "params": {"topic": "l2Orderbook", "symbol": "DOGEUSD"}, "id": "1"},
        {"method": "beg", "params": {}, "id": "1"},
    ],
    "paxos": [{"type": "SUBSCRIBE"}],
    "lmax": [
        {"type": "SUBSCRIBE", "channels": [{"name": "TICKER", "instruments": ["btc-usd"]}]},
        {"type": "SUBSCRIBE", "channels": []},
        {"type": "BEG"},
    ],
}


@pytest.mark.parametrize(("venue", "said"), [(venue, ill) for venue in ILL for ill in ILL[venue]])
def test_the_venues_client_understands_a_refusal_as_one(venue, said):
    """And what was refused is not subscribed to."""
    server = connected(venue)
    (answer,) = server.receive(json.dumps(said).encode(), NOW)
    wire = WIRES["gemini l2" if "subscriptions" in said or said == {"type": "beg"} else venue]()
    wire.opened(NOW)
    facts = wire.receive(answer, NOW)
    assert facts
    assert all(isinstance(fact, SpotLost | SpotMalformed) for fact in facts), facts
    if venue != "paxos":
        assert server.publish([(0, BOOKS[venue].best(0), 1)], NOW + SECOND) == []


@every
def test_cut_commands_never_raise(venue):
    survives(venue, *truncated(COMMANDS[venue][:3]))


@every
@given(data=st.data())
def test_damaged_commands_never_raise(venue, data):
    survives(venue, data.draw(flipped(COMMANDS[venue])), data.draw(planted(COMMANDS[venue])))


@every
@given(noise=st.binary(max_size=100))
def test_noise_never_raises(venue, noise):
    survives(venue, noise)
