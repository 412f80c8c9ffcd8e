"""What a panel's forecasts were worth: the object that ``evaluate --json`` prints.

A gain is the market's score minus the model's, on the same rows: above zero the model is better.
Rows of one cluster (a New York day, four hours where there are fewer than ten days) may depend on
one another. On a panel whose quotes are means over a minute, ``paired`` takes the model's mean over
the same minute; every other line takes the number of the instant.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from kalshi_assistant.domain.contract import Outcome
from kalshi_assistant.domain.time import format_iso
from kalshi_assistant.engine.horizons import HORIZONS
from kalshi_assistant.journal.panel import PanelMarket
from kalshi_assistant.lab.forecasting import Told
from kalshi_assistant.lab.misses import worst
from kalshi_assistant.lab.panel_events import Subject
from kalshi_assistant.lab.rows import Row, rows_of
from kalshi_assistant.market.settlement import outcome
from kalshi_assistant.quant import scores
from kalshi_assistant.quant.scores import Floats, Ints

JUDGED: Final = (600, 300, 120, 60)
"""Seconds before the close that are pooled: ten minutes to one."""
SURE: Final = 0.98

Object = dict[str, object]


def evaluate(subject: Subject, told: Told, config: str) -> Object:
    """The whole object. Numbers are probabilities and scores; dollars are strings."""
    rows, by = rows_of(subject, told)
    judged = [row for row in rows if row.forecast.seconds_left in JUDGED]
    return {
        "panel": subject.name,
        "index": subject.index_text,
        "quotes": "minute_mean" if subject.over_seconds else "point",
        "estimated": subject.estimated,
        "markets": len(subject.markets),
        "from": format_iso(min(market.open_time for market in subject.markets)),
        "to": format_iso(max(market.close_time for market in subject.markets)),
        "config": config,
        "clusters": {"by": by, "n": len({row.cluster for row in rows})},
        "horizons": {
            str(horizon): _horizon(
                [row for row in rows if row.forecast.seconds_left == horizon], len(subject.markets)
            )
            for horizon in HORIZONS
        },
        "pooled": {"horizons": list(JUDGED), **_paired(judged)},
        "calibration": {**_calibration(judged), "above_098": _sure(judged)},
        "settlement": settlement_check(subject.published),
        "worst": worst(subject, judged),
    }


def _horizon(rows: Sequence[Row], markets: int) -> Object:
    """One time to the close. A market that overlaps another is not followed beside it: the engine
    looks at one window at a time.
    """
    numbered = [row for row in rows if row.forecast.p_model is not None]
    said: Object = {"n": len(numbered)}
    missing: dict[str, int] = {}
    for row in rows:
        if row.forecast.no_number is not None:
            missing[row.forecast.no_number] = missing.get(row.forecast.no_number, 0) + 1
    if markets > len(rows):
        missing["not_followed"] = markets - len(rows)
    if missing:
        said["no_number"] = missing
    if not numbered:
        return said
    model, happened = _column(numbered, lambda row: row.forecast.p_model), _outcomes(numbered)
    said["model"] = _score(model, happened)
    said["constant"] = _score(np.full(len(numbered), 0.5), happened)
    for name, read in (("market", _market), ("blend", _blend)):
        priced = [row for row in rows if read(row) is not None]
        if priced:
            said[name] = {"n": len(priced), **_score(_column(priced, read), _outcomes(priced))}
    said |= _simulated(numbered)
    if paired := _paired(rows):
        said["paired"] = paired
    said["calibration"] = _calibration(numbered)
    said["sharpness"] = round(scores.sharpness(model), 4)
    said["reliability"] = [scored_bin(each) for each in scores.reliability(model, happened)]
    return said


def _market(row: Row) -> float | None:
    return row.forecast.p_market


def _blend(row: Row) -> float | None:
    return row.forecast.p_blend


def _simulated(rows: Sequence[Row]) -> Object:
    """Each simulation on the rows it has a number for, with its mean standard error, and the model
    on the same rows.
    """
    said: Object = {}
    for name in dict.fromkeys(name for row in rows for name in row.estimates):
        found = [row for row in rows if name in row.estimates]
        pairs = np.array([row.estimates[name] for row in found])
        score = _score(pairs[:, 0], _outcomes(found))
        model = _score(_column(found, lambda row: row.forecast.p_model), _outcomes(found))
        said[name] = {
            "n": len(found),
            **score,
            "se": round(float(pairs[:, 1].mean()), 6),
            "model": model,
        }
    return said


def _column(rows: Iterable[Row], read: Callable[[Row], float | None]) -> Floats:
    return np.array([read(row) for row in rows], dtype=np.float64)


def _outcomes(rows: Sequence[Row]) -> Floats:
    return np.array([row.happened for row in rows], dtype=np.float64)


def _clusters(rows: Sequence[Row]) -> Ints:
    return np.array([row.cluster for row in rows], dtype=np.int64)


def _score(claims: Floats, happened: Floats) -> Object:
    return {
        "brier": round(scores.brier(claims, happened), 6),
        "log_loss": round(scores.log_loss(claims, happened), 6),
    }


def _paired(rows: Sequence[Row]) -> Object:
    """Model, market and blend on the same rows; nothing where there are none. ``critical`` standard
    errors reach as far as a 95 % interval with so few clusters.
    """
    found = [row for row in rows if row.forecast.p_blend is not None]
    if not found:
        return {}
    happened, clusters = _outcomes(found), _clusters(found)
    claims = {
        "model": _column(found, lambda row: row.forecast.p_model_then),
        "market": _column(found, _market),
        "blend": _column(found, _blend),
    }
    brier = {name: scores.brier_of(claim, happened) for name, claim in claims.items()}
    log = {name: scores.log_loss_of(claim, happened) for name, claim in claims.items()}
    gain, se = scores.clustered_mean(brier["market"] - brier["model"], clusters)
    log_gain, log_se = scores.clustered_mean(log["market"] - log["model"], clusters)
    better = min(("model", "market"), key=lambda name: float(brier[name].mean()))
    loss, loss_se = scores.clustered_mean(brier["blend"] - brier[better], clusters)
    count = len(set(clusters.tolist()))
    return {
        "n": len(found),
        "clusters": count,
        "critical": round(scores.critical_95(count), 3) if count > 1 else None,
        **{name: round(float(values.mean()), 6) for name, values in brier.items()},
        "gain": _rounded(gain),
        "se": _rounded(se),
        **{f"{name}_log": round(float(values.mean()), 6) for name, values in log.items()},
        "log_gain": _rounded(log_gain),
        "log_se": _rounded(log_se),
        "blend_loss": _rounded(loss),
        "blend_se": _rounded(loss_se),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _calibration(rows: Sequence[Row]) -> Object:
    numbered = [row for row in rows if row.forecast.p_model is not None]
    if not numbered:
        return {"why_not": "no forecasts"}
    model = _column(numbered, lambda row: row.forecast.p_model)
    fit, why_not = scores.logistic_calibration(model, _outcomes(numbered), _clusters(numbered))
    if fit is None:
        return {"why_not": why_not}
    return {
        "slope": round(fit.slope, 4),
        "slope_ci": [round(each, 4) for each in fit.slope_ci],
        "intercept": round(fit.intercept, 4),
        "intercept_ci": [round(each, 4) for each in fit.intercept_ci],
    }


def _sure(rows: Sequence[Row]) -> Object:
    """Claims of either outcome above 0.98, how many came true, and how many should have."""
    claims = [
        (p, row.happened) if p > 0.5 else (1.0 - p, not row.happened)
        for row in rows
        if (p := row.forecast.p_model) is not None
    ]
    sure = [(p, hit) for p, hit in claims if p > SURE]
    if not sure:
        return {"n": 0, "hits": 0, "band": [0, 0]}
    mean = sum(p for p, _ in sure) / len(sure)
    band = scores.binomial_band(len(sure), mean)
    return {
        "n": len(sure),
        "hits": sum(hit for _, hit in sure),
        "claimed": round(mean, 6),
        "band": list(band),
    }


def scored_bin(each: scores.Bin) -> Object:
    """A class of claims, rounded."""
    return {
        "low": each.low,
        "high": each.high,
        "n": each.n,
        "claimed": round(each.claimed, 4),
        "happened": round(each.happened, 4),
        "band": list(each.band),
    }


def settlement_check(markets: Sequence[PanelMarket]) -> Object:
    """The venue's rule on every market: the result follows from value and strike, and each strike
    is the value before.
    """
    checked = [
        (market, ruled)
        for market in markets
        if (ruled := _ruled(market)) is not None and market.result is not None
    ]
    values = {
        market.close_time: market.settlement for market in markets if market.settlement is not None
    }
    chained = [
        market for market in markets if market.strike is not None and market.open_time in values
    ]
    return {
        "checked": len(checked),
        "held": sum(ruled == market.result for market, ruled in checked),
        "chained": len(chained),
        "chain_held": sum(market.strike == values[market.open_time] for market in chained),
        "failed": [market.ticker for market, ruled in checked if ruled != market.result][:10],
    }


def _ruled(market: PanelMarket) -> Outcome | None:
    if market.settlement is None or market.strike is None:
        return None
    return outcome(market.settlement, market.strike)
