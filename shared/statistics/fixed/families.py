"""Which hypotheses of an experiment count as one family, and how each family is adjusted.

The rules follow from what is decided:

- A primary metric alone can make a treatment ship: primary metrics x treatments are one family, strictly controlled.
- A guardrail can only hold back, and all of them have to hold: testing more of them makes wrong shipping rarer, so that
  their p-values stay as they are. What suffers is power: with G guardrails, plans have beta / (G + 1) for each test
  (Schultzberg, Ankargren and Franberg 2024, arXiv 2402.11609).
- Secondary metrics are for learning: the share of false findings among them is controlled.
- Segments are looked at afterwards: those of one metric, with all treatments, are a family of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.fixed.multiplicity import Procedure, adjusted

Floats: TypeAlias = NDArray[np.float64]


class Role(StrEnum):
    """Says what a hypothesis is for; SEGMENT is any metric's effect in one segment."""

    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"
    GUARDRAIL = "GUARDRAIL"
    SEGMENT = "SEGMENT"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Is one test of an experiment.

    Attributes:
        role: Its metric's, or SEGMENT where a segment is named.
        treatment: The arm that is compared with the control.
        segment: None for all units.
    """

    metric: str
    role: Role
    treatment: str
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class FamilyRule:
    """Says how the hypotheses of one role are adjusted.

    Attributes:
        per_metric: Whether each metric is a family of its own.
        alpha_share: Which part of alpha the family may spend, above 0 and up to 1.
    """

    procedure: Procedure
    per_metric: bool = False
    alpha_share: float = 1.0


DEFAULT_RULES: Final[Mapping[Role, FamilyRule]] = MappingProxyType(
    {
        Role.PRIMARY: FamilyRule(Procedure.HOLM),
        Role.SECONDARY: FamilyRule(Procedure.BENJAMINI_HOCHBERG),
        Role.GUARDRAIL: FamilyRule(Procedure.NONE),
        Role.SEGMENT: FamilyRule(Procedure.HOLM, per_metric=True),
    }
)


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """Is one hypothesis within its family.

    Attributes:
        family: Its name, such as "PRIMARY" or "SEGMENT of revenue".
        family_size: Hypotheses of the family that could be tested.
        procedure: How the family was adjusted.
        p_value: As it came; NaN where the hypothesis could not be tested.
        adjusted_p_value: To be held against the experiment's alpha; NaN where p_value is.
    """

    hypothesis: Hypothesis
    family: str
    family_size: int
    procedure: Procedure
    p_value: float
    adjusted_p_value: float


def preferential_rules(primary_share: float) -> Mapping[Role, FamilyRule]:
    """Returns rules that split alpha between primary and secondary metrics, so that it is spent once for both.

    With k treatments, m metrics and one of them primary, it is tested at share alpha / k, the others at
    (1 - share) alpha / (k (m - 1)) (Eppo, "Multiple testing correction": preferential Bonferroni).

    Raises:
        InvalidArgument: INVALID_FIELD: the share is not above 0 and below 1.
    """
    if not 0 < primary_share < 1:
        raise invalid_field("primary_share", f"{primary_share!r}, must be above 0 and below 1")
    return {
        **DEFAULT_RULES,
        Role.PRIMARY: FamilyRule(Procedure.BONFERRONI, alpha_share=primary_share),
        Role.SECONDARY: FamilyRule(Procedure.BONFERRONI, alpha_share=1 - primary_share),
    }


def adjust_families(
    hypotheses: Sequence[Hypothesis], p_values: ArrayLike, *, rules: Mapping[Role, FamilyRule] = DEFAULT_RULES
) -> list[FamilyMember]:
    """Returns every hypothesis within its family, in the order given.

    Args:
        hypotheses: All of an experiment.
        p_values: One for each, in [0, 1] or NaN.
        rules: One for each role that occurs.

    Raises:
        InvalidArgument: INVALID_FIELD: numbers differ, a hypothesis is there twice, a segment has another role than
            SEGMENT, or a role has no rule.
    """
    values = np.asarray(p_values, dtype=np.float64)
    _check(hypotheses, values, rules)
    names = [_family_name(hypothesis, rules) for hypothesis in hypotheses]
    sizes, changed = np.zeros(len(names), dtype=int), np.empty(len(names))
    for name in set(names):
        members = [place for place, other in enumerate(names) if other == name]
        rule = rules[hypotheses[members[0]].role]
        changed[members] = np.minimum(1.0, adjusted(values[members], rule.procedure) / rule.alpha_share)
        sizes[members] = (~np.isnan(values[members])).sum()
    return [
        FamilyMember(hypothesis, name, int(size), rules[hypothesis.role].procedure, float(before), float(after))
        for hypothesis, name, size, before, after in zip(hypotheses, names, sizes, values, changed, strict=True)
    ]


def _check(hypotheses: Sequence[Hypothesis], values: Floats, rules: Mapping[Role, FamilyRule]) -> None:
    if values.shape != (len(hypotheses),):
        raise invalid_field("p_values", f"shape {values.shape}, must be one for each of {len(hypotheses)} hypotheses")
    if len(set(hypotheses)) < len(hypotheses):
        raise invalid_field("hypotheses", "the same one is there twice")
    for place, hypothesis in enumerate(hypotheses):
        if (hypothesis.segment is not None) != (hypothesis.role is Role.SEGMENT):
            raise invalid_field(
                f"hypotheses[{place}].role", "must be SEGMENT where, and only where, a segment is named"
            )
        if hypothesis.role not in rules:
            raise invalid_field("rules", f"there is none for {hypothesis.role}")


def _family_name(hypothesis: Hypothesis, rules: Mapping[Role, FamilyRule]) -> str:
    return f"{hypothesis.role} of {hypothesis.metric}" if rules[hypothesis.role].per_metric else str(hypothesis.role)
