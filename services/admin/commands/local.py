"""The commands that need no service: up, demo, evaluate, simulate."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from services.admin.commands import panels
from services.admin.examples import examples
from services.admin.lab import run_lab
from services.admin.session import session_of
from services.admin.stack_defaults import DEFAULT_PORTS, DEMO_HOME, Ports

_HIGHEST_PORT: Final = 65535

Alpha = Annotated[
    float, typer.Option(metavar="SHARE", help="1 minus the intervals' confidence level, above 0 and below 0.5.")
]
Weights = Annotated[
    str, typer.Option(metavar="ARM=SHARE,...", help="The policy as fixed weights, such as a=0.2,b=0.8; others have 0.")
]


def up(
    context: typer.Context,
    bandit_port: Annotated[
        int, typer.Option(min=0, max=_HIGHEST_PORT, metavar="PORT", help="The bandit's port; 0: a free one.")
    ] = DEFAULT_PORTS.bandit,
    review_port: Annotated[
        int, typer.Option(min=0, max=_HIGHEST_PORT, metavar="PORT", help="Review's port; 0: a free one.")
    ] = DEFAULT_PORTS.review,
    ai_port: Annotated[
        int, typer.Option(min=0, max=_HIGHEST_PORT, metavar="PORT", help="The AI service's port; 0: a free one.")
    ] = DEFAULT_PORTS.ai,
    gateway_port: Annotated[
        int, typer.Option(min=0, max=_HIGHEST_PORT, metavar="PORT", help="The gateway's port; 0: a free one.")
    ] = DEFAULT_PORTS.gateway,
) -> None:
    """Runs Postgres (or uses DATABASE_URL), review, learner, bandit, AI and gateway until Ctrl-C."""
    from services.admin.up import run_up  # noqa: PLC0415 - takes long to load

    ports = Ports(bandit_port, review_port, ai_port, gateway_port)
    run_up(session_of(context).access.directory, ports=ports)


def dashboard(
    context: typer.Context,
    *,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser, too.")] = False,
) -> None:
    """Writes a link to the dashboard that signs you in once, within ten minutes."""
    from services.admin.dashboard import open_in_browser, sign_in_link  # noqa: PLC0415 - takes long to load

    session = session_of(context)
    link = sign_in_link(session.access.server("gateway"))
    session.output.value("link", link)
    if show and not open_in_browser(link):
        session.output.say("There is no browser to open it in.")


def demo(
    context: typer.Context,
    *,
    runs: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="How many times the experiment is replayed.")
    ] = 5,
    units: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many people arrive in each run.")] = 800,
    keep_running: Annotated[
        bool | None,
        typer.Option(
            "--keep-running/--end", help="Leave the stack on until Ctrl-C, or end it. Default: on, on a terminal."
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the dashboard, and leave the stack on.")] = False,
) -> None:
    """Replays a real field experiment through the running services, and shows what bandit and AI make of it."""
    from services.admin.demo.command import run_demo  # noqa: PLC0415 - takes long to load

    directory = session_of(context).options.directory or DEMO_HOME
    stays = sys.stdout.isatty() if keep_running is None else keep_running
    run_demo(directory, run_count=runs, unit_count=units, keep_running=stays or show, show=show)


def evaluate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Logged decisions, one a row: CSV with a header, or Parquet.")],
    *,
    reward: Annotated[str, typer.Option(metavar="COLUMN", help="The column of what a decision earned.")],
    propensity: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the chance with which the action was taken.")
    ],
    action: Annotated[
        str, typer.Option(metavar="COLUMN", help="The column of the action that was taken; --weights needs it.")
    ] = "",
    target_propensity: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="The column of the chance with which the other policy takes that action."),
    ] = "",
    weights: Weights = "",
    alpha: Alpha = 0.05,
) -> None:
    """Estimates what another policy would have earned, from a file of logged decisions with their propensities."""
    from services.admin.evaluation import Columns, evaluate_file  # noqa: PLC0415 - takes long to load

    columns = Columns(action, reward, propensity, target_propensity)
    evaluate_file(file, columns, weights=weights, alpha=alpha, output=session_of(context).output)


def simulate(context: typer.Context) -> None:
    """Plays policies against simulated and replayed problems, and writes a report; --help lists its options."""
    raise typer.Exit(run_lab(context.args))


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the app."""
    app.command(
        rich_help_panel=panels.LOCAL,
        epilog=examples("expctl up", "expctl up --gateway-port 0 --directory /tmp/stack"),
    )(up)
    app.command(
        rich_help_panel=panels.LOCAL,
        epilog=examples("expctl dashboard --open", "expctl --as rob dashboard"),
    )(dashboard)
    app.command(
        rich_help_panel=panels.LOCAL, epilog=examples("expctl demo", "expctl demo --runs 2 --units 300 --open")
    )(demo)
    app.command(
        rich_help_panel=panels.EXPERIMENTS,
        epilog=examples(
            "expctl evaluate log.csv --reward click --propensity p \\\n    --action item --weights a=0.2,b=0.8",
            "expctl evaluate log.parquet --reward click --propensity p \\\n    --target-propensity new_p",
        ),
    )(evaluate)
    app.command(
        rich_help_panel=panels.EXPERIMENTS,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog=examples("expctl simulate --quick"),
    )(simulate)
