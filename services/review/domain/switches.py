"""What was switched at the bandit, as the audit log tells of it."""

from dataclasses import dataclass
from datetime import datetime

from services.review.domain import audit


@dataclass(frozen=True, slots=True)
class LearningSwitch:
    """Is an entry of the bandit's record of switches.

    Attributes:
        switch_id: Its place in the record; later entries have higher ones.
        kind: FREEZE, UNFREEZE, SERVE_CONTROL or SERVE_ARMS.
    """

    switch_id: int
    experiment_id: str
    kind: str
    reason: str
    actor: str
    switched_at: datetime


def audit_entry(switch: LearningSwitch) -> audit.Entry:
    """Returns what the audit log says of a switch; the `switch_id` of its details marks it as told."""
    return audit.Entry(
        switch.actor,
        f"bandit.{switch.kind.lower()}",
        f"experiments/{switch.experiment_id}",
        {"reason": switch.reason, "switch_id": str(switch.switch_id)},
        switch.switched_at,
    )
