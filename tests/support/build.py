"""One small builder per event: everything has a plausible default; a test names its subject."""

from kalshi_assistant.domain import events as e
from kalshi_assistant.domain.contract import Contract, FeeTerms, PriceRange
from kalshi_assistant.domain.time import SECOND

TICKER = "KXBTC15M-26NOV211215-15"
CLOSE = 1_795_281_300
OPEN = CLOSE - 900
STRIKE = 9_125_000
TAPERED = (
    PriceRange(0, 1_000, 10),
    PriceRange(1_000, 9_000, 100),
    PriceRange(9_000, 10_000, 10),
)
TAKER_ONLY = FeeTerms("quadratic", 70_000, 0)


def ns(second):
    return int(second * SECOND)


def contract(ticker=TICKER, open_=OPEN, close=CLOSE, strike=STRIKE, fees=TAKER_ONLY):
    return Contract(
        ticker=ticker,
        event_ticker=ticker.rpartition("-")[0],
        open_time=ns(open_),
        close_time=ns(close),
        strike=strike,
        price_ranges=TAPERED,
        fees=fees,
        exchange_index=2,
        round_digits=2,
    )


def listed(at, status="active", **terms):
    return e.MarketListed(ns(at), ns(at), contract(**terms), status)


def delta(at, side, price, change, ticker=TICKER):
    return e.BookDelta(ns(at), ns(at), ticker, side, price, change)


def book(at, bids=((5_400, 50_000),), asks=((5_600, 50_000),), ticker=TICKER):
    return e.BookSnapshot(ns(at), ns(at), ticker, tuple(bids), tuple(asks))


def printed(second, value, received=None, source="kalshi_1hz"):
    at = ns(second)
    return e.IndexPrinted(at, ns(second if received is None else received), "BRTI", value, source)


def timer(at, key="tend"):
    return e.TimerFired(ns(at), ns(at), key)


def history(at, seconds=600, value=STRIKE, step=37):
    """A ten-minute zigzag: warm, and with a volatility that is not zero."""
    first = int(at) - seconds
    prints = tuple((first + k, value + (step if k % 2 else -step)) for k in range(seconds))
    return e.IndexHistoryLoaded(ns(at), ns(at), "BRTI", "kalshi_rest", prints)


def strike_set(at, strike=STRIKE, ticker=TICKER):
    return e.StrikeSet(ns(at), ns(at), ticker, strike)


def determined(at, result, ticker=TICKER):
    return e.MarketDetermined(ns(at), ns(at), ticker, result)


def published(at, value, result, ticker=TICKER):
    return e.SettlementPublished(ns(at), ns(at), ticker, value, result)


def armed(at, epoch=1):
    return e.TradingArmed(ns(at), ns(at), epoch)
