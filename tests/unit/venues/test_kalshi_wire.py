"""The wire's account of what it has missed, and its one turn from NO to YES."""

import pytest

from kalshi_assistant.domain.events import (
    BookDelta,
    BookSnapshot,
    FeesChanged,
    Gap,
    IndexPrinted,
    Malformed,
    MarketStatusChanged,
    QuoteSeen,
    StrikeSet,
    TradeSeen,
)
from kalshi_assistant.venues.kalshi.wire import BOOKS_MAX, KalshiWire
from tests.support.kalshi_frames import (
    BOOK_FEED,
    INDEX_FEED,
    NEXT,
    NOW,
    TICKER,
    TRADE_FEED,
    delta,
    encode,
    error,
    event_fee,
    index,
    index_5hz,
    lifecycle,
    ok,
    quote,
    snapshot,
    subscribed,
    trade,
)


def fed(*frames, wire=None):
    """The wire after these frames, and all they became."""
    wire = wire or KalshiWire()
    return wire, [event for frame in frames for event in wire.receive(frame, NOW)]


def kinds(events):
    return [type(event) for event in events]


@pytest.fixture
def both():
    """A wire with two whole books, numbers 1 and 2 used."""
    return fed(snapshot(1), snapshot(2, ticker=NEXT))[0]


# --- one orientation ---


@pytest.mark.parametrize(
    ("use_yes_price", "side", "text", "expected"),
    [
        (False, "yes", "0.5500", (0, 5_500)),
        (False, "no", "0.4400", (1, 5_600)),
        (True, "yes", "0.5500", (0, 5_500)),
        (True, "no", "0.4400", (1, 4_400)),
    ],
)
def test_every_price_leaves_as_a_yes_price(use_yes_price, side, text, expected):
    wire = KalshiWire(use_yes_price=use_yes_price)
    _, events = fed(snapshot(1), delta(2, price=text, side=side), wire=wire)
    assert (events[1].side, events[1].price) == expected


def test_a_snapshot_turns_like_its_deltas():
    for use_yes_price, ask in ((False, 5_600), (True, 4_400)):
        _, (book,) = fed(snapshot(1), wire=KalshiWire(use_yes_price=use_yes_price))
        assert book.asks == ((ask, 400),)


@pytest.mark.parametrize("text", ["0.55", "0.550000", "0.5500"])
def test_a_price_may_be_spelt_with_more_or_fewer_zeros(both, text):
    (event,) = both.receive(delta(3, price=text), NOW)
    assert event.price == 5_500


@pytest.mark.parametrize(("text", "change"), [("-20.50", -2_050), ("7", 700), ("0.01", 1)])
def test_a_count_keeps_its_hundredths_and_sign(both, text, change):
    (event,) = both.receive(delta(3, change=text), NOW)
    assert event.change == change


# --- gaps ---


def test_a_jump_makes_every_book_unknown_and_wanted(both):
    events = both.receive(delta(5), NOW)
    assert events == [Gap(NOW, NOW, BOOK_FEED, (TICKER, NEXT), 3, 5)]
    assert tuple(both.wanted) == both.broken == (TICKER, NEXT)
    assert both.withheld == 1


def test_a_snapshot_that_reveals_the_gap_mends_its_own_book(both):
    events = both.receive(snapshot(9), NOW)
    assert kinds(events) == [Gap, BookSnapshot]
    assert both.broken == (NEXT,)
    assert kinds(both.receive(delta(10), NOW)) == [BookDelta]
    assert both.receive(delta(11, ticker=NEXT), NOW) == ()
    assert both.withheld == 1
    assert kinds(both.receive(snapshot(12, ticker=NEXT), NOW)) == [BookSnapshot]
    assert kinds(both.receive(delta(13, ticker=NEXT), NOW)) == [BookDelta]


def test_a_reply_that_reveals_the_gap_is_still_a_reply(both):
    assert kinds(both.receive(ok(4, sid=1, seq=5), NOW)) == [Gap]
    assert both.reply.id == 4


def test_the_reply_to_a_command_uses_up_a_number(both):
    assert kinds(fed(ok(4, sid=1, seq=3), delta(4), wire=both)[1]) == [BookDelta]
    assert kinds(fed(error(14, id_=5, sid=1, seq=5), delta(6), wire=both)[1]) == [BookDelta]


def test_a_frame_seen_before_is_dropped(both):
    _, events = fed(delta(3), delta(3), delta(2), wire=both)
    assert kinds(events) == [BookDelta, Malformed, Malformed]
    assert "out of order: orderbook_delta number 3 after 3" in events[1].reason
    assert both.broken == ()


def test_the_first_number_of_an_announced_sid_is_one():
    _, events = fed(subscribed("orderbook_delta", 1), snapshot(2))
    assert events[0] == Gap(NOW, NOW, BOOK_FEED, (), 1, 2)


@pytest.mark.parametrize(
    ("first", "jump", "feed", "kind"),
    [
        (trade(1), trade(3, trade_id="later"), TRADE_FEED, TradeSeen),
        (index(1), index(3, millis=1_795_280_600_000), INDEX_FEED, IndexPrinted),
    ],
    ids=["trades", "index"],
)
def test_a_gap_elsewhere_names_no_market_and_keeps_the_frame(both, first, jump, feed, kind):
    _, events = fed(first, jump, wire=both)
    assert kinds(events) == [kind, Gap, kind]
    assert (events[1].feed, events[1].tickers) == (feed, ())
    assert both.broken == ()


@pytest.mark.parametrize("seq", [3, 4, 5, 6])
def test_a_number_that_speaks_against_the_jump_takes_back_the_book_it_brought(both, seq):
    """A snapshot whose number came damaged hides the frames that follow it."""
    assert kinds(both.receive(snapshot(6), NOW)) == [Gap, BookSnapshot]
    events = both.receive(delta(seq), NOW)
    assert kinds(events) == [Malformed, Gap]
    assert both.broken == (TICKER, NEXT)
    assert kinds(both.receive(delta(seq), NOW)) == [Malformed]
    assert both.receive(delta(7), NOW) == ()
    assert kinds(both.receive(snapshot(8), NOW)) == [BookSnapshot]


def test_a_number_from_before_the_jump_is_only_late(both):
    both.receive(snapshot(6), NOW)
    assert kinds(both.receive(delta(2), NOW)) == [Malformed]
    assert both.broken == (NEXT,)


def test_after_a_false_number_even_a_snapshot_is_not_believed(both):
    frames = [delta(5_000), delta(4), delta(5), snapshot(6)]
    _, events = fed(*frames, wire=both)
    assert kinds(events) == [Gap, Malformed, Malformed, Gap]
    assert both.broken == (TICKER, NEXT)
    assert kinds(both.receive(snapshot(7), NOW)) == [BookSnapshot]


# --- contents that make no sense ---


@pytest.mark.parametrize(
    "frame",
    [
        delta(3, price="0.0000"),
        delta(3, price="1.0000"),
        delta(3, price="0.55001"),
        delta(3, price="-0.5"),
        delta(3, price="x"),
        delta(3, change="1.001"),
        delta(3, change=""),
        delta(3, change="99999999999999.00"),
        delta(3, side="maybe"),
        delta(3, ts_ms="soon"),
        delta(3, ts_ms=10**17),
        snapshot(3, yes=(("0.5", "1.00"), ("0.5000", "2.00"))),
        snapshot(3, yes=(("0.5", "-1.00"),)),
        snapshot(3, no=(("1.5", "1.00"),)),
    ],
)
def test_a_bad_content_makes_its_own_book_unknown_and_no_other(both, frame):
    events = both.receive(frame, NOW)
    assert kinds(events) == [Malformed, Gap]
    assert events[1] == Gap(NOW, NOW, BOOK_FEED, (TICKER,), 3, 3)
    assert both.broken == tuple(both.wanted) == (TICKER,)
    assert kinds(both.receive(delta(4, ticker=NEXT), NOW)) == [BookDelta]


def test_a_side_whose_name_came_damaged_is_not_an_empty_side(both):
    damaged = snapshot(3).replace(b"yes_dollars_fp", b"yes_dollbrs_fp")
    assert kinds(both.receive(damaged, NOW)) == [Malformed, Gap]
    assert both.broken == (TICKER,)


def test_empty_levels_are_left_out(both):
    (book,) = both.receive(snapshot(3, yes=(("0.5", "0.00"), ("0.6", "1.00"))), NOW)
    assert book.bids == ((6_000, 100),)


@pytest.mark.parametrize(
    "frame",
    [
        delta(3)[:-20],
        delta(3).replace(b"KXBTC15M-26NOV211215-15", b"KXBTC15M-26NOV211215-16"),
        delta(3).replace(b'"type"', b'"tipe"').replace(b"market_ticker", b"market_tocker"),
        delta(3).replace(b"orderbook_delta", b"orderbook_dElta").replace(TICKER.encode(), b"?"),
        delta(3).replace(b'"seq":3', b'"seq":-3'),
        delta(3, sid=2),
    ],
    ids=["cut", "misnamed", "untyped", "mistyped", "unnumbered", "astray"],
)
def test_a_frame_that_may_have_been_of_any_book_makes_all_unknown(both, frame):
    events = both.receive(frame, NOW)
    assert kinds(events) == [Malformed, Gap]
    assert events[1].tickers == (TICKER, NEXT)
    assert both.broken == (TICKER, NEXT)


def test_trouble_on_another_channel_leaves_the_books_alone(both):
    fed(subscribed("trade", 2), subscribed("ticker", 3), wire=both)
    frames = [trade(1, count_fp="x"), trade(2, ts_ms=None), quote(yes_bid_dollars="2.0")]
    frames += [quote(ts_ms=None), encode({"type": "pyth_value", "sid": 40, "seq": 1, "msg": {}})]
    _, events = fed(*frames, wire=both)
    assert kinds(events) == [Malformed] * 5
    assert both.broken == ()
    assert kinds(fed(trade(3), quote(), wire=both)[1]) == [TradeSeen, QuoteSeen]


# --- which markets ---


def test_deltas_wait_for_the_first_snapshot_of_an_expected_book():
    wire = KalshiWire()
    wire.expect(TICKER)
    _, events = fed(delta(1), snapshot(2), delta(3), wire=wire)
    assert kinds(events) == [BookSnapshot, BookDelta]
    assert (wire.withheld, wire.wanted) == (1, {})


def test_a_forgotten_book_is_dropped_without_a_word(both):
    both.forget(NEXT)
    _, events = fed(delta(3, ticker=NEXT), snapshot(4, ticker=NEXT), delta(5), wire=both)
    assert kinds(events) == [BookDelta]
    both.expect(NEXT)
    assert kinds(both.receive(snapshot(6, ticker=NEXT), NOW)) == [BookSnapshot]


def test_an_unexpected_book_is_not_taken_up_once_books_are_expected():
    wire = KalshiWire()
    wire.expect(TICKER)
    _, events = fed(snapshot(1), snapshot(2, ticker=NEXT), wire=wire)
    assert kinds(events) == [BookSnapshot, Malformed, Gap]
    assert wire.broken == (TICKER,)


def test_a_distrusted_book_is_withheld_until_its_snapshot(both):
    both.distrust((TICKER,))
    _, events = fed(delta(3), delta(4, ticker=NEXT), snapshot(5), delta(6), wire=both)
    assert kinds(events) == [BookDelta, BookSnapshot, BookDelta]


def test_there_is_a_limit_to_books():
    wire = KalshiWire()
    for number in range(1, BOOKS_MAX + 1):
        wire.receive(snapshot(number, ticker=f"KXBTC15M-{number}"), NOW)
    assert kinds(wire.receive(snapshot(BOOKS_MAX + 1), NOW)) == [Malformed, Gap]


def test_forgotten_names_are_bounded(both):
    for number in range(500):
        both.forget(f"KXBTC15M-{number}")
    assert len(both._forgotten) == 64


OTHER = "KXETH15M-26NOV211215-15"


@pytest.mark.parametrize(
    "frame",
    [
        quote(market_ticker=OTHER),
        trade(1, market_ticker=OTHER),
        lifecycle(1, "settled", ticker=OTHER, settled_ts=1_795_281_308),
        lifecycle(1, "a_new_kind", ticker=OTHER, floor_strike={"odd": 1}),
        event_fee(1).replace(b"KXBTC15M", b"KXETH15M"),
        lifecycle(1, "settled", ticker="KXBTC15MX-1", settled_ts=1_795_281_308),
    ],
)
def test_other_series_pass_by_without_a_word(frame):
    assert list(KalshiWire().receive(frame, NOW)) == []


# --- lifecycle and index in detail ---


@pytest.mark.parametrize(
    ("text", "strike"),
    [("91250.62", 9_125_062), ("91250", 9_125_000), ("9.1250e4", 9_125_000), ("0.29", 29)],
)
def test_a_strike_is_read_without_binary_fractions(text, strike):
    frame = lifecycle(1, "metadata_updated", floor_strike=1).replace(
        b":1}}", f":{text}}}}}".encode()
    )
    (event,) = KalshiWire().receive(frame, NOW)
    assert event == StrikeSet(NOW, NOW, TICKER, strike)


@pytest.mark.parametrize("text", ["91250.625", "0", "-5", "1e999999999", '"NaN"', "1e-9", "true"])
def test_a_strike_that_cannot_be_one_is_malformed(text):
    frame = lifecycle(1, "metadata_updated", floor_strike=1).replace(
        b":1}}", f":{text}}}}}".encode()
    )
    assert kinds(KalshiWire().receive(frame, NOW)) == [Malformed]


@pytest.mark.parametrize(
    ("frame", "about"),
    [
        (lifecycle(1, "determined", result="scalar", determination_ts=5), "neither yes nor no"),
        (lifecycle(1, "determined", result="", determination_ts=5), "neither yes nor no"),
        (lifecycle(1, "metadata_updated", floor_strike=5, strike_type="less"), "strike type"),
        (lifecycle(1, "a_new_kind"), "a_new_kind"),
        (event_fee(1, kind="flat"), "'flat'"),
        (event_fee(1, kind=None, multiplier=None), "names no fees"),
        (lifecycle(1, "price_level_structure_updated", price_ranges=[]), "price ranges"),
        (index(1, millis=1_795_280_599_200), "between two seconds"),
        (index(1, data='{"id":"ETHUSD_RTI","value":"1","time":1795280599000}'), "under 'BRTI'"),
        (index(1, data="x"), "malformed"),
        (index(1, value="91262.181"), "finer than 2 decimals"),
        (index_5hz(1, value="91262.18100000"), "finer than 2 decimals"),
    ],
)
def test_what_cannot_be_true_is_malformed_with_the_reason(frame, about):
    (event,) = KalshiWire().receive(frame, NOW)
    assert isinstance(event, Malformed)
    assert about in event.reason


def test_an_average_over_another_window_is_left_out():
    frame = index(1).replace(
        b'"window_end_ts_exclusive":1795280599000', b'"window_end_ts_exclusive":1795280599001'
    )
    (event,) = KalshiWire().receive(frame, NOW)
    assert (event.value, event.average_60s_e8, event.average_60s_prints) == (9_126_218, None, None)


def test_late_prints_are_passed_on_in_the_order_received():
    frames = [index(1), index_5hz(1, millis=1_795_280_598_000), index(2, millis=1_795_280_597_000)]
    wire, events = fed(*frames)
    assert [event.at // 10**9 % 100 for event in events] == [99, 98, 97]
    assert wire.last_print_second == 1_795_280_599


def test_fees_of_an_event_and_a_halt_are_facts_of_one_numbered_channel():
    _, events = fed(event_fee(1), lifecycle(2, "deactivated"), lifecycle(4, "activated"))
    assert kinds(events) == [FeesChanged, MarketStatusChanged, Gap, MarketStatusChanged]


# --- connections ---


def test_a_new_connection_begins_anew_and_keeps_what_is_expected(both):
    both.expect(TICKER)
    assert both.last_sequence == {"orderbook_delta": 2}
    both.reset()
    assert both.last_sequence == {}
    assert both.broken == (TICKER, NEXT)
    _, events = fed(
        subscribed("orderbook_delta", 5), delta(1, sid=5), snapshot(2, sid=5), wire=both
    )
    assert kinds(events) == [BookSnapshot]


def test_a_second_sid_for_a_running_channel_makes_its_books_unknown(both):
    assert kinds(both.receive(subscribed("orderbook_delta", 9), NOW)) == [Malformed, Gap]
    assert both.broken == (TICKER, NEXT)


def test_a_subscription_repeated_changes_nothing(both):
    assert list(both.receive(subscribed("orderbook_delta", 1), NOW)) == []
    assert kinds(both.receive(delta(3), NOW)) == [BookDelta]
