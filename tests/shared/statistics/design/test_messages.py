"""Messages and fixes name the numbers, and following a fix mends the design."""

import re
from dataclasses import replace

import pytest

from shared.statistics.design.model import Design
from shared.statistics.design.validate import Finding, validate
from shared.statistics.design.words import percent, units
from tests.shared.statistics.design.examples import (
    Change,
    sound,
    sound_bandit,
    with_,
    with_bandit,
    with_plan,
    with_primary,
)
from tests.shared.statistics.design.test_rules import BANDIT_BROKEN, BROKEN


def finding(design: Design, rule_id: str) -> Finding:
    return next(one for one in validate(design).findings if one.rule_id == rule_id)


def numbers(text: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]


@pytest.mark.parametrize(("rule_id", "change"), [(rule_id, change) for rule_id, _, change in BROKEN])
def test_finding_when_a_rule_is_broken_then_says_what_how_and_whence(rule_id: str, change: Change) -> None:
    found = finding(change(sound()), rule_id)

    assert "" not in (found.message, found.fix, found.title, found.source)
    assert re.search(r"\b(nan|inf|None)\b", found.message + found.fix) is None


@pytest.mark.parametrize(("rule_id", "change"), [(rule_id, change) for rule_id, _, change in BANDIT_BROKEN])
def test_finding_when_a_bandit_breaks_a_rule_then_says_what_and_how(rule_id: str, change: Change) -> None:
    found = finding(change(sound_bandit()), rule_id)

    assert "" not in (found.message, found.fix)


def test_power_when_the_fix_is_followed_then_the_rules_on_power_are_kept() -> None:
    design = replace(sound(), eligible_unit_count=60_000)

    needed = numbers(finding(design, "D01").fix)[0]

    mended = replace(design, eligible_unit_count=int(needed))
    assert {"D01", "D07"} & {one.rule_id for one in validate(mended).findings} == set()


def test_power_when_the_larger_lift_is_accepted_then_the_rule_is_kept() -> None:
    design = replace(sound(), eligible_unit_count=60_000)

    lift = numbers(finding(design, "D01").fix)[1] / 100

    mended = with_primary(minimum_lift=lift * 1.01)(design)
    assert "D01" not in {one.rule_id for one in validate(mended).findings}


def test_split_when_the_fix_is_followed_then_the_rule_is_kept() -> None:
    design = with_plan(shares=(0.9, 0.1))(sound())

    shares = numbers(finding(design, "D14").fix)

    mended = with_plan(shares=tuple(share / sum(shares) for share in shares))(design)
    assert "D14" not in {one.rule_id for one in validate(mended).findings}


def test_whole_weeks_when_the_fix_is_followed_then_the_rule_is_kept() -> None:
    days = numbers(finding(with_(days=17)(sound()), "D04").fix)[0]

    assert days == 21


def test_peeking_when_a_test_for_one_look_is_used_often_then_says_what_it_costs() -> None:
    # Armitage, McPherson and Rowe 1969, table 2: 0.142 for 5 looks, 0.248 for 20.
    five = finding(with_(look_count=5)(sound()), "D18").message
    twenty = finding(with_(look_count=20)(sound()), "D18").message

    assert "14.2 %" in five
    assert "24.8 %" in twenty


def test_floor_when_it_leaves_nothing_then_the_fix_names_the_limit() -> None:
    found = finding(with_bandit(exploration_floor=0.25)(sound_bandit()), "D32")

    assert "below 20 %" in found.fix


def test_words_when_numbers_are_shown_then_are_short() -> None:
    assert percent(0.12345) == "12.3 %"
    assert units(12_344.1) == "12,345"
