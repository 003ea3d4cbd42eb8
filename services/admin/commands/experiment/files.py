"""The commands that take experiments as files: create, propose."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin import change_requests, experiments
from services.admin import dry_run as dry_runs
from services.admin.clients import CALL_SECONDS
from services.admin.commands.experiment.arguments import At, AutoApply, Draft, DryRun, Reason, Terms, propose
from services.admin.commands.review.arguments import Yes, agreed
from services.admin.dry_run import Judgement
from services.admin.examples import examples
from services.admin.files.changes import ChangeKind, FileChange, changes, planned
from services.admin.files.experiment import ExperimentFile, read_experiment
from services.admin.files.places import named_by_lines
from services.admin.next_steps import next_steps
from services.admin.session import Session, session_of
from shared.errors import invalid_field
from shared.rpc import client

File = Annotated[
    Path, typer.Option("--file", "-f", metavar="FILE", help="The experiment's file, YAML or JSON; - is standard input.")
]


def create(context: typer.Context, *, file: File, dry_run: DryRun = False) -> None:
    """Creates an experiment from a file, as a draft that serves nobody; --dry-run has it judged."""
    session = session_of(context)
    source = read_experiment(file)
    request = pb.CreateExperimentRequest(
        experiment=source.experiment, request_id=session.new_id("req"), validate_only=dry_run
    )
    with session.experiments() as stub, named_by_lines(file, source.tree, "experiment."):
        made = client.call(stub.CreateExperiment, request, timeout_seconds=CALL_SECONDS).experiment
    if dry_run:
        dry_runs.show_creation(session.output, made, _judgement(source, made))
        return
    session.output.one(made, experiments.drawing)
    session.output.suggest(("To start it", ("experiment", "start", made.experiment_id, "-m", "WHY")))


def propose_file(
    context: typer.Context,
    *,
    file: File,
    reason: Reason = "",
    kind: Annotated[
        list[ChangeKind] | None, typer.Option(metavar="KIND", help="Only this kind of change; again for more.")
    ] = None,
    at: At = "",
    auto_apply: AutoApply = False,
    draft: Draft = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Proposes what it takes for an experiment to be as its file says.

    Kinds: arms, metrics, allocation, traffic, details; each is a request of its own. What the file leaves out stays.
    """
    session = session_of(context)
    source = read_experiment(file)
    terms = Terms(reason, at=at, auto_apply=auto_apply, draft=draft)
    with session.experiments() as stub:
        current = experiments.get(stub, source.experiment.experiment_id)
        found = _wanted(changes(source, current), kind)
        _warn_of_several(session, found)
        if dry_run:
            _show_changes(
                session,
                source,
                current,
                list(_proposed(session, stub, source, current, found=found, terms=terms, dry=True)),
            )
            return
        _agree(session, found, yes=yes or bool(kind))
        made = list(_proposed(session, stub, source, current, found=found, terms=terms))
    session.output.many(made, change_requests.table)
    for request in made:
        session.output.suggest(*next_steps(request))


def add_to(app: typer.Typer) -> None:
    """Makes them commands of the group."""
    app.command(
        epilog=examples(
            "expctl experiment create -f experiment.yaml --dry-run", "expctl experiment create -f experiment.yaml"
        )
    )(create)
    app.command(
        "propose",
        epilog=examples(
            "expctl experiment propose -f experiment.yaml --dry-run",
            "expctl experiment propose -f experiment.yaml -m 'More traffic'",
            "expctl experiment propose -f experiment.yaml --kind traffic --auto-apply",
        ),
    )(propose_file)


def _wanted(found: Sequence[FileChange], kinds: Sequence[ChangeKind] | None) -> Sequence[FileChange]:
    """Returns the changes of the kinds that were asked for.

    Raises:
        InvalidArgument: INVALID_FIELD, nothing of such a kind differs.
    """
    there = {each.kind for each in found}
    missing = [kind for kind in kinds or [] if kind not in there]
    if missing:
        known = ", ".join(sorted(there)) or "nothing"
        raise invalid_field("--kind", f"{missing[0]} does not differ from the experiment as it is; {known} does")
    return [each for each in found if not kinds or each.kind in kinds]


def _warn_of_several(session: Session, found: Sequence[FileChange]) -> None:
    if len(found) > 1:
        session.output.say(
            f"These are {len(found)} requests of their own. Once one that waits for approval is applied, the others "
            "that wait no longer fit the experiment: each needs `expctl review edit ID --rebase` and approvals anew."
        )


def _agree(session: Session, found: Sequence[FileChange], *, yes: bool) -> None:
    if not found:
        session.output.say("The experiment is as the file says: there is nothing to propose.")
    if len(found) > 1:
        names = ", ".join(each.kind for each in found)
        agreed(session, f"Propose these {len(found)} requests ({names})?", yes=yes)


def _proposed(
    session: Session,
    stub: ExperimentServiceStub,
    source: ExperimentFile,
    current: common_pb2.Experiment,
    *,
    found: Sequence[FileChange],
    terms: Terms,
    dry: bool = False,
) -> Iterator[pb.ChangeRequest]:
    etag = source.etag or current.etag
    for each in found:
        kind = each.change.WhichOneof("kind")
        with named_by_lines(source.path, source.tree, f"change.{kind}."):
            made = propose(session, stub, current.experiment_id, each.change, terms, etag=etag, validate_only=dry)
        # What is applied at once moves the experiment under the next one.
        etag = etag if dry else made.experiment.etag
        yield made.change_request


def _show_changes(
    session: Session, source: ExperimentFile, current: common_pb2.Experiment, requests: Sequence[pb.ChangeRequest]
) -> None:
    judgement = _judgement(source, planned(source, current))
    with session.reviews() as reviews:
        previews = [dry_runs.preview(reviews, request) for request in requests]
    dry_runs.show(session.output, previews, judgement)


def _judgement(source: ExperimentFile, planned_: common_pb2.Experiment) -> Judgement:
    if source.plan is None:
        return dry_runs.NOT_PLANNED
    from services.admin.design_findings import judgement  # noqa: PLC0415 - takes long to load
    from services.admin.files.design import judged  # noqa: PLC0415 - takes long to load

    return judgement(judged(source, source.plan, planned_))
