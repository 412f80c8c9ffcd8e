"""What the number says about the price: edges, signals, and the reasons for not trading."""

from typing import Final, Literal, get_args

import msgspec

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.time import Nanos
from kalshi_assistant.domain.units import Money, Price, Quantity

SignalKind = Literal["delay_capture", "momentum", "baseline_gap"]
"""The index moved and the book has not; a move that book and tape confirm; the number against the
price. In this order a crossing is named.
"""

Veto = Literal[
    "operator_paused",
    "exchange_paused",
    "market_paused",
    "name_repeats",
    "maintenance_near",
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
    "book_stale",
    "too_early",
    "too_late",
    "outside_band",
    "spread_too_wide",
    "depth_too_thin",
    "risk_blocked",
    "edge_below_threshold",
    "already_fired",
    "cooling_down",
    "not_fallen_back",
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
    """What is left: ``raw - slippage - fee per contract - latency - haircut``."""
    haircut: float = 0.0
    """What the volatility's own error may take from the probability of this side."""


class Signal(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A reason to buy, with what it was decided on."""

    kind: SignalKind
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
    evidence: tuple[tuple[str, float], ...] = ()
    """The numbers this kind of signal rests on, by name."""


class NearMiss(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The evaluation of a window that came nearest to a signal without being one."""

    over: float
    """Net edge less threshold, dollars per contract: below zero is how much was missing."""
    outcome: Outcome
    at: Nanos
    because: str
    """The veto that stood, or why the crossing was declined."""
