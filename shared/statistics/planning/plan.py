"""How an experiment is going to be judged: what it claims, at which error rates, looking when, split how."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import invalid_field
from shared.statistics.fixed import margins
from shared.statistics.planning import familywise
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.monitoring import FixedLook, Monitoring
from shared.statistics.result import checks
from shared.statistics.result.method import Alternative

Floats: TypeAlias = NDArray[np.float64]

Scale: TypeAlias = margins.Scale
"""Says what a margin is measured in, as the tests do."""


class StandardError(StrEnum):
    """Says from what a fixed-look test takes its standard error.

    UNPOOLED: from each arm by itself (Welch's test, Wald's). POOLED: from both arms together, as if there were no
    effect (Student's test; the score test of proportions, which `fixed.proportions` makes).
    """

    UNPOOLED = "UNPOOLED"
    POOLED = "POOLED"


@dataclass(frozen=True, slots=True)
class Superiority:
    """Claims a difference: above 0 (GREATER), below 0 (LESS) or any (TWO_SIDED)."""


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Claims that the treatment is not worse than the control by the margin or more.

    With GREATER, higher is better and the claim is difference > -margin; with LESS it is difference < margin.

    Attributes:
        margin: Above 0; may be an array that broadcasts with the baselines.
        scale: RELATIVE means margin times |control|, whose own error the test then takes in.
    """

    margin: ArrayLike
    scale: Scale = Scale.ABSOLUTE

    def __post_init__(self) -> None:
        checks.positive("margin", self.margin)


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Claims -margin < difference < margin, by two one-sided tests, each at the full alpha (Schuirmann 1987).

    Attributes:
        margin: As for `NonInferiority`.
        scale: As for `NonInferiority`.
    """

    margin: ArrayLike
    scale: Scale = Scale.ABSOLUTE

    def __post_init__(self) -> None:
        checks.positive("margin", self.margin)


Claim: TypeAlias = Superiority | NonInferiority | Equivalence


@dataclass(frozen=True, slots=True)
class Plan:
    """Says how each comparison of a treatment with the control is going to be judged.

    Attributes:
        shares: Of the arms, the control first; each above 0, together 1; any sequence, kept as a tuple. Where
            treatments have different shares, answers are for the smallest treatment, which has the least power.
        alpha: Error rate; one-sided where the claim or the alternative is. It is of all comparisons together where
            `multiplicity` shares it, and of each by itself with NONE: answers say
            ALPHA_NOT_SHARED where there are several.
        power: That the experiment shall have; `comparison_power` allows for guardrails.
        alternative: TWO_SIDED for equivalence; GREATER or LESS for non-inferiority.
        claim: What each comparison has to show.
        monitoring: When it is looked at.
        multiplicity: How alpha is shared between comparisons, treatments times `primary_count`.
        primary_count: Metrics of which any one may show the claim: comparisons are treatments times metrics.
        guardrail_count: Further metrics that must all show theirs.
        standard_error: What the test of a fixed look takes; POOLED is for superiority at a fixed look only.

    Raises:
        InvalidArgument: INVALID_FIELD: something is out of range, or does not fit the rest.
    """

    shares: Sequence[float] = (0.5, 0.5)
    alpha: float = 0.05
    power: float = 0.8
    alternative: Alternative = Alternative.TWO_SIDED
    claim: Claim = Superiority()
    monitoring: Monitoring = field(default_factory=FixedLook)
    multiplicity: Multiplicity = Multiplicity.NONE
    primary_count: int = 1
    guardrail_count: int = 0
    standard_error: StandardError = StandardError.UNPOOLED

    def __post_init__(self) -> None:
        checks.alpha(self.alpha)
        object.__setattr__(self, "shares", _checked_shares(self.shares))
        if not 0 < self.power < 1:
            raise invalid_field("power", f"{self.power!r}, must be in (0, 1)")
        if self.primary_count < 1 or self.guardrail_count < 0:
            raise invalid_field("primary_count", "must be 1 or more, and guardrail_count 0 or more")
        _check_alternative(self.claim, self.alternative)
        if self.is_relative and self.alternative is not Alternative.LESS and (self.margin >= 1).any():
            raise invalid_field("margin", "must be below 1 where it is relative to the control and a lower end")
        _check_standard_error(self)

    @property
    def is_two_sided(self) -> bool:
        """Says whether both tails share alpha; an equivalence test spends it on each."""
        return isinstance(self.claim, Superiority) and self.alternative is Alternative.TWO_SIDED

    @property
    def margin(self) -> Floats:
        """Returns the claim's margin, 0 for superiority."""
        return np.asarray(0.0 if isinstance(self.claim, Superiority) else self.claim.margin, dtype=np.float64)

    @property
    def is_relative(self) -> bool:
        """Says whether the margin is in shares of the control's value."""
        return not isinstance(self.claim, Superiority) and self.claim.scale is Scale.RELATIVE

    @property
    def is_alpha_shared(self) -> bool:
        """Says whether alpha is the error rate of all comparisons together: it is shared, or there is only one."""
        return self.multiplicity is not Multiplicity.NONE or (len(self.shares) - 1) * self.primary_count == 1

    @property
    def treatment_share(self) -> float:
        """Returns the smallest treatment's share."""
        return min(self.shares[1:])

    @property
    def comparison_alpha(self) -> float:
        """Returns the error rate at which each comparison is tested by itself."""
        return familywise.comparison_alpha(
            tuple(self.shares),
            alpha=self.alpha,
            two_sided=self.is_two_sided,
            rule=self.multiplicity,
            primary_count=self.primary_count,
        )

    @property
    def comparison_power(self) -> float:
        """Returns the power that each comparison must have: beta / (guardrails + 1) is left to each.

        Schultzberg, Ankargren and Frånberg 2024 (arXiv 2402.11609), so that all show their claims together with the
        plan's power at least, whatever their dependence.
        """
        return 1 - (1 - self.power) / (self.guardrail_count + 1)


def _checked_shares(shares: Sequence[float]) -> tuple[float, ...]:
    must = "must be two or more numbers, each above 0, together 1"
    try:
        found = tuple(float(share) for share in shares)
    except (TypeError, ValueError):
        raise invalid_field("shares", f"{shares!r}, {must}") from None
    if len(found) < 2 or not all(share > 0 for share in found) or not math.isclose(sum(found), 1, abs_tol=1e-9):
        raise invalid_field("shares", f"{found}, {must}")
    return found


def _check_alternative(claim: Claim, alternative: Alternative) -> None:
    if isinstance(claim, NonInferiority) and alternative is Alternative.TWO_SIDED:
        raise invalid_field("alternative", "must be GREATER or LESS for non-inferiority")
    if isinstance(claim, Equivalence) and alternative is not Alternative.TWO_SIDED:
        raise invalid_field("alternative", "must be TWO_SIDED for equivalence")


def _check_standard_error(plan: Plan) -> None:
    plain = isinstance(plan.claim, Superiority) and isinstance(plan.monitoring, FixedLook)
    if plan.standard_error is StandardError.POOLED and not plain:
        raise invalid_field("standard_error", "POOLED is for superiority at a fixed look only")
