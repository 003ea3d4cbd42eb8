"""What the demo says: what is real and what is replayed, and what came of it."""

import math
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from services.admin.bandits import arms_table
from services.admin.demo import gain
from services.admin.demo.replay import BATCH_SIZE, Checkpoint, Run
from services.admin.demo.thornton import CITATION, FieldData, RealArm

_CHECKPOINTS_SHOWN: Final = 6


def introduce(console: Console, field: FieldData, *, run_count: int, unit_count: int) -> None:
    """Writes what is about to happen, and with which data."""
    people = sum(len(arm.outcomes) for arm in field.arms)
    console.print(
        "\n[bold]Real data[/bold], a field experiment in Malawi: does money bring people to learn their result?"
    )
    _say(console, f"{CITATION}.")
    _say(
        console,
        f"{people:,} people, each offered a random incentive; it is known who came for the result. "
        f"{field.dropped_count:,} rows with a missing value are left out. The rates are those of the real people:",
    )
    console.print(Padding(_field_table(field), (0, 0, 0, 4), expand=False))
    console.print("[bold]Replay[/bold], in compressed time:")
    _say(
        console,
        f"{run_count} run(s) of up to {unit_count:,} arrivals, each a new experiment. The running bandit allocates "
        "each arrival to an arm; its outcome is drawn, without replacement, from the real people of that arm. "
        f"After every {BATCH_SIZE} arrivals the replay waits until the learner has seen their outcomes.\n",
    )


def progress_line(checkpoint: Checkpoint) -> str:
    """Returns the weights as one short line, the largest first."""
    largest_first = sorted(checkpoint.weights.items(), key=lambda entry: -entry[1])
    return "  ".join(f"{arm_id} {weight:.0%}" for arm_id, weight in largest_first)


def conclude(console: Console, arms: Sequence[RealArm], runs: Sequence[Run], *, unit_count: int) -> None:
    """Writes what came of the runs."""
    rates = [arm.rate for arm in arms]
    gains = [gain.gain(run.conversion_count, rates=rates, unit_count=run.unit_count) for run in runs]
    last = runs[-1]
    console.print(f"\n[bold]What the bandit knows[/bold] at the end of the last run, {last.experiment_id}:")
    console.print(Padding(arms_table(last.bandit), (0, 0, 0, 2), expand=False))
    console.print("\n[bold]How its weights moved[/bold] in that run:")
    console.print(Padding(_weights_table(last), (0, 0, 0, 2), expand=False))
    console.print("\n[bold]Conversions[/bold], run by run (an equal split expects the average of the real rates):")
    console.print(Padding(_runs_table(runs, rates, gains), (0, 0, 0, 2), expand=False))
    console.print(f"\n[bold green]{_verdict(gains)}[/bold green]")
    if any(run.unit_count < unit_count for run in runs):
        console.print("Some runs ended early: an arm was about to run out of real rows.")
    console.print(
        "The interval covers the randomness of allocation and drawing, not that of which people were surveyed.\n"
        "The bandit maximised who came; it did not weigh what the incentives cost."
    )


def _say(console: Console, text: str) -> None:
    console.print(Padding(text, (0, 0, 0, 2), expand=False))


def _field_table(field: FieldData) -> Table:
    table = Table("arm", "offered", box=None, pad_edge=False)
    table.add_column("people", justify="right")
    table.add_column("came", justify="right")
    for index, arm in enumerate(field.arms):
        name = f"{arm.display_name} (control)" if index == 0 else arm.display_name
        table.add_row(arm.arm_id, name, f"{len(arm.outcomes):,}", f"{arm.rate:.1%}")
    return table


def _weights_table(run: Run) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("arrivals", "policy version", *run.checkpoints[-1].weights):
        table.add_column(title, justify="right")
    for checkpoint in _spread(run.checkpoints):
        weights = (f"{weight:.1%}" for weight in checkpoint.weights.values())
        table.add_row(f"{checkpoint.unit_count:,}", str(checkpoint.policy_version), *weights)
    return table


def _spread(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Returns a few of the checkpoints, evenly spread, the first and the last among them."""
    last = len(checkpoints) - 1
    steps = min(_CHECKPOINTS_SHOWN - 1, last)
    positions = {round(step * last / steps) for step in range(steps + 1)} if steps else {0}
    return [checkpoints[position] for position in sorted(positions)]


def _runs_table(runs: Sequence[Run], rates: Sequence[float], gains: Sequence[float]) -> Table:
    table = Table("experiment", box=None, pad_edge=False)
    for title in ("arrivals", "conversions", "equal split expects", "gain"):
        table.add_column(title, justify="right")
    for run, share in zip(runs, gains, strict=True):
        expected = gain.equal_split_conversions(rates, run.unit_count)
        numbers = (f"{run.unit_count:,}", f"{run.conversion_count:,}", f"{expected:,.1f}", f"{share:+.1%}")
        table.add_row(run.experiment_id, *numbers)
    return table


def _verdict(gains: Sequence[float]) -> str:
    found = gain.estimate(gains)
    if math.isnan(found.low):
        return f"Conversions gained over an equal split: {found.mean:+.1%} (one run gives no interval)"
    return (
        f"Conversions gained over an equal split: {found.mean:+.1%}, "
        f"95 % interval {found.low:+.1%} to {found.high:+.1%} over {len(gains)} runs"
    )
