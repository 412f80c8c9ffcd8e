"""A panel as the events an engine would have been told, second by second.

What a panel leaves out is not made up. The strike of a proxy panel is the proxy's own mean over the
sixty seconds before the open: then what sets it apart from the index cancels. Whole dollars are a
floor, so half a dollar is added. Both are estimates of the index, and the engine is told so.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.events import Event, IndexPrinted, IndexSource, MidSeen
from kalshi_assistant.domain.ids import BRTI
from kalshi_assistant.domain.time import SECOND, Nanos, from_seconds, whole_second
from kalshi_assistant.domain.units import IndexValue
from kalshi_assistant.journal.panel import PanelMarket, market_events
from kalshi_assistant.journal.panel_folder import Panel
from kalshi_assistant.market.settlement import WINDOW
from kalshi_assistant.runtime.replay import PANEL_TERMS

HALF_DOLLAR: Final = 50
PROXY_ERROR_BP: Final = 0.8
"""Where the error of a proxy against the index is believed to lie before results have told."""
FLOOR_ERROR_BP: Final = 0.05
"""The same for an index floored to whole dollars: the deviation of sixty floored prints' mean."""
MINUTE_SECONDS: Final = 60
LONGEST_HOURS: Final = 24
LONGEST: Final = LONGEST_HOURS * 3_600 * SECOND
STRIKE_PRINTS_LEAST: Final = 45
"""With fewer prints before the open a proxy gives no strike."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A panel made ready: prints by second, strikes filled in where they are the proxy's own."""

    name: str
    index_text: str
    over_seconds: int
    """What a quote is a mean over; 0 where it is a point."""
    estimated: bool
    """Whether the prints are an estimate of the index."""
    error_bp: float
    """Prior error of the prints, basis points; 0 for the index itself."""
    prints: Mapping[int, IndexValue]
    markets: tuple[PanelMarket, ...]
    published: tuple[PanelMarket, ...]
    """The markets as the panel has them."""
    mids: Mapping[int, tuple[MidSeen, ...]]
    """By epoch second."""


def subject_of(panel: Panel) -> Subject:
    """Make a panel ready. Raises OperatorError for a market that is none of this kind."""
    for market in panel.markets:
        if market.close_time - market.open_time > LONGEST:
            hours = (market.close_time - market.open_time) / LONGEST * LONGEST_HOURS
            raise OperatorError(
                f"{panel.name}: {market.ticker} is open for {hours:,.0f} hours; a market here "
                f"lasts at most {LONGEST_HOURS}, correct open_ts or close_ts"
            )
    shift = HALF_DOLLAR if panel.whole_dollars else 0
    prints = {second: IndexValue(value + shift) for second, value in panel.prints}
    estimated = panel.is_proxy or panel.whole_dollars
    over = MINUTE_SECONDS if panel.quotes_kind == "minute_mean" else 0
    markets = tuple(
        replace(
            market,
            strike=own_mean(prints, market.open_time) if panel.is_proxy else market.strike,
            # an estimate is not compared with what the venue published
            settlement=None if estimated else market.settlement,
        )
        for market in sorted(panel.markets, key=lambda market: market.open_time)
    )
    error_bp = FLOOR_ERROR_BP if panel.whole_dollars else 0.0
    return Subject(
        name=panel.name,
        index_text=panel.index_text,
        over_seconds=over,
        estimated=estimated,
        error_bp=PROXY_ERROR_BP if panel.is_proxy else error_bp,
        prints=prints,
        markets=markets,
        published=panel.markets,
        mids=_mids(panel, over),
    )


def own_mean(prints: Mapping[int, IndexValue], at: Nanos) -> IndexValue | None:
    """The mean of the sixty prints before ``at``, holes left out; ``None`` where too many are."""
    second = whole_second(at)
    known = [prints[each] for each in range(second - WINDOW, second) if each in prints]
    return IndexValue(round(sum(known) / len(known))) if len(known) >= STRIKE_PRINTS_LEAST else None


def _mids(panel: Panel, over: int) -> dict[int, tuple[MidSeen, ...]]:
    found: dict[int, list[MidSeen]] = {}
    for quote in panel.quotes:
        if quote.bid is None or quote.ask is None:
            continue
        at = from_seconds(quote.second)
        event = MidSeen(at, at, quote.ticker, quote.bid, quote.ask, over)
        found.setdefault(quote.second, []).append(event)
    return {second: tuple(events) for second, events in found.items()}


def seconds_of(subject: Subject) -> Iterator[tuple[int, tuple[Event, ...], bool]]:
    """Every second on which something happens or a market is open: (epoch second, its events in
    order of receipt, whether to look at the markets on it).
    """
    facts: dict[int, list[Event]] = {}
    for event in market_events(subject.markets, PANEL_TERMS):
        facts.setdefault(-(-event.received_at // 1_000_000_000), []).append(event)
    source: IndexSource = "proxy" if subject.estimated else "panel"
    open_seconds = {
        second
        for market in subject.markets
        for second in range(whole_second(market.open_time), whole_second(market.close_time) + 1)
    }
    for second in sorted(facts.keys() | subject.prints.keys() | subject.mids.keys() | open_seconds):
        events: list[Event] = [*facts.get(second, ())]
        if (value := subject.prints.get(second)) is not None:
            at = from_seconds(second)
            events.append(IndexPrinted(at, at, BRTI, value, source))
        events += subject.mids.get(second, ())
        yield second, tuple(events), second in open_seconds
