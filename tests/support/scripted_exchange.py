"""An exchange that does what a test tells it: a market open, one settled, one ahead."""

from dataclasses import dataclass, field

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.time import HOUR, MILLISECOND, SECOND
from kalshi_assistant.sim.desk import Desk
from kalshi_assistant.sim.documents import Candle, Span
from kalshi_assistant.sim.settings import AccountSettings
from tests.support.build import OPEN, TICKER, contract, ns

NOW = ns(OPEN + 60)
SETTLED = "KXBTC15M-26NOV211200-00"
AHEAD = "KXBTC15M-26NOV211230-30"
FIRST_VALUE = 9_125_000


@dataclass
class Record:
    contract: object
    status: str
    created_at: int
    updated_at: int
    quote: object = None
    result: object = None
    settlement: object = None
    settled_at: object = None


def quote(at=NOW, ticker=TICKER):
    return e.QuoteSeen(at, at, ticker, 5_500, 5_600, 12_050, 400, 5_600, 15_421_075, 8_812_010)


def trade(number, ticker=TICKER):
    at = ns(OPEN + number)
    return e.TradeSeen(at, at, ticker, f"trade-{number}", 5_600, 400 + number, "no", False)


def records():
    created = ns(OPEN - 72_000)
    ahead = contract(AHEAD, OPEN + 900, OPEN + 1_800, strike=None)
    past = contract(SETTLED, OPEN - 900, OPEN, strike=9_120_000)
    settled = ns(OPEN + 8)
    return [
        Record(past, "finalized", created, settled, None, "yes", 9_125_000, settled),
        Record(contract(), "active", created, ns(OPEN), quote()),
        Record(ahead, "initialized", created, created),
    ]


def books():
    bids, asks = ((5_500, 12_050), (5_400, 31_000)), ((5_600, 400), (5_800, 8_000))
    return {
        TICKER: e.BookSnapshot(NOW, NOW, TICKER, bids, asks),
        AHEAD: e.BookSnapshot(NOW, NOW, AHEAD, (), ()),
    }


@dataclass
class ScriptedExchange:
    """``coming`` happens when the time of its events is reached."""

    coming: list = field(default_factory=list)
    past_trades: list = field(default_factory=lambda: [trade(number) for number in range(5)])
    reached: int = NOW

    def __post_init__(self):
        self.desk = Desk(AccountSettings(), 1, NOW, self)

    def live(self, to):
        """Nothing happens by itself."""

    def paused(self):
        return False

    def tell(self, events):
        self.coming += events

    def plan(self, at, happening):
        raise AssertionError("nothing is planned here")

    def advance(self, to):
        happened = [each for each in self.coming if each.at <= to]
        self.coming = [each for each in self.coming if each.at > to]
        self.reached = to
        return happened

    def now(self):
        return self.reached

    def markets(self):
        return records()

    def market(self, ticker):
        return {each.contract.ticker: each for each in records()}.get(ticker)

    def book(self, ticker):
        return books().get(ticker)

    def trades(self):
        return self.past_trades

    def candles(self, ticker, start, end, period_minutes):
        span = Span(5_500, 5_700, 5_400, 5_600)
        quiet = Candle(start, span, span, None, None, 5_500, 0, 100)
        return [quiet, Candle(end, span, span, span, 5_550, 5_500, 2_500, 2_600)]

    def index_history(self, start, end):
        start = max(start, NOW - HOUR)
        step = 200 * MILLISECOND
        first = -(-start // step) * step
        return [(at, FIRST_VALUE + at // SECOND % 60) for at in range(first, end + 1, step)]

    def status(self):
        return e.ExchangeStatusSeen(NOW, NOW, 2, True, True, None)

    def maintenance(self):
        return ((NOW + HOUR, NOW + 3 * HOUR),)
