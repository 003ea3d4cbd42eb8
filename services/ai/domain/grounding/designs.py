"""R8: a provider chooses among designs that code computed; sample, duration and detectable effect are never its own."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ai.domain.grounding.evidence import EvidencePack, Fact
from services.ai.domain.grounding.rules.violation import RuleId, Violation

DAYS_PER_WEEK: Final = 7
_SUM_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class DesignOption:
    """Is a design that was computed.

    Attributes:
        option_id: Alias, such as D1.
        primary_metric: Alias, as are the others.
        arm_shares: Of the participating units, the control's first.
        duration_days: In whole weeks.
        aim: What it serves most, in a word.
        algorithm: What moves the weights of the arms; empty: nothing does, the split is fixed.
        looking: When one may look, in a word.
        unit_count: Of all arms, that it takes.
        relative_mde: The least relative lift that it is planned to find.
        reachable: Whether enough units come for that.
        facts: What words about it may rest on.
    """

    option_id: str
    primary_metric: str
    guardrail_metrics: tuple[str, ...]
    arm_shares: tuple[float, ...]
    duration_days: int
    secondary_metrics: tuple[str, ...] = ()
    aim: str = ""
    algorithm: str = ""
    looking: str = ""
    unit_count: int = 0
    relative_mde: float = 0.0
    reachable: bool = True
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class DesignChoice:
    """Is what a provider chose; what it repeats of the option has to be the option's."""

    option_id: str
    primary_metric: str = ""
    guardrail_metrics: tuple[str, ...] | None = None


def check_option(
    option: DesignOption, pack: EvidencePack, *, least_share: float, most_days: int, path: str = "option"
) -> tuple[Violation, ...]:
    """Returns what keeps a computed design from being offered; `least_share` is the least that an arm may get."""
    return tuple(_option_violations(option, pack, least_share, most_days, path))


def check_choice(
    choice: DesignChoice, options: Sequence[DesignOption], *, path: str = "design"
) -> tuple[Violation, ...]:
    """Returns what is wrong with a choice: it is none of the options, or another one than it says."""
    ids = tuple(option.option_id for option in options)
    chosen = next((option for option in options if option.option_id == choice.option_id), None)
    if chosen is None:
        return (Violation(f"{path}.option_id", RuleId.DESIGN, choice.option_id, ids),)
    found = list[Violation]()
    if choice.primary_metric not in ("", chosen.primary_metric):
        found.append(_broken(f"{path}.primary_metric", choice.primary_metric, chosen.primary_metric))
    if choice.guardrail_metrics is not None and set(choice.guardrail_metrics) != set(chosen.guardrail_metrics):
        found.append(_broken(f"{path}.guardrail_metrics", str(choice.guardrail_metrics), *chosen.guardrail_metrics))
    return tuple(found)


def _option_violations(
    option: DesignOption, pack: EvidencePack, least_share: float, most_days: int, path: str
) -> Iterator[Violation]:
    metrics = {metric.alias for metric in pack.metrics}
    named = (option.primary_metric, *option.guardrail_metrics, *option.secondary_metrics)
    for alias in sorted(set(named) - metrics):
        yield _broken(f"{path}.metrics", alias, *sorted(metrics))
    if not set(option.guardrail_metrics) - {option.primary_metric} and len(metrics) > 1:
        yield _broken(f"{path}.guardrail_metrics", "none", "at least one other than the primary")
    if not math.isclose(math.fsum(option.arm_shares), 1, abs_tol=_SUM_SLACK):
        yield _broken(f"{path}.arm_shares", f"sum {math.fsum(option.arm_shares)}", "1")
    if min(option.arm_shares, default=0) < least_share:
        yield _broken(f"{path}.arm_shares", str(min(option.arm_shares, default=0)), f"at least {least_share}")
    if option.duration_days % DAYS_PER_WEEK or not DAYS_PER_WEEK <= option.duration_days <= most_days:
        yield _broken(f"{path}.duration_days", str(option.duration_days), f"whole weeks up to {most_days} days")


def _broken(path: str, got: str, *allowed: str) -> Violation:
    return Violation(path, RuleId.DESIGN, got, allowed)
