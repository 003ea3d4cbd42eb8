"""The versions of a bandit's policy: when each was published, why, and with what weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views.messages import arm_names, moment

_PUBLISHED: Final = {
    pb.PUBLISH_REASON_DEFINITION: "new definition",
    pb.PUBLISH_REASON_LEARNING: "followed the data",
    pb.PUBLISH_REASON_SWITCH: "frozen or unfrozen",
    pb.PUBLISH_REASON_PERIOD: "new period",
    pb.PUBLISH_REASON_GUARDRAIL: "an arm was paused by a guardrail",
    pb.PUBLISH_REASON_BUDGET: "the budget",
}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """Is one version of the policy."""

    version: int
    at: datetime | None
    why: str
    weights: str


def version_rows(snapshots: Sequence[pb.PolicySnapshot], experiment: common_pb2.Experiment | None) -> list[VersionRow]:
    """Returns the versions, in the order given."""
    names = arm_names(experiment) if experiment else {}
    return [
        VersionRow(
            one.policy_version,
            moment(one, "published_at"),
            _PUBLISHED.get(one.publish_reason, ""),
            ", ".join(f"{names.get(arm.arm_id, arm.arm_id)} {formatting.share(arm.weight)}" for arm in one.arms),
        )
        for one in snapshots
    ]
