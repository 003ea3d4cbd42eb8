"""The command `demo`: starts the stack, replays the runs, reports."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column

from services.admin.access import Server
from services.admin.clients import analyses_at, bandit_at, experiments_at, reviews_at
from services.admin.dashboard import open_in_browser, sign_in_link
from services.admin.demo import insights, report, thornton
from services.admin.demo.definition import create_and_start, stop_all
from services.admin.demo.replay import Checkpoint, Run, replay
from services.admin.screen import command_line, screen
from services.admin.stack import LocalStack
from services.admin.stack_defaults import Ports
from services.admin.supervisor import Event, Notice, Report
from services.admin.up import STARTING, show_addresses
from shared import clock

# Real time is compressed, so that the learner must look more often than once a second.
SETTINGS: Final = {"BANDIT_POLL_INTERVAL": "0.05"}
_SEED: Final = 2008
_INTERRUPTED: Final = 130


def run_demo(
    directory: Path, *, run_count: int, unit_count: int, keep_running: bool = False, show: bool = False
) -> None:
    """Runs the demo.

    Args:
        directory: Of its stack; used again by the next demo.
        run_count: How many times the experiment is replayed.
        unit_count: How many people arrive in each.
        keep_running: Whether the stack stays on until an interrupt.
        show: Whether the dashboard is opened in a browser.

    Raises:
        PlatformError: Something failed; the message says what.
        OSError: The data or the directory are out of reach.
    """
    console = screen()
    try:
        field = thornton.load()
        report.introduce(console, field, run_count=run_count, unit_count=unit_count)
        console.print(STARTING)
        began_at = time.monotonic()
        with LocalStack(directory, ports=Ports.free(), settings=SETTINGS, report=_complaints(console)) as stack:
            console.print(f"The stack is up after {time.monotonic() - began_at:.1f} s. Running:")
            runs = _replay_all(stack, console, field.arms, run_count=run_count, unit_count=unit_count)
            report.conclude(console, field.arms, runs, unit_count=unit_count)
            with analyses_at(Server(stack.addresses["ai"], stack.token("ann"))) as stub:
                insights.tell(console, insights.gather(stub, field.arms, runs))
            _point_onwards(console, directory, runs[-1].experiment_id, running=keep_running)
            if keep_running:
                show_addresses(console, stack, directory)
                _invite(console, stack, show=show)
                stack.wait()
    except KeyboardInterrupt:
        console.print("stopped")
        sys.exit(0 if keep_running else _INTERRUPTED)


def _replay_all(
    stack: LocalStack,
    console: Console,
    arms: tuple[thornton.RealArm, ...],
    *,
    run_count: int,
    unit_count: int,
) -> list[Run]:
    began = clock.now()
    runs = []
    review, bandit_address = stack.addresses["review"], stack.addresses["bandit"]
    with (
        experiments_at(Server(review, stack.token("ann"))) as experiments,
        reviews_at(Server(review, stack.token("rob"))) as reviews,
        bandit_at(Server(bandit_address, stack.token("service"))) as bandit,
    ):
        for number in range(1, run_count + 1):
            stop_all(experiments, reviews)
            experiment_id = f"thornton-{began:%Y%m%d-%H%M%S}-{number}"
            create_and_start(experiments, reviews, experiment_id, arms)
            rng = np.random.default_rng([_SEED, number])
            with _progress(console, f"run {number} of {run_count}", unit_count) as progress:
                run = replay(bandit, experiment_id, arms, unit_count=unit_count, rng=rng, tell=progress)
            runs.append(run)
    return runs


class _Tell(Protocol):
    def __call__(self, checkpoint: Checkpoint, /) -> None:
        """Shows where the run stands."""


@contextmanager
def _progress(console: Console, title: str, unit_count: int) -> Iterator[_Tell]:
    """Shows a bar with the weights on a terminal; elsewhere one line at the end."""
    weights = TextColumn("{task.fields[line]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    columns = (TextColumn("{task.description}"), BarColumn(12), MofNCompleteColumn(), weights)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=unit_count, line="")

        def tell(checkpoint: Checkpoint, /) -> None:
            bar.update(task, completed=checkpoint.unit_count, line=report.progress_line(checkpoint))

        yield tell


def _complaints(console: Console) -> Report:
    def tell(notice: Notice) -> None:
        if notice.event in {Event.ENDED, Event.FAILED}:
            console.print(notice.message, markup=False)

    return tell


def _invite(console: Console, stack: LocalStack, *, show: bool) -> None:
    """Writes the link that signs in to the dashboard once, as the reviewer who has something to do there."""
    link = sign_in_link(Server(stack.addresses["gateway"], stack.token("rob")))
    console.print("[bold]Experiment Insights[/bold], signed in as rob (the link is good once, for ten minutes):")
    console.print(f"  {link}", markup=False, soft_wrap=True)
    if show and not open_in_browser(link):
        console.print("There is no browser to open it in.")


def _point_onwards(console: Console, directory: Path, experiment_id: str, *, running: bool) -> None:
    where = ("--directory", str(directory))
    console.print("\n[bold]Where to look next[/bold]" + ("" if running else " (the first one starts the stack again):"))
    commands = [
        ("bandit", "status", experiment_id, *where),
        ("analysis", "list", *where),
        ("--as", "rob", "dashboard", *where),
    ]
    for arguments in commands if running else [("up", *where), *commands]:
        console.print(f"  {command_line(*arguments)}", markup=False, soft_wrap=True)
