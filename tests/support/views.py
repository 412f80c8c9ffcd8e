"""Complete snapshots for tests: one believable moment, and what differs from it by name."""

from math import sin
from typing import Any

from msgspec.structs import replace

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos, parse_iso
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.engine.snapshot import (
    SNAPSHOT_VERSION,
    BeliefView,
    BookView,
    ClockView,
    FeedView,
    IndexView,
    LogLine,
    MarketView,
    NumberView,
    PaperView,
    SettlementView,
    Snapshot,
)

OPEN = parse_iso("2026-11-21T17:00:00Z")
CLOSE = parse_iso("2026-11-21T17:15:00Z")
NOW = parse_iso("2026-11-21T17:12:13.250Z")
TICKER = Ticker("KXBTC15M-26NOV211215-15")
STRIKE = IndexValue(9125062)


def ago(seconds: float, at: int = NOW) -> Nanos:
    """An instant before ``at``."""
    return Nanos(at - round(seconds * SECOND))


def path(count: int, last: int = 9126218) -> tuple[int, ...]:
    """``count`` index prints in cents that wander and end at ``last``; no chance in it."""
    raw = [900 * sin(i / 37) + 420 * sin(i / 11 + 1) + 130 * sin(i / 2.3) for i in range(count)]
    return tuple(round(last + value - raw[-1]) for value in raw)


def book(**changes: Any) -> BookView:
    """A known book five levels deep, two of them at tenths of a cent apart."""
    bids = ((5700, 12000), (5600, 34050), (5500, 9900), (5300, 150000), (5000, 42000))
    asks = ((5850, 8000), (5900, 25000), (6000, 61200), (6200, 4000), (6500, 98700))
    plain = BookView(
        known=True,
        unknown_because=None,
        bids=tuple((Price(price), Quantity(quantity)) for price, quantity in bids),
        asks=tuple((Price(price), Quantity(quantity)) for price, quantity in asks),
        changed_at=ago(0.2),
    )
    return replace(plain, **changes)


def number(**changes: Any) -> NumberView:
    """A number before the last minute."""
    plain = NumberView(
        p_yes=0.6123,
        no_number=None,
        outcome_fixed=False,
        expected_average=91255.10,
        sd=14.02,
        distance=4.485,
        sigmas=0.3199,
        sigma_per_sqrt_second=0.85,
        volatility_seconds=3_733.0,
        prints_known=0,
        prints_missing=0,
        prints_left=60,
        warnings=(),
        delta=0.0271,
        theta=0.0004,
        band_low=0.5871,
        band_high=0.6342,
    )
    return replace(plain, **changes)


def belief(**changes: Any) -> BeliefView:
    """Five simulations that agree with the number."""
    plain = BeliefView(
        market=0.5775,
        blend=0.5962,
        weight=0.53,
        estimates=(
            ("gbm", 0.6241, 0.0001),
            ("stochastic_variance", 0.6180, 0.0004),
            ("merton", 0.6201, 0.0002),
            ("bootstrap", 0.6172, 0.0006),
            ("mixture", 0.6177, 0.00001),
        ),
        estimated_at=ago(0.4),
        contradicted_by=(),
    )
    return replace(plain, **changes)


UNKNOWN = (
    *("p_yes", "expected_average", "sd", "distance", "sigmas"),
    *("delta", "theta", "band_low", "band_high"),
)


def no_number(veto: str, **changes: Any) -> NumberView:
    """No number, and the reason."""
    unknown = dict.fromkeys(UNKNOWN, None)
    return number(no_number=veto, **(unknown | changes))


def index(**changes: Any) -> IndexView:
    """Five minutes of index with two prints missing."""
    tail = list(path(300))
    tail[120] = tail[121] = 0
    plain = IndexView(
        name="BRTI",
        label="BRTI",
        estimated=False,
        error_bp=0.0,
        disagreements=0,
        replica=None,
        source="kalshi_1hz",
        value=IndexValue(9126218),
        value_at=ago(0.25),
        received_at=ago(0.2),
        average_60=91258.20,
        first_second=NOW // SECOND - 299,
        tail=tuple(tail),
    )
    return replace(plain, **changes)


def settlement(received: int = 0, missing: tuple[int, ...] = (), **changes: Any) -> SettlementView:
    """The last minute after ``received`` prints."""
    prints = path(60, last=9125400)
    cells = [prints[i] if i < received and i not in missing else 0 for i in range(60)]
    seen = [cents for cents in cells if cents]
    mean = sum(seen) / len(seen) / 100 if seen else None
    plain = SettlementView(
        cells=tuple(cells),
        guesses=(False,) * 60,
        average_a=mean,
        average_b=None if mean is None else mean + 0.15,
        needed=91231.1 if received < 60 else None,
    )
    return replace(plain, **changes)


def edge(outcome: str = "yes", **changes: Any) -> Edge:
    """Ten contracts at the top of the book."""
    is_yes = outcome == "yes"
    plain = Edge(
        outcome="yes" if is_yes else "no",
        quantity=Quantity(1000),
        worst_price=Price(5850 if is_yes else 4300),
        cost=Money(5_850_000 if is_yes else 4_300_000),
        fee=Money(170_000 if is_yes else 171_600),
        raw=0.0273 if is_yes else -0.0423,
        slippage=0.002,
        latency=0.002,
        net=0.0063 if is_yes else -0.0635,
        haircut=0.0,
    )
    return replace(plain, **changes)


def signal(**changes: Any) -> Signal:
    """A signal for YES, nine seconds old."""
    plain = Signal(
        kind="baseline_gap",
        ticker=TICKER,
        made_at=ago(9),
        edge=edge(net=0.0231),
        p_yes=0.6291,
        threshold=0.02,
        seconds_left=175.75,
        index="BRTI",
        config="9f2c51d07a3b",
    )
    return replace(plain, **changes)


def window(back: int = 1, **changes: Any) -> WindowReport:
    """A window that closed ``back`` quarter hours ago."""
    close = CLOSE - back * 15 * MINUTE
    plain = WindowReport(
        ticker=Ticker(f"KXBTC15M-26NOV2112{60 - 15 * back:02d}"),
        open_time=Nanos(close - 15 * MINUTE),
        close_time=Nanos(close),
        strike=STRIKE,
        settlement=IndexValue(9126240),
        our_settlement=IndexValue(9126240),
        our_settlement_b=IndexValue(9126255),
        result="yes",
        prints=60,
        p_yes={"600": 0.61, "300": 0.72, "120": 0.88, "60": 0.97},
        signals=1,
        vetoes={"edge_below_threshold": 812},
        paper_pnl=Money(1_237_500),
        agrees=True,
        p_market={"600": 0.58},
        p_blend={"600": 0.6},
    )
    return replace(plain, **changes)


def market(**changes: Any) -> MarketView:
    """The window that closes at 12:15 in New York."""
    plain = MarketView(
        ticker=TICKER,
        open_time=OPEN,
        close_time=CLOSE,
        strike=STRIKE,
        status="active",
        book=book(),
        number=number(),
        settlement=settlement(),
        belief=belief(),
        market_mid=0.5775,
        last_trade=Price(5800),
        volume=Quantity(1_250_000),
        edge_yes=edge("yes"),
        edge_no=edge("no"),
        veto="edge_below_threshold",
        vetoes={"edge_below_threshold": 2412, "too_early": 480, "book_unknown": 3},
        position=Quantity(0),
        position_cost=Money(0),
    )
    return replace(plain, **changes)


def feed(name: str = "kalshi.book", **changes: Any) -> FeedView:
    """A source that is up."""
    plain = FeedView(
        name=name,
        state="up",
        reason=None,
        last_event_at=ago(0.2),
        events=94_356,
        gaps=0,
        malformed=0,
        delay_least_ms=8.1,
        delay_p50_ms=12.4,
        delay_p95_ms=31.0,
        delay_p99_ms=48.0,
        drift_levels=None,
        reconciled_at=None,
    )
    return replace(plain, **changes)


UNTIMED = dict.fromkeys(("delay_least_ms", "delay_p50_ms", "delay_p95_ms", "delay_p99_ms"), None)


def waiting_feed(name: str) -> FeedView:
    """A source nothing came from yet."""
    return feed(name, state="waiting", last_event_at=None, events=0, **UNTIMED)


def all_feeds() -> tuple[FeedView, ...]:
    """Every source of a keyless watch."""
    return (
        feed("kalshi.socket", last_event_at=ago(0.1)),
        feed("kalshi.book"),
        feed("kalshi.index", last_event_at=ago(0.25), delay_p50_ms=310.0, delay_p99_ms=520.0),
        feed("kalshi.trades", last_event_at=ago(41), gaps=1),
        feed("kalshi.quotes", last_event_at=ago(1.4)),
        feed("kalshi.lifecycle", last_event_at=ago(730), **UNTIMED),
        waiting_feed("kalshi.account"),
        feed("kalshi.rest", last_event_at=ago(55)),
    )


def paper(**changes: Any) -> PaperView:
    """An account after one winning window."""
    plain = PaperView(
        enabled=True,
        cash=Money(1_001_237_500),
        fees=Money(171_600),
        realized=Money(1_237_500),
        open_positions=0,
        fills=1,
    )
    return replace(plain, **changes)


def story() -> tuple[LogLine, ...]:
    """A few lines of every level, newest first."""
    return (
        LogLine(ago(4), "info", "index", "volatility is warm after 300 s"),
        LogLine(ago(41), "warning", "book", "gap on kalshi.trades: expected 812, got 815"),
        LogLine(ago(700), "window", "window", "12:00 settled YES at 91262.40, ours agrees"),
        LogLine(ago(702), "fill", "paper", "bought 10 YES at 0.5850, fee 0.1716"),
        LogLine(ago(703), "signal", "signal", "buy YES 10 at 0.5850, net edge 0.0231"),
        LogLine(ago(900), "error", "rest", "markets refused: 429 too many requests"),
        LogLine(ago(930), "info", "session", "connected and subscribed"),
    )


def snapshot(**changes: Any) -> Snapshot:
    """Everything at once, two minutes and 47 seconds before a close."""
    plain = Snapshot(
        version=SNAPSHOT_VERSION,
        at=NOW,
        sequence=104_223,
        mode="paper",
        environment="demo",
        config="9f2c51d07a3b",
        paused=None,
        exchange_says=None,
        unreachable=None,
        market=market(),
        upcoming=Ticker("KXBTC15M-26NOV211230-30"),
        upcoming_open=CLOSE,
        polled=False,
        index=index(),
        clock=ClockView(12.0, None),
        feeds=all_feeds(),
        paper=paper(),
        signals=(signal(made_at=ago(703)),),
        windows=(window(1), window(2, result="no", agrees=None, settlement=None)),
        checked_windows=1,
        matched_windows=1,
        log=story(),
    )
    return replace(plain, **changes)


def last_minute(received: int = 37, missing: tuple[int, ...] = (12,)) -> Snapshot:
    """The moment after ``received`` of the sixty prints were due, some of them missing."""
    at = Nanos(CLOSE - MINUTE + received * SECOND - SECOND // 2)
    moved = index(
        tail=path(300, last=9125400),
        first_second=at // SECOND - 299,
        value=IndexValue(9125400),
        value_at=ago(0.5, at),
        received_at=ago(0.4, at),
        average_60=91260.0,
    )
    known = received - len(missing)
    now = number(
        p_yes=0.9712,
        distance=21.4,
        sigmas=1.9,
        sd=11.26,
        expected_average=91272.02,
        prints_known=known,
        prints_missing=len(missing),
        prints_left=60 - received,
        warnings=("1 settling print is missing",) if missing else (),
    )
    here = market(settlement=settlement(received, missing), number=now, market_mid=0.955)
    return snapshot(at=at, market=here, index=moved)


def nothing_yet(**changes: Any) -> Snapshot:
    """The first moment: no market, no index, no feed up."""
    empty = snapshot(
        market=None,
        upcoming=None,
        upcoming_open=None,
        index=index(
            source=None, value=None, value_at=None, received_at=None, average_60=None,
            first_second=0, tail=(),
        ),
        feeds=tuple(waiting_feed(view.name) for view in all_feeds()),
        paper=paper(enabled=False),
        signals=(),
        windows=(),
        checked_windows=0,
        matched_windows=0,
        log=(),
    )  # fmt: skip
    return replace(empty, **changes)
