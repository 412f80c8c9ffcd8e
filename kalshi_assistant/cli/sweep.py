"""``sweep RECORDING|JOURNAL|PANEL... --over KEY=VALUES``: many settings on one past, and what is
left of the best one.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from kalshi_assistant.cli.backtest import (
    Depth,
    Files,
    Html,
    IndexFile,
    MarketsFile,
    Sets,
    assigned_of,
)
from kalshi_assistant.cli.endings import JOURNAL, RECORDING
from kalshi_assistant.cli.output import ConfigFile, Json, Output, check_html
from kalshi_assistant.domain.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kalshi_assistant.engine.settings import EngineSettings
    from kalshi_assistant.lab.sweep_folds import Blocks, Plan
    from kalshi_assistant.lab.sweep_jobs import Where
    from kalshi_assistant.lab.sweep_result import Tried
    from kalshi_assistant.lab.sweep_search import Search
    from kalshi_assistant.lab.sweep_space import How as HowFound

SHOWN: Final = 12
"""Settings in the table for people; all of them are in --json, --out and --html."""
FOLDS: Final = 4
Object = Mapping[str, object]

Over = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUES",
        help="What to try: key=a,b,c, key=lo..hi, key=lo..hi:5, key=lo..hi:log; again for more.",
    ),
]
How = Annotated[
    str, typer.Option(metavar="grid|random|optuna", help="All, some by lot, or by Optuna's TPE.")
]
Trials = Annotated[
    int, typer.Option(metavar="N", min=1, max=10_000, help="How many, unless it is a grid.")
]
Folds = Annotated[
    int, typer.Option(metavar="N", min=0, max=50, help="Choices, each judged on later days.")
]
WorkerCount = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, max=256, help="As many as cores.")
]
ClusterAddress = Annotated[
    str | None,
    typer.Option("--cluster", metavar="tcp://HOST:PORT", help="A Dask cluster instead."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Keep results here, and go on from those there."),
]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Of draws, search, corrections.")]


def sweep(
    files: Files,
    over: Over = None,
    how: How = "grid",
    trials: Trials = 50,
    folds: Folds = FOLDS,
    workers: WorkerCount = None,
    cluster: ClusterAddress = None,
    out: Out = None,
    html: Html = None,
    sets: Sets = None,
    index: IndexFile = None,
    markets: MarketsFile = None,
    depth: Depth = 100.0,
    seed: Seed = 0,
    as_json: Json = False,
    config: ConfigFile = None,
) -> int:
    """Try many settings on one past, and say what is left of the best one.

    Settings are chosen by days and judged on later ones, and the verdict on each remembers how many
    were tried. A panel is gone through in one pass for all settings; recordings and journals go
    through the engine once for each. Stopped in the middle, the same command with the same --out
    does what is missing.
    """
    output = Output(as_json=as_json)
    from kalshi_assistant.lab.sweep_space import HOWS, axes_of

    known: Mapping[str, HowFound] = {each: each for each in HOWS}
    if how not in known:
        raise OperatorError(f"--how {how} is not known; write {', '.join(HOWS)}")
    check_html(html)
    base = assigned_of(sets or [])
    from kalshi_assistant.lab.sweep_search import Search

    axes, resolve = axes_of(over or [], _whole_numbers()), _resolver(config, base)
    search = Search(axes, known[how], trials, seed, folds, resolve)
    for assigned in search.first():
        search.resolve(assigned)  # every wrong one is told before anything runs
    where, plan, latency, notices = _past(files, index, markets, depth, search)
    found = _run(search, where, plan, _Place(workers, cluster, out), output)
    said = _said(found, files, search, latency, notices)
    output.record("sweep", **said)
    for line in _lines(said):
        output.say(line)
    _write(found, said, out, html, output)
    for text in cast("Sequence[str]", said["notices"]):
        output.note(text)
    return 0


def _whole_numbers() -> frozenset[str]:
    from kalshi_assistant.settings.building import keys
    from kalshi_assistant.settings.model import Settings

    return frozenset(key for key, hint in keys(Settings) if hint is int)


class _Place:
    """Who works, and where results are kept."""

    def __init__(self, workers: int | None, cluster: str | None, out: Path | None) -> None:
        self.workers, self.cluster, self.out = workers, cluster, out


class _Found:
    """What came of a sweep."""

    def __init__(
        self, tried: "list[Tried]", blocks: "Blocks", data: str, done: int, notices: list[str]
    ) -> None:
        self.tried, self.blocks, self.data = tried, blocks, data
        self.done, self.notices = done, notices


def _resolver(
    config: Path | None, base: Mapping[str, str]
) -> "Callable[[dict[str, str]], EngineSettings]":
    from kalshi_assistant.cli.folders import config_file
    from kalshi_assistant.settings import load

    path = config_file(config)

    def resolve(assigned: dict[str, str]) -> "EngineSettings":
        return load(path, assigned={**base, **assigned}).settings.engine

    return resolve


def _past(
    files: list[Path],
    index: Path | None,
    markets: Path | None,
    depth: float,
    search: "Search",
) -> "tuple[Where, Plan | None, str, tuple[str, ...]]":
    """Where the data is, how it is cut, the latency in words, what is odd about it."""
    from kalshi_assistant.lab.sweep_jobs import Where

    folders = [each for each in files if each.is_dir()]
    if folders:
        if len(files) > 1:
            raise OperatorError(f"{len(files)} pasts; a sweep takes one panel, or recordings")
        return _panel(folders[0], round(depth * 100), search)
    raw = [each for each in files if each.is_file() and each.name.endswith(RECORDING)]
    kept = [each for each in files if each.is_file() and each.name.endswith(JOURNAL)]
    for each in files:
        if each not in (*raw, *kept):
            what = "is not there" if not each.exists() else "is neither recording nor journal"
            raise OperatorError(
                f"{each} {what}; name recordings ({', '.join(RECORDING)}), the event journal of "
                f"one run ({', '.join(JOURNAL)}) or a panel's folder"
            )
    if raw and kept:
        raise OperatorError("recordings and journals are two pasts; sweep over one of them")
    where = Where(
        files=tuple(str(each.resolve()) for each in (raw or kept)),
        index="" if index is None else str(index.resolve()),
        markets="" if markets is None else str(markets.resolve()),
        journal=bool(kept),
    )
    return where, None, "drawn, as the settings assume it", ()


def _panel(
    folder: Path, depth: int, search: "Search"
) -> "tuple[Where, Plan, str, tuple[str, ...]]":
    from kalshi_assistant.lab.fast_pass import LEFT_OUT, check
    from kalshi_assistant.lab.sweep_folds import plan
    from kalshi_assistant.lab.sweep_jobs import Where, opened
    from kalshi_assistant.sim.panel_world import LENGTH

    for assigned in search.first():
        check(search.resolve(assigned))
    where = Where(panel=str(folder.resolve()), depth=depth)
    source = opened(where.panel)
    cut = plan(source.opens.tolist(), LENGTH, search.folds)
    notices = (
        *source.notices,
        LEFT_OUT,
        f"quotes without sizes: {depth / 100:g} contracts are assumed on each side",
        "every week begins with the account's first cash, so profits do not compound",
    )
    return where, cut, "always paper.latency_milliseconds", notices


def _run(
    search: "Search", where: "Where", plan: "Plan | None", place: _Place, output: Output
) -> _Found:
    from kalshi_assistant.cli.running import compile_kernel
    from kalshi_assistant.lab import sweep_jobs
    from kalshi_assistant.lab.sweep_store import Results
    from kalshi_assistant.lab.sweep_workers import cores, workers
    from kalshi_assistant.lab.sweeping import Sweep

    data = sweep_jobs.data_digest(where)
    about = {
        "data": data,
        "over": " ".join(f"{axis.key}={axis}" for axis in search.axes),
        "how": search.how,
        "folds": str(search.folds),
        "seed": str(search.seed),
    }
    results = Results(place.out, about)
    count = place.workers or cores()
    try:
        if place.cluster is None and where.panel:
            output.note("making ready; the first time machine code is made, which takes a minute")
            sweep_jobs.warm()
        elif place.cluster is None:
            compile_kernel(output)
        seen = where.panel or where.files[0]
        with workers(count, place.cluster, seen) as hands:
            work = Sweep(where, data, plan, results, hands, count, search.seed)
            with _progress() as tell:
                tried, blocks = search.run(work, tell)
            return _Found(tried, blocks, data, work.done, work.notices)
    finally:
        results.close()


@contextmanager
def _progress() -> "Iterator[Callable[[int, int], None]]":
    """A bar with the time left, on standard error where a person sees it."""
    with typer.progressbar(
        length=1,
        label="settings on their days",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        show_eta=True,
        show_pos=True,
    ) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield tell


def _said(
    found: _Found, files: list[Path], search: "Search", latency: str, notices: Sequence[str]
) -> dict[str, object]:
    from kalshi_assistant import __version__
    from kalshi_assistant.lab.sweep_jobs import program_digest
    from kalshi_assistant.lab.sweep_result import result

    said = result(found.tried, found.blocks, search.seed)
    more = cast("list[str]", said.pop("notices"))
    name = files[0].name if len(files) == 1 else f"{len(files)} files"
    return {
        "material": name or str(files[0]),
        "data": found.data,
        "program": __version__,
        "code": program_digest(),
        "how": search.how,
        "over": {axis.key: list(axis.values) or axis.ends for axis in search.axes},
        "seed": search.seed,
        "latency": latency,
        "jobs_done_now": found.done,
        **said,
        "notices": [*notices, *more, *found.notices],
    }


def _write(
    found: _Found, said: Object, out: Path | None, html: Path | None, output: Output
) -> None:
    if out is not None:
        from kalshi_assistant.lab.sweep_table import write_table

        path = write_table(found.tried, found.blocks, out)
        if path is None:
            output.note("no Parquet: it needs pip install 'kalshi-assistant[export]'")
        else:
            output.note(f"written: {path}")
    if html is not None:
        from kalshi_assistant.lab.sweep_report import write_report

        write_report(said, found.tried, found.blocks, html)
        output.note(f"written: {html}")


# --- for people ---


def _lines(said: Object) -> list[str]:
    rows = cast("Sequence[Object]", said["settings"])
    best = cast("Object", said["best"])
    ranked = sorted(rows, key=lambda row: -cast("float", row["sharpe_per_day"] or 0.0))
    over = cast("Object", said["over"])
    judged = "judged" if said["folds"] else "all of them chosen by"
    lines = [
        f"{said['material']}: {len(rows)} settings of {', '.join(over)} ({said['how']})",
        f"{judged} {said['judged_days']} days, {said['judged_from']} to {said['judged_to']}",
        f"data {said['data']}, program {said['program']} ({said['code']})",
        f"latency {said['latency']}",
        "",
        f"{'P&L':>10} {'Sharpe':>7} {'chance':>7} {'windows':>8}  setting, verdict",
    ]
    for row in ranked[:SHOWN]:
        lines += _row(row)
    if len(ranked) > SHOWN:
        lines.append(f"  and {len(ranked) - SHOWN} more (--json, --html)")
    return [*lines, "", *_best(best), *_walked(cast("Object | None", said["walk_forward"]))]


def _row(row: Object) -> list[str]:
    verdict = cast("Object", row["verdict"])
    ratio = row["sharpe_per_day"]
    said = "-" if ratio is None else f"{ratio:.3f}"
    numbers = f"{row['pnl']!s:>10} {said:>7} {row['by_chance']:>7.3f} {verdict['windows']:>8,}"
    return [
        f"{numbers}  {in_words(cast('Object', row['assigned']))}",
        f"  {verdict['sentence']}",
    ]


def in_words(assigned: Object) -> str:
    """What was assigned, shortly."""
    return " ".join(f"{key}={value}" for key, value in assigned.items())


def _best(best: Object) -> list[str]:
    deflated = best["deflated_sharpe"]
    said = "cannot be told" if deflated is None else f"{deflated:.3f}"
    return [
        f"best: {in_words(cast('Object', best['assigned']))}",
        f"  better than the best of as many worthless ones: {said} (deflated Sharpe)",
        f"  the best of as many worthless ones looks so good: {best['by_chance']:.3f} (by chance)",
    ]


def _walked(walk: Object | None) -> list[str]:
    if walk is None:
        return []
    folds = [
        f"  {fold['from']} to {fold['to']} {fold['pnl']!s:>10}  "
        f"{in_words(cast('Object', fold['assigned']))}"
        for fold in cast("Sequence[Object]", walk["folds"])
    ]
    verdict = cast("Object", walk["verdict"])
    head = f"chosen by {walk['chosen_by']}, judged on the next block:"
    return [head, *folds, f"  together {walk['pnl']}: {verdict['sentence']}"]
