"""Messages from trees: every kind of field, and by line what does not fit."""

from pathlib import Path

import pytest

from experimentation.v1 import common_pb2 as pb
from experimentation.v1 import review_pb2
from services.admin import formats
from services.admin.files.messages import filled
from services.admin.files.places import line_of
from services.admin.files.tree import Problem, read_tree
from services.admin.formats import Format


def experiment(tmp_path: Path, content: str) -> tuple[pb.Experiment, list[Problem]]:
    path = tmp_path / "file.yaml"
    path.write_text(content, encoding="utf-8")
    message = pb.Experiment()
    return message, filled(message, read_tree(path))


def said(tmp_path: Path, content: str) -> list[str]:
    return [f"{each.line}: {each.path}: {each.text}" for each in experiment(tmp_path, content)[1]]


FULL = """\
experiment_id: checkout
labels: {team: growth}
arms:
  - {arm_id: grey, control: true, cost: 1}
metrics:
  - {metric_id: bought, kind: PROPORTION, role: METRIC_ROLE_PRIMARY, direction: minimize, min_value: 0}
allocation_policy:
  beta_thompson: {}
  controls:
    burn_in_unit_count: "200"
    update_interval: 1.5h
    budget: {amount: 5, ends_at: 2026-03-01T13:00:00+01:00}
attribution_window: 7d
features:
  - {feature_id: device, categorical: {values: [phone, desktop]}}
  - {feature_id: returning, boolean: {}}
"""


def test_filled_when_every_kind_of_field_is_there_then_all_of_it(tmp_path: Path) -> None:
    message, problems = experiment(tmp_path, FULL)

    assert problems == []
    assert dict(message.labels) == {"team": "growth"}
    assert message.arms[0] == pb.Arm(arm_id="grey", control=True, cost=1.0)
    assert message.metrics[0] == pb.Metric(
        metric_id="bought",
        kind=pb.METRIC_KIND_PROPORTION,
        role=pb.METRIC_ROLE_PRIMARY,
        direction=pb.METRIC_DIRECTION_MINIMIZE,
        min_value=0.0,
    )
    assert message.allocation_policy.WhichOneof("algorithm") == "beta_thompson"
    assert message.allocation_policy.controls.burn_in_unit_count == 200
    assert message.allocation_policy.controls.update_interval.seconds == 5400
    assert message.allocation_policy.controls.budget.ends_at.ToJsonString() == "2026-03-01T12:00:00Z"
    assert message.attribution_window.seconds == 7 * 86400
    assert list(message.features[0].categorical.values) == ["phone", "desktop"]
    assert message.features[1].WhichOneof("kind") == "boolean"


@pytest.mark.parametrize("kind", [Format.YAML, Format.JSON])
def test_filled_when_it_is_what_the_command_wrote_then_comes_back(tmp_path: Path, kind: Format) -> None:
    message, _ = experiment(tmp_path, FULL)
    message.state, message.revision, message.etag = pb.EXPERIMENT_STATE_RUNNING, 3, "e"
    message.created_at.FromJsonString("2026-03-01T12:00:00.123456Z")

    again, problems = experiment(tmp_path, formats.one(kind, message))

    assert problems == []
    assert again == message


def test_filled_when_a_value_is_null_then_the_field_is_not_set(tmp_path: Path) -> None:
    message, problems = experiment(tmp_path, "experiment_id: a\ntraffic:\nattribution_window: null\n")

    assert problems == []
    assert message == pb.Experiment(experiment_id="a")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("nam: x\n", "1: nam: there is no such field"),
        ("experimentid: x\n", "1: experimentid: there is no such field; is it experiment_id?"),
        ("experiment_id: 1\n", '1: experiment_id: must be a text; put numbers and true or false in "quotes"'),
        ("arms: x\n", "1: arms: must be a list"),
        ("arms: {a: 1}\n", "1: arms: must be a list"),
        ("arms:\n  - x\n", "2: arms[0]: must be a mapping"),
        ("arms:\n  - {control: 1}\n", "2: arms[0].control: must be true or false"),
        ("arms:\n  - cost: true\n", "2: arms[0].cost: must be a number"),
        ("metrics:\n  - kind: share\n", "2: metrics[0].kind: must be one of proportion, mean"),
        ("metrics:\n  - kind: 1\n", "2: metrics[0].kind: must be one of proportion, mean"),
        ("metrics:\n  - kind: metric_kind_unspecifie\n", "2: metrics[0].kind: must be one of"),
        ("labels: x\n", "1: labels: must be a mapping of texts"),
        ("labels: {a: 1}\n", "1: labels.a: must be a text"),
        ("attribution_window: 7\n", "1: attribution_window: must be a length such as"),
        ("attribution_window: 99999999d\n", "1: attribution_window: must be a length such as"),
        ("created_at: soon\n", "1: created_at: must be an instant"),
        ("revision: 1.5\n", "1: revision: must be a whole number"),
        ("revision: 99999999999999999999\n", "1: revision: is out of range"),
        ("traffic: []\n", "1: traffic: must be a mapping"),
        (
            "allocation_policy:\n  exp3: {}\n  ucb1: {}\n",
            "3: allocation_policy.ucb1: cannot stand beside exp3: give one of them",
        ),
        ("features:\n  - categorical: {values: [1]}\n", "2: features[0].categorical.values[0]: must be a text"),
    ],
)
def test_filled_when_something_does_not_fit_then_says_where(tmp_path: Path, content: str, expected: str) -> None:
    (found,) = said(tmp_path, content)
    assert found.startswith(expected)


def test_filled_when_several_things_do_not_fit_then_all_are_told(tmp_path: Path) -> None:
    assert len(said(tmp_path, "experiment_id: 1\narms:\n  - {control: x, cost: y}\n")) == 3


def test_filled_when_optional_numbers_share_no_oneof_then_both_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text("fact: traffic_share\noperator: above\nnumber: 0.5\n")
    condition = review_pb2.PolicyCondition()

    assert filled(condition, read_tree(path)) == []
    assert condition.operator == review_pb2.POLICY_OPERATOR_ABOVE
    assert condition.number == 0.5


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("arms[0].arm_id", 4),
        ("arms[7].arm_id", 3),
        ("metrics[0].kind", 6),
        ("allocation_policy.controls.budget.amount", 12),
        ("labels[team]", 2),
        ("nothing.there", 1),
        ("", 1),
    ],
)
def test_line_when_a_service_complains_of_a_path_then_that_of_the_nearest_thing(
    tmp_path: Path, path: str, line: int
) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(FULL)

    assert line_of(read_tree(file), path) == line
