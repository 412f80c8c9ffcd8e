"""What the client's wires make of the eight servers' frames is the served book, at every step."""

import pytest

from kalshi_assistant.domain.time import MILLISECOND, MINUTE, SECOND
from kalshi_assistant.sim.spot.served import DOCUMENT_PATHS, PATHS, STEPS, document, serve
from tests.support.spot_lines import NOW, WIRES, Chance, Line

every = pytest.mark.parametrize("kind", WIRES)

NOTICED = ("coinbase", "kraken", "gemini", "cryptocom")
"""A lost frame proves itself by the next one: a number, or the checksum of the best levels."""
MENDED_BY_THE_NEXT = ("bullish", "lmax")
"""Every frame is the whole book."""
MENDED_IN_TIME = {"bitstamp": 4 * MINUTE, "gemini l2": 11 * MINUTE, "paxos": 4 * MINUTE}
"""Nothing proves a lost frame; a fresh book or a comparison mends it within so long."""


class Run:
    """A line whose book moves in steps of virtual time."""

    def __init__(self, kind, seed=1):
        self.chance = Chance(kind.split()[0], seed)
        self.now = NOW
        self.line = Line(kind, self.chance.book, self.now)

    def wait(self):
        """As long as the venue keeps a book back, at least."""
        shortest = 1_000 if self.line.venue == "lmax" else 100
        self.now += int(self.chance.rng.integers(shortest, 2 * shortest)) * MILLISECOND

    def step(self):
        self.wait()
        self.line.step(self.chance.moves(), self.now)

    def until_right(self, steps=100):
        """Reconnects where the wire asks for it."""
        for _ in range(steps):
            self.step()
            if self.line.right():
                return
            if self.line.given_up:
                self.line.connect(self.now)
        raise AssertionError(self.line.book.unknown_because)

    def far(self):
        """A change where nobody compares: its level is the 30th."""
        price = self.chance.book.levels(0)[29][0]
        return self.chance.book.move([(0, price, self.chance.size())])

    def lose(self):
        """The best bid changes and the client does not hear of it."""
        price, size = self.chance.book.levels(0)[0]
        moved = self.chance.book.move([(0, price, size + 1_000_000)])
        self.wait()
        assert self.line.server.publish(moved, self.now)


@every
@pytest.mark.parametrize("seed", [1, 2])
def test_the_clients_book_is_the_served_one_at_every_step(kind, seed):
    run = Run(kind, seed)
    run.until_right()
    for _ in range(300):
        run.step()
        assert run.line.right()
    assert not run.line.malformed
    assert not run.line.lost
    assert not run.line.server.closed


@every
def test_after_a_reconnection_it_is_so_again(kind):
    run = Run(kind)
    run.until_right()
    old = run.line.server
    run.line.connect(run.now)
    assert run.line.server is not old
    run.until_right()
    for _ in range(30):
        run.step()
        assert run.line.right()
    assert not run.line.malformed


@every
def test_a_frame_cut_in_the_middle_is_mended_as_the_wire_asks(kind):
    """By a new connection, a second subscription on the same one, or a document."""
    run = Run(kind)
    run.until_right()
    run.line.hears([b'{"channel'], run.now)
    assert len(run.line.malformed) == len(run.line.lost) == 1
    assert not run.line.book.known
    server = run.line.server
    run.until_right()
    assert (run.line.server is server) == (run.line.lost[0].remedy != "reconnect")
    for _ in range(30):
        run.step()
        assert run.line.right()


@pytest.mark.parametrize("kind", NOTICED)
def test_a_dropped_frame_is_noticed_at_the_next_and_mended(kind):
    run = Run(kind)
    run.until_right()
    run.lose()
    assert run.line.book.known
    run.wait()
    run.line.step(run.far(), run.now)
    assert [lost.remedy for lost in run.line.lost] == [
        "reconnect" if kind in ("coinbase", "gemini") else "resubscribe"
    ]
    assert not run.line.book.known
    run.until_right()
    assert not run.line.malformed


@pytest.mark.parametrize("kind", MENDED_BY_THE_NEXT)
def test_a_dropped_whole_book_is_mended_by_the_next(kind):
    run = Run(kind)
    run.until_right()
    run.lose()
    assert not run.line.right()
    run.step()
    assert run.line.right()
    assert not run.line.lost


@pytest.mark.parametrize("kind", MENDED_IN_TIME)
def test_a_dropped_frame_that_nothing_proves_is_mended_in_time(kind):
    run = Run(kind)
    run.until_right()
    began = run.now
    run.lose()
    assert not run.line.right()
    assert run.line.book.known, "the book is believed while it is wrong"
    while not run.line.right() and run.now - began < MENDED_IN_TIME[kind]:
        run.now += 5 * SECOND
        run.line.step(run.far(), run.now)
        if run.line.given_up:
            run.line.connect(run.now)
    assert run.line.right()
    remedies = [lost.remedy for lost in run.line.lost]
    assert remedies == ([] if kind == "bitstamp" else ["reconnect"])
    assert not run.line.malformed


@every
def test_an_idle_line_lives_for_as_long_as_its_venue_lets_it(kind):
    """Nothing changes for nine minutes but one level each 50 seconds: no loss, and no closing."""
    run = Run(kind)
    run.until_right()
    for second in range(1, 540):
        run.now += SECOND
        if second % 50 == 0:
            run.line.step(run.far(), run.now)
        else:
            run.line.idle(run.now)
        assert run.line.right()
    assert not run.line.malformed
    assert not run.line.lost
    assert not run.line.server.closed


@every
def test_a_client_that_did_not_subscribe_hears_no_book(kind):
    chance = Chance(kind.split()[0], 3)
    server = serve(kind.split()[0], chance.book)
    unasked = server.opened(NOW)
    said = [*server.publish(chance.moves(), NOW + SECOND), *server.tick(NOW + 2 * SECOND)]
    if kind == "paxos":
        assert unasked
        assert said
    else:
        assert not said


@every
def test_no_change_is_no_frame_of_change(kind):
    run = Run(kind)
    run.until_right()
    if kind != "lmax":
        assert run.line.server.publish([], run.now + SECOND) == []


def test_levels_off_the_venues_steps_are_written_whole():
    """Texts never round: what is finer than the venue's own steps has more decimals."""
    for kind in WIRES:
        run = Run(kind)
        run.until_right()
        odd = run.chance.book.best(0) + 1
        assert odd < run.chance.book.best(1)
        run.now += 2 * SECOND
        run.line.step(run.chance.book.move([(0, odd, 123_456_789)]), run.now)
        assert run.line.sees(0)[0] == (odd, 123_456_789)
        assert run.line.right()


def test_the_table_names_the_eight_and_their_documents():
    venues = {kind.split()[0] for kind in WIRES}
    assert set(PATHS) == set(STEPS) == venues
    assert len(set(PATHS.values()) | set(DOCUMENT_PATHS.values())) == 10
    book = Chance("paxos", 1).book
    for venue in venues:
        found = document(venue, book, NOW)
        assert (found is None) == (venue not in DOCUMENT_PATHS)
        assert found is None or found[0] == 200


def test_an_unknown_venue_is_a_key_error():
    with pytest.raises(KeyError):
        serve("mtgox", Chance("paxos", 1).book)
