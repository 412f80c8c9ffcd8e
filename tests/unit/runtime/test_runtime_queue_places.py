"""Where our orders at the venue stand in their queues, as far as anybody outside can tell."""

import pytest
from msgspec.structs import replace

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.ids import Feed
from kalshi_assistant.domain.intents import Approved
from kalshi_assistant.domain.orders import ASK, BID
from kalshi_assistant.engine.engine import Engine
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.runtime.gateway_settings import GatewaySettings
from kalshi_assistant.runtime.probe import Probe
from kalshi_assistant.runtime.queue_places import QueuePlaces
from kalshi_assistant.runtime.trading import Trading, TradingOptions
from kalshi_assistant.sim.queueing import Assumptions
from tests.support import build, views
from tests.support import trading_desk as td
from tests.support.build import TICKER, ns
from tests.support.clocks import HandClock

AT = td.AT
ORDER = td.resting()


class World:
    """An engine with a book of three hundred bids at 54, and the places beside it."""

    def __init__(self):
        self.engine = Engine(EngineSettings())
        self.places = QueuePlaces(self.engine, Assumptions())
        self.see(
            build.listed(AT), build.timer(AT), build.book(AT, bids=((5_400, 30_000),)),
        )  # fmt: skip

    def see(self, *events):
        for event in events:
            self.engine.handle(event)
            self.places.see(event)

    @property
    def ahead(self):
        return self.places.ahead(ORDER.id)


@pytest.fixture
def world():
    """An order of ours rests behind three hundred contracts."""
    found = World()
    found.see(td.changed("resting", ORDER))
    return found


def sold(quantity, at=AT, price=5_400, taker="no"):
    return e.TradeSeen(ns(at), ns(at), TICKER, f"t{at}", price, quantity, taker, False)


def test_of_an_order_that_does_not_rest_nothing_is_known():
    assert World().ahead is None


def test_what_the_level_shows_as_we_come_is_ahead(world):
    assert world.ahead == 30_000


def test_trades_at_our_price_take_from_the_front_and_others_do_not(world):
    world.see(sold(10_000), sold(5_000, AT + 1, price=5_300), sold(5_000, AT + 2, taker="yes"))
    assert world.ahead == 20_000


def test_who_comes_later_is_behind_us(world):
    world.see(build.delta(AT + 1, BID, 5_400, 50_000), build.delta(AT + 1, ASK, 5_600, 100))
    assert world.ahead == 30_000


def test_of_what_leaves_without_a_trade_a_share_was_ahead(world):
    world.see(
        build.delta(AT + 1, BID, 5_400, 30_000),
        build.delta(AT + 2, BID, 5_400, -30_000),
        build.delta(AT + 4, BID, 5_400, 100),  # the leaving was no trade: its time is over
    )
    assert world.ahead == 15_000


def test_a_fill_of_ours_means_that_nobody_is_ahead(world):
    world.see(td.told_fill(ORDER, 100))
    assert world.ahead == 0


def test_a_whole_book_bounds_the_queue(world):
    world.see(build.book(AT + 1, bids=((5_400, 4_000),)))
    assert world.ahead == 4_000


def test_told_again_an_order_keeps_its_place_and_ended_it_has_none(world):
    world.see(sold(10_000), td.changed("resting", ORDER, filled=0))
    assert world.ahead == 20_000
    world.see(td.changed("canceled", ORDER))
    assert world.ahead is None


@pytest.mark.parametrize(
    "trouble",
    [
        e.FeedLost(ns(AT), ns(AT), Feed("kalshi.book"), "cut"),
        e.Gap(ns(AT), ns(AT), Feed("kalshi.book"), (TICKER,), 4, 7),
    ],
)
def test_after_a_loss_the_place_is_not_known(world, trouble):
    world.see(trouble)
    assert world.ahead is None


def test_what_paper_tells_is_left_to_paper():
    world = World()
    world.see(td.changed("resting", ORDER, source="realistic"))
    assert world.ahead is None


def test_a_trading_process_tells_readers_the_place_of_an_order_on_paper(tmp_path):
    """From the desk that fills it into the view that is drawn."""
    engine, clock = Engine(EngineSettings(mode="paper")), HandClock(ns(AT))
    told = []
    trading = Trading(
        TradingOptions(
            ledger=tmp_path / "ledger.sqlite", state=tmp_path, gateway=GatewaySettings(),
            may_arm=lambda clean, funds: "not in a test", seed=1,
        ),
        engine, EngineSettings(mode="paper"), ("", None), clock, clock, told.extend,
        lambda text: None, Probe(),
    )  # fmt: skip
    order = replace(ORDER, made_at=ns(AT), expires_at=None)
    for event in (
        build.listed(AT), build.timer(AT), build.book(AT, bids=((5_400, 30_000),)),
    ):  # fmt: skip
        engine.handle(event)
        trading.see(event)
    trading.gateway.submit(Approved(order, ns(AT + 0.2)))
    later = build.book(AT + 5, bids=((5_400, 30_000),))
    engine.handle(later)
    trading.see(later)
    shown = replace(
        views.trading(), orders=(views.order(id=order.id, ahead=None), views.order(ahead=None))
    )
    placed = trading.placed(shown)
    assert [each.ahead for each in placed.orders] == [30_000, None]
    trading.store.close()
