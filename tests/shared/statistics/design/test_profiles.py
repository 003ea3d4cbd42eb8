"""Profiles choose thresholds and severities; overrides name rules that exist."""

from dataclasses import replace

import pytest

from shared.errors import InvalidArgument, Reason
from shared.statistics.design.rule_ids import RULE_IDS
from shared.statistics.design.severity import Severity
from shared.statistics.design.thresholds import DEFAULT, RELAXED, STRICT, Profile, Thresholds
from shared.statistics.design.validate import RULES, validate
from tests.shared.statistics.design.examples import sound, with_, with_plan


def test_rules_when_listed_then_each_id_has_one() -> None:
    assert tuple(rule.rule_id for rule in RULES) == RULE_IDS


def test_profiles_when_power_is_moderate_then_differ() -> None:
    design = with_(eligible_unit_count=140_000)(sound())

    severities = {
        profile.name: {one.rule_id: one.severity for one in validate(design, profile).findings}.get("D01")
        for profile in (STRICT, DEFAULT, RELAXED)
    }

    assert severities == {"strict": Severity.ERROR, "default": Severity.WARNING, "relaxed": None}


def test_strict_when_a_design_has_no_guardrail_then_blocks_it() -> None:
    design = replace(with_plan(guardrail_count=0)(sound()), metrics=sound().metrics[:1])

    assert validate(design).is_recommendable
    assert not validate(design, STRICT).is_recommendable


def test_relaxed_when_there_is_no_decision_rule_then_warns() -> None:
    design = with_(decision_rule="")(sound())

    assert not validate(design).is_recommendable
    assert validate(design, RELAXED).is_recommendable


def test_profile_when_a_threshold_is_replaced_then_the_rule_follows() -> None:
    profile = Profile("ours", replace(Thresholds(), wanted_days=21))

    assert [one.rule_id for one in validate(sound(), profile).findings] == ["D03"]


def test_profile_when_a_severity_is_overridden_then_the_finding_has_it() -> None:
    profile = DEFAULT.with_severity("D04", Severity.ERROR)

    (found,) = validate(with_(days=15)(sound()), profile).findings

    assert (found.rule_id, found.severity) == ("D04", Severity.ERROR)


def test_profile_when_a_rule_is_disabled_then_is_not_judged() -> None:
    validation = validate(with_(days=15)(sound()), DEFAULT.without("D04"))

    assert validation.findings == ()


def test_profile_when_a_rule_does_not_exist_then_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="D99") as caught:
        DEFAULT.without("D99")

    assert caught.value.reason is Reason.INVALID_FIELD


def test_findings_when_there_are_several_then_errors_come_first() -> None:
    findings = validate(
        with_(days=15, decision_rule="", overlapping_experiment_count=1, independent_assignment=False)(sound())
    ).findings

    assert [one.severity for one in findings] == [Severity.ERROR, Severity.WARNING, Severity.INFO]
