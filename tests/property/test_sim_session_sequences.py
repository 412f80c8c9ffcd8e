"""Whatever a client asks and whatever happens, every sid counts 1, 2, 3, and nothing raises."""

import json
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.sim.frames import Frames
from kalshi_assistant.sim.session import CHANNELS, Session
from tests.support.build import OPEN, TICKER, book, delta, printed
from tests.support.scripted_exchange import AHEAD, NOW, quote, trade

UNSEQUENCED = {"ticker", "fill", "user_orders", "market_positions"}
BOOKS = {TICKER: book(OPEN), AHEAD: book(OPEN, bids=(), asks=(), ticker=AHEAD)}

tickers = st.lists(st.sampled_from([TICKER, AHEAD, "KXNONE"]), max_size=3)
sids = st.lists(st.integers(0, 5), max_size=2)
actions = st.sampled_from(
    [
        *("add_markets", "delete_markets", "get_snapshot", "dance"),
        *("subscribe_indices", "unsubscribe_indices", "indexlist"),
    ]
)
indices = st.lists(st.sampled_from(["BRTI", "ETHUSD_RTI", "all"]), max_size=2)
params = st.fixed_dictionaries(
    {},
    optional={
        "channels": st.lists(st.sampled_from([*CHANNELS, "nonsense"]), max_size=4),
        "market_tickers": tickers,
        "index_ids": indices,
        "sids": sids,
        "sid": st.integers(0, 5),
        "action": actions,
        "use_yes_price": st.booleans(),
        "send_initial_snapshot": st.booleans(),
        "skip_ticker_ack": st.booleans(),
    },
)
commands = st.fixed_dictionaries(
    {
        "id": st.integers(0, 9),
        "cmd": st.sampled_from(
            ["subscribe", "unsubscribe", "update_subscription", "list_subscriptions"]
        ),
        "params": params,
    }
)
happenings = st.sampled_from(
    [delta(OPEN, 0, 5_400, 100), delta(OPEN, 1, 5_600, -100), trade(1), quote(), printed(OPEN, 1)]
)


@given(st.lists(st.one_of(commands, happenings, st.binary(max_size=20)), max_size=30))
def test_every_sid_counts_without_a_gap(story):
    shared = Frames()
    session = Session(shared, BOOKS.get)
    frames = []
    for each in story:
        if isinstance(each, dict):
            frames += session.receive(json.dumps(each).encode(), NOW)
        elif isinstance(each, bytes):
            frames += session.receive(each, NOW)
        else:
            frames += session.publish(shared.publish([each]), NOW)
    check(json.loads(frame) for frame in frames)


def check(frames):
    channels, counts = {}, defaultdict(int)
    for frame in frames:
        if frame["type"] == "subscribed":
            channels[frame["msg"]["sid"]] = frame["msg"]["channel"]
        if "sid" not in frame:
            assert "seq" not in frame
            continue
        sid = frame["sid"]
        assert sid in channels, "data before the subscription was confirmed"
        if channels[sid] in UNSEQUENCED:
            assert "seq" not in frame
        else:
            counts[sid] += 1
            assert frame["seq"] == counts[sid]
