"""The facts of a change that policy rules can ask about: their names, types and meanings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.definition import model

FactValue = bool | float | str
Facts = Mapping[str, FactValue]
"""The facts of one change by name; one that is not known is absent."""

EDIT_POLICY_RULES: Final = "edit_policy_rules"
CHANGE_KINDS: Final = (
    "start",
    "pause",
    "resume",
    "stop",
    "edit_arms",
    "edit_metrics",
    "edit_allocation",
    "edit_traffic",
    "edit_details",
    EDIT_POLICY_RULES,
)
"""The kinds of change, named as the fields of `Change` in experiment_service.proto."""


class FactType(StrEnum):
    """Says what the values of a fact are."""

    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Fact:
    """Describes a fact.

    Attributes:
        type: What its values are.
        description: What it says, for people.
        choices: All values of a text.
        of_experiment: Whether it tells of the experiment rather than of the change to it.
    """

    type: FactType
    description: str
    choices: tuple[str, ...] = ()
    of_experiment: bool = False


def type_of(value: object) -> FactType | None:
    """Returns the type of fact that has such values; None: there is none, as for numbers that are not finite."""
    match value:
        case bool():
            return FactType.FLAG
        case int() | float():
            return FactType.NUMBER if -math.inf < value < math.inf else None
        case str():
            return FactType.TEXT
        case _:
            return None


def _flag(description: str, *, of_experiment: bool = False) -> Fact:
    return Fact(FactType.FLAG, description, of_experiment=of_experiment)


def _number(description: str, *, of_experiment: bool = False) -> Fact:
    return Fact(FactType.NUMBER, description, of_experiment=of_experiment)


FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "change_kind": Fact(FactType.TEXT, "The kind of change, named as the fields of `Change`.", CHANGE_KINDS),
        "text_only": _flag("Names and descriptions change, and nothing else."),
        "labels_changed": _flag("The labels change."),
        "begins_serving": _flag("Units begin to get the arms: start, or resume."),
        "ships_arm": _flag("The experiment is stopped with another arm than the control."),
        "ships_paused_arm": _flag("The arm that is shipped is one that a guardrail paused."),
        "traffic_change": _number("By how much the share of units that take part changes, either way."),
        "holdout_change": _number("By how much the share that is held out changes, either way."),
        "analysis_share_change": _number("By how much the share of the analysis split changes, either way."),
        "weight_change": _number(
            "The most by which an arm's share of the units that take part changes, either way: the weight of a fixed "
            "split, the floor of an algorithm that learns; from one to the other, the most that can come of it."
        ),
        "exploration_floor_change": _number("By how much the exploration floor changes, either way."),
        "algorithm_changed": _flag(
            "The algorithm changes, or what it goes by: parameters, controls, reward, costs of arms. Weights, floors "
            "and the pause by guardrails aside."
        ),
        "arms_added": _number("How many arms are added."),
        "arms_removed": _number("How many arms are removed."),
        "control_changed": _flag("Another arm becomes the control."),
        "metrics_changed": _flag("Any metric is added, removed or altered, its name aside."),
        "primary_metric_changed": _flag("The primary metric is replaced or altered, its name aside."),
        "guardrail_changed": _flag(
            "A guardrail metric is added, removed or altered, its name aside, or the pause by guardrails is."
        ),
        "analysis_disagrees": _flag("The newest analysis advises against the change."),
        "experiment_state": Fact(
            FactType.TEXT,
            f"The state before the change: {', '.join(model.ExperimentState)}.",
            tuple(model.ExperimentState),
            of_experiment=True,
        ),
        "running": _flag("The state before the change is RUNNING.", of_experiment=True),
        "running_days": _number("Days since the first start; 0 before it.", of_experiment=True),
        "traffic_share": _number("The share of units that take part, after the change.", of_experiment=True),
        "arm_count": _number("How many arms there are after the change.", of_experiment=True),
        "revenue_metric": _flag("A metric counts revenue, before the change or after it.", of_experiment=True),
        "revenue_guardrail": _flag("A guardrail metric counts revenue, before or after.", of_experiment=True),
        "risk_score": _number("The risk score, from 0 to 100."),
    }
)
"""The facts by name; docs/review.md lists them."""
