"""Tests which hypotheses count as one family and what they are adjusted by."""

import numpy as np
import pytest

from shared.errors import InvalidArgument
from shared.statistics.fixed.families import (
    DEFAULT_RULES,
    FamilyMember,
    Hypothesis,
    Role,
    adjust_families,
    preferential_rules,
)
from shared.statistics.fixed.multiplicity import Procedure

EXPERIMENT = [
    (Hypothesis("revenue", Role.PRIMARY, "blue"), 0.01),
    (Hypothesis("revenue", Role.PRIMARY, "green"), 0.03),
    (Hypothesis("latency", Role.GUARDRAIL, "blue"), 0.04),
    (Hypothesis("clicks", Role.SECONDARY, "blue"), 0.02),
    (Hypothesis("clicks", Role.SECONDARY, "green"), 0.04),
    (Hypothesis("visits", Role.SECONDARY, "blue"), 0.5),
    (Hypothesis("revenue", Role.SEGMENT, "blue", "new"), 0.01),
    (Hypothesis("revenue", Role.SEGMENT, "blue", "old"), 0.02),
    (Hypothesis("clicks", Role.SEGMENT, "blue", "new"), 0.03),
]


def adjusted_experiment(*, primary_share: float | None = None) -> list[FamilyMember]:
    hypotheses, p_values = zip(*EXPERIMENT, strict=True)
    rules = DEFAULT_RULES if primary_share is None else preferential_rules(primary_share)
    return adjust_families(hypotheses, p_values, rules=rules)


def test_families_when_rules_are_default_then_each_role_is_adjusted_by_its_own() -> None:
    found = adjusted_experiment()

    expected = [0.02, 0.03, 0.04, 0.06, 0.06, 0.5, 0.02, 0.02, 0.03]
    np.testing.assert_allclose([member.adjusted_p_value for member in found], expected)


def test_families_when_adjusted_then_name_size_and_procedure_are_stated() -> None:
    found = adjusted_experiment()

    assert [(member.family, member.family_size) for member in found] == [
        *[("PRIMARY", 2)] * 2,
        ("GUARDRAIL", 1),
        *[("SECONDARY", 3)] * 3,
        *[("SEGMENT of revenue", 2)] * 2,
        ("SEGMENT of clicks", 1),
    ]
    assert found[0].procedure is Procedure.HOLM
    assert found[3].procedure is Procedure.BENJAMINI_HOCHBERG


def test_families_when_alpha_is_split_then_as_the_preferential_method_says() -> None:
    """2 treatments, 1 primary metric at share alpha / k, m - 1 = 2 others at (1 - share) alpha / (k (m - 1))."""
    metrics = [("a", Role.PRIMARY), ("b", Role.SECONDARY), ("c", Role.SECONDARY)]
    hypotheses = [Hypothesis(metric, role, arm) for metric, role in metrics for arm in ("x", "y")]

    found = adjust_families(hypotheses, [0.001] * 6, rules=preferential_rules(0.8))

    expected = [0.001 * 2 / 0.8] * 2 + [0.001 * 4 / 0.2] * 4
    np.testing.assert_allclose([member.adjusted_p_value for member in found], expected)


def test_families_when_secondary_metrics_are_added_then_primary_is_unmoved() -> None:
    few = adjusted_experiment(primary_share=0.7)

    hypotheses, p_values = zip(*EXPERIMENT, strict=True)
    more = [Hypothesis(f"more {place}", Role.SECONDARY, "blue") for place in range(20)]
    many = adjust_families([*hypotheses, *more], [*p_values, *[0.5] * 20], rules=preferential_rules(0.7))

    assert many[0].adjusted_p_value == few[0].adjusted_p_value
    assert many[3].adjusted_p_value > few[3].adjusted_p_value


def test_families_when_a_hypothesis_could_not_be_tested_then_it_does_not_count() -> None:
    found = adjust_families([Hypothesis("a", Role.PRIMARY, arm) for arm in "xyz"], [0.01, np.nan, 0.02])

    assert [member.family_size for member in found] == [2, 2, 2]
    np.testing.assert_allclose([member.adjusted_p_value for member in found], [0.02, np.nan, 0.02])


def test_families_when_order_changes_then_answers_do_not() -> None:
    hypotheses, p_values = zip(*reversed(EXPERIMENT), strict=True)

    assert adjust_families(hypotheses, p_values)[::-1] == adjusted_experiment()


def test_families_when_there_are_none_then_nothing() -> None:
    assert adjust_families([], []) == []


@pytest.mark.parametrize(
    ("hypotheses", "p_values"),
    [
        ([Hypothesis("a", Role.PRIMARY, "x")], []),
        ([Hypothesis("a", Role.PRIMARY, "x")] * 2, [0.1, 0.1]),
        ([Hypothesis("a", Role.PRIMARY, "x", "new")], [0.1]),
        ([Hypothesis("a", Role.SEGMENT, "x")], [0.1]),
        ([Hypothesis("a", Role.PRIMARY, "x")], [1.1]),
    ],
)
def test_families_when_arguments_do_not_fit_then_invalid(hypotheses: list[Hypothesis], p_values: list[float]) -> None:
    with pytest.raises(InvalidArgument):
        adjust_families(hypotheses, p_values)


def test_families_when_a_role_has_no_rule_then_invalid() -> None:
    with pytest.raises(InvalidArgument):
        adjust_families([Hypothesis("a", Role.PRIMARY, "x")], [0.1], rules={})


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan")])
def test_preferential_rules_when_share_is_no_part_then_invalid(share: float) -> None:
    with pytest.raises(InvalidArgument):
        preferential_rules(share)
