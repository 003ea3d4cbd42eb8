"""Sentences beside a typed claim that is right: those that say something else are dropped, whatever way they do it."""

import pytest

from services.ai.domain.grounding.checking import check
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.cases import cases

CASES = {case.name: case for case in cases()}
FALSE = {
    "up_good": [
        "<a> is beaten by <c> on <m>.",
        "<a> was outperformed on <m>.",
        "<m> is higher, up from <mean> in <c>.",
        "<m> improved before <a> started.",
        "<a> increased the variance of <m>.",
        "<a> improved <m> in a part of the sessions.",
        "<m> keeps rising in <a>.",
        "<m> rose by <lift_size> each day.",
        "<a> reduced the loss of <m>.",
        "<a> less improved <m>.",
        "<a> did not fail to improve <m>.",
        "Without <a>, <m> rose.",
        "<c> made <m> rise.",
        "<m> rose in <a>, which can be expected of every version.",
        "<a> raised <m>, and nobody was harmed.",
        "<a> raised {{M2}}.",
        "<a> raised <m> and {{M2}}.",
        "<a> raised it.",
        "<a> might as well have lowered <m>.",
        "<a> raised <m> due to the treatment.",
        "<a> raised <m>, as users prefer it.",
        "<a> raised <m>: ship it.",
        "<a> raised <m> to <c.mean>.",
        "<a> raised <m> by <mean>.",
        "<a> raised <m> by <n>.",
        "<a> raised <m> by <p>.",
        "The lift of <m> is <mean>.",
        "<m> is most raised in <a>.",
    ],
    "none": [
        "It is not certain that <a> lowers <m>, but it does.",
        "There is no question that <a> raises <m>.",
        "No change of <m> was made in <a>.",
        "<a> does not hurt <m>, as far as can be seen.",
        "A change of <m> was detected not in <c> but in <a>.",
        "<a> shows the change of <m> that was expected.",
        "<m> did not change in <a>.",
        "<a> seems better on <m>, though nothing is shown.",
        "The result on <m> is inconclusive, and so <a> is harmless.",
        "<a> and <c> are alike on <m>, which is inconclusive.",
        "<m> rose in <a>, which is not significant.",
    ],
    "thin": [
        "There is too little data on <m>, which is better in <a>.",
        "There is not too little data to judge <m>.",
        "<n> units are enough to judge <m>.",
    ],
    "suggestive": [
        "<a> raised <m> significantly.",
        "<a> raised <m>, and this is established.",
        "<a> does not seem to raise <m>.",
        "<m> appears lower in <a>.",
    ],
    "split_failed": [
        "The sample ratio check failed because the treatment excluded users.",
        "The sample ratio check did not fail.",
        "The sample ratio check failed as planned.",
        "The failed split is harmless.",
        "The data are late.",
    ],
    "split_passed": ["The split is not as planned.", "The sample ratio check passed, and <a> is better."],
    "power_short": [
        "The planned sample is almost reached, which is enough.",
        "No more units are needed.",
        "<a> has <missing> units.",
        "Each arm needs <n> more units.",
    ],
    "power_reached": ["The planned sample is not reached.", "More units are needed.", "<a> needs <n> units."],
    "likely_best": [
        "<a> is the best arm.",
        "<a> has the highest mean and the highest probability of being best.",
        "<a> has the lowest probability of being best.",
        "{{V2}} has the highest probability of being best.",
        "<a> does not have the highest probability of being best.",
    ],
    "traffic": [
        "<a> earns <share>.",
        "The probability of <a> is <share>.",
        "<a> receives <share> of the units, the most.",
    ],
    "adaptive_caveat": [
        "Under adaptive allocation, plain means are not biased.",
        "Under adaptive allocation, plain means can be trusted.",
        "Under adaptive allocation, the intervals are biased.",
        "Under adaptive allocation, plain means are better.",
    ],
    "past": ["<past> past experiments on <m> won.", "<wins> of <past> past experiments on <m> lost."],
    "past_win": ["<x> lowered <m>.", "<x> increased <m> in a group of users.", "<x> did not increase <m>."],
    "trend_down": [
        "<m> fell by <trend_size> in the experiment.",
        "<m> fell by <trend_size> a day.",
        "<m> rose of late.",
    ],
    "segment_low": ["<m> is higher in <s>.", "<m> is lower in <s> since the treatment."],
    "rec_ship": ["Ship <c>.", "Do not ship <a>.", "Ship <a> without a review.", "Ship <a> to a part of the units."],
    "rec_continue": [
        "Continue with <a> alone.",
        "Continue and give <a> more traffic.",
        "Continue, as <a> is better.",
        "Stop the experiment.",
        "Do not continue.",
        "Carry on until <a> is significant.",
    ],
    "rec_roll_back": ["Roll back <c>.", "Return to <a>.", "Continue."],
    "rec_stop": ["Stop the experiment and ship <a>.", "Do not stop the experiment.", "Stop, as <m> is the same."],
    "rec_investigate": ["Do not investigate.", "Investigate after shipping <a>.", "Check nothing and continue."],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FALSE.items() for text in texts])
def test_sentence_when_it_says_something_else_than_its_claim_then_is_dropped(name: str, text: str) -> None:
    case = CASES[name]

    checked = check(case.answer(text), case.pack)

    assert checked.dropped_count == 1, checked.violations


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("up_good", "<a> lowered <m>.", RuleId.WORDING),
        ("up_good", "<c> beat <a> on <m>.", RuleId.SCOPE),
        ("up_good", "<a> raised <m> by 5.", RuleId.NUMBER),
        ("up_good", "<a> raised <m> by five.", RuleId.NUMBER),
        ("up_good", "<a> raised <m> by \u0665.", RuleId.NUMBER),
        ("up_good", "<a> raised <m> [a](b).", RuleId.MARKUP),
        ("up_good", "<a> r\u0430ised <m>.", RuleId.MARKUP),
        ("up_good", "<a> raised <m>, because so.", RuleId.RATIONALE),
        ("up_good", "<a> raised <m> in a group.", RuleId.CONTEXT),
        ("up_good", "<a> raised <m> marvellously.", RuleId.VOCABULARY),
        ("up_good", "<a> raised <m>, which is uncertain.", RuleId.ASSURANCE),
        ("up_good", "<a> raised <m>: launch it.", RuleId.ACTION),
        ("up_good", "<a> raised <m> by <mean>.", RuleId.ROLE),
        ("up_good", "<a> raised <m> by {{E1|pct1}}.", RuleId.SLOT),
    ],
)
def test_sentence_when_it_breaks_a_rule_then_the_rule_is_named(name: str, text: str, rule: RuleId) -> None:
    case = CASES[name]

    assert rule in {one.rule for one in check(case.answer(text), case.pack).violations}
