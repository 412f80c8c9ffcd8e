"""The eight spot exchanges' messages to facts, and on into their books; and the largest snapshot.

Run with ``pytest tests/bench/test_bench_spot_wires.py -s``. The mix is a second of all exchanges
again and again; the figure beside each time is a multiple of decoding the same frames into nothing
but Python's own objects, in the same run.
"""

import statistics
import timeit
from collections import Counter

import msgspec
import numpy as np
import pytest

from kalshi_assistant.market.spot import SpotBook
from kalshi_assistant.venues.spot import decimals, kraken
from kalshi_assistant.venues.spot.coinbase import CoinbaseWire
from kalshi_assistant.venues.spot.wire import SpotMoved, SpotReplaced
from tests.support.spot_frames import coinbase_snapshot
from tests.support.spot_traffic import NOW, Manner, Market, exchanges

SECONDS, ROUNDS = 60, 7
TARGET = 60_000
"""Messages a second on one core."""
WHOLE = ("bullish", "lmax")
"""Every message of these is a whole book."""
REMEMBERED = (decimals.price_of, decimals.size_of, kraken.price_of, kraken.size_of)


@pytest.fixture(scope="module")
def traffic():
    """The exchanges by name, their first frames, and (name, frame) of a minute in order."""
    venues = exchanges()
    begins = {name: each.begin(each) for name, each in venues.items()}
    documents = {n: each.document(each) for n, each in venues.items() if each.document is not None}
    frames = []
    for _ in range(SECONDS):
        second = []
        for name, each in venues.items():
            each.market.walk()
            second += [
                ((place + 0.5) / each.a_second, name, each.message(each))
                for place in range(each.a_second)
            ]
        frames += [(name, frame) for _, name, frame in sorted(second)]
    return venues, begins, documents, frames


def begin(traffic):
    """Wires and books after their snapshots; no text is remembered from another round."""
    for lookup in REMEMBERED:
        lookup.__self__.clear()
    venues, begins, documents, _ = traffic
    books = {name: SpotBook() for name in venues}
    for name, each in venues.items():
        each.wire.opened(NOW)
        facts = [fact for frame in begins[name] for fact in each.wire.receive(frame, NOW)]
        if name in documents:
            each.wire.document_wanted(NOW)
            facts += each.wire.take_document(200, documents[name], NOW)
        for fact in facts:
            if isinstance(fact, SpotReplaced):
                books[name].replace(fact.bids, fact.asks)
        assert books[name].known, (name, facts)
    return books


def seconds_of(traffic, one_round):
    """Median over rounds, each from fresh snapshots that are not counted."""
    costs = []
    for _ in range(ROUNDS):
        books = begin(traffic)
        costs.append(timeit.timeit(lambda books=books: one_round(books), number=1))
    return statistics.median(costs)


def decode_seconds(frames):
    """What plain decoding of these frames takes."""
    decode = msgspec.json.decode

    def one_round():
        for _, frame in frames:
            decode(frame)

    return statistics.median(timeit.timeit(one_round, number=1) for _ in range(ROUNDS))


def read_all(receivers):
    for receive, frame in receivers:
        receive(frame, NOW)


def read_and_move_all(receivers):
    for receive, frame, book in receivers:
        for fact in receive(frame, NOW):
            if type(fact) is SpotMoved:
                book.move(fact.changes)
            elif type(fact) is SpotReplaced:
                book.replace(fact.bids, fact.asks)


def test_every_frame_of_the_mix_is_one_fact(traffic):
    venues, _, _, frames = traffic
    begin(traffic)
    seen = Counter()
    for name, frame in frames:
        seen.update((name, type(fact).__name__) for fact in venues[name].wire.receive(frame, NOW))
    kinds = {name: "SpotReplaced" if name in WHOLE else "SpotMoved" for name in venues}
    assert seen == {(n, kinds[n]): SECONDS * each.a_second for n, each in venues.items()}


def test_a_minute_of_all_exchanges_becomes_facts_and_books(traffic):
    venues, _, _, frames = traffic
    plain, count = decode_seconds(frames), len(frames)
    receivers = [(venues[name].wire.receive, frame) for name, frame in frames]
    wires = seconds_of(traffic, lambda _: read_all(receivers))

    def moved(books):
        read_and_move_all(
            (receive, frame, books[name])
            for (receive, frame), (name, _) in zip(receivers, frames, strict=True)
        )

    both = seconds_of(traffic, moved)
    print(  # noqa: T201 - the figure is the point
        f"\n{count} messages: wires {count / wires:,.0f}/s = {wires / plain:.2f} plain decodings, "
        f"wires and books {count / both:,.0f}/s = {both / plain:.2f}; target {TARGET:,}/s, "
        f"plain decoding {count / plain:,.0f}/s"
    )
    assert wires / plain < 12
    assert both / plain < 20


def test_what_a_message_of_each_exchange_takes(traffic):
    venues, _, _, frames = traffic
    for name, each in venues.items():
        mine = [(each.wire.receive, frame) for its, frame in frames if its == name]
        plain = decode_seconds(mine)
        cost = seconds_of(traffic, lambda _, mine=mine: read_all(mine))
        size = statistics.mean(len(frame) for _, frame in mine)
        print(  # noqa: T201 - the figure is the point
            f"\n  {name:9} {cost / len(mine) * 1e6:7.2f} us a message of {size:,.0f} bytes "
            f"= {cost / plain:.1f} plain decodings",
            end="",
        )
        assert cost < 30 * plain


def test_the_largest_snapshot():
    market = Market("large", Manner(zeros=False), 20_000)
    bids, asks = (market.written(side) for side in market.sides)
    frame = coinbase_snapshot(0, bids, asks)
    wire, book = CoinbaseWire(), SpotBook()

    def decoded():
        wire.opened(NOW)
        (fact,) = wire.receive(frame, NOW)
        return fact

    fact = decoded()
    assert len(fact.bids) == len(fact.asks) == 20_000
    costs = {
        "plain decoding": lambda: msgspec.json.decode(frame),
        "to facts": decoded,
        "book replaced": lambda: book.replace(fact.bids, fact.asks),
    }
    found = {
        name: statistics.median(timeit.repeat(work, number=1, repeat=9)) * 1_000
        for name, work in costs.items()
    }
    said = ", ".join(f"{name} {cost:.1f} ms" for name, cost in found.items())
    print(f"\n20,000 levels a side in {len(frame):,} bytes: {said}")  # noqa: T201 - the figure is the point
    assert found["to facts"] < 3 * found["plain decoding"]


def test_a_change_of_a_large_book():
    market = Market("moving", Manner(zeros=False), 20_000)
    book = SpotBook()
    book.replace(*([(p * 100, s) for p, s in side.items()] for side in market.sides))
    moves = []
    for _ in range(5_000):
        side, price, size = market._change()
        moves.append(((side, price * 100, size),))

    def one_round():
        for changes in moves:
            book.move(changes)

    move = statistics.median(timeit.repeat(one_round, number=1, repeat=7)) / len(moves) * 1e6
    again = moves[0]

    def read():
        for side in (0, 1):
            book.levels(side)

    def move_and_read():
        book.move(again)
        read()

    prices = np.arange(20_000)
    copy = statistics.median(timeit.repeat(prices.copy, number=1_000, repeat=7)) * 1e3
    both = statistics.median(timeit.repeat(move_and_read, number=1_000, repeat=7)) * 1e3
    print(  # noqa: T201 - the figure is the point
        f"\n20,000 levels a side: {move:.2f} us a move of one level, {both:.1f} us a move and the "
        f"reading of both sides; copying one column {copy:.1f} us"
    )
    assert both < 20 * copy
