"""The whole venue in virtual time: lives of markets, settlements that chain, reads that agree."""

import subprocess
import sys
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import msgspec
import pytest

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND, parse_iso
from kalshi_assistant.sim.exchange import Exchange, ExchangeSettings, settlement_value
from kalshi_assistant.sim.index_path import STEP

OPEN = parse_iso("2026-11-21T17:00:00Z")
CLOSE = OPEN + 15 * MINUTE
QUARTER = 15 * MINUTE
START = CLOSE - 3 * MINUTE
TICKER, NEXT = "KXBTC15M-26NOV211215-15", "KXBTC15M-26NOV211230-30"
QUIET = {"activity": 0.05}


def exchange(seed=1, start=START, **settings):
    return Exchange(ExchangeSettings(**settings), seed, start)


def kinds(events, *wanted, ticker=None):
    return [
        each
        for each in events
        if isinstance(each, wanted) and (ticker is None or each.ticker == ticker)
    ]


def encoded(events):
    return b"".join(msgspec.msgpack.encode(each) for each in events)


class Book:
    """What a reader rebuilds from snapshots and deltas."""

    def __init__(self, snapshot):
        self.sides = (dict(snapshot.bids), dict(snapshot.asks))

    def apply(self, event):
        if isinstance(event, e.BookSnapshot):
            self.sides = (dict(event.bids), dict(event.asks))
            return
        side = self.sides[event.side]
        side[event.price] = side.get(event.price, 0) + event.change
        assert side[event.price] >= 0
        if not side[event.price]:
            del side[event.price]

    def check(self, contract):
        bids, asks = self.sides
        assert max(bids, default=0) < min(asks, default=10_000)
        assert all(contract.on_grid(price) for side in self.sides for price in side)


class TestTheStart:
    def test_a_market_is_open_with_its_strike_and_a_full_book(self):
        venue = exchange()
        market = venue.market(TICKER)
        assert (market.status, venue.now()) == ("active", START)
        assert market.contract.strike is not None
        book = venue.book(TICKER)
        assert len(book.bids) + len(book.asks) > 100
        assert market.quote.volume > 0
        assert venue.trades()

    def test_the_markets_of_the_hour_before_are_settled_and_the_next_are_listed(self):
        statuses = [(each.status, each.contract.open_time) for each in exchange().markets()]
        past = [opens for status, opens in statuses if status == "finalized"]
        ahead = [opens for status, opens in statuses if status == "initialized"]
        assert past == list(range(OPEN - HOUR, OPEN, QUARTER))
        assert ahead[:2] == [CLOSE, CLOSE + QUARTER]
        assert ahead[-1] >= OPEN + 4 * HOUR

    def test_there_is_an_hour_of_index_before_it(self):
        history = exchange().index_history(START - HOUR, START)
        assert [at for at, _ in history] == list(range(START - HOUR, START + 1, STEP))

    @pytest.mark.parametrize("offset", [-1, 0, 1, 300_000_000, 2 * SECOND, 9 * SECOND, 31 * SECOND])
    def test_it_begins_as_well_around_a_close(self, offset):
        venue = exchange(start=CLOSE + offset)
        assert venue.now() == CLOSE + offset
        market = venue.market(TICKER if offset < 0 else NEXT)
        assert market.status == "active"
        venue.advance(CLOSE + 40 * SECOND)
        assert venue.market(TICKER).status == "finalized"
        assert venue.market(NEXT).contract.strike == venue.market(TICKER).settlement
        assert venue.book(NEXT).bids or venue.book(NEXT).asks

    def test_what_is_present_tells_a_newcomer_everything(self):
        venue = exchange()
        present = venue.present()
        assert len(kinds(present, e.ExchangeStatusSeen, e.MaintenanceScheduled)) == 2
        (history,) = kinds(present, e.IndexHistoryLoaded)
        assert len(history.prints) == 3_601
        listed = {each.contract.ticker for each in kinds(present, e.MarketListed)}
        assert {TICKER, NEXT} <= listed
        assert kinds(present, e.BookSnapshot) == [venue.book(TICKER)]
        assert kinds(present, e.QuoteSeen) == [venue.market(TICKER).quote]


class TestTime:
    def test_the_same_seed_gives_the_same_events_and_another_does_not(self):
        until = CLOSE + 20 * SECOND
        first, again, other = (exchange(seed).advance(until) for seed in (3, 3, 4))
        assert encoded(first) == encoded(again) != encoded(other)

    def test_how_time_is_cut_changes_nothing(self):
        whole, cut = exchange(), exchange()
        events = []
        for step in range(1, 4_001):
            events += cut.advance(START + step * 7_000_007)
        assert encoded(whole.advance(cut.now())) == encoded(events)
        assert whole.book(TICKER) == cut.book(TICKER)

    def test_events_come_in_order_and_not_from_the_future(self):
        venue, before = exchange(), START
        for second in range(1, 240):
            now = START + second * SECOND
            for event in venue.advance(now):
                assert before <= event.at == event.received_at <= now
                before = event.at

    def test_going_back_does_nothing(self):
        venue = exchange()
        assert venue.advance(START - HOUR) == []
        assert venue.now() == START

    def test_two_starts_of_one_window_agree_on_its_times(self):
        early, late = exchange(start=OPEN + MINUTE), exchange(start=START)
        assert early.market(NEXT).timetable == late.market(NEXT).timetable


class TestALife:
    @pytest.fixture(scope="class")
    def life(self):
        return exchange(**QUIET).advance(CLOSE + 16 * MINUTE)

    def test_a_market_is_closed_cleared_determined_and_settled_in_turn(self, life):
        kept = (
            *(e.MarketStatusChanged, e.BookSnapshot),
            *(e.MarketDetermined, e.SettlementPublished),
        )
        end = kinds(life, *kept, ticker=TICKER)
        after = {type(each): (each.at - CLOSE) / SECOND for each in end}
        assert [each.status for each in kinds(end, e.MarketStatusChanged)] == [
            "closed",
            "finalized",
        ]
        assert end[0].at == CLOSE
        assert 0.02 <= after[e.BookSnapshot] <= 3.2
        assert 0.75 <= after[e.MarketDetermined] <= 1.35
        assert 6.5 <= after[e.SettlementPublished] <= 8.2
        assert isinstance(end[-2], e.SettlementPublished)

    def test_the_next_market_opens_at_the_close_and_gets_its_strike_a_moment_later(self, life):
        opened = kinds(life, e.MarketStatusChanged, ticker=NEXT)[0]
        (strike,) = kinds(life, e.StrikeSet, ticker=NEXT)
        (settled,) = kinds(life, e.SettlementPublished, ticker=TICKER)
        assert (opened.status, opened.at) == ("active", CLOSE)
        assert 0.5 <= (strike.at - CLOSE) / SECOND <= 0.7
        assert strike.strike == settled.value

    def test_nothing_is_traded_after_the_close_and_the_book_empties(self, life):
        late = [
            each for each in kinds(life, e.BookDelta, e.TradeSeen, ticker=TICKER) if each.at > CLOSE
        ]
        (snapshot,) = kinds(life, e.BookSnapshot, ticker=TICKER)
        last = kinds(life, e.QuoteSeen, ticker=TICKER)[-1]
        assert late == []
        assert (snapshot.bids, snapshot.asks) == ((), ())
        assert (last.bid, last.ask, last.at) == (0, 10_000, snapshot.at)

    def test_new_markets_are_listed_hours_ahead_once_an_hour(self):
        listed = kinds(exchange(**QUIET).advance(OPEN + 5 * HOUR // 2), e.MarketListed)
        times = Counter(each.at for each in listed)
        assert set(times.values()) == {4}
        assert [later - earlier for earlier, later in pairwise(sorted(times))] == [HOUR]
        for each in listed:
            assert each.status == "initialized"
            assert each.contract.strike is None
            assert 3 * HOUR < each.contract.open_time - each.at < 5 * HOUR


@pytest.mark.parametrize("seed", range(6))
def test_settlements_are_the_means_of_the_prints_and_chain(seed):
    start = OPEN + 40 * SECOND
    events = exchange(seed, start, **QUIET).advance(start + 5 * QUARTER)
    prints = {each.at // SECOND: each.value for each in kinds(events, e.IndexPrinted)}
    strikes = {each.ticker: each.strike for each in kinds(events, e.StrikeSet)}
    settled = kinds(events, e.SettlementPublished)
    results = {each.ticker: each.result for each in kinds(events, e.MarketDetermined)}
    assert len(settled) == 5
    for number, each in enumerate(settled):
        close = OPEN // SECOND + 900 * (number + 1)
        total = sum(prints[second] for second in range(close - 60, close))
        mean = (Decimal(total) / 6_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert Decimal(each.value) / 100 == mean
        assert each.result == results[each.ticker]
    for one, following in pairwise(settled):
        assert strikes[following.ticker] == one.value
        assert following.result == ("yes" if following.value >= one.value else "no")


@pytest.mark.parametrize(
    ("cents", "close", "value"),
    [
        ([100] * 59 + [130], CLOSE, 101),
        ([100] * 59 + [129], CLOSE, 100),
        ([9_125_001] * 30 + [9_125_002] * 30, CLOSE, 9_125_002),
        ([9_125_001] * 30 + [9_125_004] * 30, CLOSE, 9_125_003),
        ([100] * 59 + [130], parse_iso("2026-03-01T12:00:00Z"), 100),
    ],
)
def test_half_a_cent_rounds_up_since_august_and_in_binary_before(cents, close, value):
    assert settlement_value(cents, close) == value


class TestTheBook:
    @pytest.mark.long
    def test_every_delta_leaves_a_book_that_is_uncrossed_on_the_grid_and_the_venues_own(self):
        venue = exchange(2)
        books = defaultdict(lambda: Book(e.BookSnapshot(0, 0, NEXT, (), ())))
        books[TICKER] = Book(venue.book(TICKER))
        contract = venue.market(TICKER).contract
        for step in range(1, 42):
            for event in kinds(
                venue.advance(START + step * 5 * SECOND), e.BookDelta, e.BookSnapshot
            ):
                books[event.ticker].apply(event)
                books[event.ticker].check(contract)
            for ticker, book in books.items():
                own = venue.book(ticker)
                assert book.sides == (dict(own.bids), dict(own.asks))

    def test_a_snapshot_has_the_best_levels_first(self):
        book = exchange().book(TICKER)
        assert list(book.bids) == sorted(book.bids, reverse=True)
        assert list(book.asks) == sorted(book.asks)

    def test_quotes_are_the_best_of_the_book_and_not_more_than_a_few_a_second(self):
        venue = exchange()
        quotes = kinds(venue.advance(START + MINUTE), e.QuoteSeen)
        market, book = venue.market(TICKER), venue.book(TICKER)
        assert 50 < len(quotes) < 90
        assert all(later.at - earlier.at >= 700_000_000 for earlier, later in pairwise(quotes))
        assert market.quote.bid == (book.bids[0][0] if book.bids else 0)
        assert market.quote.ask == (book.asks[0][0] if book.asks else 10_000)

    def test_a_book_of_an_unknown_market_is_none_and_of_a_listed_one_is_empty(self):
        venue = exchange()
        assert venue.book("KXNONE") is None
        assert (venue.book(NEXT).bids, venue.book(NEXT).asks) == ((), ())


class TestTheTape:
    def test_volume_is_the_sum_of_trades_and_ids_are_unique(self):
        venue = exchange()
        before = venue.market(TICKER).quote.volume
        trades = kinds(venue.advance(START + 2 * MINUTE), e.TradeSeen)
        assert venue.market(TICKER).quote.volume == before + sum(each.quantity for each in trades)
        assert len({each.trade_id for each in venue.trades()}) == len(venue.trades())
        assert venue.trades()[-len(trades) :] == trades
        assert {each.taker for each in trades} == {"yes", "no"}

    def test_open_interest_never_exceeds_volume_and_grows(self):
        venue = exchange()
        quotes = kinds(venue.advance(START + 2 * MINUTE), e.QuoteSeen)
        assert all(0 < each.open_interest <= each.volume for each in quotes)
        assert quotes[-1].open_interest > quotes[0].open_interest

    def test_only_so_many_trades_are_kept(self):
        venue = exchange(trades_kept=10)
        venue.advance(START + MINUTE)
        assert len(venue.trades()) == 10

    def test_candles_tell_the_volume_of_their_minutes(self):
        venue = exchange()
        trades = kinds(venue.advance(START + 2 * MINUTE), e.TradeSeen)
        candles = venue.candles(TICKER, START + MINUTE, START + 2 * MINUTE, 1)
        assert [each.end for each in candles] == [START + MINUTE, START + 2 * MINUTE]
        assert sum(each.volume for each in candles) == sum(each.quantity for each in trades)
        assert venue.candles("KXNONE", START, CLOSE, 1) == []
        assert venue.candles(NEXT, START, CLOSE, 1) == []

    def test_candles_stay_after_the_settlement(self):
        venue = exchange()
        venue.advance(CLOSE + MINUTE)
        candles = venue.candles(TICKER, OPEN, CLOSE + HOUR, 1)
        assert candles[-1].end == CLOSE
        assert sum(each.volume for each in candles) == venue.market(TICKER).quote.volume


class TestTheIndex:
    def test_five_values_a_second_and_a_print_of_each_kind_on_the_second(self):
        events = exchange(**QUIET).advance(START + 10 * SECOND)
        ticks, prints = kinds(events, e.IndexTicked), kinds(events, e.IndexPrinted)
        assert len(ticks) == 40
        assert [each.source for each in prints] == ["kalshi_1hz", "kalshi_5hz"] * 10
        assert all(each.at % SECOND == 0 for each in prints)
        assert all(one.value == other.value for one, other in pairwise(prints[:2]))

    def test_the_average_is_of_the_sixty_prints_before(self):
        venue = exchange(**QUIET)
        history = dict(venue.index_history(START - 2 * MINUTE, START))
        for each in kinds(venue.advance(START + 90 * SECOND), e.IndexPrinted):
            history[each.at] = each.value
            if each.source == "kalshi_1hz":
                before = [history[each.at - ago * SECOND] for ago in range(1, 61)]
                exact = Decimal(sum(before)) * 1_000_000 / 60
                assert each.average_60s_e8 == exact.quantize(Decimal(1), ROUND_HALF_UP)
                assert each.average_60s_prints == 60

    def test_the_average_at_the_close_is_the_settlement_before_rounding(self):
        events = exchange(**QUIET).advance(CLOSE + 10 * SECOND)
        (at_close,) = [
            each
            for each in kinds(events, e.IndexPrinted)
            if each.at == CLOSE and each.source == "kalshi_1hz"
        ]
        (settled,) = kinds(events, e.SettlementPublished)
        assert (at_close.average_60s_e8 + 500_000) // 1_000_000 == settled.value

    def test_history_is_what_was_published_and_never_what_is_to_come(self):
        venue = exchange(**QUIET)
        events = venue.advance(START + 5 * SECOND)
        published = {each.at: each.value for each in kinds(events, e.IndexTicked, e.IndexPrinted)}
        assert dict(venue.index_history(START + 1, START + HOUR)) == published


class TestTroubles:
    def test_a_strike_comes_late(self):
        venue = exchange(strike_late=1.0, strike_late_seconds=100, **QUIET)
        (strike,) = kinds(venue.advance(CLOSE + 3 * MINUTE), e.StrikeSet)
        assert 100.5 <= (strike.at - CLOSE) / SECOND <= 100.7
        assert venue.market(NEXT).contract.strike == venue.market(TICKER).settlement

    def test_a_window_without_a_strike_trades_and_settles_all_the_same(self):
        venue = exchange(strike_never=1.0)
        events = venue.advance(CLOSE + QUARTER + 10 * SECOND)
        market = venue.market(NEXT)
        assert kinds(events, e.StrikeSet) == []
        assert (market.contract.strike, market.status) == (None, "finalized")
        assert kinds(events, e.TradeSeen, ticker=NEXT)
        assert market.result == (
            "yes" if market.settlement >= venue.market(TICKER).settlement else "no"
        )

    @pytest.mark.parametrize("seed", range(4))
    def test_a_halt_stops_trading_and_ends_with_an_empty_book(self, seed):
        venue = exchange(seed, OPEN - MINUTE, halt=1.0, halt_seconds=50)
        times = venue.market(TICKER).timetable
        events = venue.advance(CLOSE + 20 * SECOND)
        during = [
            each
            for each in kinds(events, e.BookDelta, e.TradeSeen, e.QuoteSeen, ticker=TICKER)
            if times.halted_at < each.at < times.resumed_at
        ]
        changes = kinds(events, e.MarketStatusChanged, ticker=TICKER)
        statuses = [(each.status, each.at) for each in changes]
        assert during == []
        assert ("inactive", times.halted_at) in statuses
        if times.resumed_at < CLOSE:
            assert ("active", times.resumed_at) in statuses
            cleared = kinds(events, e.BookSnapshot, ticker=TICKER)[0]
            assert (cleared.at, cleared.bids, cleared.asks) == (times.resumed_at, (), ())
            assert any(each.at > times.resumed_at for each in kinds(events, e.TradeSeen))
        assert statuses[-1][0] == "finalized"

    @pytest.mark.parametrize("seed", range(3))
    def test_it_may_start_within_or_after_a_halt(self, seed):
        settings = ExchangeSettings(halt=1.0, halt_seconds=50)
        times = exchange(seed).market(TICKER).timetable
        halted = exchange(seed, halt=1.0, halt_seconds=50).market(TICKER).timetable.halted_at
        within, after = (
            Exchange(settings, seed, halted + seconds * SECOND) for seconds in (35, 90)
        )
        assert within.market(TICKER).status in ("inactive", "closed")
        within.advance(halted + 60 * SECOND)
        for venue in (within, after):
            market = venue.market(TICKER)
            assert market.live == (venue.now() < times.close_time)

    def test_missing_prints_are_missing_everywhere_and_the_venue_settles_on_all(self):
        whole, holed = exchange(**QUIET), exchange(prints_missing=0.1, **QUIET)
        all_values = {
            each.at: each.value
            for each in kinds(whole.advance(CLOSE + MINUTE), e.IndexTicked, e.IndexPrinted)
        }
        events = holed.advance(CLOSE + MINUTE)
        values = {each.at: each.value for each in kinds(events, e.IndexTicked, e.IndexPrinted)}
        assert 0.02 < 1 - len(values) / len(all_values) < 0.25
        assert values.items() < all_values.items()
        assert dict(holed.index_history(START + 1, CLOSE + MINUTE)) == values
        assert holed.market(TICKER).settlement == whole.market(TICKER).settlement
        counts = [
            each.average_60s_prints
            for each in kinds(events, e.IndexPrinted)
            if each.source == "kalshi_1hz"
        ]
        assert min(counts) < 60

    def test_a_hole_as_long_as_the_average_leaves_none(self):
        venue = exchange(prints_missing=0.9, **QUIET)
        prints = kinds(venue.advance(START + 20 * MINUTE), e.IndexPrinted)
        assert all(
            (each.average_60s_e8 is None) == (not each.average_60s_prints) for each in prints
        )


class TestTheWeeklyRest:
    REST, BACK = parse_iso("2026-11-19T08:00:00Z"), parse_iso("2026-11-19T10:00:00Z")

    def venue(self, start):
        return exchange(1, start, maintenance=True, activity=0.3)

    def test_nobody_trades_and_the_windows_settle_all_the_same(self):
        venue = self.venue(self.REST - MINUTE)
        assert venue.maintenance() == ((self.REST, self.BACK),)
        events = venue.advance(self.BACK + MINUTE)
        statuses = kinds(events, e.ExchangeStatusSeen)
        told = [(each.at, each.trading_active, each.resume_at) for each in statuses]
        assert told == [(self.REST, False, self.BACK), (self.BACK, True, None)]
        resting = [
            each
            for each in kinds(events, e.BookDelta, e.TradeSeen)
            if self.REST < each.at < self.BACK
        ]
        assert resting == []
        assert len(kinds(events, e.SettlementPublished)) == 9
        assert [each for each in kinds(events, e.TradeSeen) if each.at > self.BACK]

    def test_it_may_start_in_the_rest(self):
        venue = self.venue(self.REST + HOUR)
        assert venue.status().trading_active is False
        assert venue.status().resume_at == self.BACK
        assert venue.trades() == []
        venue.advance(self.BACK + MINUTE)
        assert venue.status().trading_active is True
        assert venue.trades()
        (rest,) = venue.maintenance()
        assert rest[0] == self.REST + 7 * 24 * HOUR

    def test_without_the_setting_there_is_no_rest(self):
        venue = exchange(1, self.REST - MINUTE, activity=0.3)
        venue.advance(self.REST + MINUTE)
        assert venue.status().trading_active is True
        assert venue.maintenance() == ()


class TestNewYorksClock:
    def test_the_hour_that_comes_twice_keeps_one_market_per_window(self):
        start = parse_iso("2026-11-01T04:50:00Z")
        venue = exchange(1, start, **QUIET)
        events = venue.advance(start + 3 * HOUR)
        settled = kinds(events, e.SettlementPublished)
        names = Counter(each.ticker for each in settled)
        assert len(settled) == 12
        assert sorted(names.values()) == [1] * 4 + [2] * 4
        closes = [each.contract.close_time for each in venue.markets()]
        assert len(closes) == len(set(closes))

    def test_a_namesake_is_listed_once_the_first_is_settled_and_before_it_opens(self):
        start = parse_iso("2026-11-01T04:50:00Z")
        events = exchange(1, start, **QUIET).advance(start + 3 * HOUR)
        for settled in kinds(events, e.SettlementPublished):
            for listed in kinds(events, e.MarketListed):
                if listed.contract.ticker == settled.ticker:
                    later = listed.contract.close_time > settled.at
                    assert not later or settled.at < listed.at < listed.contract.open_time

    def test_the_missing_hour_is_no_hole(self):
        start = parse_iso("2027-03-14T06:20:00Z")
        settled = kinds(
            exchange(1, start, **QUIET).advance(start + 2 * HOUR), e.SettlementPublished
        )
        assert len({each.ticker for each in settled}) == len(settled) == 8


@pytest.mark.process
def test_its_process_never_loads_the_compiler():
    code = "import sys, kalshi_assistant.sim.exchange; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


@pytest.mark.long
def test_hours_are_flat_in_memory():
    venue = exchange(kept_hours=2, listed_hours=2, trades_kept=500, activity=0.1)
    sizes = set()
    for hour in range(1, 9):
        venue.advance(START + hour * HOUR)
        if hour >= 4:
            sizes.add((len(venue.markets()), len(venue._path) // 2_000, len(venue._trades)))
            assert len(venue._agenda) < 100
            assert sum(each.trading is not None for each in venue.markets()) == 1
    assert len(sizes) == 1


def test_it_is_as_busy_as_the_recorded_market():
    """Median and busiest second of the recordings: some 74 and 687 deltas; five trades a second."""
    venue = exchange(5, OPEN + MINUTE)
    per_second = Counter()
    events = venue.advance(OPEN + 14 * MINUTE)
    for each in kinds(events, e.BookDelta):
        per_second[each.at // SECOND] += 1
    counts = sorted(per_second.values())
    assert 40 < counts[len(counts) // 2] < 130
    assert 250 < counts[-1] < 1_500
    assert 2 < len(kinds(events, e.TradeSeen)) / (13 * 60) < 12
