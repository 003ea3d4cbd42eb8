"""The files in the docs: each command takes its own, and makes something of it."""

from tests.admin.commands.ai.files import SAMPLES
from tests.admin.conftest import Expctl


def test_recommend_when_the_sample_is_given_then_a_recommended_design(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "design", "recommend", "-f", SAMPLES / "design.yaml")

    assert (ended.code, ended.err) == (0, "")
    assert ended.json["recommended"]
    assert ended.json["plan"]["guardrail_metric_ids"] == ["load_seconds"]


def test_validate_when_the_sample_is_given_then_no_rule_blocks_it(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "design", "validate", "-f", SAMPLES / "plan.yaml")

    assert (ended.code, ended.json["acceptable"], ended.json["findings"]) == (0, True, [])


def test_run_when_the_sample_is_given_then_it_is_shipped(expctl: Expctl) -> None:
    ended = expctl("-o", "json", "analysis", "run", "one-page-checkout", "-f", SAMPLES / "aggregates.yaml")

    assert (ended.code, ended.err) == (0, "")
    assert ended.json["decision"]["verdict"] == "DECISION_VERDICT_SHIP"
    assert [each for each in ended.json["health"] if each["status"] != "HEALTH_STATUS_PASS"] == []
