"""How often a whole strategy is called promising: worlds, number, costs, fills and verdict, at the
planner's own length.

    REPLICATES=200 REPLICATES_FILE=replicates.jsonl pytest -n 0 -s -m '' --timeout 0 \
        tests/bench/test_bench_panel_verdict.py

takes hours on two cores; with a file it goes on from what is there.
"""

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import pytest

from tests.support.days import upper_95
from tests.support.replicates import planned_windows, replicate

COUNT = int(os.environ.get("REPLICATES", "4"))
ENOUGH = 60
"""With fewer no bound below one in twenty can be shown."""
KEPT = os.environ.get("REPLICATES_FILE")
EDGES = {"nothing": (0.0, 27), "two_cents": (0.02, 73)}
"""Edge, and of how many windows a day something is bought then."""


def _kept():
    if KEPT is None or not Path(KEPT).exists():
        return {}
    rows = [json.loads(line) for line in Path(KEPT).read_text().splitlines()]
    return {(row["edge"], row["seed"]): row for row in rows}


def _keep(row):
    if KEPT is not None:
        with Path(KEPT).open("a") as file:
            file.write(json.dumps(row) + "\n")


def _histories(name):
    edge, a_day = EDGES[name]
    needed, windows = planned_windows(a_day)
    known = _kept()
    found = [known[name, seed] for seed in range(COUNT) if (name, seed) in known]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        jobs = {
            pool.submit(replicate, seed, windows, edge): seed
            for seed in range(COUNT)
            if (name, seed) not in known
        }
        for job in as_completed(jobs):
            verdict, counted, mean, worth = job.result()
            row = {"edge": name, "seed": jobs[job], "verdict": verdict, "windows": counted}
            row |= {"mean": mean, "worth": worth, "needed": needed}
            _keep(row)
            found.append(row)
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", EDGES)
def test_how_often_a_strategy_is_called_promising(name, capsys):
    """Wrong in at most one of twenty where nothing is earned; right in four of five where two cents
    are planted.
    """
    rows = _histories(name)
    called = sum(row["verdict"] == "promising" for row in rows)
    worth = sum(row["worth"] for row in rows) / len(rows)
    windows = sum(row["windows"] for row in rows) / len(rows)
    above = upper_95(called, len(rows))
    with capsys.disabled():
        print(  # noqa: T201  # the measurement itself
            f"\n{name}: {called} of {len(rows)} promising (at most {above:.4f}), {windows:,.0f} "
            f"windows on average, {rows[0]['needed']:,} planned, a fill is worth "
            f"{100 * worth:+.2f} cents"
        )
    if name == "nothing":
        assert worth <= 0.0
        assert above <= 0.05 if len(rows) >= ENOUGH else called == 0
    else:
        assert called >= 0.8 * len(rows) if len(rows) >= ENOUGH else called > 0
