"""Frames lost, late, doubled, swapped and cut: a book that is passed on is the venue's book."""

import json

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import BookDelta, BookSnapshot, FeedLost, Gap, Malformed
from kalshi_assistant.quant.rng import stream
from kalshi_assistant.venues.kalshi.wire import KalshiWire
from tests.support.kalshi_frames import NEXT, NOW, TICKER, delta, snapshot

PRICES = [f"0.{cents}00" for cents in (45, 50, 55)]
MARKETS = (TICKER, NEXT)


def day(seed, length):
    """Frames of two books, and what each book is after each number."""
    chance = stream(seed, "day")
    books = {ticker: ({}, {}) for ticker in MARKETS}
    frames, after = [], {}
    for seq in range(1, length + 1):
        ticker = MARKETS[int(chance.integers(2))] if seq > 2 else MARKETS[seq - 1]
        if seq <= 2 or chance.random() < 0.15:
            frames.append(whole(seq, ticker, books[ticker]))
        else:
            side = int(chance.integers(2))
            price, change = PRICES[int(chance.integers(3))], int(chance.integers(1, 9)) * 100
            levels = books[ticker][side]
            text = f"{change // 100}.00"
            key = round(float(price) * 10_000)
            if levels.get(key, 0) >= change and chance.random() < 0.5:
                change, text = -change, f"-{text}"
            levels[key] = levels.get(key, 0) + change
            frames.append(delta(seq, price, text, ("yes", "no")[side], ticker))
        after[seq] = {name: tuple(dict(side) for side in sides) for name, sides in books.items()}
    return frames, after


def whole(seq, ticker, sides):
    yes, no = (
        tuple(
            (f"{price / 10_000:.4f}", f"{size / 100:.2f}") for price, size in side.items() if size
        )
        for side in sides
    )
    return snapshot(seq, yes=yes, no=no, ticker=ticker)


class Reader:
    """What the engine would make of the facts: books that are known, and those that are not."""

    def __init__(self):
        self.books = {}

    def take(self, event):
        if isinstance(event, BookSnapshot):
            self.books[event.ticker] = (dict(event.bids), dict(event.asks))
        elif isinstance(event, BookDelta):
            side = self.books[event.ticker][event.side]
            side[event.price] = side.get(event.price, 0) + event.change
        elif isinstance(event, Gap):
            for ticker in event.tickers:
                self.books.pop(ticker, None)
        else:
            assert isinstance(event, Malformed | FeedLost)


def turned(sides):
    """The venue's two lists of bids as bids and asks of YES."""
    yes, no = sides
    return (
        {price: size for price, size in yes.items() if size},
        {10_000 - price: size for price, size in no.items() if size},
    )


def known_books_are_right(reader, wire, after):
    """Every book marked good equals the venue's after the last number counted."""
    seq = wire.last_sequence.get("orderbook_delta")
    for ticker, sides in reader.books.items():
        cleaned = tuple({p: q for p, q in side.items() if q} for side in sides)
        assert cleaned == turned(after[seq][ticker]), (seq, ticker)


def mistreated(frames, seed):
    """The frames as a bad line delivers them."""
    chance, held = stream(seed, "line"), []
    for frame in frames:
        roll = chance.random()
        if roll < 0.05:
            continue
        if roll < 0.10:
            yield frame[: int(chance.integers(len(frame)))]
            continue
        if roll < 0.15:
            held.append(frame)
            continue
        yield frame
        if roll < 0.20:
            yield frame
        if held and chance.random() < 0.5:
            yield held.pop(0)
    yield from held


@given(seed=st.integers(0, 2**32))
def test_a_book_marked_good_is_the_venues_book(seed):
    frames, after = day(seed, 80)
    wire, reader = KalshiWire(), Reader()
    for frame in mistreated(frames, seed):
        for event in wire.receive(frame, NOW):
            reader.take(event)
        known_books_are_right(reader, wire, after)
        assert set(reader.books) == set(MARKETS) - set(wire.broken) - unseen(wire)


def unseen(wire):
    """Books of which nothing has come yet."""
    return {ticker for ticker in MARKETS if ticker not in wire._tracked}


@given(seed=st.integers(0, 2**32))
def test_a_good_line_loses_nothing(seed):
    frames, after = day(seed, 60)
    wire, reader = KalshiWire(), Reader()
    for frame in frames:
        events = wire.receive(frame, NOW)
        assert len(events) == 1
        reader.take(events[0])
    assert set(reader.books) == set(MARKETS)
    known_books_are_right(reader, wire, after)


@given(seed=st.integers(0, 2**32), place=st.integers(2, 59))
def test_one_frame_whose_parts_are_damaged_leaves_no_wrong_book(seed, place):
    """A member renamed, dropped or of the wrong kind: the frame says less, never something else."""
    frames, after = day(seed, 60)
    chance = stream(seed, "damage")
    document = json.loads(frames[place])
    body = document if chance.random() < 0.5 else document["msg"]
    name = list(body)[int(chance.integers(len(body)))]
    if chance.random() < 0.5:
        body[f"{name}_"] = body.pop(name)
    else:
        body[name] = None
    frames[place] = json.dumps(document).encode()
    wire, reader = KalshiWire(), Reader()
    for frame in frames:
        for event in wire.receive(frame, NOW):
            reader.take(event)
        known_books_are_right(reader, wire, after)


@given(seed=st.integers(0, 2**32), place=st.integers(1, 58), false=st.integers(1, 80))
def test_one_frame_under_a_false_number_leaves_no_wrong_book(seed, place, false):
    """A whole book that came under it is the newest, and is not believed beyond the next frame."""
    frames, after = day(seed, 60)
    document = json.loads(frames[place])
    frames[place] = json.dumps(document | {"seq": false}).encode()
    wire, reader = KalshiWire(), Reader()
    for number, frame in enumerate(frames, start=1):
        for event in wire.receive(frame, NOW):
            reader.take(event)
        if number == place + 1:
            after_it = {wire.last_sequence["orderbook_delta"]: after[number]}
            known_books_are_right(reader, wire, after | (after_it if false > number else {}))
        else:
            known_books_are_right(reader, wire, after)
