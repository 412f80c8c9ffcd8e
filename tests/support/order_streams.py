"""Seeded streams of orders around a moving price, for measuring and comparing matching engines."""

import numpy as np

ADD, CANCEL, TAKE = range(3)


def order_stream(seed, count, resting_wanted):
    """``(kind, order id, side, price, quantity)``: about as many resting orders as are wanted."""
    rng = np.random.default_rng(seed)
    chance, sides = rng.random(count).tolist(), rng.integers(2, size=count).tolist()
    away = rng.integers(1, 12, count).tolist()
    quantities = (rng.integers(1, 60, count) * 100).tolist()
    places = rng.random(count).tolist()
    stream, resting = [], []
    for number in range(count):
        add = 0.5 if len(resting) < resting_wanted else 0.4
        side, quantity = sides[number], quantities[number]
        if chance[number] < add or not resting:
            price = 5_000 + away[number] * (-100 if side == 0 else 100)
            stream.append((ADD, number, side, price, quantity))
            resting.append(number)
        elif chance[number] < 0.9:
            place = int(places[number] * len(resting))
            resting[place], resting[-1] = resting[-1], resting[place]
            stream.append((CANCEL, resting.pop(), 0, 0, 0))
        else:
            stream.append((TAKE, number, side, 5_100 if side == 0 else 4_900, quantity))
    return stream


def play(stream, matcher):
    """Run a stream through an engine, emptying what it says happened now and then."""
    add, cancel, changes = matcher.add, matcher.cancel, matcher.changes
    for kind, order_id, side, price, quantity in stream:
        if kind == ADD:
            add(order_id, 1, side, price, quantity)
        elif kind == CANCEL:
            cancel(order_id)
        else:
            add(order_id, 2, side, price, quantity, "immediate_or_cancel")
        if len(changes) > 3_000:
            changes.clear()
            matcher.trades.clear()
