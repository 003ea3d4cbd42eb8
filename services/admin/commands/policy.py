"""The commands of the policy: the rules that say which changes need whom."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group

from experimentation.v1 import experiment_service_pb2 as experiment
from experimentation.v1 import review_service_pb2 as pb
from services.admin import change_requests, experiments, policies, policy_changes, policy_test, review_calls
from services.admin import dry_run as dry_runs
from services.admin.clients import CALL_SECONDS
from services.admin.commands.experiment.arguments import DryRun
from services.admin.commands.group import command_group
from services.admin.commands.review.arguments import answer
from services.admin.examples import examples
from services.admin.files.changes import changes
from services.admin.files.experiment import read_experiment
from services.admin.files.places import named_by_lines
from services.admin.files.policy import read_policy
from services.admin.output import stacked
from services.admin.session import Session, session_of
from shared import clock
from shared.errors import invalid_field
from shared.rpc import client


class Verb(StrEnum):
    """Names a change that needs no file."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


app = command_group("Shows, tries and proposes the rules that say which changes need whom.")


@app.command("list", epilog=examples("expctl policy list"))
def list_policies(context: typer.Context) -> None:
    """Lists all policies there were, newest first."""
    session = session_of(context)
    with session.reviews() as stub:
        session.output.many(policies.pages(stub), policies.table)


@app.command("show", epilog=examples("expctl policy show", "expctl policy show 0 -o yaml > policy.yaml"))
def show(
    context: typer.Context,
    version: Annotated[
        int | None, typer.Argument(min=0, max=2**63 - 1, help="The version. Default: the one in force.")
    ] = None,
) -> None:
    """Shows the rules in force, or those of an earlier version."""
    session = session_of(context)
    with session.reviews() as stub:
        found = policies.get(stub, version)
    session.output.one(found, policies.drawing)


@app.command(
    "test",
    epilog=examples(
        "expctl policy test checkout --change start",
        "expctl policy test checkout --change stop --ship green --facts",
        "expctl policy test checkout -f experiment.yaml --rules policy.yaml",
        "expctl policy test --request cr_1",
    ),
)
def try_rules(
    context: typer.Context,
    experiment_id: Annotated[str, typer.Argument(help="The experiment; not with --request.")] = "",
    *,
    change: Annotated[Verb | None, typer.Option(help="The change to try.")] = None,
    ship: Annotated[str, typer.Option(metavar="ARM", help="The arm that a stop ships. Default: the control.")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="Try what this experiment's file would change.")
    ] = None,
    request: Annotated[str, typer.Option(metavar="ID", help="Try the change of this change request.")] = "",
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rules to try in the place of those in force.")
    ] = None,
    facts: Annotated[bool, typer.Option("--facts", help="Show the facts that the rules see.")] = False,
) -> None:
    """Says which rules a change would match and why, which not, and what it would need. Changes nothing."""
    if sum((change is not None, file is not None, bool(request))) != 1:
        raise invalid_field("--change", "give one of --change, --file and --request")
    session = session_of(context)
    tried = read_policy(rules) if rules else None
    target, found = _changes(session, experiment_id, verb=change, ship=ship, file=file, request=request)
    answers = []
    with session.reviews() as stub:
        for each in found:
            asked = pb.TestPolicyRequest(experiment_id=target, change=each, rules=tried.rules if tried else ())
            if tried:
                with named_by_lines(tried.path, tried.tree):
                    answers.append(client.call(stub.TestPolicy, asked, timeout_seconds=CALL_SECONDS))
            else:
                answers.append(client.call(stub.TestPolicy, asked, timeout_seconds=CALL_SECONDS))
    session.output.many(answers, lambda shown: stacked(policy_test.drawing(each, with_facts=facts) for each in shown))


@app.command(
    "propose",
    epilog=examples(
        "expctl policy propose -f policy.yaml -m 'Two for revenue' --dry-run",
        "expctl policy propose -f policy.yaml -m 'Two for revenue'",
    ),
)
def propose(
    context: typer.Context,
    *,
    file: Annotated[
        Path, typer.Option("--file", "-f", metavar="FILE", help="The rules' file, YAML or JSON; - is standard input.")
    ],
    reason: Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Says why, to reviewers.")] = "",
    dry_run: DryRun = False,
) -> None:
    """Proposes the rules of a file in the place of all those in force; that always needs an approval."""
    session = session_of(context)
    source = read_policy(file)
    why = reason or session.prompts.text("Why are the rules to change?", flag="--reason")
    request = pb.ProposePolicyRequest(
        rules=source.rules,
        reason=why,
        base_version=source.base_version,
        request_id=session.new_id("req"),
        validate_only=dry_run,
    )
    with session.reviews() as stub, named_by_lines(file, source.tree):
        session.output.say(f"{policy_changes.summary(policies.get(stub).rules, source.rules)}.")
        made = client.call(stub.ProposePolicy, request, timeout_seconds=CALL_SECONDS).change_request
    if dry_run:
        session.output.one(
            made, lambda shown: Group(dry_runs.NOTHING_STORED, change_requests.drawing(shown, clock.now()))
        )
    else:
        answer(session, made)


def _changes(
    session: Session, experiment_id: str, *, verb: Verb | None, ship: str, file: Path | None, request: str
) -> tuple[str, Sequence[experiment.Change]]:
    """Returns the experiment and the changes that are to be tried."""
    if request:
        with session.reviews() as stub:
            found = review_calls.get(stub, request)
        return found.experiment_id, [found.change]
    if file is not None:
        source = read_experiment(file)
        with session.experiments() as stub:
            current = experiments.get(stub, experiment_id or source.experiment.experiment_id)
        return current.experiment_id, [each.change for each in changes(source, current)]
    if not experiment_id:
        raise invalid_field("experiment_id", "is needed with --change")
    return experiment_id, [_change(verb, ship)]


def _change(verb: Verb | None, ship: str) -> experiment.Change:
    if verb is Verb.STOP:
        return experiment.Change(stop=experiment.StopChange(shipped_arm_id=ship))
    made = experiment.Change()
    getattr(made, str(verb)).SetInParent()
    return made
