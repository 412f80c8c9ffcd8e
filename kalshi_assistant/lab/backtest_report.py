"""A backtest as one HTML file that loads nothing: sums, curves, where profit came from.

The file runs nothing. The same lives give the same bytes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from kalshi_assistant.domain.entries import FillKept
from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.domain.orders import BID
from kalshi_assistant.domain.time import SECOND
from kalshi_assistant.domain.units import PRICE_SCALE
from kalshi_assistant.lab import backtest_charts as drawings
from kalshi_assistant.lab import charts
from kalshi_assistant.lab.backtest_measures import MICRO, Object, equity
from kalshi_assistant.lab.backtesting import ASSUMED, Backtesting, Life
from kalshi_assistant.lab.report import DASH, rendered
from kalshi_assistant.sim.queueing import POLICIES

PATHS_SHOWN = 24
"""Markets whose path is drawn, the first ones traded."""


FACTS = ("from", "to", "events", "windows", "settled", "cash", "data", "config", "program")
SUMS = {
    "pnl": "profit",
    "return": "return",
    "windows": "windows",
    "hit_rate": "hit rate",
    "profit_factor": "profit factor",
    "drawdown": "drawdown",
    "sharpe_per_window": "Sharpe a window",
    "sharpe_per_day": "Sharpe a day",
    "fills": "fills",
    "contracts": "contracts",
    "fees": "fees",
}


class Table(NamedTuple):
    """A table as the template draws it."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_report(lives: Sequence[tuple[Object, Backtesting]], path: Path) -> None:
    """Write the report; an older file there is replaced. Raises OperatorError."""
    text = render_report(lives)
    try:
        path.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error


def render_report(lives: Sequence[tuple[Object, Backtesting]]) -> str:
    """The page. Raises OperatorError when a library is missing."""
    parts = [_part(f"b{place}", found, work) for place, (found, work) in enumerate(lives, 1)]
    return rendered("backtest.html.j2", parts=parts)


def _part(key: str, found: Object, work: Backtesting) -> Object:
    lives = cast("Mapping[str, Object]", found["latencies"])
    assumed, life = lives[ASSUMED], _assumed(work)
    return {
        "key": key,
        "name": str(found["material"]),
        "facts": [(name, str(found[name])) for name in FACTS],
        "notices": cast("Sequence[str]", found["notices"]),
        "sums": _sums(lives),
        "verdicts": _verdicts(assumed),
        "split": _pairs(assumed, "split"),
        "forecasts": _forecasts(cast("Mapping[str, Object]", found["forecasts"])),
        "vetoes": _pairs(assumed, "vetoes"),
        "charts": [
            each for each in _charts(key, found, assumed, lives, life, work.material.begins) if each
        ],
        "paths": _paths(key, life),
    }


def _assumed(work: Backtesting) -> Life:
    return next(life for life in work.lives if life.backtest.latency.name == ASSUMED)


def _verdicts(of: Object) -> list[tuple[str, str]]:
    found = cast("Mapping[str, Object]", of["verdicts"])
    return [(kind.replace("_", " "), str(said["sentence"])) for kind, said in found.items()]


def _pairs(of: Object, name: str) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in cast("Mapping[str, object]", of[name]).items()]


# --- tables ---


def _sums(lives: Mapping[str, Object]) -> Table:
    rows = [
        (f"{latency}, {policy}", *(_cell(said[key]) for key in SUMS))
        for latency, life in lives.items()
        for policy, said in cast("Mapping[str, Object]", life["policies"]).items()
    ]
    head = ("latency, queue", *SUMS.values())
    return Table("Profit by latency and by who was served first in the queue", head, rows)


def _forecasts(found: Mapping[str, Object]) -> Table:
    names = ("model", "market", "blend")
    head = ("to close", "windows", *(f"{name} {score}" for score in ("Brier", "log loss")
                                     for name in names))  # fmt: skip
    rows = [
        (
            f"{seconds} s",
            _cell(said["n"]),
            *(
                _cell(cast("Object", said[name])[score])
                for score in ("brier", "log_loss")
                for name in names
            ),
        )
        for seconds, said in found.items()
    ]
    return Table("The forecasts behind it, on windows where all three were known", head, rows)


def _cell(value: object) -> str:
    return DASH if value is None else str(value)


# --- charts ---


def _charts(
    key: str,
    found: Object,
    assumed: Object,
    lives: Mapping[str, Object],
    life: Life,
    begins: int,
) -> list[str | None]:
    curves: dict[str, drawings.Curve] = {
        policy: [
            (begins, 0.0),
            *((at, total / MICRO) for at, total in equity(life.backtest.record, policy)),
            (life.backtest.now, _total(life, policy)),
        ]
        for policy in POLICIES
    }
    marks = cast("Mapping[str, Object]", assumed["markouts_cents"])
    cents = [cast("float | None", said["cents"]) for said in marks.values()]
    return [
        drawings.equity(f"{key}-equity", curves),
        drawings.by_latency(f"{key}-latency", list(lives), _profits(lives)),
        drawings.markouts(f"{key}-marks", list(marks), cents),
        drawings.bars(f"{key}-hours", _amounts(assumed, "by_hour"), "hour of the settlement, UTC"),
        drawings.bars(f"{key}-left", _amounts(assumed, "by_seconds_left"), "time left at entry"),
        _calibration(key, cast("Object", found["calibration"])),
    ]


def _total(life: Life, policy: str) -> float:
    curve = equity(life.backtest.record, policy)
    return curve[-1][1] / MICRO if curve else 0.0


def _profits(lives: Mapping[str, Object]) -> dict[str, list[float]]:
    return {
        policy: [
            float(str(cast("Mapping[str, Object]", life["policies"])[policy]["pnl"]))
            for life in lives.values()
        ]
        for policy in POLICIES
    }


def _amounts(of: Object, name: str) -> dict[str, float]:
    return {key: float(value) for key, value in cast("Mapping[str, str]", of[name]).items()}


def _calibration(key: str, found: Object) -> str | None:
    dots = [
        charts.Dot(
            cast("float", each["low"]),
            cast("float", each["high"]),
            cast("float", each["n"]),
            cast("float", each["claimed"]),
            cast("float", each["happened"]),
            cast("tuple[float, float]", tuple(cast("Sequence[float]", each["band"]))),
        )
        for each in cast("Sequence[Object]", found["bins"])
    ]
    return charts.reliability(f"{key}-calibration", "10 min to 1 min", dots)


def _paths(key: str, life: Life) -> list[str]:
    fills: dict[str, list[drawings.PathFill]] = {}
    closes = {each.ticker: each.close_time for each in life.backtest.record.windows}
    for entry in life.backtest.record.entries:
        if isinstance(entry, FillKept) and entry.ticker in closes:
            left = (closes[entry.ticker] - entry.at) / SECOND
            fill = drawings.PathFill(left, entry.price / PRICE_SCALE, entry.side == BID)
            fills.setdefault(entry.ticker, []).append(fill)
    shown = [each for each in life.paths.kept if each in fills][:PATHS_SHOWN]
    return [
        drawings.path(f"{key}-path-{place}", ticker, life.paths.kept[ticker], fills[ticker])
        for place, ticker in enumerate(shown)
    ]
