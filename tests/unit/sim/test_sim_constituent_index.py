"""The index that the books make, read as the path is: never ahead of its books, never behind."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_assistant.domain.events import SettlementPublished
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND
from kalshi_assistant.sim import exchange
from kalshi_assistant.sim.constituent_index import ConstituentIndex
from kalshi_assistant.sim.constituents import Constituents
from kalshi_assistant.sim.index_path import CHUNK, STEP, IndexPath

FIRST = 1_795_280_400 * SECOND
START = FIRST + MINUTE


def path(seed=1):
    return IndexPath(seed, FIRST, 91_250.0, 0.57)


def made(seed=1, start=START):
    return ConstituentIndex(seed, path(seed), start)


def expected(until, seed=1):
    """Stamps and values from the start on, from books lived step by step; and their moves."""
    live = Constituents(seed, path(seed), START)
    values, moves = [(START, live.index())], []
    for at in range(START + STEP, until + 1, STEP):
        moves += live.advance(at)
        values.append((at, live.index()))
    return values, moves


def test_until_the_start_it_is_the_hidden_price_shifted_and_then_what_the_books_make():
    until = START + 5 * SECOND
    books, _ = expected(until)
    shift = books[0][1] - path().value(START)
    hidden = [(at, value + shift) for at, value in path().values(FIRST, START - 1)]
    one, other = made(), made()
    assert one.values(FIRST, until) == hidden + books
    assert [(at, other.value(at)) for at, _ in hidden + books] == hidden + books
    assert books != path().values(START, until)


def test_between_two_stamps_the_earlier_value_holds():
    one = made()
    assert one.value(START + 2 * STEP - 1) == one.value(START + STEP)
    assert one.value(START - 1) == one.value(START - STEP)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["value", "values", "moves", "forget"]), st.integers(-50, 100)),
        max_size=15,
    )
)
def test_values_and_moves_do_not_depend_on_who_asks_for_what_and_when(asked):
    one, taken, until = made(), [], START + 20 * SECOND
    for what, steps in asked:
        at = START + steps * STEP + 7
        if what == "value" and steps > 0:
            one.value(at)
        elif what == "values":
            one.values(at - SECOND, at)
        elif what == "moves":
            taken += one.moves(at)
        elif what == "forget":
            one.forget(min(at, START - SECOND))
    taken += one.moves(until)
    values, moves = expected(until)
    assert one.values(START, until) == values
    assert taken == moves


def test_a_value_ahead_lives_the_books_and_keeps_what_changed():
    one, ahead = made(), START + 3 * SECOND
    values, moves = expected(ahead)
    assert one.value(ahead) == values[-1][1] == one.constituents.index()
    assert one.constituents.now() == ahead
    soon = [move for move in moves if move.at <= START + SECOND]
    assert one.moves(START + SECOND) == soon != []
    assert one.moves(START + SECOND) == []
    assert one.moves(ahead) == moves[len(soon) :]


def test_changes_asked_for_ahead_are_all_there():
    until = START + 3 * SECOND
    assert made().moves(until) == expected(until)[1]


def test_volatility_is_that_of_the_hidden_price():
    one, hidden = made(), path()
    for at in (FIRST, START, START + MINUTE):
        assert one.sigma(at) == hidden.sigma(at)


def test_a_start_between_two_instants_is_the_earlier():
    assert made(start=START + STEP - 1).values(FIRST, START + SECOND) == made().values(
        FIRST, START + SECOND
    )


def test_what_is_forgotten_is_gone_and_memory_stays_flat():
    one = made()
    for at in range(START, START + 20 * MINUTE, MINUTE):
        one.value(at)
        one.forget(at - 2 * MINUTE)
        assert len(one) <= 2 * (2 * MINUTE // STEP + 1) + CHUNK
    kept = at - 2 * MINUTE
    assert one.values(FIRST, at)[0][0] == kept
    assert min(move.at for move in one.moves(at)) >= kept
    for forgotten in (FIRST, START, kept - 1):
        with pytest.raises(ValueError, match="forgotten"):
            one.value(forgotten)
    assert one.values(FIRST, kept - 1) == []


def test_forgetting_moves_nothing_not_even_of_what_lies_ahead():
    one = made()
    one.forget(START + HOUR)
    until = START + 2 * SECOND
    assert one.values(START, until) == expected(until)[0]


def test_the_exchange_settles_on_it(monkeypatch):
    """The mean of sixty values that the books made, from an exchange that was handed them."""
    start, asked, indices = FIRST + 10 * MINUTE, [], []

    def with_books(*path_of):
        asked.append(path_of)
        indices.append(ConstituentIndex(5, IndexPath(*path_of), start - MINUTE))
        return indices[-1]

    monkeypatch.setattr(exchange, "IndexPath", with_books)
    venue = exchange.Exchange(exchange.ExchangeSettings(activity=0.1), 5, start)
    events, taken = [], []
    for minute in range(1, 9):
        now = start + minute * MINUTE
        events += venue.advance(now)
        assert indices[0].constituents.now() == now
        taken += indices[0].moves(now)
    assert len({move.at for move in taken}) > 2_000
    close = start - start % (15 * MINUTE) + 15 * MINUTE
    live = Constituents(5, IndexPath(*asked[0]), start - MINUTE)
    prints = []
    for at in range(close - MINUTE, close, SECOND):
        live.advance(at)
        prints.append(live.index())
    settled = [each for each in events if isinstance(each, SettlementPublished)]
    assert [each.value for each in settled] == [exchange.settlement_value(prints, close)]
