"""The kinds of change that can be proposed, as values; field by field those of `Change` in experiment_service.proto."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from shared.definition import model


@dataclass(frozen=True, slots=True)
class Start:
    """Starts a DRAFT."""

    kind: ClassVar[str] = "start"


@dataclass(frozen=True, slots=True)
class Pause:
    """Pauses a RUNNING experiment: everyone gets the control."""

    kind: ClassVar[str] = "pause"


@dataclass(frozen=True, slots=True)
class Resume:
    """Resumes a PAUSED experiment."""

    kind: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True)
class Stop:
    """Stops an experiment for good and serves the shipped arm; an empty id ships the control."""

    kind: ClassVar[str] = "stop"
    shipped_arm_id: str = ""


@dataclass(frozen=True, slots=True)
class EditArms:
    """Replaces the arms, and the allocation policy unless that is None."""

    kind: ClassVar[str] = "edit_arms"
    arms: tuple[model.Arm, ...]
    allocation_policy: model.AllocationPolicy | None = None


@dataclass(frozen=True, slots=True)
class EditMetrics:
    """Replaces the metrics."""

    kind: ClassVar[str] = "edit_metrics"
    metrics: tuple[model.Metric, ...]


@dataclass(frozen=True, slots=True)
class EditAllocation:
    """Replaces the allocation policy."""

    kind: ClassVar[str] = "edit_allocation"
    allocation_policy: model.AllocationPolicy


@dataclass(frozen=True, slots=True)
class EditTraffic:
    """Replaces the traffic shares."""

    kind: ClassVar[str] = "edit_traffic"
    traffic: model.Traffic


@dataclass(frozen=True, slots=True)
class EditDetails:
    """Replaces the words; None keeps what there is."""

    kind: ClassVar[str] = "edit_details"
    display_name: str | None = None
    description: str | None = None
    labels: Mapping[str, str] | None = None


Change = Start | Pause | Resume | Stop | EditArms | EditMetrics | EditAllocation | EditTraffic | EditDetails
