"""Plays studies in several processes, and tells how far it has come."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias

from services.bandit.lab.policies import POLICIES
from services.bandit.lab.simulation import CHUNK_RUNS, Trajectories, joined, simulate
from services.bandit.lab.studies import Study, Task, tasks

Results: TypeAlias = Mapping[tuple[str, str], Trajectories]
"""What each policy did, by problem and policy."""


def play(studies: Sequence[Study], *, runs: int, seed: int, workers: int, tell: Callable[[int, int], None]) -> Results:
    """Returns all runs of all studies; the same for any number of workers.

    Args:
        studies: What is played.
        runs: Of a problem with fixed arms, 1 or more.
        seed: Of everything.
        workers: Processes; 1 plays in this one.
        tell: Is told how many batches of runs are done, and of how many.
    """
    todo = [task for study in studies for task in tasks(study, runs=runs, chunk_runs=CHUNK_RUNS)]
    total, done = sum(map(_size, todo)), 0
    parts: dict[tuple[str, str], list[Trajectories]] = {}
    with _mapped(workers) as mapped:
        for task, part in zip(todo, mapped(_played, todo, [seed] * len(todo)), strict=True):
            parts.setdefault((task.problem.name, task.policy), []).append(part)
            done += _size(task)
            tell(done, total)
    return {key: joined(found) for key, found in parts.items()}


def _size(task: Task) -> int:
    return task.runs * task.problem.batch_count


def _played(task: Task, seed: int) -> Trajectories:
    return simulate(task.problem, POLICIES[task.policy], runs=task.runs, seed=seed, chunk=task.chunk)


@contextmanager
def _mapped(workers: int) -> Iterator[Callable[..., Iterator[Trajectories]]]:
    if workers == 1:
        yield map
        return
    # A fresh interpreter each: forking a process that has threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_when_interrupted) as pool:
        try:
            yield pool.map
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _end_when_interrupted() -> None:
    """Ends this process without a word on Ctrl-C; the one that started it says what there is to say."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
