"""What if: the numbers of the form go to the AI service, which judges and computes; nothing is stored."""

import html
import re

import pytest

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from shared.errors import Reason, Unavailable
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import DESIGN
from tests.gateway.dashboard.visitor import Visitor

TRIED = "mde=6&weeks=2&alpha=0.1&power=90&units_per_day=4000&control_share=40&looking=any-time"


def test_the_numbers_are_judged_and_computed(rob: Visitor, canned: Canned) -> None:
    shown = rob.see(f"{DESIGN}?{TRIED}").text

    (rules,) = canned.of(pb.ValidateDesignRequest)
    (size,) = canned.of(pb.PlanSampleSizeRequest)
    plan = rules.plan
    assert (plan.relative_mde, plan.alpha, plan.power) == (0.06, 0.1, 0.9)
    assert (plan.duration.seconds, list(plan.arm_shares)) == (14 * 86400, [0.4, 0.6])
    assert plan.looking_policy == analysis_pb2.LOOKING_POLICY_ANY_TIME
    assert (size.relative_mde, size.alpha, size.power, size.traffic.units_per_day) == (0.06, 0.1, 0.9, 4000.0)
    assert "With these numbers" in shown


def test_without_numbers_the_plan_is_judged_as_it_is(rob: Visitor, canned: Canned) -> None:
    shown = rob.see(DESIGN).text

    (rules,) = canned.of(pb.ValidateDesignRequest)
    assert rules.plan == examples.design().plan
    assert "As planned" in shown


def test_as_planned_is_what_the_plan_says(rob: Visitor) -> None:
    planned, same, other = (
        re.sub(r"<[^>]+>", " ", rob.see(f"{DESIGN}?{query}").text.partition('id="tried"')[2])
        for query in ("", "mde=4&weeks=3&alpha=0.05&power=80&units_per_day=3000&looking=at-end", "mde=5")
    )

    for shown in (planned, same):
        assert "As planned" in shown
        assert re.search(r"Units an arm\s+31,500\s+Takes\s+3 weeks", shown)
        assert "left out" not in shown
    assert re.search(r"Units an arm\s+31,234\s", other)
    assert "for the primary metric alone; left out: guardrails, the ramp, looking before the end" in other


def test_a_plan_that_a_rule_blocks_says_so(rob: Visitor, canned: Canned) -> None:
    canned.answers["ValidateDesign"] = pb.ValidateDesignResponse(acceptable=False, unchecked=["the trend"])

    shown = rob.see(f"{DESIGN}?{TRIED}").text

    assert "Blocked" in shown
    assert "Not judged: <bdi>the trend" in shown


def test_what_cannot_be_computed_is_missing(rob: Visitor, canned: Canned) -> None:
    canned.answers["PlanSampleSize"] = Unavailable(Reason.STORE_UNAVAILABLE, "try again")

    shown = html.unescape(rob.see(f"{DESIGN}?{TRIED}").text)

    assert "Sample size: " in shown
    assert "more than a year" not in shown
    assert "Acceptable" in shown


@pytest.mark.parametrize("query", ["mde=x", "weeks=0", "power=-3", "units_per_day=inf", "alpha=nan"])
def test_numbers_that_are_none_are_refused(rob: Visitor, query: str) -> None:
    answer = rob.see(f"{DESIGN}?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text
