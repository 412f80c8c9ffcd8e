"""The kill: only what was read as gone counts as gone, and what is not ours stays."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.entries import GroupKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.ids import OrderIds
from kalshi_assistant.domain.orders import BID, Order
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.runtime.doubts import Doubts
from kalshi_assistant.runtime.kill_file import kill_path, read_kill
from kalshi_assistant.runtime.killing import Sweep, groups_to_trigger, halt_durably
from kalshi_assistant.runtime.store_reading import KeptOrder
from tests.support.halt_book import HaltBook
from tests.support.order_venue import (
    NAMESPACE,
    SILENCE,
    START,
    TICKER,
    OrderVenue,
    answer,
    carried,
    refusal,
)

CANCEL = ("DELETE", "/portfolio/events/orders/")
CANCEL_ALL = ("DELETE", "/portfolio/events/orders")
LIST = ("GET", "/portfolio/orders")
READ = ("GET", "/portfolio/orders/")


def swept(venue, *, everything=False, before_all=lambda: None):
    owns = OrderIds(NAMESPACE, 0).owns
    sweep = Sweep(owns, lambda: venue.now, everything=everything, before_all=before_all)
    return carried(sweep.talk(), venue)


GROUPS = "/portfolio/order_groups/"
TRIGGER = ("PUT", GROUPS)
OUR_GROUP = GroupKept(START, "og-1", 2, "open")


def swept_with_group(venue):
    owns = OrderIds(NAMESPACE, 0).owns
    return carried(Sweep(owns, lambda: venue.now, groups=(OUR_GROUP,)).talk(), venue)


def test_our_order_groups_are_triggered_before_anything_else():
    venue = OrderVenue(faults={TRIGGER: [answer(200, {})]})
    venue.add("a")
    found = swept_with_group(venue)
    assert venue.seen[0].path == f"{GROUPS}og-1/trigger"
    assert dict(venue.seen[0].query) == {"subaccount": "0", "exchange_index": "2"}
    assert found.confirmed
    assert ids(found.those("cancelled")) == ["a"]
    assert found.notes == ()


def test_a_group_that_is_not_triggered_holds_nothing_up_and_is_tried_again():
    venue = OrderVenue(faults={TRIGGER: [SILENCE, answer(200, {})]})
    venue.add("a")
    found = swept_with_group(venue)
    assert found.confirmed
    assert found.untriggered == ()
    assert len(venue.requests("PUT")) == 2


def test_a_group_that_cannot_be_triggered_is_named():
    venue = OrderVenue(faults={TRIGGER: [SILENCE] * 99})
    venue.add("a")
    found = swept_with_group(venue)
    assert found.confirmed  # what it says of the orders
    assert found.untriggered == ("order group og-1 was not triggered: no route",)
    assert len(venue.requests("PUT")) == 3


# --- what may still be on its way ---


def kept(number=1, state="submitted", at=START - SECOND // 10):
    order = Order(f"{NAMESPACE}-1-{number}", TICKER, BID, 5_600, 500, at, 2)
    return KeptOrder(order, state, None, 0, None, at)


def swept_in_doubt(venue, *orders, read=None):
    said = []
    doubts = Doubts((lambda: orders) if read is None else read)
    owns = OrderIds(NAMESPACE, 0).owns
    sweep = Sweep(owns, lambda: venue.now, doubts=doubts, say=said.append)
    return carried(sweep.talk(), venue), said


@pytest.mark.parametrize("seconds", [2, 5, 8, 12])
def test_an_order_that_arrives_late_is_found_and_taken_out(seconds):
    venue = OrderVenue()

    def arrive(_):
        if venue.now > START + seconds * SECOND and "late" not in venue.orders:
            venue.add("late", client=kept().order.id)

    venue.on_request = arrive
    found, said = swept_in_doubt(venue, kept())
    assert found.confirmed
    assert ids(found.those("cancelled")) == ["late"]
    assert venue.resting() == []
    (text,) = said
    assert text.startswith("1 of our orders may still be on the way to the venue, which does not")
    assert text.endswith("looking on for up to 15 s")


@pytest.mark.parametrize(("state", "seconds"), [("submitted", 15), ("uncertain", 10)])
def test_an_order_the_venue_never_shows_is_looked_for_until_it_cannot_arrive(state, seconds):
    venue = OrderVenue()
    found, _ = swept_in_doubt(venue, kept(state=state))
    assert found.confirmed
    assert found.outcomes == ()
    assert seconds * SECOND < venue.now - START < (seconds + 5) * SECOND


def test_records_that_stay_older_than_the_doubt_confirm_nothing():
    venue = OrderVenue(lag=60 * SECOND)
    found, _ = swept_in_doubt(venue, kept())
    assert not found.confirmed
    (outcome,) = found.those("unconfirmed")
    assert outcome.order.client_order_id == kept().order.id
    assert "may still be on its way" in outcome.reason


@pytest.mark.parametrize(("status", "what"), [("executed", "filled"), ("canceled", "cancelled")])
def test_an_order_in_doubt_that_is_over_already_holds_nothing_up(status, what):
    venue = OrderVenue()
    venue.add("ioc", client=kept().order.id)
    venue.end("ioc", status, "5.00")
    found, said = swept_in_doubt(venue, kept())
    assert found.confirmed
    assert ids(found.those(what)) == ["ioc"]
    assert venue.now - START < 5 * SECOND
    assert said == []


def test_what_an_engine_finds_out_meanwhile_is_in_doubt_no_longer():
    venue = OrderVenue()
    found, _ = swept_in_doubt(
        venue, read=lambda: (kept(),) if venue.now < START + 3 * SECOND else ()
    )
    assert found.confirmed
    assert 3 * SECOND < venue.now - START < 9 * SECOND


def test_a_doubt_that_is_long_over_holds_nothing_up():
    venue = OrderVenue()
    found, said = swept_in_doubt(venue, kept(at=START - 60 * SECOND))
    assert found.confirmed
    assert venue.now - START < 5 * SECOND
    assert said == []


def test_a_stamp_of_the_future_is_taken_for_the_present():
    venue = OrderVenue()
    found, _ = swept_in_doubt(venue, kept(at=START + 3_600 * SECOND))
    assert found.confirmed or found.those("unconfirmed")
    assert venue.now - START < 60 * SECOND


def torn():
    raise OperatorError("the ledger took nothing")


def test_with_a_book_that_cannot_be_read_anything_may_be_on_its_way():
    venue = OrderVenue()
    found, (said,) = swept_in_doubt(venue, read=torn)
    assert found.confirmed
    assert venue.now - START > 15 * SECOND
    assert said.startswith("orders of ours that nobody knows of")


def test_records_too_old_for_a_book_that_cannot_be_read_are_trouble():
    venue = OrderVenue(lag=60 * SECOND)
    found, _ = swept_in_doubt(venue, read=torn)
    assert not found.confirmed
    assert "the ledger took nothing" in found.trouble


# --- several at once ---


def test_several_are_taken_out_with_one_request():
    venue = OrderVenue()
    for name in "abc":
        venue.add(name)
    venue.add("elsewhere", subaccount_number=3)
    found = swept(venue)
    assert found.confirmed
    assert ids(found.those("cancelled")) == ["a", "b", "c", "elsewhere"]
    batches = venue.requests("DELETE")
    assert [each.path for each in batches] == [f"{CANCEL[1]}batched"] * 2
    assert batches[0].bucket == "write"


@pytest.mark.parametrize("refused", [refusal(400, "invalid_order"), SILENCE])
def test_a_batch_that_is_not_taken_is_followed_by_one_cancel_each(refused):
    venue = OrderVenue(faults={("DELETE", f"{CANCEL[1]}batched"): [refused]})
    for name in "ab":
        venue.add(name)
    found = swept(venue)
    assert found.confirmed
    paths = [each.path for each in venue.requests("DELETE")]
    assert paths == [f"{CANCEL[1]}{name}" for name in ("batched", "a", "b")]


def test_of_a_batch_nothing_is_believed():
    """The venue says yes to all, and leaves them where they are."""
    venue = OrderVenue(faults={("DELETE", f"{CANCEL[1]}batched"): [answer(200, {"orders": []})]})
    for name in "ab":
        venue.add(name)
    found = swept(venue)
    assert found.confirmed
    assert [each.path.rsplit("/", 1)[-1] for each in venue.requests("DELETE")] == [
        "batched",
        "a",
        "b",
    ]


def ids(outcomes):
    return sorted(each.order.order_id for each in outcomes)


def test_ours_are_cancelled_by_id_and_read_again_and_others_stay():
    venue = OrderVenue()
    venue.add("a")
    venue.add("b", client=f"{NAMESPACE}-9-3")
    venue.add("hand", client=None)
    venue.add("near", client=f"{NAMESPACE}x-1-1")
    found = swept(venue)
    assert found.confirmed
    assert ids(found.those("cancelled")) == ["a", "b"]
    assert found.others == 2
    assert sorted(venue.resting()) == ["hand", "near"]


def test_a_cancel_names_market_shard_and_subaccount():
    venue = OrderVenue()
    venue.add("a", subaccount_number=3)
    swept(venue)
    (cancel,) = venue.requests("DELETE")
    assert dict(cancel.query) == {
        "market_ticker": "KXBTC15M-26NOV211215-15",
        "exchange_index": "2",
        "subaccount": "3",
    }
    assert cancel.signed
    assert cancel.bucket == "write"


def test_nothing_at_rest_is_read_for_a_while_before_it_is_believed():
    venue = OrderVenue()
    found = swept(venue)
    assert found.confirmed
    assert venue.now - START >= 1.5 * SECOND


def test_an_order_that_arrives_after_the_first_list_is_found():
    venue = OrderVenue()

    def arrive(request):
        if venue.now > START + SECOND and "late" not in venue.orders:
            venue.add("late")

    venue.on_request = arrive
    found = swept(venue)
    assert ids(found.those("cancelled")) == ["late"]
    assert venue.resting() == []


def test_what_traded_before_the_cancel_is_told_apart():
    venue = OrderVenue()
    venue.add("a")
    venue.add("b", fill_count_fp="1.00")

    def trade(request):
        if request.method == "DELETE" and venue.orders["a"]["status"] == "resting":
            venue.end("a", "executed", "5.00")
            venue.orders["b"]["fill_count_fp"] = "1.50"

    venue.on_request = trade
    found = swept(venue)
    assert found.confirmed
    assert [(each.order.order_id, each.meanwhile) for each in found.those("filled")] == [("a", 500)]
    assert [each.meanwhile for each in found.those("cancelled")] == [50]


def test_a_404_is_not_believed_while_the_order_is_read_as_resting():
    venue = OrderVenue()
    venue.add("a")
    venue.faults[CANCEL] = [refusal(404, "not_found")] * 99
    found = swept(venue)
    assert not found.confirmed
    (left,) = found.those("unconfirmed")
    assert "404 not_found" in left.reason
    assert "it is resting" in left.reason
    assert found.trouble is None


def test_an_order_nobody_knows_any_more_is_not_confirmed():
    venue = OrderVenue()
    venue.add("a")
    venue.faults[READ] = [refusal(404, "not_found")] * 99
    found = swept(venue)
    assert not found.confirmed
    assert "cannot be read again (404 not_found" in found.those("unconfirmed")[0].reason


def test_a_refused_cancel_is_tried_again_and_its_reason_kept():
    venue = OrderVenue()
    venue.add("a")
    venue.faults[CANCEL] = [refusal(409, "trading_is_paused"), SILENCE]
    found = swept(venue)
    assert found.confirmed
    assert len(venue.requests("DELETE")) == 3
    assert found.refusals == (("a", "no route"),)


def test_a_key_that_may_not_write_is_told_at_once():
    venue = OrderVenue()
    venue.add("a")
    venue.faults[CANCEL] = [refusal(403, "insufficient_scope")] * 99
    found = swept(venue)
    assert not found.confirmed
    assert len(venue.requests("DELETE")) == 1
    assert "403 insufficient_scope" in found.those("unconfirmed")[0].reason


def test_a_refused_key_ends_it_with_the_outside_to_blame():
    venue = OrderVenue(faults={LIST: [answer(401, {"code": "authentication_error"})] * 99})
    found = swept(venue)
    assert not found.confirmed
    assert "401" in found.trouble
    assert len([each for each in venue.seen if each.path == "/portfolio/orders"]) <= 2


def test_no_network_ends_after_a_few_tries():
    venue = OrderVenue(faults={("GET", "/"): [SILENCE] * 999})
    found = swept(venue)
    assert "no route" in found.trouble
    assert not found.confirmed
    assert len(venue.seen) < 20


def test_a_list_that_comes_back_is_used():
    venue = OrderVenue(faults={LIST: [SILENCE, refusal(429, "too many requests")]})
    venue.add("a")
    found = swept(venue)
    assert found.confirmed
    assert ids(found.those("cancelled")) == ["a"]


def test_records_older_than_the_last_cancel_prove_nothing():
    venue = OrderVenue(lag=600 * SECOND)
    found = swept(venue)
    assert not found.confirmed
    assert "older" in found.trouble


def test_records_that_lag_a_little_are_waited_for():
    venue = OrderVenue(lag=2 * SECOND)
    venue.add("a")
    found = swept(venue)
    assert found.confirmed
    assert ids(found.those("cancelled")) == ["a"]


def test_where_the_venue_does_not_tell_the_age_of_its_records_that_is_noted():
    venue = OrderVenue(
        faults={("GET", "/exchange/user_data_timestamp"): [refusal(404, "gone")] * 9}
    )
    found = swept(venue)
    assert found.confirmed
    assert any("fresh" in note for note in found.notes)


def test_every_page_of_the_list_is_read():
    venue = OrderVenue(page_size=2)
    for number in range(7):
        venue.add(f"o{number}")
    found = swept(venue)
    assert found.confirmed
    assert len(found.those("cancelled")) == 7


def test_both_scopes_are_asked_for():
    venue = OrderVenue()
    swept(venue)
    scopes = {dict(each.query).get("exchange_index") for each in venue.seen if each.path == LIST[1]}
    assert scopes == {None, "2"}


@pytest.mark.parametrize("order_id", ["", "a/b", "../orders", "x" * 65])
def test_an_id_that_would_make_another_request_is_never_sent(order_id):
    venue = OrderVenue()
    venue.add("good")
    venue.orders["bad"] = venue.orders["good"] | {"order_id": order_id}
    found = swept(venue)
    assert [each.path for each in venue.requests("DELETE")] == ["/portfolio/events/orders/good"]
    assert not found.confirmed
    assert "makes no sense" in found.trouble


def test_everything_takes_the_whole_account_and_says_before():
    venue, said = OrderVenue(), []
    venue.add("a")
    venue.add("hand", client=None)
    found = swept(venue, everything=True, before_all=lambda: said.append(len(venue.seen)))
    assert found.all_cancelled
    assert found.confirmed
    assert venue.resting() == []
    assert said == [1]
    assert [each.path for each in venue.requests("DELETE")] == ["/portfolio/events/orders"]


def test_where_cancel_all_is_refused_each_is_taken_out_by_id():
    venue = OrderVenue(faults={CANCEL_ALL: [refusal(403, "no"), None, None]})
    venue.add("a")
    venue.add("hand", client=None)
    found = swept(venue, everything=True)
    assert found.all_cancelled is False
    assert any("cancel-all was not taken" in note for note in found.notes)
    assert ids(found.those("cancelled")) == ["a", "hand"]


def test_an_unanswered_cancel_all_is_said_again():
    venue, stamps = OrderVenue(faults={CANCEL_ALL: [SILENCE]}), []
    venue.add("a")
    found = swept(venue, everything=True, before_all=lambda: stamps.append(1))
    assert found.all_cancelled
    assert len(stamps) == 2


FAULTS = st.sampled_from(
    [None, SILENCE, refusal(404, "not_found"), refusal(409, "trading_is_paused"),
     refusal(500, "oops"), answer(200, {"nonsense": 1}), refusal(429, "too many requests")]
)  # fmt: skip


@given(
    cancels=st.lists(FAULTS, max_size=30),
    lists=st.lists(FAULTS, max_size=10),
    reads=st.lists(FAULTS, max_size=10),
    lag=st.integers(0, 4 * SECOND),
    fills=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
)
def test_confirmed_means_that_nothing_of_ours_rests(cancels, lists, reads, lag, fills):
    venue = OrderVenue(faults={READ: reads, LIST: lists, CANCEL: cancels}, lag=lag)
    for name in ("a", "b", "c"):
        venue.add(name)
    venue.add("hand", client=None)

    def trade(request):
        if fills and request.method == "GET" and venue.orders[fills[0]]["status"] == "resting":
            venue.end(fills.pop(0), "executed", "5.00")

    venue.on_request = trade
    found = swept(venue)
    assert "hand" in venue.resting()
    assert all(each.path[-4:] != "hand" for each in venue.requests("DELETE"))
    if found.confirmed:
        assert venue.resting() == ["hand"]
    for each in found.those("cancelled"):
        assert venue.orders[each.order.order_id]["status"] == "canceled"
    for each in found.those("filled"):
        assert venue.orders[each.order.order_id]["status"] == "executed"


class FakeBook:
    namespace = NAMESPACE

    def __init__(self, error=None):
        self.error = error
        self.halts = []

    def halt(self, *, breaker, reason, now):
        if self.error is not None:
            raise self.error
        self.halts.append((breaker, reason, now))


def test_the_halt_is_written_twice(tmp_path):
    book = FakeBook()
    halted = halt_durably(tmp_path / "state", lambda: book, "enough", START)
    assert halted.stands
    assert halted.book is book
    assert halted.troubles == ()
    assert book.halts == [("kill", "enough", START)]
    assert read_kill(kill_path(tmp_path / "state")).startswith("enough (20")


@pytest.mark.parametrize("error", [sqlite3.OperationalError("locked"), OperatorError("torn")])
def test_a_book_that_fails_leaves_the_file(tmp_path, error):
    halted = halt_durably(tmp_path, lambda: FakeBook(error), "enough", START)
    assert (halted.stands, halted.in_book) == (True, False)
    assert halted.book.namespace == NAMESPACE
    assert str(error) in halted.troubles[0]
    assert read_kill(kill_path(tmp_path)) is not None


def test_groups_are_kept_as_triggered_before_they_are(tmp_path):
    book = HaltBook()
    book.kept_groups.append(OUR_GROUP)
    halted = halt_durably(tmp_path, lambda: book, "enough", START)
    assert groups_to_trigger(halted, START) == ((OUR_GROUP,), None)
    assert book.triggered == ["og-1"]


def test_without_a_book_no_group_is_known(tmp_path):
    def broken():
        raise OperatorError("no book")

    halted = halt_durably(tmp_path, broken, "enough", START)
    assert groups_to_trigger(halted, START) == ((), None)


def test_a_folder_that_fails_leaves_the_book(tmp_path):
    (tmp_path / "state").write_text("a file")
    book = FakeBook()
    halted = halt_durably(tmp_path / "state", lambda: book, "enough", START)
    assert (halted.stands, halted.in_file) == (True, False)
    assert len(book.halts) == 1


def test_where_neither_works_the_halt_does_not_stand(tmp_path):
    (tmp_path / "state").write_text("a file")

    def broken():
        raise OperatorError("no book")

    halted = halt_durably(tmp_path / "state", broken, "enough", START)
    assert not halted.stands
    assert len(halted.troubles) == 2
