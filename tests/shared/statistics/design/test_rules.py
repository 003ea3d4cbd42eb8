"""Every rule fires on a design that breaks it and is silent on one that does not, on both sides of each boundary."""

from dataclasses import replace

import pytest

from shared.definition.model import MetricRole
from shared.statistics.design.model import (
    Design,
    Hypothesis,
    Interference,
    Isolation,
    SampleRatioPlan,
    UnitVariance,
)
from shared.statistics.design.rule import Unchecked
from shared.statistics.design.severity import Severity
from shared.statistics.design.validate import RULES, validate
from shared.statistics.planning.baseline import Baseline
from shared.statistics.planning.familywise import Multiplicity
from shared.statistics.planning.monitoring import AnyTime, GroupSequential
from tests.shared.statistics.design.examples import (
    PURCHASE,
    REVENUE,
    Change,
    both,
    ramp,
    sound,
    sound_bandit,
    with_,
    with_bandit,
    with_guardrail,
    with_observations,
    with_plan,
    with_primary,
)

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

RATIO = Baseline.ratio(
    numerator_mean=5.0, denominator_mean=10.0, numerator_variance=4.0, denominator_variance=9.0, covariance=2.0
)
TWO_PRIMARIES = both(
    with_(metrics=(PURCHASE, REVENUE)), with_plan(guardrail_count=0, multiplicity=Multiplicity.BONFERRONI)
)
THREE_ARMS = with_plan(shares=(0.4, 0.3, 0.3), multiplicity=Multiplicity.DUNNETT)

# What breaks a rule, and how badly; the sound design keeps it.
BROKEN: list[tuple[str, Severity, Change]] = [
    ("D01", WARNING, with_(eligible_unit_count=140_000)),
    ("D01", WARNING, with_(eligible_unit_count=154_000)),
    ("D01", ERROR, with_(eligible_unit_count=130_000)),
    ("D01", ERROR, with_(eligible_unit_count=60_000)),
    ("D02", ERROR, with_plan(alpha=0.0501)),
    ("D03", ERROR, with_(days=6)),
    ("D03", WARNING, with_(days=7)),
    ("D03", WARNING, with_(days=13)),
    ("D04", WARNING, with_(days=15)),
    ("D04", WARNING, with_(days=20)),
    ("D05", WARNING, with_(days=43)),
    ("D05", WARNING, with_(days=56)),
    ("D05", ERROR, with_(days=57)),
    ("D06", ERROR, with_primary(minimum_lift=None)),
    ("D06", ERROR, with_primary(minimum_lift=0.0)),
    ("D06", ERROR, with_primary(minimum_lift=-0.05)),
    ("D06", ERROR, with_primary(minimum_lift=float("nan"))),
    ("D06", WARNING, with_primary(minimum_lift=0.091)),
    ("D06", WARNING, with_primary(minimum_lift=0.101, past_lifts=())),
    ("D06", WARNING, with_primary(minimum_lift=0.101, past_lifts=(0.5,) * 9)),
    ("D07", ERROR, with_(eligible_unit_count=154_649)),
    ("D08", ERROR, with_primary(baseline=None)),
    ("D08", ERROR, with_primary(baseline_days=None)),
    ("D08", ERROR, with_(metrics=())),
    ("D08", WARNING, with_primary(baseline_days=13)),
    ("D08", WARNING, with_primary(baseline_days=57)),
    ("D09", ERROR, with_(metrics=())),
    ("D09", WARNING, TWO_PRIMARIES),
    (
        "D09",
        ERROR,
        with_(metrics=(PURCHASE, REVENUE, replace(PURCHASE, metric_id="c"), replace(PURCHASE, metric_id="d"))),
    ),
    ("D10", WARNING, with_(metrics=(PURCHASE,))),
    ("D10", WARNING, with_guardrail(margin=None)),
    ("D10", WARNING, with_guardrail(margin=0.0)),
    ("D11", WARNING, with_plan(guardrail_count=0)),
    ("D11", WARNING, with_guardrail(margin=0.005)),
    ("D12", ERROR, with_plan(shares=(0.4, 0.3, 0.3))),
    ("D12", ERROR, both(TWO_PRIMARIES, with_plan(multiplicity=Multiplicity.NONE))),
    ("D12", ERROR, TWO_PRIMARIES),
    ("D13", WARNING, with_plan(shares=(0.2,) * 5, multiplicity=Multiplicity.DUNNETT)),
    ("D14", INFO, with_plan(shares=(0.62, 0.38))),
    ("D14", INFO, with_plan(shares=(0.25,) * 4, multiplicity=Multiplicity.DUNNETT)),
    ("D15", WARNING, with_plan(shares=(0.951, 0.049))),
    ("D16", WARNING, both(with_(eligible_unit_count=1_980), with_primary(baseline=Baseline.proportion(0.1)))),
    ("D16", WARNING, both(with_(eligible_unit_count=1_980), with_primary(baseline=Baseline.proportion(0.9)))),
    (
        "D16",
        WARNING,
        both(with_primary(baseline=Baseline.mean(50.0, 40.0**2), skewness=10.0), with_(eligible_unit_count=70_998)),
    ),
    ("D17", ERROR, with_(sample_ratio=None)),
    ("D17", ERROR, with_(sample_ratio=SampleRatioPlan(alpha=0.0011, any_time=True))),
    ("D17", ERROR, with_(eligible_unit_count=9)),
    (
        "D17",
        WARNING,
        both(
            with_(sample_ratio=SampleRatioPlan(alpha=0.001, any_time=False), look_count=2),
            with_plan(monitoring=AnyTime()),
        ),
    ),
    ("D18", ERROR, with_(look_count=2)),
    ("D18", ERROR, both(with_(look_count=5), with_plan(monitoring=GroupSequential((0.25, 0.5, 0.75, 1.0))))),
    ("D19", ERROR, with_(analysis_unit="session")),
    ("D20", WARNING, with_(clusters_per_arm=39)),
    ("D21", WARNING, with_(trigger_rate=0.49)),
    ("D22", WARNING, with_(changes_returning_units=True, effect_over_time_planned=True, days=7)),
    ("D22", WARNING, with_(changes_returning_units=True)),
    ("D23", WARNING, with_(high_risk=True)),
    ("D23", WARNING, with_(high_risk=True, ramp=ramp(0.05, 0.5, gated=False))),
    ("D23", WARNING, with_(high_risk=True, ramp=ramp(0.06, 0.5))),
    ("D23", WARNING, with_(ramp=ramp(0.05, 0.5, stratified=False))),
    ("D24", INFO, with_primary(covariate_correlation=0.3)),
    ("D24", INFO, with_primary(covariate_correlation=-0.5)),
    ("D25", ERROR, with_(interference=None)),
    ("D25", ERROR, with_(interference=Interference.MARKETPLACE)),
    ("D26", INFO, with_(overlapping_experiment_count=1, independent_assignment=False)),
    ("D27", INFO, with_primary(skewness=2.1)),
    ("D27", INFO, with_primary(skewness=2.1, winsorized_at=0.98)),
    ("D27", INFO, with_primary(winsorized_at=0.9995)),
    ("D27", INFO, with_primary(baseline=RATIO, winsorized_at=0.99, caps_both_sides=False)),
    *[
        ("D28", ERROR, with_(hypothesis=replace(sound().hypothesis, **{part: " "})))
        for part in Hypothesis.__dataclass_fields__
    ],
    ("D29", ERROR, with_(decision_rule=" ")),
    ("D30", WARNING, with_observations(pre_period_p_value=0.0009)),
    ("D34", ERROR, with_observations(multiple_exposure_share=0.01)),
    ("D35", WARNING, with_observations(lift=0.1001)),
    ("D35", WARNING, with_observations(lift=-0.1001)),
    ("D35", WARNING, both(with_primary(minimum_lift=0.06), with_observations(lift=0.0995))),
]

# What comes near and still keeps it.
KEPT: list[tuple[str, Change]] = [
    ("D01", with_(eligible_unit_count=154_650)),
    ("D07", with_(eligible_unit_count=154_650)),
    ("D02", with_plan(alpha=0.05)),
    ("D03", with_(days=14)),
    ("D04", with_(days=21)),
    ("D05", with_(days=42)),
    ("D06", with_primary(minimum_lift=0.09)),
    ("D06", with_primary(minimum_lift=0.1, past_lifts=())),
    ("D06", with_primary(minimum_lift=0.5, past_lifts=(0.5,) * 10)),
    ("D08", with_primary(baseline_days=14)),
    ("D08", with_primary(baseline_days=56)),
    ("D11", with_(metrics=(PURCHASE,))),
    ("D12", THREE_ARMS),
    ("D12", both(TWO_PRIMARIES, with_plan(primary_count=2))),
    ("D13", with_plan(shares=(0.25,) * 4)),
    ("D14", with_plan(shares=(0.6, 0.4))),
    ("D14", THREE_ARMS),
    ("D15", with_plan(shares=(0.95, 0.05))),
    ("D16", with_(eligible_unit_count=2_000)),
    (
        "D16",
        both(with_primary(baseline=Baseline.mean(50.0, 40.0**2), skewness=10.0), with_(eligible_unit_count=71_000)),
    ),
    ("D17", with_(eligible_unit_count=10)),
    ("D18", both(with_(look_count=20), with_plan(monitoring=AnyTime()))),
    ("D18", both(with_(look_count=4), with_plan(monitoring=GroupSequential((0.25, 0.5, 0.75, 1.0))))),
    ("D19", with_(analysis_unit="session", unit_variance=UnitVariance.DELTA)),
    ("D19", with_(analysis_unit="session", unit_variance=UnitVariance.CLUSTER_ROBUST)),
    ("D20", with_(clusters_per_arm=40)),
    ("D21", with_(trigger_rate=0.5)),
    ("D21", with_(trigger_rate=0.1, triggered_analysis=True)),
    ("D22", with_(changes_returning_units=True, effect_over_time_planned=True, days=14)),
    ("D23", with_(high_risk=True, ramp=ramp(0.05, 0.5))),
    ("D23", with_(ramp=ramp(0.5, stratified=False))),
    ("D24", with_primary(covariate_correlation=0.29)),
    ("D24", with_primary(covariate_correlation=0.8, covariate_used=True)),
    ("D25", with_(interference=Interference.SOCIAL, isolation=Isolation.CLUSTERS)),
    ("D26", with_(overlapping_experiment_count=3)),
    ("D27", with_primary(skewness=2.0)),
    ("D27", with_primary(skewness=9.0, winsorized_at=0.99)),
    ("D27", with_primary(winsorized_at=0.999)),
    ("D27", with_primary(baseline=RATIO, winsorized_at=0.99)),
    ("D30", with_observations(pre_period_p_value=0.001)),
    ("D34", with_observations(multiple_exposure_share=0.0099)),
    ("D35", both(with_primary(past_lifts=()), with_observations(lift=0.1))),
    ("D35", both(with_primary(past_lifts=()), with_observations(lift=-0.1))),
    ("D35", with_observations(lift=0.099)),
]

BANDIT_BROKEN: list[tuple[str, Severity, Change]] = [
    ("D13", WARNING, with_plan(shares=(0.5, 0.5))),
    ("D15", WARNING, with_plan(shares=(0.48, 0.49, 0.03))),
    ("D31", WARNING, with_bandit(reward_lag_hours=24.1)),
    ("D32", ERROR, with_bandit(exploration_floor=0.2)),
    ("D32", WARNING, with_bandit(exploration_floor=0.049)),
    ("D32", WARNING, with_bandit(exploration_floor=0.009, effects_wanted=False)),
    ("D33", ERROR, with_bandit(propensities_logged=False)),
    ("D33", ERROR, with_bandit(first_batch_units_per_arm=99)),
    ("D33", ERROR, with_bandit(batch_count=4)),
]

BANDIT_KEPT: list[tuple[str, Change]] = [
    ("D12", with_()),
    ("D13", with_plan(shares=(0.4, 0.3, 0.3))),
    ("D14", with_plan(shares=(0.9, 0.05, 0.05))),
    ("D15", with_plan(shares=(0.47, 0.48, 0.05))),
    ("D32", with_bandit(exploration_floor=0.19)),
    ("D32", with_bandit(exploration_floor=0.01, effects_wanted=False)),
    ("D33", with_bandit(batch_count=5)),
]


def broken_by(design: Design) -> dict[str, Severity]:
    return {finding.rule_id: finding.severity for finding in validate(design).findings}


@pytest.mark.parametrize("design", [sound(), sound_bandit()])
def test_validate_when_the_design_is_sound_then_is_silent(design: Design) -> None:
    validation = validate(design)

    assert validation.findings == ()
    assert validation.not_checked == ()
    assert validation.is_recommendable


@pytest.mark.parametrize(("rule_id", "severity", "change"), BROKEN)
def test_rule_when_a_design_breaks_it_then_fires(rule_id: str, severity: Severity, change: Change) -> None:
    assert broken_by(change(sound()))[rule_id] is severity


@pytest.mark.parametrize(("rule_id", "change"), KEPT)
def test_rule_when_a_design_just_keeps_it_then_is_silent(rule_id: str, change: Change) -> None:
    assert rule_id not in broken_by(change(sound()))


@pytest.mark.parametrize(("rule_id", "severity", "change"), BANDIT_BROKEN)
def test_rule_when_a_bandit_breaks_it_then_fires(rule_id: str, severity: Severity, change: Change) -> None:
    assert broken_by(change(sound_bandit()))[rule_id] is severity


@pytest.mark.parametrize(("rule_id", "change"), BANDIT_KEPT)
def test_rule_when_a_bandit_just_keeps_it_then_is_silent(rule_id: str, change: Change) -> None:
    assert rule_id not in broken_by(change(sound_bandit()))


def test_rules_when_listed_then_all_are_tested_both_ways() -> None:
    fired = {rule_id for rule_id, *_ in [*BROKEN, *BANDIT_BROKEN]}

    assert fired == {rule.rule_id for rule in RULES}


@pytest.mark.parametrize(
    ("rule_id", "change"),
    [
        ("D01", with_primary(baseline=None)),
        ("D01", with_(metrics=())),
        ("D06", with_(metrics=())),
        ("D07", with_primary(minimum_lift=None)),
        ("D11", with_guardrail(baseline=None)),
        ("D16", with_primary(baseline=Baseline.mean(50.0, 40.0**2))),
        ("D16", with_(metrics=())),
        ("D30", with_observations(pre_period_p_value=None)),
        ("D34", with_observations(multiple_exposure_share=None)),
        ("D35", with_observations(lift=None)),
    ],
)
def test_rule_when_something_is_unknown_then_says_what_is_missing(rule_id: str, change: Change) -> None:
    validation = validate(change(sound()))

    assert [one.because for one in validation.not_checked if one.rule_id == rule_id] != []
    assert rule_id not in {finding.rule_id for finding in validation.findings}


def test_rule_when_a_secondary_metric_is_skewed_then_only_primaries_count() -> None:
    secondary = replace(REVENUE, role=MetricRole.SECONDARY, skewness=50.0)

    design = replace(sound(), metrics=(*sound().metrics, secondary))

    assert validate(design).findings == ()


def test_unchecked_when_shown_then_says_why() -> None:
    assert Unchecked("no data").because == "no data"
