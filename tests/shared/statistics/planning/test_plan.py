import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.monitoring import AnyTime, GroupSequential
from shared.statistics.planning.plan import Equivalence, NonInferiority, Plan, Scale, StandardError
from shared.statistics.result.method import Alternative

GREATER = Alternative.GREATER


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Plan(shares=(1.0,)), "shares"),
        (lambda: Plan(shares=(0.5, 0.4)), "shares"),
        (lambda: Plan(shares=(1.0, 0.0)), "shares"),
        (lambda: Plan(shares=(0.5, math.nan)), "shares"),
        (lambda: Plan(shares="even"), "shares"),  # type: ignore[arg-type]
        (lambda: Plan(shares=0.5), "shares"),  # type: ignore[arg-type]
        (lambda: Plan(alpha=0.0), "alpha"),
        (lambda: Plan(alpha=0.5), "alpha"),
        (lambda: Plan(power=1.0), "power"),
        (lambda: Plan(power=math.nan), "power"),
        (lambda: Plan(primary_count=0), "primary_count"),
        (lambda: Plan(guardrail_count=-1), "guardrail_count"),
        (lambda: Plan(claim=NonInferiority(0.1)), "alternative"),
        (lambda: Plan(claim=Equivalence(0.1), alternative=GREATER), "alternative"),
        (lambda: NonInferiority(0.0), "margin"),
        (lambda: Equivalence(-0.1), "margin"),
        (lambda: Plan(claim=NonInferiority(1.0, Scale.RELATIVE), alternative=GREATER), "margin"),
        (lambda: Plan(claim=Equivalence(1.5, Scale.RELATIVE)), "margin"),
        (lambda: Plan(monitoring=AnyTime(), standard_error=StandardError.POOLED), "standard_error"),
        (lambda: Plan(claim=Equivalence(0.1), standard_error=StandardError.POOLED), "standard_error"),
        (lambda: AnyTime(look_count=0), "look_count"),
        (lambda: AnyTime(look_count=366), "look_count"),
        (lambda: AnyTime(tuned_at=0.0), "tuned_at"),
        (lambda: GroupSequential(()), "fractions"),
        (lambda: GroupSequential((0.5, 0.5, 1.0)), "fractions"),
        (lambda: GroupSequential((0.0, 1.0)), "fractions"),
        (lambda: GroupSequential((0.5, 0.9)), "fractions"),
    ],
)
def test_plans_that_cannot_be_are_refused(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidArgument, match=field):
        make()


@pytest.mark.parametrize("shares", [[0.2, 0.3, 0.5], np.array([0.2, 0.3, 0.5])])
def test_shares_of_any_sequence_are_kept_as_a_tuple(shares: Any) -> None:
    plan = Plan(shares=shares, multiplicity=Multiplicity.DUNNETT)

    assert plan == Plan(shares=(0.2, 0.3, 0.5), multiplicity=Multiplicity.DUNNETT)
    assert hash(plan.shares) == hash((0.2, 0.3, 0.5))
    assert 0.025 < plan.comparison_alpha < 0.05


@pytest.mark.parametrize("rule", Multiplicity)
@pytest.mark.parametrize(("arm_count", "primary_count"), [(2, 1), (3, 1), (2, 2), (4, 3)])
def test_alpha_is_shared_where_all_comparisons_together_have_it(
    rule: Multiplicity, arm_count: int, primary_count: int
) -> None:
    plan = Plan((1 / arm_count,) * arm_count, multiplicity=rule, primary_count=primary_count)
    comparisons = (arm_count - 1) * primary_count

    assert plan.is_alpha_shared is (comparisons == 1 or plan.comparison_alpha < plan.alpha)


def test_relative_margin_above_everything_is_fine_where_lower_is_better() -> None:
    plan = Plan(claim=NonInferiority(1.5, Scale.RELATIVE), alternative=Alternative.LESS)

    assert plan.comparison_alpha == 0.05


@pytest.mark.parametrize(("guardrails", "power"), [(0, 0.8), (1, 0.9), (3, 0.95)])
def test_guardrails_divide_beta(guardrails: int, power: float) -> None:
    assert Plan(guardrail_count=guardrails).comparison_power == pytest.approx(power)


def test_bonferroni_divides_alpha_by_treatments_times_metrics() -> None:
    plan = Plan((0.25,) * 4, multiplicity=Multiplicity.BONFERRONI, primary_count=2)

    assert plan.comparison_alpha == pytest.approx(0.05 / 6)


def test_dunnett_within_a_metric_is_bonferroni_between_metrics() -> None:
    two = Plan((0.25,) * 4, multiplicity=Multiplicity.DUNNETT, primary_count=2)
    one = Plan((0.25,) * 4, alpha=0.025, multiplicity=Multiplicity.DUNNETT)

    assert two.comparison_alpha == pytest.approx(one.comparison_alpha, rel=1e-12)
