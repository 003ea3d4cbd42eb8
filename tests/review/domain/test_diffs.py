"""Which fields a change alters, and how that is told."""

from dataclasses import replace

import pytest

from services.review.domain import apply, changes, diffs
from services.review.domain.policy.rules import PolicyRule
from shared.definition import model
from tests.review.examples import BETA, CONTROL, CONVERSION, NOW, REVENUE, THIRD, TREATMENT, draft, running, split

GREEN = replace(THIRD, cost=1.5)


def _told(change: changes.Change, before: model.Experiment) -> list[tuple[str, str, str]]:
    after = apply.apply(change, before, now=NOW)
    return [(each.path, each.before, each.after) for each in diffs.between(before, after)]


@pytest.mark.parametrize(
    ("change", "before", "told"),
    [
        (changes.Start(), draft(), [("state", '"DRAFT"', '"RUNNING"')]),
        (
            changes.Stop("treatment"),
            running(),
            [("state", '"RUNNING"', '"STOPPED"'), ("shipped_arm_id", '""', '"treatment"')],
        ),
        (changes.EditTraffic(model.Traffic(0.5)), draft(), [("traffic.share", "1.0", "0.5")]),
        (
            changes.EditDetails(labels={"team": "web"}),
            draft(labels={"tier": "1"}),
            [("labels[tier]", '"1"', ""), ("labels[team]", "", '"web"')],
        ),
        (
            changes.EditArms((CONTROL, GREEN)),
            draft(),
            [
                ("arms[treatment]", '{"arm_id":"treatment","control":false,"cost":0.0,"display_name":"Treatment"}', ""),
                ("arms[third]", "", '{"arm_id":"third","control":false,"cost":1.5,"display_name":"Third"}'),
            ],
        ),
        (
            changes.EditMetrics((CONVERSION, replace(REVENUE, revenue=True))),
            draft(),
            [("metrics[revenue].revenue", "false", "true")],
        ),
        (
            changes.EditArms((TREATMENT, CONTROL)),
            draft(),
            [("arms.order", '["control","treatment"]', '["treatment","control"]')],
        ),
        (
            changes.EditAllocation(split(("control", 0.2), ("treatment", 0.8))),
            draft(allocation_policy=split(("control", 0.5), ("treatment", 0.5))),
            [
                ("allocation_policy.algorithm.weights[control].weight", "0.5", "0.2"),
                ("allocation_policy.algorithm.weights[treatment].weight", "0.5", "0.8"),
            ],
        ),
    ],
    ids=lambda value: value.kind if hasattr(value, "kind") else "",
)
def test_between_when_fields_differ_then_each_is_told(
    change: changes.Change, before: model.Experiment, told: list[tuple[str, str, str]]
) -> None:
    assert _told(change, before) == told


def test_between_when_the_algorithm_is_another_then_it_is_told_as_one() -> None:
    ((path, before, after),) = _told(changes.EditAllocation(BETA), draft())

    assert path == "allocation_policy.algorithm"
    assert before == '{"FixedSplit":{"weights":[]}}'
    assert after.startswith('{"BetaThompson":')


def test_between_when_nothing_differs_then_nothing_is_told() -> None:
    assert _told(changes.EditDetails(), draft()) == []


def test_parts_when_rules_differ_then_they_go_by_their_ids() -> None:
    before, after = (PolicyRule("a"), PolicyRule("b")), (PolicyRule("b", approval_count=2), PolicyRule("c"))

    told = [each.path for each in diffs.parts("rules", before, after)]

    assert told == ["rules[a]", "rules[b].approval_count", "rules[c]"]
