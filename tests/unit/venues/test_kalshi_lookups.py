"""An order is found, or absent once the records are late enough, or the question stays open."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.events import (
    Malformed,
    OrderAbsent,
    OrderChanged,
    RequestRefused,
)
from kalshi_assistant.domain.intents import LookUp
from kalshi_assistant.domain.orders import BID, LINGER, Order
from kalshi_assistant.domain.time import MILLISECOND, SECOND, format_iso
from kalshi_assistant.venues.kalshi.lookups import LOOK_BACK, LookUpReader
from kalshi_assistant.venues.kalshi.rest import RefusalError
from tests.support.kalshi_frames import NOW, TICKER
from tests.support.talks import Script

ORDER = Order("n-1-7", TICKER, BID, 5_600, 1_000, made_at=NOW, exchange_index=2)
VENUE = "v-7"
STAMP, LIST, ONE = (
    "/exchange/user_data_timestamp",
    "/portfolio/orders",
    f"/portfolio/orders/{VENUE}",
)


def record(**fields):
    return {
        "order_id": VENUE,
        "client_order_id": ORDER.id,
        "ticker": TICKER,
        "book_side": "bid",
        "status": "resting",
        "yes_price_dollars": "0.5600",
        "fill_count_fp": "4.00",
        "remaining_count_fp": "6.00",
        "initial_count_fp": "10.00",
        "created_time": format_iso(NOW + 40 * MILLISECOND),
    } | fields


def listed(*records, cursor=""):
    return json.dumps({"orders": list(records), "cursor": cursor}).encode()


def one(**fields):
    return json.dumps({"order": record(**fields)}).encode()


def as_of(at):
    return json.dumps({"as_of_time": format_iso(at)}).encode()


class Stand:
    """A reader, what it told, and a script."""

    def __init__(self, answers, margin=12 * SECOND):
        self.told = []
        self.script = Script(answers)
        self.reader = LookUpReader(lambda: NOW + 19 * SECOND, self.told.extend, margin)

    def look(self, order_id=None, order=ORDER, sent_at=NOW):
        return self.script.hold(self.reader.talk(LookUp(order, order_id), sent_at))


LATE = as_of(NOW + 12 * SECOND + MILLISECOND)


def test_freshness_is_asked_before_the_list():
    stand = Stand({STAMP: [LATE], LIST: [listed()]})
    assert stand.look()
    assert [request.path for request in stand.script.asked] == [STAMP, LIST]
    query = dict(stand.script.asked[1].query)
    assert query["ticker"] == TICKER
    assert int(query["min_ts"]) == NOW // SECOND - 900


def test_records_later_than_the_sending_and_the_margin_prove_absence():
    stand = Stand({STAMP: [LATE], LIST: [listed(record(client_order_id="n-1-8", order_id="v8"))]})
    assert stand.look()
    late = NOW + 12 * SECOND + MILLISECOND
    assert stand.told == [OrderAbsent(late, NOW + 19 * SECOND, ORDER.id, late)]


@pytest.mark.parametrize("margin", [0, SECOND // 2, LINGER])
def test_no_margin_proves_absence_before_a_request_can_have_ceased_to_linger(margin):
    early, late = as_of(NOW + LINGER), as_of(NOW + LINGER + MILLISECOND)
    stand = Stand({STAMP: [early, late], LIST: [listed()]}, margin)
    assert not stand.look()
    assert stand.told == []
    assert stand.look()
    assert [type(each) for each in stand.told] == [OrderAbsent]


@given(behind=st.integers(-10_000, 0))
def test_earlier_records_prove_nothing(behind):
    stand = Stand({STAMP: [as_of(NOW + 12 * SECOND + behind * MILLISECOND)], LIST: [listed()]})
    assert not stand.look()
    assert stand.told == []


def test_the_margin_counts_from_the_last_instant_at_which_it_can_have_left():
    stand = Stand({STAMP: [LATE], LIST: [listed()]})
    assert not stand.look(sent_at=NOW + SECOND)
    assert stand.told == []


def test_every_page_is_read():
    pages = [listed(cursor="p2"), listed(cursor="p3"), listed(record())]
    stand = Stand({STAMP: [LATE], LIST: pages})
    assert stand.look()
    assert [dict(each.query).get("cursor") for each in stand.script.asked[1:]] == [None, "p2", "p3"]
    assert isinstance(stand.told[0], OrderChanged)


def test_a_list_without_end_proves_nothing():
    stand = Stand({STAMP: [LATE], LIST: [listed(cursor="again")]})
    assert not stand.look()
    assert stand.told == []


def test_an_item_of_ours_that_makes_no_sense_may_be_the_order():
    stand = Stand({STAMP: [LATE], LIST: [listed({"ticker": TICKER})]})
    assert not stand.look()
    assert [type(event) for event in stand.told] == [Malformed]


def test_a_list_that_makes_no_sense_proves_nothing():
    stand = Stand({STAMP: [LATE], LIST: [b"{}"]})
    assert not stand.look()
    assert [type(event) for event in stand.told] == [Malformed]


def test_freshness_that_makes_no_sense_proves_nothing():
    stand = Stand({STAMP: [b'{"as_of_time": ""}'], LIST: [listed()]})
    assert not stand.look()
    assert [type(event) for event in stand.told] == [Malformed]


@pytest.mark.parametrize("status", ["resting", "canceled", "executed"])
def test_it_is_found_by_our_id_however_old_the_records_are(status):
    stand = Stand({STAMP: [as_of(NOW - SECOND)], LIST: [listed(record(status=status))]})
    assert stand.look()
    (found,) = stand.told
    assert (found.status, found.order_id, found.client_order_id) == (status, VENUE, ORDER.id)
    assert (found.filled, found.remaining) == (400, 600)


def test_a_status_nobody_knows_is_told_and_asked_for_again():
    stand = Stand({STAMP: [LATE], LIST: [listed(record(status="pondering"))]})
    assert not stand.look()
    assert [event.status for event in stand.told] == ["unknown"]


def test_by_its_own_id_one_question_is_enough():
    stand = Stand({ONE: [one(client_order_id=None)]})
    assert stand.look(VENUE)
    assert [request.cost for request in stand.script.asked] == [2]
    assert stand.told[0].client_order_id == ORDER.id


def test_an_order_the_venue_named_and_has_no_more_is_not_called_absent():
    stand = Stand({ONE: [404], STAMP: [LATE], LIST: [listed()]})
    assert not stand.look(VENUE)
    (told,) = stand.told
    assert isinstance(told, RequestRefused)
    assert (told.code, told.final) == ("not_found", False)


def test_a_refusal_other_than_not_found_is_the_carriers_affair():
    stand = Stand({ONE: [503]})
    with pytest.raises(RefusalError):
        stand.look(VENUE)


OTHERS = {
    "another market": {"ticker": "KXBTC15M-26NOV211230-30"},
    "the other side": {"book_side": "ask"},
    "another price": {"yes_price_dollars": "0.5700"},
    "more contracts": {"initial_count_fp": "11.00"},
    "fewer contracts": {"initial_count_fp": "9.00"},
    "created long before it was made": {"created_time": format_iso(NOW - LOOK_BACK - SECOND)},
    "created nobody knows when": {"created_time": None},
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_order_that_is_not_what_was_sent_decides_nothing(name):
    stand = Stand({STAMP: [LATE], LIST: [listed(record(**OTHERS[name]))]})
    assert stand.look()
    (told,) = stand.told
    assert isinstance(told, RequestRefused)
    assert (told.code, told.final, told.request) == ("mismatch", True, "look up n-1-7")


def test_an_id_that_bears_another_id_of_ours_decides_nothing():
    stand = Stand({ONE: [one(client_order_id="n-1-8")]})
    assert stand.look(VENUE)
    assert stand.told[0].code == "mismatch"


def test_two_orders_with_its_id_decide_nothing():
    stand = Stand({STAMP: [LATE], LIST: [listed(record(), record(order_id="v-8"))]})
    assert stand.look()
    assert stand.told[0].code == "mismatch"


def test_an_order_listed_on_two_pages_is_one_order():
    stand = Stand({STAMP: [LATE], LIST: [listed(record(), cursor="p2"), listed(record())]})
    assert stand.look()
    assert [type(event) for event in stand.told] == [OrderChanged]


@pytest.mark.parametrize("ahead_seconds", [0, 2, 30, 600])
def test_an_order_stamped_by_a_clock_ahead_of_the_venues_is_ours_all_the_same(ahead_seconds):
    """What was sent under our name, with the same terms, is not another's for our clock's error."""
    early = format_iso(NOW - ahead_seconds * SECOND)
    stand = Stand({STAMP: [LATE], LIST: [listed(record(created_time=early))]})
    assert stand.look()
    assert isinstance(stand.told[0], OrderChanged)
    stand = Stand({ONE: [one(created_time=early)]})
    assert stand.look(VENUE)
    assert isinstance(stand.told[0], OrderChanged)


def test_an_order_known_by_its_own_id_may_have_been_made_smaller():
    stand = Stand({ONE: [one(initial_count_fp="7.00", remaining_count_fp="3.00")]})
    assert stand.look(VENUE)
    assert stand.told[0].remaining == 300
    stand = Stand({ONE: [one(initial_count_fp="11.00")]})
    assert stand.look(VENUE)
    assert stand.told[0].code == "mismatch"


def test_how_an_order_stands_is_read_without_telling():
    stand = Stand({ONE: [404, one(status="canceled", client_order_id=None)]})
    assert stand.script.hold(stand.reader.standing(VENUE, ORDER.id)) is None
    found = stand.script.hold(stand.reader.standing(VENUE, ORDER.id))
    assert (found.status, found.client_order_id) == ("canceled", ORDER.id)
    assert stand.told == []


def test_times_before_the_epoch_are_not_asked_for():
    order = msgspec.structs.replace(ORDER, made_at=1)
    stand = Stand({STAMP: [LATE], LIST: [listed()]})
    stand.look(order=order)
    assert dict(stand.script.asked[1].query)["min_ts"] == "0"
