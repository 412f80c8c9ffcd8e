"""Numbers, times and vetoes for people. ``None`` is a dash, nonsense a question mark."""

from collections.abc import Mapping
from datetime import tzinfo
from math import ceil, isfinite
from typing import Final

from kalshi_assistant.domain.signals import Veto
from kalshi_assistant.domain.time import HOUR, MINUTE, SECOND, as_datetime
from kalshi_assistant.domain.units import INDEX_SCALE, MONEY_SCALE, PRICE_SCALE, QUANTITY_SCALE

UNKNOWN: Final = "—"
NONSENSE: Final = "?"
WAITING: Final = "waiting for the venue..."

BECAUSE: Final[Mapping[Veto, str]] = {
    "operator_paused": "a person paused signals (p resumes them)",
    "exchange_paused": "the exchange is not trading",
    "market_paused": "the venue has halted this market",
    "name_repeats": "clocks go back tonight: two windows share this ticker, neither is traded",
    "maintenance_near": "the exchange plans to be down soon",
    "settlement_mismatch": "our settlement differed from the venue's: the rule may have changed",
    "index_estimated": "the index is only an estimate, and signals on estimates are off",
    "not_open": "this window is not open yet",
    "closed": "this window is closed",
    "strike_unknown": "the venue has not published the strike",
    "fees_unknown": "the venue has not said what a trade costs",
    "index_missing": "no index value has arrived",
    "index_stale": "the index is stale",
    "volatility_cold": "the index was seen for too short a time to know how much it moves",
    "too_many_missing_prints": "too many settling prints are missing",
    "outcome_fixed": "the outcome is fixed: no print to come can change it",
    "book_unknown": "the order book is not known",
    "book_stale": "nothing was heard of the order book for too long",
    "too_early": "it is too early in the window",
    "too_late": "it is too late in the window",
    "outside_band": "the probability is outside the band in which it is trusted",
    "spread_too_wide": "bid and ask are too far apart",
    "depth_too_thin": "the book is too thin for the wanted size",
    "risk_blocked": "the risk limits allow no entry",
    "edge_below_threshold": "the edge after costs is too small",
    "already_fired": "this window has had its signal",
    "cooling_down": "the last signal was only just now",
    "not_fallen_back": "the edge was declined and has not fallen back since",
}
"""Why nothing is traded, to follow the word "because"."""

_LARGEST: Final = 1e12


def _number(value: float, decimals: int) -> str:
    if not isfinite(value):
        return NONSENSE
    if abs(value) >= _LARGEST:
        return f"{value:.2e}"
    return f"{value:,.{decimals}f}"


def dollars(value: float | None, decimals: int = 2) -> str:
    """``91250.62`` as ``$91,250.62``."""
    if value is None:
        return UNKNOWN
    return f"{'-' if value < 0 else ''}${_number(abs(value), decimals)}"


def signed_dollars(value: float) -> str:
    """The same with its sign always said."""
    return f"{'-' if value < 0 else '+'}{dollars(abs(value))}"


def index_dollars(cents: int | None) -> str:
    """An index value in cents as ``$91,250.62``, exactly."""
    if cents is None:
        return UNKNOWN
    whole, fraction = divmod(abs(cents), INDEX_SCALE)
    return f"{'-' if cents < 0 else ''}${whole:,}.{fraction:02d}"


def money(micro: int) -> str:
    """Micro-dollars as dollars and cents, for reading; exact amounts are in the logs."""
    return dollars(micro / MONEY_SCALE)


def signed_money(micro: int) -> str:
    """The same with its sign always said."""
    return f"{'-' if micro < 0 else '+'}{money(abs(micro))}"


def exact_cents(micro: int) -> str:
    """Micro-dollars as cents, exactly, with no more decimals than that takes: ``1.75``."""
    whole, fraction = divmod(abs(micro), 10_000)
    tail = f"{fraction:04d}".rstrip("0")
    return f"{'-' if micro < 0 else ''}{whole:,}{'.' if tail else ''}{tail}"


def milliseconds(value: float | None) -> str:
    """``0.42 ms``, ``103 ms``, ``2.1 s``."""
    if value is None:
        return UNKNOWN
    if not isfinite(value):
        return NONSENSE
    if abs(value) >= 1_000:
        return f"{_number(value / 1_000, 1)} s"
    return f"{_number(value, 2 if abs(value) < 10 else 0)} ms"


def signed_cents(value: float) -> str:
    """A dollar amount per contract as cents with a sign: ``+0.6``."""
    if not isfinite(value):
        return NONSENSE
    rounded = round(value * 100, 1)
    sign = "" if rounded == 0 else "-" if rounded < 0 else "+"
    return f"{sign}{_number(abs(rounded), 1)}"


def arrow(value: float | None) -> str:
    """Up, down, or neither."""
    if value is None or not isfinite(value) or value == 0:
        return "·"
    return "▲" if value > 0 else "▼"


def percent(probability: float | None) -> str:
    """``0.612`` as ``61.2 %``; certainty is never claimed by rounding."""
    if probability is None:
        return UNKNOWN
    if not isfinite(probability):
        return NONSENSE
    if 0.9995 <= probability < 1:
        return ">99.9 %"
    if 0 < probability < 0.0005:
        return "<0.1 %"
    return f"{_number(100 * probability, 1)} %"


def contracts(quantity: int) -> str:
    """Hundredths of a contract as contracts, with decimals only where there are any."""
    whole, fraction = divmod(abs(quantity), QUANTITY_SCALE)
    sign = "-" if quantity < 0 else ""
    return f"{sign}{whole:,}.{fraction:02d}" if fraction else f"{sign}{whole:,}"


def short_contracts(quantity: int) -> str:
    """The same in four or five cells: ``340``, ``3.0k``."""
    whole = quantity / QUANTITY_SCALE
    if abs(whole) < 1_000:
        return f"{whole:,.0f}"
    return f"{_number(whole / 1_000, 1)}k"


def price_decimals(prices: list[int]) -> int:
    """How many decimals cents need so that every price of a column is exact."""
    if any(price % 10 for price in prices):
        return 2
    return 1 if any(price % 100 for price in prices) else 0


def price_cents(price: int, decimals: int | None = None) -> str:
    """``5650`` as ``56.5``."""
    places = price_decimals([price]) if decimals is None else decimals
    return _number(price * 100 / PRICE_SCALE, places)


def countdown(span: int) -> str:
    """Nanoseconds to go as ``02:47``; what is over is ``00:00``."""
    seconds = max(0, ceil(span / SECOND))
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes:02d}:{rest:02d}"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{hours // 24} days"


def age(span: int) -> str:
    """Nanoseconds since something was seen, short: ``0.4 s``, ``3 min``."""
    span = max(0, span)
    if span < 10 * SECOND:
        return f"{span / SECOND:.1f} s"
    if span < 100 * SECOND:
        return f"{span // SECOND} s"
    if span < 2 * HOUR:
        return f"{span // MINUTE} min"
    return f"{span // HOUR} h" if span < 48 * HOUR else f"{span // (24 * HOUR)} days"


def clock(at: int, zone: tzinfo | None, form: str = "%H:%M:%S") -> str:
    """Local time of an instant; ``zone`` ``None`` is the machine's own."""
    try:
        return as_datetime(at).astimezone(zone).strftime(form)
    except (OverflowError, ValueError, OSError):  # an instant no calendar has
        return NONSENSE
