"""What the number says about the price: edges, signals, and the reasons for not trading."""

from typing import Final, Literal, get_args

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity

Veto = Literal[
    "operator_paused",
    "exchange_paused",
    "market_paused",
    "settlement_mismatch",
    "index_estimated",
    "not_open",
    "closed",
    "strike_unknown",
    "fees_unknown",
    "index_missing",
    "index_stale",
    "volatility_cold",
    "too_many_missing_prints",
    "outcome_fixed",
    "book_unknown",
    "too_early",
    "too_late",
    "outside_band",
    "depth_too_thin",
    "edge_below_threshold",
    "already_fired",
]
"""Why nothing is traded, in the order in which it is asked: the first that holds is the one
counted.
"""

VETOES: Final[tuple[Veto, ...]] = get_args(Veto)
VETO_CODE: Final[dict[str, int]] = {name: code for code, name in enumerate(VETOES, start=1)}
"""The number the kernel counts a veto under; 0 means none."""


class Edge(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Expected gain of buying ``outcome`` at ``quantity``, per contract, in dollars; costs are
    exact.
    """

    outcome: Outcome
    quantity: Quantity
    worst_price: Price
    """The last price touched while walking the book, as a price of ``outcome``."""
    cost: Money
    fee: Money
    raw: float
    """Probability minus the top price."""
    slippage: float
    """Average price paid minus the top price, and the allowance of the settings."""
    latency: float
    """Allowance for the book moving before the order arrives."""
    net: float
    """What is left: ``probability - (cost + fee) / contracts - allowances``."""


class Signal(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A reason to buy, with what it was decided on."""

    kind: Literal["baseline_gap"]
    ticker: Ticker
    made_at: Nanos
    edge: Edge
    p_yes: float
    threshold: float
    seconds_left: float
    index: str
    """What the index behind it was: ``BRTI``, or how it was come by."""
    config: str
    """Digest of the settings in force."""
