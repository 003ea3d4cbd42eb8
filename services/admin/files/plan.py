"""The `plan` section of an experiment's file: what the experiment is planned to show, and how it will be judged."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from services.admin.files.tree import Node, Problem

PLAN: Final = "plan"


class MonitoringPlan(StrEnum):
    """Says when results are looked at with a decision in mind."""

    ONCE = "once"
    ANY_TIME = "any_time"
    GROUP_SEQUENTIAL = "group_sequential"


class InterferencePlan(StrEnum):
    """Says through what units of one arm can reach those of another."""

    NONE = "none"
    MARKETPLACE = "marketplace"
    SOCIAL = "social"
    SHARED_BUDGET = "shared_budget"


def _says(doc: str) -> Mapping[str, str]:
    return {"doc": doc}


@dataclass(frozen=True, slots=True)
class HypothesisSection:
    """Is a claim that data can refute."""

    change: str = field(default="", metadata=_says("What the treatment does differently."))
    metric: str = field(default="", metadata=_says("What it moves."))
    direction: str = field(default="", metadata=_says("Which way."))
    magnitude: str = field(default="", metadata=_says("By how much at least."))
    population: str = field(default="", metadata=_says("For whom."))


@dataclass(frozen=True, slots=True)
class MetricSection:
    """Is what is known of a metric beforehand, and what is asked of it."""

    baseline: float | None = field(default=None, metadata=_says("Its value without the change."))
    standard_deviation: float | None = field(
        default=None, metadata=_says("Of one unit's value, for a mean; above 0. A proportion has its own.")
    )
    baseline_days: int | None = field(default=None, metadata=_says("Length of the window of the baseline, in days."))
    minimum_lift: float | None = field(
        default=None, metadata=_says("Smallest relative effect worth detecting, as a positive number: 0.05 is 5 %.")
    )
    margin: float | None = field(
        default=None, metadata=_says("How much worse a guardrail may be, relative to the control, above 0.")
    )


@dataclass(frozen=True, slots=True)
class PlanSection:
    """Is what an experiment's file plans."""

    days: int = field(metadata=_says("Planned duration, in days."))
    units: int = field(metadata=_says("Distinct units that enter the experiment within those days."))
    hypothesis: HypothesisSection = field(
        default_factory=HypothesisSection, metadata=_says("Is a claim that data can refute.")
    )
    metrics: Mapping[str, MetricSection] = field(
        default_factory=dict, metadata=_says("Are what is known of the metrics beforehand, by metric id.")
    )
    decision_rule: str = field(default="", metadata=_says("What is going to be done for which result."))
    alpha: float = field(default=0.05, metadata=_says("Error rate of all comparisons together."))
    power: float = field(default=0.8, metadata=_says("Chance to find the smallest effect worth detecting."))
    monitoring: MonitoringPlan = field(
        default=MonitoringPlan.ONCE, metadata=_says("When results are looked at with a decision in mind.")
    )
    looks: int = field(default=1, metadata=_says("How often that is."))
    sample_ratio_alpha: float | None = field(
        default=None, metadata=_says("Error rate of the check of the arms' sizes. Default: it is not planned.")
    )
    interference: InterferencePlan | None = field(
        default=None, metadata=_says("Through what units of one arm can reach those of another.")
    )
    high_risk: bool = field(default=False, metadata=_says("A failure would hurt at once."))
    reward_lag_hours: float | None = field(
        default=None, metadata=_says("Until a unit's reward is known, for bandits. Default: the attribution window.")
    )
    effects_wanted: bool = field(
        default=False, metadata=_says("Effects are to be estimated, beside finding the best arm, for bandits.")
    )


def read_plan(section: Node) -> tuple[PlanSection | None, list[Problem]]:
    """Returns the section, or what is wrong with it."""
    problems: list[Problem] = []
    found = _read(PlanSection, section, PLAN, problems)
    return (None if problems else found), problems


def _read(kind: Any, node: Node, path: str, problems: list[Problem]) -> Any:
    if not isinstance(node.value, Mapping):
        problems.append(Problem(node.line, path, "must be a mapping"))
        return None
    known = {each.name: each for each in dataclasses.fields(kind)}
    hints = typing.get_type_hints(kind)
    values = {}
    for name, child in node.value.items():
        where = f"{path}.{name}"
        if name not in known:
            problems.append(Problem(child.line, where, f"there is no such field; there are {', '.join(known)}"))
        elif child.value is not None:
            values[name] = _value(hints[name], child, where, problems)
    problems.extend(Problem(node.line, f"{path}.{name}", "must be given") for name in _missing(known, values))
    return None if problems else kind(**values)


def _missing(known: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    for name, each in known.items():
        is_required = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        if is_required and name not in values:
            yield name


def _value(hint: Any, node: Node, where: str, problems: list[Problem]) -> Any:
    kind = _without_none(hint)
    if typing.get_origin(kind) is not None:
        return _sections(typing.get_args(kind)[1], node, where, problems)
    if dataclasses.is_dataclass(kind):
        return _read(kind, node, where, problems)
    try:
        return _scalar(kind, node.value)
    except ValueError as error:
        problems.append(Problem(node.line, where, str(error)))
        return None


def _sections(kind: Any, node: Node, where: str, problems: list[Problem]) -> Mapping[str, Any]:
    if not isinstance(node.value, Mapping):
        problems.append(Problem(node.line, where, "must be a mapping"))
        return {}
    return {name: _read(kind, child, f"{where}.{name}", problems) for name, child in node.value.items()}


def _scalar(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        names = {member.value.lower(): member for member in kind}
        if isinstance(value, str) and value.lower() in names:
            return names[value.lower()]
        raise ValueError(f"must be one of {', '.join(names)}")
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and isinstance(value, bool) is (kind is bool):
        return value
    raise ValueError(f"must be {_MUST[kind]}")


_MUST: Final = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next(member for member in typing.get_args(hint) if member is not types.NoneType)
    return hint
