"""The worst misses of a panel, each with what the model knew and how it came out."""

from collections.abc import Sequence
from typing import Final

from kalshi_assistant.domain.ids import Ticker
from kalshi_assistant.domain.intents import Forecast
from kalshi_assistant.lab.panel_events import Subject, own_mean
from kalshi_assistant.lab.rows import Row
from kalshi_assistant.quant.scores import log_loss_of

SHOWN: Final = 10
FAR: Final = 3.0
"""A move of so many deviations is called what it is: one the volatility did not know."""


def worst(subject: Subject, rows: Sequence[Row]) -> list[dict[str, object]]:
    """The ten markets with the dearest forecast (by log loss), one forecast each."""
    dearest: dict[Ticker, tuple[float, Row]] = {}
    for row in rows:
        forecast = row.forecast
        if forecast.p_model is None:
            continue
        loss = float(log_loss_of([forecast.p_model], [float(row.happened)])[0])
        if loss > dearest.get(forecast.ticker, (0.0, row))[0]:
            dearest[forecast.ticker] = (loss, row)
    ordered = sorted(dearest.values(), key=lambda pair: (-pair[0], pair[1].forecast.ticker))
    return [_told(subject, row) for _, row in ordered[:SHOWN]]


def _told(subject: Subject, row: Row) -> dict[str, object]:
    forecast = row.forecast
    p_model, expected, sd, threshold = _numbers(forecast)
    yes = row.happened
    return {
        "ticker": forecast.ticker,
        "horizon": forecast.seconds_left,
        "claimed": round(p_model, 4),
        "result": "yes" if yes else "no",
        "market": forecast.p_market,
        "blend": None if forecast.p_blend is None else round(forecast.p_blend, 4),
        "why": _why(subject, row),
        "inputs": {
            "expected": f"{expected:.2f}",
            "threshold": f"{threshold:.3f}",
            "sd": f"{sd:.2f}",
            "sigmas": round((expected - threshold) / sd, 2) if sd > 0 else None,
            "sigma_per_sqrt_second": None if forecast.sigma is None else f"{forecast.sigma:.3f}",
            "missing": forecast.missing,
        },
    }


def _numbers(forecast: Forecast) -> tuple[float, float, float, float]:
    assert forecast.p_model is not None
    assert forecast.expected is not None
    assert forecast.sd is not None
    assert forecast.threshold is not None
    return forecast.p_model, forecast.expected, forecast.sd, forecast.threshold


def _why(subject: Subject, row: Row) -> str:
    """What was expected, what came, and what kind of miss that is."""
    forecast = row.forecast
    _, expected, sd, threshold = _numbers(forecast)
    side = "above" if expected >= threshold else "below"
    said = (
        f"{forecast.seconds_left} s before the close the average was expected at {expected:,.2f}, "
        f"{abs(expected - threshold):,.2f} {side} the threshold, with a deviation of {sd:,.2f}"
    )
    ended = _ended(subject, forecast.ticker)
    if ended is None:
        return f"{said}; how it ended is not known, prints are missing"
    moved = (ended - expected) / sd if sd > 0 else 0.0
    said += f"; it ended at {ended:,.2f}, a move of {moved:+.1f} deviations"
    if (ended >= threshold) != row.happened:
        return f"{said}. Our index ended on the other side than the venue's: basis, not forecast"
    if abs(moved) >= FAR:
        return f"{said}. A move the volatility did not know"
    if forecast.missing:
        return f"{said}. {forecast.missing} prints were missing"
    return f"{said}. An ordinary move that crossed the threshold"


def _ended(subject: Subject, ticker: Ticker) -> float | None:
    market = next(market for market in subject.markets if market.ticker == ticker)
    mean = own_mean(subject.prints, market.close_time)
    return None if mean is None else mean / 100
