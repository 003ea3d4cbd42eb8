"""Snapshots to serve, units by their place in them, and what an error names."""

import pytest

from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.errors import PlatformError, Reason
from shared.policy.placement import PlacementReason, Placer
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import experiment, published, split

SPLIT = published(experiment(allocation_policy=split(0.5, 0.3, 0.2)))
TRAFFIC = published(experiment(experiment_id="half", traffic=Traffic(0.4, 0.3)))
PAUSED = published(experiment(experiment_id="paused", state=ExperimentState.PAUSED))
STOPPED = published(experiment(experiment_id="stopped", state=ExperimentState.STOPPED, shipped_arm_id="green"))
VIEWS = published(experiment(experiment_id="views", analysis_unit=AnalysisUnit.ALLOCATION))


def placed_as(snapshot: PolicySnapshot, reason: PlacementReason) -> str:
    """Returns a unit that is placed for a reason."""
    place = Placer(snapshot).place
    return next(unit for unit in map(str, range(1000)) if place(unit)[1] is reason)


def in_arm(snapshot: PolicySnapshot, arm_id: str) -> str:
    """Returns a unit that is placed in an arm."""
    place = Placer(snapshot).place
    return next(unit for unit in map(str, range(1000)) if snapshot.arms[place(unit)[0]].arm_id == arm_id)


def fault(error: pytest.ExceptionInfo[PlatformError]) -> tuple[Reason, list[str]]:
    return error.value.reason, [violation.field for violation in error.value.violations]
