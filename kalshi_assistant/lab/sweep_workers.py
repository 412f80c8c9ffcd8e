"""Who does the jobs: processes of this machine, or a Dask cluster, both as an executor of
``concurrent.futures``.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, Final, Protocol

from typing_extensions import override

from kalshi_assistant.domain.errors import OperatorError, OutsideError
from kalshi_assistant.lab.processes import end_with_owner
from kalshi_assistant.lab.sweep_jobs import program_digest

CONNECT_SECONDS: Final = 10
TERMINATED: Final = -15
"""How the others end when one of a pool is lost."""


class Workers(Protocol):
    """A pool that can be made again."""

    def executor(self) -> Executor:
        """The executor in force."""

    def renew(self) -> str:
        """Another executor in place of one that broke; answers what became of its processes."""

    def close(self) -> None:
        """End them."""


class _Watched(SpawnContext):
    """Remembers the processes that were made, to say later which one was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[SpawnProcess] = []

    @override
    def Process(  # type: ignore[override]  # what a context calls its class
        self, *args: Any, **named: Any
    ) -> SpawnProcess:
        """A process, remembered."""
        made = SpawnProcess(*args, **named)
        self.made.append(made)
        return made


class Pool:
    """Processes of this machine; each is ended with this one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._context, self._pool = self._made()

    def _made(self) -> tuple[_Watched, ProcessPoolExecutor]:
        context = _Watched()
        pool = ProcessPoolExecutor(self._count, mp_context=context, initializer=end_with_owner)
        return context, pool

    def executor(self) -> Executor:
        """The pool."""
        return self._pool

    def renew(self) -> str:
        """A new pool; says which worker was lost, and how."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        ends = [(each.pid, each.exitcode) for each in self._context.made]
        lost = [each for each in ends if each[1] not in (None, 0, TERMINATED)] or ends
        self._context, self._pool = self._made()
        return ", ".join(_ended(pid, code) for pid, code in lost) or "a worker was lost"

    @property
    def processes(self) -> tuple[int, ...]:
        """Of the workers, for whoever watches them."""
        return tuple(each.pid for each in self._context.made if each.pid is not None)

    def close(self) -> None:
        """Without waiting for jobs under way."""
        for each in self._context.made:
            if each.is_alive():
                each.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _ended(pid: int | None, code: int | None) -> str:
    if code is not None and code < 0:
        return f"worker {pid} was killed by signal {-code}"
    return f"worker {pid} ended with {code}"


class Cluster:
    """A Dask cluster that somebody runs."""

    def __init__(self, address: str) -> None:
        """Raises OperatorError without the extra, OutsideError where nobody answers."""
        try:
            from distributed import Client
        except ImportError as error:
            raise OperatorError(
                "--cluster needs Dask: pip install 'kalshi-assistant[cluster]'"
            ) from error
        connect: Any = Client  # it has no types
        try:
            self._client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise OutsideError(
                f"no Dask scheduler answers at {address} ({_first_line(error)}); start one with "
                "`dask scheduler`, or leave --cluster out"
            ) from error
        self._address = address

    def executor(self) -> Executor:
        """The cluster."""
        found: Executor = self._client.get_executor(pure=False)
        return found

    def renew(self) -> str:
        """The scheduler has done what could be done."""
        return f"the cluster at {self._address} lost workers"

    def agree(self, data: str) -> None:
        """Raise OutsideError where a worker has another program, or cannot see the data."""
        said: dict[str, tuple[str, bool]] = self._client.run(_look, data)
        if not said:
            raise OutsideError(f"{self._address} has no workers; start some with `dask worker`")
        for worker, (program, sees) in sorted(said.items()):
            if program != program_digest():
                raise OutsideError(
                    f"{worker} runs another version of this program; install the same one there"
                )
            if not sees:
                raise OutsideError(f"{worker} cannot see {data}; give it the same path there")

    def close(self) -> None:
        """Leave; the cluster goes on."""
        self._client.close()


def _look(data: str) -> tuple[str, bool]:
    """What a worker has."""
    return program_digest(), Path(data).exists()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def workers(count: int, cluster: str | None, data: str) -> Iterator[Workers]:
    """Whoever does the jobs; ended with the block. Raises OperatorError and OutsideError."""
    made: Workers
    if cluster is None:
        made = Pool(count)
    else:
        made = Cluster(cluster)
        try:
            made.agree(data)
        except BaseException:
            made.close()
            raise
    try:
        yield made
    finally:
        made.close()


def cores() -> int:
    """How many processes this machine runs at once."""
    return multiprocessing.cpu_count()
