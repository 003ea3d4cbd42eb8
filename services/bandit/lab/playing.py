"""Plays studies in several processes, and tells how far it has come."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from services.bandit.lab.context_problems import ContextProblem
from services.bandit.lab.context_simulation import ContextRuns, joined_in_context, simulate_in_context
from services.bandit.lab.policies import POLICIES
from services.bandit.lab.simulation import Trajectories, joined, simulate
from services.bandit.lab.studies import AnyStudy, Task, tasks

Results: TypeAlias = Mapping[tuple[str, str], Trajectories]
"""What each policy did, by problem and policy."""

ContextResults: TypeAlias = Mapping[tuple[str, str], ContextRuns]
"""The same of problems in which units differ."""


@dataclass(frozen=True, slots=True)
class Played:
    """Holds what was played."""

    results: Results
    in_context: ContextResults


def play(
    studies: Sequence[AnyStudy], *, runs: int, seed: int, workers: int, tell: Callable[[int, int], None]
) -> Played:
    """Returns all runs of all studies; the same for any number of workers.

    Args:
        studies: What is played.
        runs: Of a problem with fixed arms, 1 or more.
        seed: Of everything.
        workers: Processes; 1 plays in this one.
        tell: Is told how many batches of runs are done, and of how many.
    """
    todo = [task for study in studies for task in tasks(study, runs=runs)]
    total, done = sum(map(_size, todo)), 0
    plain: dict[tuple[str, str], list[Trajectories]] = {}
    in_context: dict[tuple[str, str], list[ContextRuns]] = {}
    with _mapped(workers) as mapped:
        for task, part in zip(todo, mapped(_played, todo, [seed] * len(todo)), strict=True):
            key = task.problem.name, task.policy
            if isinstance(part, ContextRuns):
                in_context.setdefault(key, []).append(part)
            else:
                plain.setdefault(key, []).append(part)
            done += _size(task)
            tell(done, total)
    return Played(
        {key: joined(parts) for key, parts in plain.items()},
        {key: joined_in_context(parts) for key, parts in in_context.items()},
    )


def _size(task: Task) -> int:
    return task.runs * task.problem.batch_count


def _played(task: Task, seed: int) -> Trajectories | ContextRuns:
    policy = POLICIES[task.policy]
    if isinstance(task.problem, ContextProblem):
        return simulate_in_context(task.problem, policy, runs=task.runs, seed=seed, chunk=task.chunk)
    return simulate(task.problem, policy, runs=task.runs, seed=seed, chunk=task.chunk)


@contextmanager
def _mapped(workers: int) -> Iterator[Callable[..., Iterator[Trajectories | ContextRuns]]]:
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
