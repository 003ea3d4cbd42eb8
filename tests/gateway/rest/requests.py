"""Bodies that the tests of REST share."""

from typing import Any

ARMS = [{"arm_id": "control", "control": True}, {"arm_id": "treatment"}]
METRICS = [
    {
        "metric_id": "conversion",
        "kind": "METRIC_KIND_PROPORTION",
        "role": "METRIC_ROLE_PRIMARY",
        "combination_rule": "COMBINATION_RULE_ANY",
        "min_value": 0,
        "max_value": 1,
    }
]


def experiment(experiment_id: str, **fields: Any) -> dict[str, Any]:
    """Returns the least that a creator must say."""
    return {"experiment_id": experiment_id, "arms": ARMS, "metrics": METRICS, **fields}
