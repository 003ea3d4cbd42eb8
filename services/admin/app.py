"""The commands: their options, and whom they call."""

import signal
from pathlib import Path
from typing import Annotated, Final

import typer

from services.admin import bandits, experiments
from services.admin.demo import command as demo_command
from services.admin.evaluation import Columns, evaluate_experiment, evaluate_file
from services.admin.lab import run_lab
from services.admin.stack import BANDIT_PORT, DEMO_HOME, HOME, REVIEW_PORT
from services.admin.up import run_up

_HIGHEST_PORT: Final = 65535

app = typer.Typer(
    help="Runs and shows experiments.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
experiment_app = typer.Typer(help="Shows experiments.", no_args_is_help=True)
bandit_app = typer.Typer(help="Shows what the bandit does.", no_args_is_help=True)
app.add_typer(experiment_app, name="experiment")
app.add_typer(bandit_app, name="bandit")

Directory = Annotated[Path, typer.Option(help="Where the local stack keeps its data, logs and secrets.")]
Address = Annotated[str, typer.Option(help="The service's host:port. Default: that of the stack in --directory.")]
Alpha = Annotated[float, typer.Option(help="1 minus the intervals' confidence level, above 0 and below 0.5.")]
Weights = Annotated[str, typer.Option(help="The policy as fixed weights, such as a=0.2,b=0.8; others have 0.")]
ExperimentId = Annotated[str, typer.Argument(help="The experiment's id.")]


@app.callback()
def prepare() -> None:
    """Runs and shows experiments."""
    # Whoever asks us to end gets the same clean stop as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@app.command()
def up(
    directory: Directory = HOME,
    bandit_port: Annotated[
        int, typer.Option(min=0, max=_HIGHEST_PORT, help="The bandit's port; 0: a free one.")
    ] = BANDIT_PORT,
    review_port: Annotated[
        int, typer.Option(min=0, max=_HIGHEST_PORT, help="Review's port; 0: a free one.")
    ] = REVIEW_PORT,
) -> None:
    """Runs Postgres (or uses DATABASE_URL), review, learner and bandit until Ctrl-C."""
    run_up(directory, bandit_port=bandit_port, review_port=review_port)


@app.command()
def demo(
    directory: Directory = DEMO_HOME,
    runs: Annotated[int, typer.Option(min=1, max=100, help="How many times the experiment is replayed.")] = 5,
    units: Annotated[int, typer.Option(min=1, max=1000, help="How many people arrive in each run.")] = 800,
    keep_running: Annotated[bool, typer.Option("--keep-running", help="Leave the stack on until Ctrl-C.")] = False,  # noqa: FBT002 - a command line has flags
) -> None:
    """Replays a real field experiment through the running services, and shows what the bandit gained."""
    demo_command.run_demo(directory, run_count=runs, unit_count=units, keep_running=keep_running)


@app.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="Logged decisions, one a row: CSV with a header, or Parquet.")],
    *,
    reward: Annotated[str, typer.Option(help="The column of what a decision earned.")],
    propensity: Annotated[str, typer.Option(help="The column of the chance with which the action was taken.")],
    action: Annotated[str, typer.Option(help="The column of the action that was taken; --weights needs it.")] = "",
    target_propensity: Annotated[
        str, typer.Option(help="The column of the chance with which the other policy takes that action.")
    ] = "",
    weights: Weights = "",
    alpha: Alpha = 0.05,
) -> None:
    """Estimates what another policy would have earned, from a file of logged decisions with their propensities."""
    evaluate_file(file, Columns(action, reward, propensity, target_propensity), weights=weights, alpha=alpha)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(context: typer.Context) -> None:
    """Plays policies against simulated and replayed problems, and writes a report; --help lists its options."""
    raise typer.Exit(run_lab(context.args))


@experiment_app.command("list")
def list_experiments(directory: Directory = HOME, address: Address = "") -> None:
    """Lists the experiments, newest first."""
    experiments.list_all(directory, address=address)


@experiment_app.command("show")
def show_experiment(experiment_id: ExperimentId, directory: Directory = HOME, address: Address = "") -> None:
    """Shows one experiment as JSON."""
    experiments.show(experiment_id, directory, address=address)


@bandit_app.command("status")
def bandit_status(experiment_id: ExperimentId, directory: Directory = HOME, address: Address = "") -> None:
    """Shows what the bandit knows of one experiment, and what it does."""
    bandits.status(experiment_id, directory, address=address)


@bandit_app.command("evaluate")
def bandit_evaluate(
    experiment_id: ExperimentId,
    *,
    weights: Weights,
    metric: Annotated[str, typer.Option(help="The metric's id. Default: the primary one.")] = "",
    alpha: Alpha = 0.05,
    directory: Directory = HOME,
    address: Address = "",
) -> None:
    """Estimates what other weights would have earned, from what was served."""
    evaluate_experiment(experiment_id, directory, address=address, weights=weights, metric_id=metric, alpha=alpha)
