"""Complete snapshots for tests: one believable moment, and what differs from it by name."""

from math import sin
from typing import Any

from msgspec.structs import replace

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import WindowReport
from kalshi_assistant.domain.signals import Edge, Signal
from kalshi_assistant.domain.time import MINUTE, SECOND, Nanos, parse_iso
from kalshi_assistant.domain.units import IndexValue, Money, Price, Quantity
from kalshi_assistant.engine.page_views import TradeView
from kalshi_assistant.engine.snapshot import (
    SNAPSHOT_VERSION,
    BeliefView,
    BookView,
    ClockView,
    CostView,
    FanView,
    FeedView,
    HeldView,
    IndexView,
    LogLine,
    MarketView,
    NumberView,
    OrderView,
    PaperView,
    QueueView,
    SettlementView,
    Snapshot,
    StageView,
    TradingView,
    TrailView,
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
        lost_low=None if mean is None else -0.12,
        lost_high=None if mean is None else 0.19,
        lost_p_low=None if mean is None else 0.9688,
        lost_p_high=None if mean is None else 0.9741,
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


def trail(seconds: int = 733, **changes: Any) -> TrailView:
    """What was believed since the window opened: the market follows the model."""
    count = seconds // 3
    model = [round(5600 + 900 * sin(i / 17) + 260 * sin(i / 3.1)) for i in range(count)]
    market = [round(5500 + 850 * sin((i - 6) / 17)) // 50 * 50 for i in range(count)]
    plain = TrailView(
        first_second=OPEN // SECOND,
        step_seconds=3,
        model=tuple(model),
        blend=tuple((one + other) // 2 for one, other in zip(model, market, strict=True)),
        market=tuple(-1 if 40 <= i < 50 else value for i, value in enumerate(market)),
        simulated=tuple(value + 60 if i > 100 else -1 for i, value in enumerate(model)),
        low=tuple(value - 240 for value in model),
        high=tuple(value + 230 for value in model),
    )
    return replace(plain, **changes)


def fan(at: int = NOW, mean: int = 9125510, sd: int = 1402) -> FanView:
    """Where the average may go from ``at`` to the close."""
    first, last = at // SECOND, CLOSE // SECOND
    seconds = [first + round((last - first) * (i / 12) ** 2) for i in range(13)]
    return FanView(
        seconds=tuple(seconds),
        mean=tuple(IndexValue(mean + 310 - 310 * i // 12) for i in range(13)),
        sd=tuple(IndexValue(sd * i // 12) for i in range(13)),
    )


def costs(**changes: Any) -> CostView:
    """Ten contracts on a direct account; makers pay nothing."""
    fees = [-(-7 * 10 * p * (100 - p) // 1000) * 1000 for p in range(1, 100)]
    plain = CostView(
        quantity=Quantity(1000),
        account="direct",
        precision=Money(100),
        taker_rate_e6=70_000,
        maker_rate_e6=0,
        taker=tuple(Money(fee) for fee in fees),
        maker=(Money(0),) * 99,
        one_at_half=(("direct", Money(17_500)), ("broker", Money(20_000))),
        waiting_yes=(Price(5700), Money(0)),
        waiting_no=(Price(4150), Money(0)),
        taking_yes=(Price(5850), Money(5_850_000), Money(170_000)),
        taking_no=(Price(4300), Money(4_300_000), Money(171_600)),
    )
    return replace(plain, **changes)


def order(**changes: Any) -> OrderView:
    """A take-profit that waits behind 340 contracts."""
    plain = OrderView(
        id="kx-1-7",
        ticker=TICKER,
        outcome="no",
        limit=Price(4000),
        quantity=Quantity(1000),
        filled=Quantity(0),
        state="working",
        purpose="take_profit",
        kind="take_profit",
        made_at=ago(20),
        expires_at=None,
        ahead=Quantity(34_000),
    )
    return replace(plain, **changes)


def fill(**changes: Any) -> TradeView:
    """Ten YES bought three minutes ago."""
    plain = TradeView(
        at=ago(181),
        ticker=TICKER,
        outcome="yes",
        price=Price(5850),
        quantity=Quantity(1000),
        is_taker=True,
        fee=Money(170_000),
        purpose="entry",
        kind="baseline_gap",
        source="realistic",
    )
    return replace(plain, **changes)


def held(policy: str = "of record", **changes: Any) -> HeldView:
    """Ten YES, as after ``fill``."""
    plain = HeldView(
        policy=policy,
        quantity=Quantity(1000),
        cost=Money(5_850_000),
        fees=Money(170_000),
        realized=Money(0),
        worth=Money(5_529_900),
    )
    return replace(plain, **changes)


def trading(**changes: Any) -> TradingView:
    """An account that may trade, holds ten YES and offers them."""
    few = replace(
        held("conservative"), quantity=Quantity(400), cost=Money(2_340_000), fees=Money(68_000),
        worth=Money(2_211_900),
    )  # fmt: skip
    plain = TradingView(
        closed_because=None,
        armed=True,
        venue=False,
        agreed=True,
        cash=Money(995_217_500),
        equity=Money(1_000_747_400),
        peak=Money(1_001_237_500),
        day_pnl=Money(747_400),
        worst=Money(6_020_000),
        orders=(order(),),
        breakers=(),
        policies=(("optimistic", Money(1_337_500)), ("conservative", Money(-410_000))),
        good_windows=1,
        canary=False,
        held=(held(), held("optimistic"), few),
    )
    return replace(plain, **changes)


def busy(**changes: Any) -> Snapshot:
    """The plain moment with a position, an order that rests, a signal and a fill of this window."""
    fired = signal(
        made_at=ago(182), seconds_left=348.0,
        evidence=(("gap_cents", 4.1), ("kelly", 0.031), ("wanted", 10.0)),
    )  # fmt: skip
    plain = snapshot(
        market=market(position=1000, position_cost=5_850_000),
        signals=(fired, signal(made_at=ago(703))),
        paper=paper(cash=Money(995_217_500), realized=Money(1_067_500), fees=Money(341_600),
                    open_positions=1, fills=2),
        trading=trading(),
        trades=(fill(),),
    )  # fmt: skip
    return replace(plain, **changes)


def stage(name: str, p99: float | None, met: bool | None = None) -> StageView:
    """One stretch of the way, in milliseconds."""
    return StageView(name, "ms", 812, p99, p99, p99, p99, p99, None, met)


def stages() -> tuple[StageView, ...]:
    """What the process around the engine measured."""
    return (
        stage("venue to receipt", 48.0),
        stage("receipt to handled", 0.21),
        stage("tick to signal", 0.42, met=True),
        stage("signal to order", 6.1, met=False),
        stage("order to answer", 131.0),
        stage("receipt to answer", None),
    )


def queues() -> tuple[QueueView, ...]:
    """The inbox by its policies."""
    return (
        QueueView("inbox quotes", "drop_oldest", 0, 12, 10_000, 431),
        QueueView("inbox facts", "raise", 3, 210, 10_000, 0),
    )


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
        trail=trail(),
        fan=fan(),
        costs=costs(),
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
        queues=queues(),
        stages=stages(),
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
    here = market(
        settlement=settlement(received, missing),
        number=replace(now, band_low=0.9611, band_high=0.9794),
        belief=belief(market=0.955, blend=0.9633, estimated_at=ago(0.3, at)),
        market_mid=0.955,
        book=book(changed_at=ago(0.2, at)),
        trail=trail(seconds=at // SECOND - OPEN // SECOND),
        fan=fan(at, mean=9127202, sd=1126),
    )
    feeds = tuple(
        view if view.last_event_at is None else replace(view, last_event_at=ago(0.3, at))
        for view in all_feeds()
    )
    return snapshot(at=at, market=here, index=moved, feeds=feeds)


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
