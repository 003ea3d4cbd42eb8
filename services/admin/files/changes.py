"""What has to change for an experiment to be as its file says, as the kinds of change that there are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.admin.files.experiment import ExperimentFile
from services.admin.files.places import line_of
from services.admin.files.tree import FileProblems, Problem
from shared.definition import model
from shared.definition.convert import experiment_from_proto, experiment_to_proto

_FIXED: Final = ("analysis_unit", "attribution_window", "features")


class ChangeKind(StrEnum):
    """Names a kind of change that a file can bring."""

    ARMS = "arms"
    METRICS = "metrics"
    ALLOCATION = "allocation"
    TRAFFIC = "traffic"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class FileChange:
    """Is one change, and its kind."""

    kind: ChangeKind
    change: pb.Change


def changes(file: ExperimentFile, current: common_pb2.Experiment) -> tuple[FileChange, ...]:
    """Returns the changes, words first, then those that others may need; what the file leaves out stays as it is.

    Where arms and allocation differ, one change brings both: weights fit their arms.

    Raises:
        FileProblems: INVALID_FIELD: it asks for what cannot change, or a metric lacks its kind or role.
    """
    wanted, is_ = _named(_read(file)), _named(experiment_from_proto(current))
    _refuse_fixed(file, wanted, is_)
    return tuple(_changes(file.sections, wanted, is_))


def planned(file: ExperimentFile, current: common_pb2.Experiment) -> common_pb2.Experiment:
    """Returns the experiment as it is once all changes are made.

    Raises:
        FileProblems: INVALID_FIELD, a metric lacks its kind or role.
    """
    whole, sections = common_pb2.Experiment(), common_pb2.Experiment()
    whole.CopyFrom(current)
    sections.CopyFrom(experiment_to_proto(_named(_read(file))))
    for field in common_pb2.Experiment.DESCRIPTOR.fields:
        (whole if field.name in file.sections else sections).ClearField(field.name)  # type: ignore[arg-type]  # a field
    whole.MergeFrom(sections)
    return whole


def _read(file: ExperimentFile) -> model.Experiment:
    try:
        return experiment_from_proto(file.experiment)
    except ValueError as error:
        raise FileProblems(file.path, [Problem(line_of(file.tree, "metrics"), "metrics", str(error))]) from error


def _named(experiment: model.Experiment) -> model.Experiment:
    """Returns the experiment with names for people everywhere, as the service fills them in."""
    return replace(
        experiment,
        display_name=experiment.display_name or experiment.experiment_id,
        arms=tuple(replace(arm, display_name=arm.display_name or arm.arm_id) for arm in experiment.arms),
        metrics=tuple(replace(each, display_name=each.display_name or each.metric_id) for each in experiment.metrics),
    )


def _refuse_fixed(file: ExperimentFile, wanted: model.Experiment, is_: model.Experiment) -> None:
    differing = [name for name in _FIXED if name in file.sections and getattr(wanted, name) != getattr(is_, name)]
    if differing:
        text = "cannot change once the experiment is created: create another one"
        raise FileProblems(file.path, [Problem(line_of(file.tree, name), name, text) for name in differing])


def _changes(sections: frozenset[str], wanted: model.Experiment, is_: model.Experiment) -> Iterator[FileChange]:
    def differs(name: str) -> bool:
        return bool(name in sections and getattr(wanted, name) != getattr(is_, name))

    message = experiment_to_proto(wanted)
    # Words are mostly applied at once, and what waits must be against the experiment after that.
    details = _details({name for name in ("display_name", "description", "labels") if differs(name)}, message)
    if details is not None:
        yield FileChange(ChangeKind.DETAILS, pb.Change(edit_details=details))
    has_arms, has_allocation = differs("arms"), differs("allocation_policy")
    if differs("metrics"):
        change = pb.Change(edit_metrics=pb.EditMetricsChange(metrics=message.metrics))
        yield FileChange(ChangeKind.METRICS, change)
    if has_arms:
        policy = message.allocation_policy if has_allocation else None
        change = pb.Change(edit_arms=pb.EditArmsChange(arms=message.arms, allocation_policy=policy))
        yield FileChange(ChangeKind.ARMS, change)
    if has_allocation and not has_arms:
        change = pb.Change(edit_allocation=pb.EditAllocationChange(allocation_policy=message.allocation_policy))
        yield FileChange(ChangeKind.ALLOCATION, change)
    if differs("traffic"):
        yield FileChange(ChangeKind.TRAFFIC, pb.Change(edit_traffic=pb.EditTrafficChange(traffic=message.traffic)))


def _details(differing: set[str], message: common_pb2.Experiment) -> pb.EditDetailsChange | None:
    if not differing:
        return None
    has_labels = "labels" in differing
    return pb.EditDetailsChange(
        display_name=message.display_name if "display_name" in differing else None,
        description=message.description if "description" in differing else None,
        labels=message.labels if has_labels else None,
        replace_labels=has_labels,
    )
