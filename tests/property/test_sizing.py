"""Never above Kelly, a cap, what is shown or what the edge allows, whatever the book."""

from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.units import MONEY_SCALE
from kalshi_assistant.strategy.edge import Pricing, edge_at
from kalshi_assistant.strategy.sizing import (
    Means,
    Sized,
    SizingSettings,
    budget,
    kelly_stake,
    risk_of,
    size,
)

BOOKS = st.dictionaries(st.integers(1, 9_999), st.integers(1, 9_000), min_size=1, max_size=8).map(
    lambda book: tuple(sorted(book.items()))
)
PRICINGS = st.builds(
    Pricing,
    st.sampled_from(["yes", "no"]),
    st.floats(0.01, 0.99),
    st.floats(0, 0.02),
    st.floats(0, 0.02),
    st.floats(0, 0.05),
    st.floats(0, 0.1),
    st.sampled_from([0, 17_500, 70_000]),
    st.sampled_from([100, 10_000]),
)
SETTINGS = st.builds(
    SizingSettings,
    kelly_fraction=st.floats(0.01, 1.0),
    confidence=st.floats(0, 3),
    min_edge_dollars=st.floats(0, 0.05),
    target_edge_dollars=st.floats(0.06, 0.5),
    min_size_share=st.floats(0, 1),
    max_risk_dollars=st.floats(0.5, 500),
    max_exposure_dollars=st.floats(0.5, 500),
    max_contracts=st.floats(0.5, 500),
    whole_contracts=st.booleans(),
    beyond_depth=st.booleans(),
)
DOLLARS = st.integers(0, 2_000 * MONEY_SCALE)
MEANS = st.builds(Means, DOLLARS, DOLLARS, DOLLARS, st.floats(0.01, 1.0))


@given(SETTINGS, PRICINGS, BOOKS, st.floats(0, 0.2), MEANS)
def test_no_bound_is_ever_passed(settings, pricing, book, needed, means):
    found = size(settings, pricing, book, needed, means)
    if not isinstance(found, Sized):
        return
    edge, whole = found.edge, settings.whole_contracts
    assert edge.quantity > 0
    assert edge.quantity % (100 if whole else 1) == 0
    assert edge == edge_at(pricing, book, edge.quantity)
    assert edge.net >= needed
    stake = kelly_stake(settings, pricing, edge, means)
    assert (edge.cost + edge.fee) / MONEY_SCALE <= stake
    risk = risk_of(edge) / MONEY_SCALE
    assert risk <= budget(settings, edge.net, means)
    assert risk <= settings.max_risk_dollars
    assert risk + means.exposure / MONEY_SCALE <= settings.max_exposure_dollars + 1e-9
    assert risk_of(edge) <= means.cash
    assert edge.quantity <= settings.max_contracts * 100
    if not settings.beyond_depth:
        shown = sum(there for price, there in book if price <= edge.worst_price)
        assert edge.quantity <= shown


@given(SETTINGS, PRICINGS, BOOKS, MEANS, st.floats(0, 0.05))
def test_more_doubt_never_buys_more(settings, pricing, book, means, more):
    """The same with a wider deviation: Kelly asks for less."""
    doubted = Pricing(
        pricing.outcome,
        pricing.probability,
        pricing.slippage,
        pricing.latency,
        pricing.haircut,
        pricing.deviation + more,
        pricing.rate_e6,
        pricing.precision,
    )
    sizes = [
        found.edge.quantity if isinstance(found, Sized) else 0
        for found in (size(settings, each, book, 0.0, means) for each in (doubted, pricing))
    ]
    # a size tried may fail by a rounding of the fee; one unit is what that can cost
    assert sizes[0] <= sizes[1] + (100 if settings.whole_contracts else 1)
