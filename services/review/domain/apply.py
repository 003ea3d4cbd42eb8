"""The one way from an experiment and a change to the next revision; policy, service and previews all use it."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime

from services.review.domain import changes, continuity, digests, rules, transitions
from services.review.domain.model import Served
from shared import errors
from shared.definition import model

NOTHING_SERVED = Served()


def draft(asked: model.Experiment, *, creator: str, now: datetime) -> model.Experiment:
    """Returns revision 1 of the experiment that a creator asked for; its output-only fields are set anew.

    Raises:
        InvalidArgument: INVALID_FIELD, some rule is broken; paths start with `experiment.`.
    """
    experiment = replace(
        asked,
        state=model.ExperimentState.DRAFT,
        revision=1,
        shipped_arm_id="",
        creator=creator,
        created_at=now,
        updated_at=now,
        started_at=None,
        stopped_at=None,
    )
    violations = rules.violations(experiment)
    if violations:
        raise errors.invalid_fields([replace(item, field=f"experiment.{item.field}") for item in violations])
    return _sealed(experiment)


def apply(
    change: changes.Change, experiment: model.Experiment, *, now: datetime, served: Served = NOTHING_SERVED
) -> model.Experiment:
    """Returns the next revision: valid, counted and sealed with its etag.

    Args:
        change: What is to change.
        experiment: The newest revision.
        now: When the change takes effect.
        served: The parts of all revisions that ever served.

    Raises:
        FailedPrecondition: INVALID_STATE, the change is not open in the experiment's state.
        InvalidArgument: INVALID_FIELD, the result would break a rule; paths start with `change.<kind>`.
    """
    state = transitions.next_state(change, experiment)
    edited = _stamped(change, _edited(change, experiment), now)
    edited = replace(edited, state=state, revision=experiment.revision + 1, updated_at=now)
    violations = (*rules.violations(edited), *continuity.violations(experiment, edited, served))
    if violations:
        raise errors.invalid_fields(list(_blamed(change, violations)))
    return _sealed(edited)


def _edited(change: changes.Change, experiment: model.Experiment) -> model.Experiment:
    """Returns the experiment with what the change brings: its fields are named as those they replace; None keeps."""
    given = {field.name: getattr(change, field.name) for field in fields(change)}
    return replace(experiment, **{name: value for name, value in given.items() if value is not None})


def _stamped(change: changes.Change, experiment: model.Experiment, now: datetime) -> model.Experiment:
    match change:
        case changes.Start():
            return replace(experiment, started_at=now)
        case changes.Stop():
            return replace(experiment, stopped_at=now)
        case _:
            return experiment


def _named(experiment: model.Experiment) -> model.Experiment:
    """Returns the experiment with names for people everywhere: by default, the ids."""
    return replace(
        experiment,
        display_name=experiment.display_name or experiment.experiment_id,
        arms=tuple(replace(arm, display_name=arm.display_name or arm.arm_id) for arm in experiment.arms),
        metrics=tuple(replace(item, display_name=item.display_name or item.metric_id) for item in experiment.metrics),
    )


def _sealed(experiment: model.Experiment) -> model.Experiment:
    named = _named(experiment)
    return replace(named, etag=digests.etag(named))


def _blamed(change: changes.Change, violations: Iterable[errors.FieldViolation]) -> Iterator[errors.FieldViolation]:
    """Yields the violations with paths from the request's root: what the change did not bring, it clashes with."""
    own = {field.name for field in fields(change)}
    path = f"change.{change.kind}"
    for item in violations:
        if item.field.split(".")[0].split("[")[0] in own:
            yield replace(item, field=f"{path}.{item.field}")
        else:
            yield errors.FieldViolation(path, f"clashes with the experiment's {item.field}: {item.description}")
