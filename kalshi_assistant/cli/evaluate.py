"""``evaluate PANEL...``: how good the number is, on recorded markets whose results are known."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from kalshi_assistant.cli.output import ConfigFile, Json, Output, check_html
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kalshi_assistant.engine.settings import EngineSettings

SIMULATIONS: Final = {
    "gbm": "Gaussian",
    "stochastic_variance": "variance",
    "merton": "jumps",
    "bootstrap": "history",
    "mixture": "mixture",
    "garch": "GARCH",
}
"""What the simulations are called at the head of a column."""

Panels = Annotated[list[Path], typer.Argument(metavar="PANEL...", help="Folders of panels.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a report to read.")
]
Quick = Annotated[
    bool, typer.Option("--no-simulations", help="The closed form only: some three times faster.")
]
WithGarch = Annotated[
    bool, typer.Option("--garch", help="Compare a GARCH(1,1) volatility (extra: garch).")
]


def evaluate(
    panels: Panels,
    html: Html = None,
    no_simulations: Quick = False,
    garch: WithGarch = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Score the number on recorded markets: model, market, blend and simulations.

    A panel is a folder with markets.csv, index.csv, quotes.csv (or .csv.gz) and meta.json; `panel`
    makes one from your own journals. It is run through the engine second by second, so no forecast
    knows anything of its future. Scores are Brier and log loss, lower is better; a gain is the
    market's score minus the model's. Exit code 1 when a result contradicts the settlement rule.
    """
    if garch and no_simulations:
        raise OperatorError("--garch is one of the simulations; leave --no-simulations out")
    output = Output(as_json=as_json)
    settings = _settings(config)
    check_html(html)
    from kalshi_assistant.cli.running import compile_kernel

    compile_kernel(output)
    found = [
        _evaluated(folder, settings, simulate=not no_simulations, garch=garch) for folder in panels
    ]
    for said in found:
        output.record("evaluation", **said)
        _say(said, output)
    if html is not None:
        from kalshi_assistant.lab.report import write_report

        write_report([{"type": "evaluation", **said} for said in found], html)
        output.note(f"written: {html}")
    return 0 if all(_rule_held(said) for said in found) else 1


def _settings(config: Path | None) -> "EngineSettings":
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.settings import load

    return load(config_file(config)).settings.engine


def _evaluated(
    folder: Path, settings: "EngineSettings", *, simulate: bool, garch: bool
) -> dict[str, object]:
    from kalshi_assistant.journal.panel_folder import read_panel
    from kalshi_assistant.lab.evaluation import evaluate as score
    from kalshi_assistant.lab.forecasting import Forecasting
    from kalshi_assistant.lab.panel_events import subject_of

    subject = subject_of(read_panel(folder))
    aside = None
    if garch:
        from kalshi_assistant.lab.garch import garch_aside

        aside = garch_aside(settings.number.tail_degrees)
    work = Forecasting(subject, settings, aside, simulate=simulate)
    first, last = work.span
    with typer.progressbar(
        length=last - first,
        label=subject.name,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        update_min_steps=600,
    ) as bar:
        before = first
        for second in work.run():
            bar.update(second - before)
            before = second
    return score(subject, work.told, work.settings.digest)


def _rule_held(said: dict[str, object]) -> bool:
    check = cast("Mapping[str, int]", said["settlement"])
    return check["checked"] == check["held"]


def _say(said: dict[str, object], output: Output) -> None:
    for line in _table(said):
        output.say(line)


def _table(said: dict[str, object]) -> list[str]:
    """The scores as a person reads them."""
    horizons = cast("Mapping[str, Mapping[str, object]]", said["horizons"])
    clusters = cast("Mapping[str, object]", said["clusters"])
    lines = [
        f"{said['panel']}: {said['markets']} markets, {said['from']} to {said['to']}",
        f"index: {said['index']}",
        (
            "Brier scores, lower is better; gain = market - model, errors by "
            f"{clusters['n']} clusters ({clusters['by']})"
        ),
        (
            f"{'to close':>9} {'n':>5} {'model':>7} {'log':>7} {'slope (95 %)':>19} | "
            f"{'n':>5} {'model':>7} {'market':>7} {'blend':>7} {'gain':>8} {'+-':>7}"
        ),
    ]
    lines += [_line(key, each) for key, each in horizons.items()]
    lines += _simulated(horizons)
    pooled = cast("Mapping[str, object]", said["pooled"])
    if "gain" in pooled:
        lines.append(
            f"T-10 to T-1 min: gain {_number(pooled['gain'], '+.5f')} +- "
            f"{_number(pooled['se'], '.5f')} Brier, {_number(pooled['log_gain'], '+.5f')} +- "
            f"{_number(pooled['log_se'], '.5f')} log loss; blend against the better of both "
            f"{_number(pooled['blend_loss'], '+.5f')} +- {_number(pooled['blend_se'], '.5f')}"
        )
    calibration = cast("Mapping[str, object]", said["calibration"])
    sure = cast("Mapping[str, object]", calibration["above_098"])
    lines.append(
        f"claims above 0.98: {sure['hits']} of {sure['n']} came true, 95 % band {sure['band']}"
    )
    check = cast("Mapping[str, object]", said["settlement"])
    lines.append(
        f"settlement rule: {check['held']} of {check['checked']} results follow, "
        f"{check['chain_held']} of {check['chained']} strikes chain"
    )
    return lines


def _simulated(horizons: "Mapping[str, Mapping[str, object]]") -> list[str]:
    """Brier scores of the simulations, where there are any."""
    names = [name for name in SIMULATIONS if any(name in each for each in horizons.values())]
    if not names:
        return []
    lines = [f"{'to close':>9} " + "".join(f"{SIMULATIONS[name]:>10}" for name in names)]
    for key, each in horizons.items():
        found = [cast("Mapping[str, object]", each.get(name, {})) for name in names]
        if any(found):
            cells = "".join(f"{_number(score.get('brier'), '.4f'):>10}" for score in found)
            lines.append(f"{key + ' s':>9} {cells}")
    return lines


def _line(key: str, each: "Mapping[str, object]") -> str:
    if "model" not in each:
        reasons = cast("Mapping[str, int]", each.get("no_number", {}))
        return f"{key + ' s':>9} {'0':>5} no number: {', '.join(reasons) or 'no forecasts'}"
    model = cast("Mapping[str, object]", each["model"])
    fit = cast("Mapping[str, object]", each["calibration"])
    paired = cast("Mapping[str, object]", each.get("paired", {}))
    slope = str(fit.get("why_not", ""))[:19]
    if "slope" in fit:
        low, high = cast("list[float]", fit["slope_ci"])
        slope = f"{fit['slope']:.2f} ({low:.2f}, {high:.2f})"
    text = (
        f"{key + ' s':>9} {each['n']:>5} {model['brier']:>7.4f} {model['log_loss']:>7.4f} "
        f"{slope:>19} |"
    )
    if not paired:
        return f"{text} no quotes"
    return (
        f"{text} {paired['n']:>5} {paired['model']:>7.4f} {paired['market']:>7.4f} "
        f"{paired['blend']:>7.4f} {_number(paired['gain'], '+.4f'):>8} "
        f"{_number(paired['se'], '.4f'):>7}"
    )


def _number(value: object, form: str) -> str:
    return "-" if value is None else format(value, form)
