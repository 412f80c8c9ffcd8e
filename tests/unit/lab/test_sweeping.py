"""A sweep at work: nothing is done twice, nothing is lost with a worker, nothing counts unseen."""

import os
import signal
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import pytest

from kalshi_assistant.domain.errors import OutsideError
from kalshi_assistant.engine.settings import EngineSettings
from kalshi_assistant.lab import sweep_jobs
from kalshi_assistant.lab.sweep_folds import plan
from kalshi_assistant.lab.sweep_jobs import Where, data_digest, opened
from kalshi_assistant.lab.sweep_store import Results
from kalshi_assistant.lab.sweep_workers import Cluster, Pool
from kalshi_assistant.lab.sweeping import Sweep, Trial
from kalshi_assistant.lab.synthetic import write_world
from kalshi_assistant.sim.panel_world import LENGTH, World
from tests.support.build import OPEN
from tests.unit.lab.test_backtest_input import MARKETS, snapshot, written

pytestmark = pytest.mark.timeout(600)  # machine code is made at the first call

ABOUT = {"data": "made up"}


def trials(count=3):
    """Settings that trade, and number their thresholds."""
    plain = EngineSettings()
    sizing = replace(plain.sizing, min_edge_dollars=0.0)
    return [
        Trial(
            {"signal.threshold_dollars": str(cents)},
            replace(
                plain,
                sizing=sizing,
                signal=replace(
                    plain.signal,
                    threshold_dollars=cents / 100,
                    latency_dollars=0.0,
                    gap=replace(plain.signal.gap, believe="model"),
                ),
            ),
        )
        for cents in range(1, count + 1)
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "days"
    write_world(World(windows=4 * 96, seed=2, edge_dollars=0.03), folder, recipe_only=True)
    return folder


class Inline(Executor):
    """Does a job when it is handed over, in this process."""

    def __init__(self, jobs):
        self.jobs = jobs

    def submit(self, function, job):
        future = Future()
        self.jobs.append(job)
        future.set_result(function(job))
        return future


class Here:
    """Workers that are this process; breaks when told to."""

    def __init__(self, breaks=0):
        self.jobs = []
        self.breaks = breaks
        self.renewed = 0

    def executor(self):
        return Breaking(self) if self.breaks > 0 else Inline(self.jobs)

    def renew(self):
        self.renewed += 1
        return "worker 77 was killed by signal 9"

    def close(self):
        pass


class Breaking(Executor):
    """Loses its worker at the first job."""

    def __init__(self, workers):
        self._workers = workers

    def submit(self, function, job):
        future = Future()
        self._workers.breaks -= 1
        future.set_exception(BrokenProcessPool("gone"))
        return future


def sweep_of(world, workers, results=None, count=1):
    where = Where(panel=str(world))
    cut = plan(opened(str(world)).opens.tolist(), LENGTH, 1)
    store = results or Results(None, ABOUT)
    return Sweep(where, data_digest(where), cut, store, workers, count)


def silently(done, total):
    pass


@pytest.fixture(scope="module")
def whole(world):
    return sweep_of(world, Here()).run(trials(), silently)


def test_every_setting_has_every_piece_and_trades(whole):
    assert len(whole) == 3
    assert all(len(pieces) == 2 for pieces in whole.values())
    bought = [sum(day.fills for piece in each for day in piece.days.values())
              for each in whole.values()]  # fmt: skip
    assert min(bought) > 0
    assert len(set(bought)) == 3


def test_stopped_in_the_middle_it_does_only_what_is_missing(world, whole, tmp_path):
    store = Results(tmp_path, ABOUT)

    def stop(done, total):
        if 0 < done < total:
            raise KeyboardInterrupt

    first = Here()
    with pytest.raises(KeyboardInterrupt):
        sweep_of(world, first, store).run(trials(), stop)
    store.close()
    second, store = Here(), Results(tmp_path, ABOUT)
    work = sweep_of(world, second, store)
    assert work.run(trials(), silently) == whole
    assert work.done == 1
    (missing,) = second.jobs
    kept = store._file.execute("select distinct first_window from outcome").fetchall()
    assert sorted(first for (first,) in kept) == sorted(job.piece[1] for job in first.jobs)
    assert store._file.execute("select count(*) from outcome").fetchone() == (2 * 3,)
    assert missing in first.jobs  # it was under way when it was stopped
    again = Here()
    assert sweep_of(world, again, store).run(trials(4), silently).keys() > whole.keys()
    assert {len(job.settings) for job in again.jobs} == {1}  # only the fourth setting is new
    store.close()


def test_the_work_of_a_lost_worker_is_done_again_and_named(world, whole):
    workers = Here(breaks=1)
    work = sweep_of(world, workers)
    assert work.run(trials(), silently) == whole
    assert workers.renewed == 1
    assert work.notices == [
        "worker 77 was killed by signal 9; 2 jobs under way then were begun again"
    ]


def test_a_job_that_kills_its_workers_is_given_up_and_named(world):
    with pytest.raises(OutsideError, match=r"signal 9.*3 settings, windows .* the same command"):
        sweep_of(world, Here(breaks=100)).run(trials(), silently)


def test_what_is_wrong_with_settings_is_said_as_it_is(world):
    wrong = replace(trials(1)[0].settings, exits=replace(EngineSettings().exits, stop_dollars=0.1))
    with pytest.raises(Exception, match="exits are on"):
        sweep_of(world, Here()).run([Trial({}, wrong)], silently)


def test_the_same_settings_of_another_program_are_other_results(world, monkeypatch):
    key = sweep_jobs.key_of("d", "s", None)
    monkeypatch.setattr(sweep_jobs, "program_digest", lambda: "another")
    assert sweep_jobs.key_of("d", "s", None) != key


def test_a_recording_goes_through_the_engine_once_for_each_setting(tmp_path):
    index, markets = tmp_path / "index.csv", tmp_path / "markets.csv"
    index.write_text("ts,value\n" + "".join(f"{OPEN + k},91250.{k % 90:02}\n" for k in range(950)))
    markets.write_text(MARKETS)
    frames = [snapshot(OPEN + 10 * k, k + 1) for k in range(20)]
    recording = written(tmp_path / "one.jsonl.gz", *frames, snapshot(OPEN + 3, 21))
    where = Where(files=(str(recording),), index=str(index), markets=str(markets))
    workers = Here()
    work = Sweep(where, data_digest(where), None, Results(None, ABOUT), workers, 1)
    found = work.run(trials(2), silently)
    assert [(job.piece, len(job.settings)) for job in workers.jobs] == [((0, 0, 0), 1)] * 2
    days = [list(outcome.days) for (outcome,) in found.values()]
    assert days[0] == days[1]
    assert len(days[0]) == 1
    assert [text for text in work.notices if "its clock goes back" in text] == work.notices


class KillsOne(Pool):
    """Ends one of its workers, as the system would that has no memory left."""

    def __init__(self, count):
        super().__init__(count)
        self.killed = None

    def kill_one(self):
        if self.killed is None:
            self.killed = self.processes[0]
            os.kill(self.killed, signal.SIGKILL)


@pytest.mark.long
@pytest.mark.process
@pytest.mark.timeout(600)
def test_a_killed_process_is_named_and_its_work_done_again(world, whole):
    pool = KillsOne(1)
    work = sweep_of(world, pool)

    def kill(done, total):
        if 0 < done < total:  # one job is done, the next one is in its hands
            pool.kill_one()

    try:
        assert work.run(trials(), kill) == whole
    finally:
        pool.close()
    assert f"worker {pool.killed} was killed by signal 9" in work.notices[0]


@pytest.mark.long
@pytest.mark.process
@pytest.mark.loopback
@pytest.mark.enable_socket
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_two_workers_gives_the_same_numbers(world, whole):
    distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with made:
        cluster = Cluster(made.scheduler_address)
        cluster.agree(str(world))
        try:
            assert sweep_of(world, cluster, count=2).run(trials(), silently) == whole
        finally:
            cluster.close()


@pytest.mark.loopback
@pytest.mark.enable_socket
@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_not_there_is_the_outside_missing(monkeypatch):
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    monkeypatch.setattr("kalshi_assistant.lab.sweep_workers.CONNECT_SECONDS", 1)
    with pytest.raises(OutsideError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "):
        Cluster("tcp://127.0.0.1:1")
