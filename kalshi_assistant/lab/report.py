"""Evaluations as one HTML file: what ``evaluate --json`` prints, in words, tables and charts.

The file loads nothing and runs nothing. The same objects give the same bytes.

**Invariant:** a field that is missing, null or of another form becomes a dash, never an exception.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from kalshi_assistant.domain.errors import OperatorError
from kalshi_assistant.lab import charts

Fields = Mapping[str, object]
Interval = tuple[float, float]

DASH: Final = "\N{EN DASH}"
MINUS: Final = "\N{MINUS SIGN}"
NORMAL_95: Final = 1.96
"""Standard errors of a 95 % interval where the object does not say how many clusters there were."""
FEW_CLUSTERS: Final = 5
"""With fewer, a standard error says next to nothing."""

SOURCES: Final = {
    "model": "model",
    "market": "market",
    "blend": "blend",
    "constant": "constant",
    "gbm": "geometric Brownian",
    "stochastic_variance": "stochastic variance",
    "merton": "Merton jumps",
    "bootstrap": "bootstrap",
    "mixture": "mixture",
    "garch": "GARCH",
}


def need_extra() -> None:
    """Raise OperatorError when a library that only the report needs is missing."""
    try:
        import jinja2  # noqa: F401  # asked for here, used below and by the charts
        import matplotlib as mpl  # noqa: F401  # the same
    except ImportError as error:
        raise OperatorError(
            "the HTML report needs matplotlib and jinja2: pip install 'kalshi-assistant[report]'"
        ) from error


def write_report(evaluations: Sequence[Fields], path: Path) -> None:
    """Write the report of ``evaluations`` to ``path``; an older file there is replaced.

    Raises OperatorError when the two libraries are missing or the file cannot be written.
    """
    text = render_report(evaluations, path.name)
    try:
        path.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}") from error


def render_report(evaluations: Sequence[Fields], file_name: str) -> str:
    """The page. ``file_name`` stands in the command that makes it again."""
    need_extra()
    panels = [_panel(at, fields, file_name) for at, fields in enumerate(evaluations, start=1)]
    return rendered("report.html.j2", panels=panels)


def rendered(template: str, **content: object) -> str:
    """A page of this room. Raises OperatorError when a library is missing."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kalshi_assistant", "lab"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content)


# --- reading what may not be there ---------------------------------------------------------------


def _finite(value: object) -> float | None:
    """A number that can be drawn, or nothing; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _number(fields: Fields, key: str) -> float | None:
    return _finite(fields.get(key))


def _interval(fields: Fields, key: str) -> Interval | None:
    value = fields.get(key)
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    low, high = _finite(value[0]), _finite(value[1])
    return None if low is None or high is None else (low, high)


def _part(fields: Fields, key: str) -> Fields:
    value = fields.get(key)
    return value if isinstance(value, Mapping) else {}


def _parts(fields: Fields, key: str) -> list[Fields]:
    value = fields.get(key)
    if not isinstance(value, list | tuple):
        return []
    return [part for part in value if isinstance(part, Mapping)]


def _words(fields: Fields, key: str) -> list[str]:
    value = fields.get(key)
    return [_word(word) for word in value] if isinstance(value, list | tuple) else []


def _word(value: object) -> str:
    """A word or a number as it is, for facts and inputs."""
    number = _finite(value)
    if number is not None:
        return f"{number:.10g}".replace("-", MINUS)
    return str(value) if value and isinstance(value, str | bool) else DASH


def _fixed(value: float | None, form: str = ".4f") -> str:
    return DASH if value is None else format(value, form).replace("-", MINUS)


def _count(value: float | None) -> str:
    return _fixed(value, ".0f")


def _range(interval: Interval | None, form: str = ".2f") -> str:
    if interval is None:
        return DASH
    return f"{_fixed(interval[0], form)} to {_fixed(interval[1], form)}"


def _table_of_words(fields: Fields) -> list[tuple[str, str]]:
    return [(str(name), _word(value)) for name, value in fields.items()]


def horizon_name(seconds: int) -> str:
    """``14 min``, ``30 s``: a time before the close."""
    return f"{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds} s"


class _Horizon(NamedTuple):
    name: str
    fields: Fields


def _horizons(fields: Fields) -> list[_Horizon]:
    """The farthest from the close first."""
    found = _part(fields, "horizons")
    seconds = sorted((int(key) for key in found if str(key).isdecimal()), reverse=True)
    return [_Horizon(horizon_name(at), _part(found, str(at))) for at in seconds]


# --- words ---------------------------------------------------------------------------------------


def _distance(gain: float | None, error: float | None) -> float | None:
    """Standard errors from zero; ``None`` where there is no error to measure with."""
    if gain is None or error is None or error <= 0.0:
        return None
    return gain / error


def _reach(fields: Fields) -> float:
    """Standard errors from the middle of a 95 % interval to its end."""
    found = _number(fields, "critical")
    return NORMAL_95 if found is None else found


def _too_few(fields: Fields) -> bool:
    clusters = _number(fields, "clusters")
    return clusters is not None and clusters < FEW_CLUSTERS


def _direction(
    fields: Fields, gain: float | None, error: float | None, better: str, worse: str
) -> str:
    distance = _distance(gain, error)
    if distance is None:
        return "not shown" if gain == 0.0 else DASH
    if abs(distance) < _reach(fields) or _too_few(fields):
        return "not shown"
    return better if distance > 0 else worse


def _said_of_calibration(fields: Fields) -> str:
    slope, interval = _number(fields, "slope"), _interval(fields, "slope_ci")
    if slope is None or interval is None:
        return (
            f"Calibrated? This panel cannot say, there is no fit: {_word(fields.get('why_not'))}."
        )
    low, high = interval
    numbers = f"slope {_fixed(slope, '.2f')}, 95 % interval {_range(interval)}"
    if low > 1.0:
        return f"Calibrated? No: the claims were too timid ({numbers}, which lies above 1)."
    if high < 1.0:
        return f"Calibrated? No: the claims were too bold ({numbers}, which lies below 1)."
    return f"Calibrated? Nothing speaks against it ({numbers}, which holds 1)."


def _said_of_the_sure(fields: Fields) -> str | None:
    n, hits, band = _number(fields, "n"), _number(fields, "hits"), _interval(fields, "band")
    if n is None or hits is None or n == 0:
        return None
    said = f"Of {_count(n)} claims above 0.98 for either outcome, {_count(hits)} came true"
    if band is None:
        return f"{said}."
    where = "as" if band[0] <= hits <= band[1] else "not as"
    return f"{said}, {where} calibrated claims would have it ({_range(band, '.0f')})."


def _said_of_the_market(pooled: Fields) -> str:
    return f"Better than the market's quotes? {_market_verdict(pooled)}"


def _market_verdict(pooled: Fields) -> str:
    gain, error = _number(pooled, "gain"), _number(pooled, "se")
    if gain is None:
        return "Not measured."
    if gain == 0.0 and not error:
        return "Not shown: the two Brier scores are equal."
    numbers = f"Brier score of the market minus the model's {_fixed(gain, '+.4f')}"
    distance = _distance(gain, error)
    if distance is None:
        return f"Not shown: {numbers}, without a standard error."
    away = f"{numbers}, {_fixed(abs(distance), '.1f')} standard errors of {_fixed(error)}"
    if _too_few(pooled):
        return f"{_count(_number(pooled, 'clusters'))} clusters are too few to say ({away})."
    return _shown(distance, _reach(pooled), away)


def _shown(distance: float, reach: float, away: str) -> str:
    if abs(distance) < reach:
        return f"Not shown ({away})."
    if distance < 0:
        return f"No: the quotes scored better ({away})."
    return (
        f"On these markets the model scored better ({away}). "
        "That is a score against past quotes, before fees and without fills: not an edge."
    )


def _said_of_the_blend(pooled: Fields) -> str | None:
    loss, error = _number(pooled, "blend_loss"), _number(pooled, "blend_se")
    if loss is None:
        return None
    numbers = f"{_fixed(loss, '+.4f')}, standard error {_fixed(error)}"
    shown = _direction(pooled, loss, error, "the blend scored worse", "the blend scored better")
    said = "a difference is not shown" if shown in ("not shown", DASH) else shown
    return f"Blend's Brier score minus that of the better of model and market: {numbers} ({said})."


def _verdicts(fields: Fields) -> list[str]:
    calibration, pooled = _part(fields, "calibration"), _part(fields, "pooled")
    said = [
        _said_of_calibration(calibration),
        _said_of_the_sure(_part(calibration, "above_098")),
        _said_of_the_market(pooled),
        _said_of_the_blend(pooled),
    ]
    return [sentence for sentence in said if sentence is not None]


def _where_pooled(fields: Fields) -> str:
    """What the pooled difference was taken over."""
    pooled, clusters = _part(fields, "pooled"), _part(fields, "clusters")
    over = pooled.get("horizons")
    seconds = [_finite(at) for at in over] if isinstance(over, list | tuple) else []
    names = ", ".join(horizon_name(int(at)) for at in seconds if at is not None)
    by = {"day": "days", "4h": "blocks of four hours"}.get(str(clusters.get("by")), "clusters")
    return (
        f"Pooled over {_count(_number(pooled, 'n'))} rows at {names or DASH} before the close; "
        f"standard errors over {_count(_number(clusters, 'n'))} {by}."
    )


# --- tables --------------------------------------------------------------------------------------


class Table(NamedTuple):
    """Rows of text; the first cell of each names the row."""

    caption: str
    head: list[str]
    rows: list[list[str]]


def _score_cell(horizon: Fields, source: str, score: str) -> str:
    fields = _part(horizon, source)
    text = _fixed(_number(fields, score))
    n = _number(fields, "n")
    if n is not None and n != _number(horizon, "n"):
        text += f" (n {_count(n)})"
    return text


def _sources(horizons: list[_Horizon], score: str) -> dict[str, str]:
    """Every forecast that any horizon has ``score`` of, known ones first, with what to call it."""
    found = [str(name) for at in horizons for name in at.fields]
    names = SOURCES | {name: name for name in found if name not in SOURCES}
    return {
        name: shown
        for name, shown in names.items()
        if any(_number(_part(at.fields, name), score) is not None for at in horizons)
    }


def _score_table(horizons: list[_Horizon], score: str, caption: str) -> Table:
    there = _sources(horizons, score)
    rows = [
        [at.name, _count(_number(at.fields, "n"))]
        + [_score_cell(at.fields, name, score) for name in there]
        for at in horizons
    ]
    return Table(caption, ["before close", "n", *there.values()], rows)


def _chance_table(horizons: list[_Horizon]) -> list[Table]:
    """How far a simulated claim is from where more paths would take it; nothing without any."""
    there = {name: shown for name, shown in _sources(horizons, "se").items() if name != "paired"}
    rows = [
        [at.name, *(_fixed(_number(_part(at.fields, name), "se"), ".6f") for name in there)]
        for at in horizons
    ]
    caption = "Simulations: mean Monte Carlo standard error of a claim"
    return [Table(caption, ["before close", *there.values()], rows)] if there else []


def _with_error(gain: float | None, error: float | None) -> str:
    if gain is None:
        return DASH
    return f"{_fixed(gain, '+.4f')} \N{PLUS-MINUS SIGN} {_fixed(error)}"


def _paired_row(name: str, paired: Fields) -> list[str]:
    gain, error = _number(paired, "gain"), _number(paired, "se")
    log_gain, log_error = _number(paired, "log_gain"), _number(paired, "log_se")
    return [
        name,
        _count(_number(paired, "n")),
        *(_fixed(_number(paired, source)) for source in charts.COLOURS),
        _with_error(gain, error),
        _fixed(_distance(gain, error), "+.1f"),
        _direction(paired, gain, error, "model better", "market better"),
        _with_error(log_gain, log_error),
    ]


def _paired_table(horizons: list[_Horizon], pooled: Fields) -> Table:
    rows = [_paired_row(at.name, _part(at.fields, "paired")) for at in horizons]
    if pooled:
        rows.append(_paired_row("pooled", pooled))
    return Table(
        "The same rows for all: Brier scores, and how much the model gains on the market "
        "(market minus model, \N{PLUS-MINUS SIGN} standard error)",
        ["before close", "n", *charts.COLOURS, "gain", "gain / se", "difference", "log loss gain"],
        rows,
    )


def _calibration_table(horizons: list[_Horizon]) -> Table:
    rows = []
    for at in horizons:
        fit = _part(at.fields, "calibration")
        silent = _table_of_words(_part(at.fields, "no_number"))
        rows.append(
            [
                at.name,
                _fixed(_number(fit, "slope"), ".2f"),
                _range(_interval(fit, "slope_ci")),
                _fixed(_number(fit, "intercept"), "+.2f"),
                _range(_interval(fit, "intercept_ci")),
                _fixed(_number(at.fields, "sharpness"), ".2f"),
                _word(fit.get("why_not")),
                ", ".join(f"{name} {count}" for name, count in silent) or DASH,
            ]
        )
    head = ["before close", "slope", "95 %", "intercept", "95 %", "sharpness", "why no fit"]
    head.append("without a number")
    return Table("Calibration of the model's claims (calibrated: slope 1, intercept 0)", head, rows)


def _reliability_table(at: _Horizon) -> Table:
    rows = [
        [
            f"{_word(_number(found, 'low'))} to {_word(_number(found, 'high'))}",
            _count(_number(found, "n")),
            _fixed(_number(found, "claimed"), ".3f"),
            _fixed(_number(found, "happened"), ".3f"),
            _range(_interval(found, "band"), ".0f"),
        ]
        for found in _parts(at.fields, "reliability")
    ]
    head = ["claims", "n", "claimed", "happened", "hits expected (95 %)"]
    return Table(f"{at.name} before the close", head, rows)


def _settlement_table(fields: Fields) -> Table:
    rows = [
        [name, _count(_number(fields, of)), _count(_number(fields, held))]
        for name, of, held in (
            ("the result follows from value and strike", "checked", "held"),
            ("the strike is the value before", "chained", "chain_held"),
        )
    ]
    return Table("Does the settlement rule hold?", ["check", "checked", "held"], rows)


# --- what the charts draw ------------------------------------------------------------------------


def _line(horizons: list[_Horizon], source: str) -> list[float | None]:
    """Brier scores of the rows that all have in common; where no horizon has them, of its own."""
    paired = [_number(_part(at.fields, "paired"), source) for at in horizons]
    if any(score is not None for score in paired):
        return paired
    return [_number(_part(at.fields, source), "brier") for at in horizons]


def _brier_chart(key: str, horizons: list[_Horizon]) -> str | None:
    lines = {name: _line(horizons, name) for name in charts.COLOURS}
    return charts.lines(key, [at.name for at in horizons], lines)


def _slope_chart(key: str, horizons: list[_Horizon]) -> str | None:
    rows = []
    for at in horizons:
        fit = _part(at.fields, "calibration")
        slope, interval = _number(fit, "slope"), _interval(fit, "slope_ci")
        if slope is not None and interval is not None:
            rows.append(charts.Whisker(at.name, slope, *interval))
    label = "Calibration slope by time before the close; calibrated claims have 1."
    return charts.whiskers(key, rows, 1.0, "calibration slope, 95 % interval", label)


def _gain_chart(key: str, horizons: list[_Horizon], pooled: Fields) -> str | None:
    rows = []
    named = [_Horizon(at.name, _part(at.fields, "paired")) for at in horizons]
    for name, fields in [*named, _Horizon("pooled", pooled)]:
        gain, error = _number(fields, "gain"), _number(fields, "se")
        if gain is not None and error is not None:
            reach = _reach(fields) * error
            rows.append(charts.Whisker(name, gain, gain - reach, gain + reach))
    label = "Gain on the market by time before the close; right of zero the model scored better."
    return charts.whiskers(key, rows, 0.0, "Brier score: market minus model, 95 % interval", label)


def _dots(fields: Fields) -> list[charts.Dot]:
    found = []
    for part in _parts(fields, "reliability"):
        low, high, n = (_number(part, key) for key in ("low", "high", "n"))
        claimed, happened = _number(part, "claimed"), _number(part, "happened")
        band = _interval(part, "band")
        if low is None or high is None or claimed is None or happened is None:
            continue
        if band is not None and n is not None and n > 0:
            found.append(charts.Dot.of_hits(low, high, n, claimed, happened, band))
    return found


# --- a panel -------------------------------------------------------------------------------------


def _facts(fields: Fields) -> list[tuple[str, str]]:
    names = {"index": "index", "quotes": "quotes", "markets": "markets", "from": "from"}
    names |= {"to": "to", "config": "configuration"}
    return [(name, _word(fields.get(key))) for key, name in names.items()]


def _misses(fields: Fields) -> list[dict[str, object]]:
    found = []
    for miss in _parts(fields, "worst"):
        seconds = _number(miss, "horizon")
        before = DASH if seconds is None else horizon_name(int(seconds))
        claims = [
            ("model's claim of YES", _fixed(_number(miss, "claimed"), ".3f")),
            ("market's", _fixed(_number(miss, "market"), ".3f")),
            ("blend's", _fixed(_number(miss, "blend"), ".3f")),
            ("result", _word(miss.get("result"))),
        ]
        about: dict[str, object] = {
            "title": f"{_word(miss.get('ticker'))}, {before} before the close",
            "claims": claims,
            "why": _word(miss.get("why")),
            "inputs": _table_of_words(_part(miss, "inputs")),
        }
        found.append(about)
    return found


def _panel(at: int, fields: Fields, file_name: str) -> dict[str, object]:
    """All that the template draws of one evaluation."""
    key, horizons, pooled = f"panel-{at}", _horizons(fields), _part(fields, "pooled")
    name = _word(fields.get("panel"))
    return {
        "key": key,
        "name": name,
        "facts": _facts(fields),
        "verdicts": _verdicts(fields),
        "pooled": _where_pooled(fields),
        "paired": _paired_table(horizons, pooled),
        "scores": [
            _score_table(horizons, "brier", "Brier score, every forecast on its own rows"),
            _score_table(horizons, "log_loss", "Log loss, every forecast on its own rows"),
            *_chance_table(horizons),
        ],
        "brier_chart": _brier_chart(f"{key}-brier", horizons),
        "gain_chart": _gain_chart(f"{key}-gain", horizons, pooled),
        "slope_chart": _slope_chart(f"{key}-slope", horizons),
        "calibration": _calibration_table(horizons),
        "reliability": [
            (
                charts.reliability(f"{key}-at-{place}", at.name, _dots(at.fields)),
                _reliability_table(at),
            )
            for place, at in enumerate(horizons)
            if _parts(at.fields, "reliability")
        ],
        "settlement": _settlement_table(_part(fields, "settlement")),
        "failed": _words(_part(fields, "settlement"), "failed"),
        "misses": _misses(fields),
        "command": f"kalshi-assistant evaluate {shlex.quote(name)} --html {shlex.quote(file_name)}",
    }
