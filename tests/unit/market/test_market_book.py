"""A book answers what it was told, or that it does not know."""

from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.market.book import WAITING, Book
from kalshi_assistant.market.index import Index
from kalshi_assistant.market.settings import NumberSettings
from kalshi_assistant.quant.layout import ASK_SHIFT, BID_SHIFT, BITS, NEGATIVE_LEVEL, PRICE_MASK


def book():
    index = Index("BRTI", NumberSettings())
    return Book(index.array, index.real)


def loaded():
    subject = book()
    subject.load([(5_400, 300), (5_300, 200)], [(5_600, 100), (9_990, 50)], 7)
    return subject


def test_a_new_book_waits_for_its_snapshot():
    subject = book()
    assert (subject.known, subject.unknown_because) == (False, WAITING)
    subject.change(BID, 5_000, 100, 1)
    assert subject.content(BID, 5_000) == 0


def test_a_snapshot_replaces_everything():
    subject = loaded()
    subject.load([(100, 1)], [], 8)
    assert subject.levels(BID, 9) == ((100, 1),)
    assert subject.levels(ASK, 9) == ()
    assert (subject.best_bid, subject.best_ask, subject.known) == (100, None, True)


def test_levels_come_best_first_and_no_more_than_asked():
    subject = loaded()
    assert subject.levels(BID, 1) == ((5_400, 300),)
    assert subject.levels(ASK, 9) == ((5_600, 100), (9_990, 50))


def test_a_crossed_burst_is_kept_as_told():
    """The venue's stream crosses for moments inside a burst; the next deltas undo it."""
    subject = loaded()
    subject.change(BID, 5_700, 10, 8)
    assert (subject.best_bid, subject.best_ask) == (5_700, 5_600)
    subject.change(ASK, 5_600, -100, 8)
    assert (subject.best_bid, subject.best_ask) == (5_700, 9_990)


def test_what_falls_below_zero_is_not_believed():
    subject = loaded()
    assert subject.change(BID, 5_400, -301, 8) & NEGATIVE_LEVEL
    assert not subject.known
    subject.load([], [], 9)
    assert subject.known


def test_moving_a_level_without_number_answers_the_best_prices():
    subject = loaded()
    answer = subject.move(BID, 5_500, 5, 8)
    assert (answer >> BID_SHIFT & PRICE_MASK, answer >> ASK_SHIFT) == (5_500, 5_600)
    assert subject.move(BID, 5_500, -6, 8) & BITS & NEGATIVE_LEVEL


def test_forgetting_says_why():
    subject = loaded()
    subject.forget("gap")
    assert (subject.known, subject.unknown_because) == (False, "gap")
