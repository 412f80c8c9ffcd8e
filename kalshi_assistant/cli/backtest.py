"""``backtest RECORDING|JOURNAL|PANEL...``: what trading the signals would have come to."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from kalshi_assistant.cli.endings import JOURNAL, RECORDING
from kalshi_assistant.cli.output import ConfigFile, Json, Output, check_html
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from kalshi_assistant.engine.settings import EngineSettings
    from kalshi_assistant.lab.backtest_cache import Shelf
    from kalshi_assistant.lab.backtest_input import Material, Notices
    from kalshi_assistant.lab.backtesting import Backtesting

POLICY_WIDTH: Final = 12

Files = Annotated[
    list[Path],
    typer.Argument(metavar="RECORDING|JOURNAL|PANEL...", help="Recordings, journals or panels."),
]
IndexFile = Annotated[
    Path | None,
    typer.Option("--index", metavar="FILE", help="Index prints to merge recordings with."),
]
MarketsFile = Annotated[
    Path | None,
    typer.Option("--markets", metavar="FILE", help="Markets, their strikes and results."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting, as in the file; again for more."),
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a report to read.")
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Also write sums, windows, fills: CSV.")
]
Audit = Annotated[
    bool, typer.Option("--audit", help="Change the past in three ways: does the backtest cheat?")
]
Depth = Annotated[
    float,
    typer.Option(metavar="CONTRACTS", help="What a panel's quote is taken to show.", min=0.01),
]
CacheDir = Annotated[
    Path | None,
    typer.Option("--cache-dir", metavar="DIR", help="Where the decoded past is kept."),
]
EventByEvent = Annotated[
    bool,
    typer.Option("--event-by-event", help="Not in compiled stretches: slower, with equal results."),
]
Compare = Annotated[
    bool,
    typer.Option("--compare", help="Lay each journal's own signals and fills beside its backtest."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the latencies drawn.", min=0)]


def backtest(
    files: Files,
    index: IndexFile = None,
    markets: MarketsFile = None,
    sets: Sets = None,
    html: Html = None,
    out: Out = None,
    audit: Audit = False,
    compare: Compare = False,
    depth: Depth = 100.0,
    seed: Seed = 0,
    cache_dir: CacheDir = None,
    event_by_event: EventByEvent = False,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Run the past through the engine and a paper desk, at every latency of a grid.

    The code path is that of `run --mode paper`; nothing looks ahead, every fee is charged. Fills
    are counted under three assumptions about the queue. Recordings are merged with the index and
    the markets given beside them. With --audit the exit code is 1 when a change of the past changed
    what it should not; with --compare when a signal of the run is not one of the backtest.
    """
    output = Output(as_json=as_json)
    settings = _settings(config, sets or [])
    from kalshi_assistant.cli.folders import tapes

    check_html(html)
    from kalshi_assistant.cli.running import compile_kernel
    from kalshi_assistant.lab.backtest_cache import Shelf
    from kalshi_assistant.lab.backtest_input import Notices

    compile_kernel(output)
    notices, shelf = Notices(), Shelf(tapes(cache_dir), output.note)
    if compare:
        from kalshi_assistant.cli.backtest_compare import compared

        return compared(files, sets or [], seed, shelf, output)
    materials = _materials(files, index, markets, round(depth * 100), notices, shelf)
    codes, results = [0], []
    for reopen in materials:
        if audit:
            codes.append(_audited(reopen, settings, seed, output))
            continue
        found, work = _lived(reopen(), settings, seed, notices, batch=not event_by_event)
        results.append((found, work))
        output.record("backtest", **found)
        _say(found, output)
        if out is not None:
            _write_tables(work, found, out, output, several=len(materials) > 1)
    for text in notices.texts:
        output.note(text)
    if html is not None and results:
        from kalshi_assistant.lab.backtest_report import write_report

        write_report(results, html)
        output.note(f"written: {html}")
    return max(codes)


def _settings(config: Path | None, sets: list[str]) -> "EngineSettings":
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.settings import load

    return load(config_file(config), assigned=assigned_of(sets)).settings.engine


def assigned_of(sets: Sequence[str]) -> dict[str, str]:
    """What ``--set`` options assign. Raises OperatorError."""
    assigned: dict[str, str] = {}
    for text in sets:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise OperatorError(f"--set {text!r} says no value; write --set signal.contracts=5")
        assigned[key.strip()] = value.strip()
    return assigned


def _materials(
    files: list[Path],
    index: Path | None,
    markets: Path | None,
    depth: int,
    notices: "Notices",
    shelf: "Shelf",
) -> "list[Callable[[], Material]]":
    """All recordings as one, each run's journals as one, each panel as one; opened when wanted."""
    from kalshi_assistant.domain.units import Quantity
    from kalshi_assistant.journal.reader import runs
    from kalshi_assistant.lab import backtest_input
    from kalshi_assistant.lab.backtest_cache import Wanted, of_panel_beside

    folders = [each for each in files if each.is_dir()]
    raw = [each for each in files if each.is_file() and each.name.endswith(RECORDING)]
    kept = [each for each in files if each.is_file() and each.name.endswith(JOURNAL)]
    for each in files:
        if each not in (*folders, *raw, *kept):
            what = "is not there" if not each.exists() else "is neither recording nor journal"
            raise OperatorError(
                f"{each} {what}; name recordings ({', '.join(RECORDING)}), event journals "
                f"({', '.join(JOURNAL)}) or folders of panels"
            )
    size = Quantity(depth)
    beside = (*(() if index is None else of_panel_beside(index)), *([markets] if markets else ()))
    frames = Wanted(
        f"recordings {index is not None} {markets is not None}",
        (*raw, *beside),
        partial(backtest_input.recordings, raw, index, markets),
    )
    journals = [
        Wanted("journal", tuple(parts), partial(backtest_input.journal, parts))
        for parts in runs(kept).values()
    ]
    return [
        *(partial(shelf.material, each, notices) for each in ([frames] if raw else []) + journals),
        *(partial(backtest_input.panel, folder, size, notices) for folder in folders),
    ]


def _lived(
    material: "Material",
    settings: "EngineSettings",
    seed: int,
    notices: "Notices",
    *,
    batch: bool,
) -> "tuple[dict[str, object], Backtesting]":
    from kalshi_assistant.domain.time import SECOND
    from kalshi_assistant.lab.backtesting import Backtesting, result

    work = Backtesting(material, settings, seed, batch=batch)
    with typer.progressbar(
        length=max(1, (material.ends - material.begins) // SECOND),
        label=material.name,
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        update_min_steps=60,
    ) as bar:
        before = material.begins
        for now in work.run():
            if now - before >= 60 * SECOND:
                bar.update((now - before) // SECOND)
                before = now
    return result(work, notices), work


def _audited(
    reopen: "Callable[[], Material]", settings: "EngineSettings", seed: int, output: Output
) -> int:
    from kalshi_assistant.lab.backtest_audit import audit

    failed = 0
    for finding in audit(reopen, settings, seed):
        output.record("audit", change=finding.change, wanted=finding.wanted, held=finding.held)
        word = "held  " if finding.held else "FAILED"
        output.say(f"{word} {finding.change}: {finding.wanted}")
        failed += not finding.held
    return 1 if failed else 0


def _write_tables(
    work: "Backtesting", found: dict[str, object], out: Path, output: Output, *, several: bool
) -> None:
    from kalshi_assistant.lab.backtest_tables import write_tables

    folder = out / str(found["material"]) if several else out
    for path in write_tables(work, found, folder):
        output.note(f"written: {path}")


# --- for people ---


def _say(found: Mapping[str, object], output: Output) -> None:
    for line in _lines(found):
        output.say(line)


def _lines(found: Mapping[str, object]) -> list[str]:
    lives = cast("Mapping[str, Mapping[str, object]]", found["latencies"])
    lines = [
        f"{found['material']}: {found['from']} to {found['to']}, {found['events']:,} events",
        (
            f"{found['windows']} windows, {found['settled']} settled; data {found['data']}, "
            f"config {found['config']}, program {found['program']}"
        ),
        "",
        (
            f"{'latency':>8} {'queue':<{POLICY_WIDTH}} {'P&L':>10} {'return':>8} {'windows':>7} "
            f"{'hit':>6} {'drawdown':>9} {'fills':>6} {'fees':>8}"
        ),
    ]
    for name, life in lives.items():
        policies = cast("Mapping[str, Mapping[str, object]]", life["policies"])
        lines += [_row(name, policy, said) for policy, said in policies.items()]
    *_, assumed = lives.values()
    return [*lines, "", *_details(assumed), *_why_not(lives), "", *_verdicts(assumed)]


def _row(latency: str, policy: str, said: Mapping[str, object]) -> str:
    hits = "-" if said["hit_rate"] is None else f"{said['hit_rate']:.0%}"
    return (
        f"{latency:>8} {policy:<{POLICY_WIDTH}} {said['pnl']!s:>10} {said['return']:>8.2%} "
        f"{said['windows']:>7} {hits:>6} {said['drawdown']!s:>9} {said['fills']:>6} "
        f"{said['fees']!s:>8}"
    )


def _details(life: Mapping[str, object]) -> list[str]:
    """Of the latency that the settings assume, under the realistic queue."""
    split = cast("Mapping[str, str]", life["split"])
    signals = cast("Mapping[str, int]", life["signals"])
    told = ", ".join(f"{kind} {count}" for kind, count in signals.items()) or "none"
    marks = cast("Mapping[str, Mapping[str, object]]", life["markouts_cents"])
    after = ", ".join(
        f"{seconds} s {said['cents']:+.2f}c ({said['fills']})"
        for seconds, said in marks.items()
        if said["cents"] is not None
    )
    rate = "-" if life["fill_rate"] is None else f"{life['fill_rate']:.0%}"
    return [
        f"signals: {told}; {life['orders']} orders, {rate} filled",
        (
            f"profit {split['pnl']} = edge at entry {split['edge']} + slippage "
            f"{split['slippage']} + drift {split['drift']} - fees {split['fees']}"
        ),
        f"the middle moved in our favour after a fill: {after or 'no fills'}",
    ]


def _verdicts(life: Mapping[str, object]) -> list[str]:
    """What may be concluded, strategy by strategy."""
    found = cast("Mapping[str, Mapping[str, object]]", life["verdicts"])
    return [f"{kind.replace('_', ' ')}: {said['sentence']}" for kind, said in found.items()]


def _why_not(lives: Mapping[str, Mapping[str, object]]) -> list[str]:
    *_, life = lives.values()
    vetoes = cast("Mapping[str, int]", life["vetoes"])
    most = sorted(vetoes.items(), key=lambda each: -each[1])[:5]
    return [f"vetoes: {', '.join(f'{name} {count:,}' for name, count in most) or 'none'}"]
