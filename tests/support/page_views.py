"""Snapshots with everything the pages show: one day of paper, an empty one, a halted one."""

from typing import Any

from msgspec.structs import replace

from kalshi_assistant.domain.signals import NearMiss
from kalshi_assistant.domain.time import MINUTE, Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity
from kalshi_assistant.engine.page_views import (
    DecisionView,
    EvidenceView,
    ExposureView,
    GuardView,
    LimitView,
    RiskView,
    ScoreView,
    TradeView,
)
from kalshi_assistant.engine.snapshot import (
    FunnelCounts,
    FunnelView,
    OrderView,
    QueueView,
    Snapshot,
    StageView,
    TradingView,
)
from kalshi_assistant.risk.breakers import (
    BREAKERS,
    KEEPS_IN_WORDS,
    STOPS_IN_WORDS,
    closes,
    opens,
)
from kalshi_assistant.risk.limits import RiskSettings
from tests.support import views
from tests.support.views import CLOSE, TICKER, ago

SETTINGS = RiskSettings()
HALT = "equity $790.00 is 21.0% below its peak $1,000.00"


def order(**changes: Any) -> OrderView:
    """A resting entry."""
    plain = OrderView(
        id="n-1-3",
        ticker=TICKER,
        outcome="yes",
        limit=Price(5700),
        quantity=Quantity(1000),
        filled=Quantity(200),
        state="working",
        purpose="entry",
        kind="baseline_gap",
        made_at=ago(12),
        expires_at=ago(-8),
    )
    return replace(plain, **changes)


def trading(**changes: Any) -> TradingView:
    """Paper that may trade, in its canary."""
    plain = TradingView(
        closed_because=None,
        armed=True,
        venue=False,
        agreed=False,
        cash=Money(995_400_000),
        equity=Money(1_000_900_000),
        peak=Money(1_001_237_500),
        day_pnl=Money(900_000),
        worst=Money(5_830_000),
        orders=(order(),),
        breakers=(),
        policies=(("optimistic", Money(2_500_000)), ("conservative", Money(-310_000))),
        good_windows=4,
        canary=True,
    )
    return replace(plain, **changes)


def limits() -> tuple[LimitView, ...]:
    """Every kind of limit, one of them near."""
    rows: tuple[tuple[str, Any, int, int, int | None, str], ...] = (
        ("max_order_dollars", "dollars", 2_000_000, 20_000_000, None, "an order is cut to it"),
        ("max_window_dollars", "dollars", 4_000_000, 40_000_000, 3_700_000, "entries are refused"),
        ("max_open_dollars", "dollars", 60_000_000, 60_000_000, 5_830_000, "entries are refused"),
        ("max_day_loss_dollars", "dollars", 100_000_000, 100_000_000, 4_930_000, "entries end"),
        ("max_drawdown_percent", "percent", 2_000, 2_000, 3, "a halt until a person clears it"),
        ("min_cash_dollars", "dollars", 5_000_000, 5_000_000, 989_600_000, "entries are refused"),
        ("max_losses_in_a_row", "count", 5, 5, 2, "a pause of entries"),
        ("max_orders_per_minute", "count", 20, 20, 1, "entries are refused"),
        ("max_errors_per_minute", "count", 10, 10, 0, "more: a pause of entries"),
        ("max_rejects_per_minute", "count", 5, 5, 0, "more: a halt until a person clears it"),
        ("collar_cents", "cents", 300, 300, None, "an entry priced worse is refused"),
        ("approval_milliseconds", "milliseconds", 250, 250, None, "an order sent later is refused"),
    )
    return tuple(
        LimitView(
            name, "about it", unit, limit, setting, used,
            None if used is None else used - limit if name.startswith("min") else limit - used,
            at_limit,
        )
        for name, unit, limit, setting, used, at_limit in rows
    )  # fmt: skip


def guards(**tripped: Any) -> tuple[GuardView, ...]:
    """Every breaker, closed but for those given by name with what differs."""
    found = tuple(
        GuardView(
            name=each.name,
            kind=each.kind,
            state="closed",
            reason=None,
            since=None,
            until=None,
            opens=opens(each, SETTINGS),
            stops=STOPS_IN_WORDS[each.stops],
            keeps=KEEPS_IN_WORDS[each.stops],
            closes=closes(each, SETTINGS),
        )
        for each in BREAKERS
    )
    return tuple(replace(each, **tripped.get(each.name, {})) for each in found)


def risk(**changes: Any) -> RiskView:
    """Limits with use, breakers closed, one market exposed."""
    held = ExposureView(
        TICKER, Quantity(-500), Money(2_150_000), 1, Money(5_830_000), Money(-2_850_000)
    )
    plain = RiskView(
        limits=limits(),
        breakers=guards(),
        exposures=(held,),
        worst=Money(5_830_000),
        canary_windows=20,
        canary_share=0.1,
    )
    return replace(plain, **changes)


def decision(**changes: Any) -> DecisionView:
    """A baseline gap that became an order."""
    plain = DecisionView(
        at=ago(9),
        ticker=TICKER,
        outcome="yes",
        kind="baseline_gap",
        declined=None,
        became="filled, filled 10.00 of 10.00",
        edge=views.edge(raw=0.0441, net=0.0231),
        threshold=0.02,
        p_yes=0.6291,
        p_market=0.5775,
        p_blend=0.6012,
        strike=views.STRIKE,
        index=views.index().value,
        index_age=210_000_000,
        index_label="BRTI",
        expected_average=91255.10,
        sd=14.02,
        prints_known=0,
        prints_missing=0,
        seconds_left=175.75,
        best_bid=Price(5700),
        best_ask=Price(5850),
        book_age=180_000_000,
        evidence=(("believed", 0.6291), ("weight", 0.53), ("kelly", 0.104)),
        config="9f2c51d07a3b",
        order="n-1-3",
    )
    return replace(plain, **changes)


def decisions() -> tuple[DecisionView, ...]:
    """One taken, one refused by risk, one declined."""
    dropped = "the venue's book follows the index faster than an order of ours"
    return (
        decision(),
        decision(
            at=ago(95), outcome="no", kind="delay_capture", order=None, edge=views.edge("no"),
            became="refused: the window could lose $4.30, more than risk.max_window_dollars = $4",
        ),
        decision(at=ago(140), kind=None, declined=dropped, became="", order=None, evidence=()),
    )  # fmt: skip


def evidence(**changes: Any) -> EvidenceView:
    """A kind about which nothing can be said yet."""
    plain = EvidenceView(
        kind="baseline_gap",
        signals=361,
        windows=318,
        waiting=1,
        days=24,
        counted=312,
        policy="conservative",
        mean=0.0132,
        low=-0.0841,
        high=0.1022,
        profits=(
            ("optimistic", Money(41_250_000)),
            ("realistic", Money(18_400_000)),
            ("conservative", Money(-3_120_000)),
        ),
        scored=352,
        brier_model=0.1883,
        brier_market=0.1840,
        verdict="no evidence",
        needed=9_225,
        planned_edge=0.02,
        configs=2,
    )
    return replace(plain, **changes)


def all_evidence() -> tuple[EvidenceView, ...]:
    """The three kinds, each with another verdict."""
    return (
        evidence(
            kind="delay_capture", verdict="promising", counted=4_127, windows=4_140, days=201,
            mean=0.0312, low=0.0042, high=0.0581, needed=9_540, brier_model=0.1402,
            brier_market=0.1466,
        ),
        evidence(
            kind="momentum", verdict="refuted", counted=2_205, windows=2_205, days=133, waiting=0,
            mean=-0.0413, low=-0.0791, high=-0.0031,
            profits=(("realistic", Money(-91_000_000)), ("conservative", Money(-120_000_000)),
                     ("optimistic", Money(-60_000_000))),
        ),
        evidence(),
    )  # fmt: skip


def nothing_known(kind: str) -> EvidenceView:
    """A kind that never fired."""
    return evidence(
        kind=kind, signals=0, windows=0, waiting=0, days=0, counted=0, mean=None, low=-1.0,
        high=1.0, profits=(), scored=0, brier_model=None, brier_market=None, needed=9_865,
        configs=0,
    )  # fmt: skip


def trades() -> tuple[TradeView, ...]:
    """An entry and an exit, newest first."""
    entry = TradeView(
        ago(703), TICKER, "yes", Quantity(1000), Price(5850), Money(171_600), True, "entry",
        "baseline_gap", "realistic",
    )  # fmt: skip
    out = replace(
        entry, at=ago(300), outcome="no", price=Price(2950), purpose="exit", kind="stop",
        quantity=Quantity(450),
    )  # fmt: skip
    return (out, entry)


def scores() -> tuple[ScoreView, ...]:
    """Sixty windows: the market ahead early, the model late."""
    found = {"model": (0.1763, 0.1123, 0.0707, 0.0436), "market": (0.1701, 0.1161, 0.0724, 0.0467),
             "blend": (0.1732, 0.1119, 0.0711, 0.0449)}  # fmt: skip
    return tuple(
        ScoreView(by, left, 60, score)
        for by, each in found.items()
        for left, score in zip((600, 300, 120, 60), each, strict=True)
    )


def curve() -> tuple[tuple[Nanos, Money], ...]:
    """Twenty payouts that fall first and rise later."""
    steps = (-3, -5, 2, 4, -6, -4, 1, 8, 3, -2, 6, 4, -5, 9, 2, -1, 3, 5, -4, 6)
    profit, found = 0, []
    for place, step in enumerate(steps):
        profit += step * 430_000
        found.append((Nanos(CLOSE - (21 - place) * 15 * MINUTE), Money(profit)))
    return tuple(found)


def counts(**changes: Any) -> FunnelCounts:
    """The window in focus."""
    plain = FunnelCounts(
        windows=1,
        looks=12_480,
        numbers=11_890,
        candidates=412,
        crossings=3,
        vetoes={"edge_below_threshold": 11_412, "too_early": 480, "book_unknown": 3},
        declined={"venue_faster_than_us": 2, "book_not_leaning_that_way": 1},
        signals=1,
        orders=1,
        nearest=NearMiss(-0.0071, "no", ago(31), "edge_below_threshold"),
    )
    return replace(plain, **changes)


def funnel() -> FunnelView:
    """One window of a day."""
    total = counts(windows=61, looks=802_133, numbers=790_001, candidates=9_120, crossings=77)
    return FunnelView(counts(), replace(total, signals=18, orders=15))


def queues() -> tuple[QueueView, ...]:
    """One that was nearly full and dropped something."""
    return (
        QueueView("inbox", "quotes give way, books resync", 12, 3_480, 4_096, 7),
        QueueView("journal", "waits", 0, 220, 65_536, 0),
    )


def stages() -> tuple[StageView, ...]:
    """Times, a share, cents, and a target that was missed."""
    return (
        StageView("frame to engine", "ms", 94_356, 0.11, 0.09, 0.31, 0.62, 4.1, 1.0, True),
        StageView("fact to order", "ms", 18, 2.1, 1.8, 4.4, 6.9, 7.0, 5.0, False),
        StageView("filled", "share", 18, 0.7, None, None, None, None, None, None),
        StageView("mark-out 10 s", "cents", 12, 0.4, 0.3, 1.9, 2.2, 2.4, None, None),
    )


def normal(**changes: Any) -> Snapshot:
    """A day of paper in the middle of a window."""
    plain = views.snapshot(
        trading=trading(),
        risk=risk(),
        decisions=decisions(),
        evidence=all_evidence(),
        trades=trades(),
        curve=curve(),
        scores=scores(),
        funnel=funnel(),
        queues=queues(),
        stages=stages(),
        market=views.market(position=Quantity(-500), position_cost=Money(2_150_000)),
        windows=(
            views.window(1),
            views.window(
                2, result="no", agrees=None, settlement=None, signals=0, paper_pnl=Money(0)
            ),
            views.window(3, result="no", paper_pnl=Money(-4_300_000), agrees=False),
        ),
    )
    return replace(plain, **changes)


def empty() -> Snapshot:
    """The first moment of watching."""
    kinds = ("delay_capture", "momentum", "baseline_gap")
    return views.nothing_yet(
        mode="watch", evidence=tuple(nothing_known(kind) for kind in kinds), queues=queues()[1:]
    )


def halted() -> Snapshot:
    """A drawdown, stale data, a feed that is down, a clock that is wrong."""
    tripped = guards(
        drawdown={"state": "open", "reason": HALT, "since": ago(3_700)},
        losses_in_a_row={
            "state": "cooling", "reason": "5 losing windows in a row", "since": ago(1_900),
            "until": ago(-1_700),
        },
    )  # fmt: skip
    over = tuple(
        replace(each, used=2_100, left=-100) if each.name == "max_drawdown_percent" else each
        for each in limits()
    )
    closed = f"drawdown: {HALT}"
    down = views.feed("kalshi.book", state="down", reason="the socket closed: 1006", gaps=2)
    return normal(
        paused="looking at it",
        trading=trading(
            closed_because=closed, orders=(), equity=Money(790_000_000), peak=Money(1_000_000_000),
            day_pnl=Money(-96_400_000), canary=False, good_windows=31,
        ),
        risk=risk(limits=over, breakers=tripped, exposures=(), worst=Money(0)),
        paper=views.paper(realized=Money(-210_000_000)),
        market=views.market(veto="risk_blocked"),
        feeds=(down, *views.all_feeds()[1:], views.feed("spot.kraken", drift_levels=2,
               reconciled_at=ago(200))),
        clock=views.ClockView(412.0, "this machine's clock is about 412 ms ahead: start ntp"),
    )  # fmt: skip
