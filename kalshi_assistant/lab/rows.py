"""Forecasts beside what became of them: the rows that are scored."""

from collections.abc import Mapping
from dataclasses import dataclass

from kalshi_assistant.domain.events import Estimated
from kalshi_assistant.domain.intents import Forecast
from kalshi_assistant.domain.time import whole_second
from kalshi_assistant.lab.forecasting import Told
from kalshi_assistant.lab.panel_events import Subject
from kalshi_assistant.market.calendar import day_of
from kalshi_assistant.quant import scores


@dataclass(frozen=True, slots=True)
class Row:
    """One forecast with what became of it."""

    forecast: Forecast
    estimates: Mapping[str, tuple[float, float]]
    happened: bool
    cluster: int


def rows_of(subject: Subject, told: Told) -> tuple[list[Row], str]:
    """Every forecast of a market whose result is known, and what its cluster is."""
    markets = {market.ticker: market for market in subject.markets}
    tickers = [forecast.ticker for forecast in told.forecasts]
    closes = [whole_second(markets[ticker].close_time) for ticker in tickers]
    days = [day_of(markets[ticker].close_time).toordinal() for ticker in tickers]
    labels, by = scores.cluster_labels(closes, days)
    rows = [
        Row(
            forecast,
            _by_name(told.estimates.get((forecast.ticker, forecast.seconds_left))),
            markets[forecast.ticker].result == "yes",
            int(label),
        )
        for forecast, label in zip(told.forecasts, labels, strict=True)
        if markets[forecast.ticker].result is not None
    ]
    return rows, by


def _by_name(said: Estimated | None) -> dict[str, tuple[float, float]]:
    return {} if said is None else {name: (p, se) for name, p, se in said.estimates}
