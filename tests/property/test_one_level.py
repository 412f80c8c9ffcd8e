"""The compiled sizing of one level is the sizing of the live path, to the hundredth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_assistant.domain.units import QUANTITY_SCALE
from kalshi_assistant.strategy.one_level import OneLevel, Priced, size_one_level
from kalshi_assistant.strategy.sizing import Means, Sized, size
from tests.property.test_sizing import DOLLARS, PRICINGS, SETTINGS

pytestmark = pytest.mark.timeout(600)  # machine code is made at the first call


@given(
    SETTINGS, PRICINGS, st.integers(1, 9_999), st.integers(1, 60_000), st.floats(0, 0.2),
    DOLLARS, DOLLARS, DOLLARS,
)  # fmt: skip
def test_the_compiled_size_is_the_size(
    settings, pricing, price, there, needed, bankroll, cash, exposure
):
    means = Means(bankroll, cash, exposure)
    wanted = size(settings, pricing, ((price, there),), needed, means)
    numbers = OneLevel(
        settings.kelly_fraction,
        settings.confidence,
        settings.min_edge_dollars,
        settings.target_edge_dollars,
        settings.min_size_share,
        settings.max_risk_dollars,
        settings.max_exposure_dollars,
        int(settings.max_contracts * QUANTITY_SCALE),
        QUANTITY_SCALE if settings.whole_contracts else 1,
        int(settings.beyond_depth),
    )
    priced = Priced(
        pricing.probability,
        pricing.slippage,
        pricing.latency,
        pricing.haircut,
        pricing.deviation,
        pricing.rate_e6,
        pricing.precision,
        price,
        there,
    )
    found = size_one_level(numbers, priced, needed, bankroll, cash, exposure)
    assert found == (wanted.edge.quantity if isinstance(wanted, Sized) else 0)
