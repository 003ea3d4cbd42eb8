"""Experiments as files: what they declare, plan, and would change."""

from pathlib import Path

import pytest

from experimentation.v1 import common_pb2 as pb
from services.admin import formats
from services.admin.files.changes import ChangeKind, changes, planned
from services.admin.files.design import judged
from services.admin.files.experiment import ExperimentFile, read_experiment
from services.admin.files.plan import InterferencePlan, MetricSection, MonitoringPlan
from services.admin.files.tree import FileProblems
from services.admin.formats import Format
from shared.definition.convert import experiment_from_proto, experiment_to_proto
from shared.statistics.design.model import Interference
from shared.statistics.design.validate import Validation
from tests.admin.commands.experiment_files import CHECKOUT, written

SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "experiment.yaml"


def read(tmp_path: Path, more: str = "", content: str = CHECKOUT) -> ExperimentFile:
    return read_experiment(written(tmp_path, content + more))


def stored(file: ExperimentFile) -> pb.Experiment:
    """Returns the experiment as the service has it: with its defaults, and what only the service says."""
    found = experiment_to_proto(experiment_from_proto(file.experiment))
    found.display_name = found.display_name or found.experiment_id
    for arm in found.arms:
        arm.display_name = arm.display_name or arm.arm_id
    for metric in found.metrics:
        metric.display_name = metric.display_name or metric.metric_id
    found.state, found.revision, found.etag = pb.EXPERIMENT_STATE_DRAFT, 1, "e1"
    return found


def judge(file: ExperimentFile) -> Validation:
    assert file.plan is not None
    return judged(file, file.plan, stored(file))


def kinds(file: ExperimentFile, current: pb.Experiment) -> list[ChangeKind]:
    return [each.kind for each in changes(file, current)]


def test_read_when_there_is_no_id_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match=r"experiment.yaml:1: experiment_id: must be given"):
        read(tmp_path, content="display_name: x\n")


def test_read_when_it_is_what_the_command_shows_then_only_the_etag_is_kept(tmp_path: Path) -> None:
    shown = formats.one(Format.YAML, stored(read(tmp_path)))

    file = read(tmp_path, content=shown)

    assert file.etag == "e1"
    assert (file.experiment.revision, file.experiment.etag) == (0, "")
    assert kinds(file, stored(file)) == []


def test_changes_when_nothing_differs_then_none_though_defaults_are_left_out(tmp_path: Path) -> None:
    file = read(tmp_path, "traffic: {share: 1}\nallocation_policy: {fixed_split: {}}\n")

    assert kinds(file, stored(read(tmp_path))) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("traffic: {share: 0.5}\n", [ChangeKind.TRAFFIC]),
        ("description: New words.\n", [ChangeKind.DETAILS]),
        ("labels: {team: growth}\ndisplay_name: Checkout\n", [ChangeKind.DETAILS]),
        ("allocation_policy: {beta_thompson: {}}\n", [ChangeKind.ALLOCATION]),
        ("traffic: {share: 0.5}\ndescription: x\n", [ChangeKind.DETAILS, ChangeKind.TRAFFIC]),
    ],
)
def test_changes_when_a_section_differs_then_its_kind(tmp_path: Path, more: str, expected: list[ChangeKind]) -> None:
    assert kinds(read(tmp_path, more), stored(read(tmp_path))) == expected


def test_changes_when_arms_and_weights_differ_then_one_change_brings_both(tmp_path: Path) -> None:
    current = stored(read(tmp_path))
    content = CHECKOUT.replace("  - {arm_id: green}\n", "  - {arm_id: green}\n  - {arm_id: red}\n")
    weights = "[{arm_id: grey, weight: 0.5}, {arm_id: green, weight: 0.25}, {arm_id: red, weight: 0.25}]"
    file = read(tmp_path, f"allocation_policy: {{fixed_split: {{weights: {weights}}}}}\n", content)

    (change,) = changes(file, current)

    assert change.kind is ChangeKind.ARMS
    assert [arm.arm_id for arm in change.change.edit_arms.arms] == ["grey", "green", "red"]
    assert len(change.change.edit_arms.allocation_policy.fixed_split.weights) == 3


def test_changes_when_only_arms_differ_then_the_policy_stays(tmp_path: Path) -> None:
    current = stored(read(tmp_path))
    content = CHECKOUT.replace("  - {arm_id: green}\n", "  - {arm_id: green, display_name: Lime}\n")

    (change,) = changes(read(tmp_path, content=content), current)

    assert change.kind is ChangeKind.ARMS
    assert not change.change.edit_arms.HasField("allocation_policy")


def test_changes_when_a_metric_differs_then_all_metrics_are_sent(tmp_path: Path) -> None:
    content = CHECKOUT + "  - {metric_id: revenue, kind: mean, role: guardrail, revenue: true}\n"

    (change,) = changes(read(tmp_path, content=content), stored(read(tmp_path)))

    assert change.kind is ChangeKind.METRICS
    assert [metric.metric_id for metric in change.change.edit_metrics.metrics] == ["bought", "revenue"]


def test_changes_when_the_file_leaves_a_section_out_then_it_stays(tmp_path: Path) -> None:
    current = stored(read(tmp_path, "traffic: {share: 0.5}\ndescription: x\n"))

    assert kinds(read(tmp_path, content="experiment_id: checkout\ntraffic: {share: 0.7}\n"), current) == [
        ChangeKind.TRAFFIC
    ]


@pytest.mark.parametrize(
    "more", ["analysis_unit: allocation\n", "attribution_window: 1d\n", "features: [{feature_id: x, boolean: {}}]\n"]
)
def test_changes_when_something_fixed_differs_then_refused_with_its_line(tmp_path: Path, more: str) -> None:
    name = more.split(":", maxsplit=1)[0]
    with pytest.raises(FileProblems, match=rf"experiment.yaml:7: {name}: cannot change once"):
        changes(read(tmp_path, more), stored(read(tmp_path)))


def test_changes_when_a_metric_lacks_its_kind_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match=r"experiment.yaml:5: metrics: .*must be given"):
        changes(read(tmp_path, content=CHECKOUT.replace("kind: proportion, ", "")), stored(read(tmp_path)))


def test_planned_when_all_changes_are_made_then_the_experiment_is_as_the_file_says(tmp_path: Path) -> None:
    current = stored(read(tmp_path, "traffic: {share: 0.5}\nlabels: {a: b}\n"))

    found = planned(read(tmp_path, content="experiment_id: checkout\nlabels: {c: d}\n"), current)

    assert found.traffic.share == 0.5
    assert dict(found.labels) == {"c": "d"}
    assert found.arms == current.arms
    assert found.etag == "e1"


def test_sample_when_judged_then_can_be_recommended(tmp_path: Path) -> None:
    file = read_experiment(SAMPLE)

    validation = judge(file)

    assert validation.is_recommendable
    assert file.plan is not None
    assert file.plan.interference is InterferencePlan.NONE
    assert file.plan.monitoring is MonitoringPlan.ONCE
    assert file.plan.metrics["bought"] == MetricSection(baseline=0.10, baseline_days=28, minimum_lift=0.05)


def test_sample_when_planned_for_too_few_units_then_the_rules_say_so(tmp_path: Path) -> None:
    content = SAMPLE.read_text(encoding="utf-8").replace("units: 200000", "units: 2000")
    file = read(tmp_path, content=content)

    validation = judge(file)

    assert not validation.is_recommendable
    assert "D01" in {finding.rule_id for finding in validation.findings}


def test_interference_when_compared_with_the_rules_own_then_has_the_same_names() -> None:
    assert [member.name for member in InterferencePlan] == [member.name for member in Interference]


@pytest.mark.parametrize("algorithm", ["beta_thompson", "fixed_split", "linear_thompson"])
@pytest.mark.parametrize("monitoring", list(MonitoringPlan))
def test_judged_when_any_algorithm_and_monitoring_then_an_answer(
    tmp_path: Path, algorithm: str, monitoring: MonitoringPlan
) -> None:
    plan = f"plan: {{days: 14, units: 10000, monitoring: {monitoring}, looks: 4}}\n"
    file = read(tmp_path, f"allocation_policy: {{{algorithm}: {{}}}}\n{plan}")

    assert judge(file).findings


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("{}", "7: plan.days: must be given"),
        ("{days: x, units: 1}", "7: plan.days: must be a whole number"),
        ("{days: true, units: 1}", "7: plan.days: must be a whole number"),
        ("{days: 1, units: 1, dys: 1}", "7: plan.dys: there is no such field"),
        ("{days: 1, units: 1, interference: some}", "7: plan.interference: must be one of none, marketplace"),
        ("{days: 1, units: 1, high_risk: 1}", "7: plan.high_risk: must be true or false"),
        ("{days: 1, units: 1, hypothesis: up}", "7: plan.hypothesis: must be a mapping"),
        ("{days: 1, units: 1, metrics: {bought: 1}}", "7: plan.metrics.bought: must be a mapping"),
        ("{days: 1, units: 1, metrics: {bought: {margin: x}}}", "7: plan.metrics.bought.margin: must be a number"),
        ("[]", "7: plan: must be a mapping"),
    ],
)
def test_plan_when_something_does_not_fit_then_says_where(tmp_path: Path, plan: str, said: str) -> None:
    with pytest.raises(FileProblems) as caught:
        read(tmp_path, f"plan: {plan}\n")
    assert f"experiment.yaml:{said}" in caught.value.message


@pytest.mark.parametrize(
    "plan", ["alpha: 2", "power: 1", "looks: 0, monitoring: any_time", "metrics: {bought: {baseline: 2}}"]
)
def test_plan_when_it_is_out_of_range_then_says_where(tmp_path: Path, plan: str) -> None:
    file = read(tmp_path, f"plan: {{days: 1, units: 1, {plan}}}\n")

    with pytest.raises(FileProblems, match=r"experiment.yaml:7: plan\."):
        judge(file)


@pytest.mark.parametrize(
    ("more", "share"),
    [("traffic: {holdout_share: 0.1}\n", 1), ("traffic: {share: null}\n", 1), ("traffic: {share: 0.5}\n", 0.5)],
)
def test_traffic_when_the_share_is_left_out_then_1(tmp_path: Path, more: str, share: float) -> None:
    assert read(tmp_path, more).experiment.traffic.share == share


def test_traffic_when_the_share_is_0_then_it_is_not_taken_for_another(tmp_path: Path) -> None:
    assert read(tmp_path, "traffic: {share: 0}\n").experiment.traffic.share == 0
