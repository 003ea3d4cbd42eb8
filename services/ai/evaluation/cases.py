"""All fixed cases that the validator is measured on, each with a pack of its own."""

from dataclasses import replace
from typing import Final

from services.ai.domain.grounding.evidence import ComparisonStatus
from services.ai.domain.grounding.kinds import Unit
from services.ai.evaluation.case import Case
from services.ai.evaluation.experiment_cases import advice_case, effect_case, health_case, power_case
from services.ai.evaluation.experiments import Effect
from services.ai.evaluation.other_cases import bandit_cases, past_cases
from shared.definition.model import MetricDirection, MetricRole
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Status

_UP: Final = Effect(0.124, 0.1307, 0.031, 0.077, 0.0002, ComparisonStatus.BETTER, decision=Verdict.SHIP)
_FASTER: Final = Effect(
    812.0, 761.0, -0.084, -0.041, 0.0001, ComparisonStatus.BETTER, MetricDirection.MINIMIZE, unit=Unit.VALUE
)
_REFUNDS: Final = replace(
    Effect(0.021, 0.0247, 0.09, 0.262, 0.0004, ComparisonStatus.WORSE, MetricDirection.MINIMIZE),
    role=MetricRole.GUARDRAIL,
    decision=Verdict.ROLL_BACK,
)
_DOWN: Final = Effect(8.43, 8.02, -0.081, -0.016, 0.003, ComparisonStatus.WORSE, unit=Unit.USD)
_NOTHING: Final = Effect(0.124, 0.1249, -0.011, 0.026, 0.44, ComparisonStatus.NO_DETECTABLE_CHANGE)
_THIN: Final = Effect(0.12, 0.14, -0.4, 0.9, 0.71, ComparisonStatus.INSUFFICIENT_DATA, units=310)
_EARLY: Final = replace(_UP, units=23_500, decision=Verdict.CONTINUE)
_BROKEN: Final = replace(_UP, split=Status.FAIL, decision=Verdict.INVESTIGATE)
_STOPPED: Final = replace(_NOTHING, decision=Verdict.STOP_INCONCLUSIVE)


def cases() -> tuple[Case, ...]:
    """Returns all cases."""
    return (*_effects(), *_conditions(), *bandit_cases(), *past_cases(), *_advice())


def _effects() -> tuple[Case, ...]:
    return (
        effect_case(
            "up_good",
            _UP,
            "<a> increased <m> from <c.mean> to <mean>, a relative lift of <lift>.",
            "<m> is higher in <a> than in <c> by <diff_size>, which is statistically significant (p-value <p>).",
            "<a> improved <m>: the interval of the lift is from <low> to <high>.",
        ),
        effect_case(
            "down_good",
            _FASTER,
            "<a> decreased <m> by <lift_size>; lower is better.",
            "<m> improved in <a>: it fell from <c.mean> to <mean>.",
            "<m> is significantly lower in <a> than in <c> (p-value <p>).",
        ),
        effect_case(
            "up_bad",
            _REFUNDS,
            "<a> made <m> worse: it rose by <lift_size>.",
            "The guardrail <m> increased from <c.mean> to <mean> in <a>, which is a harm.",
            "<m> is significantly higher in <a> than in <c> (p-value <p>).",
        ),
        effect_case(
            "down_bad",
            _DOWN,
            "<a> lowered <m> by <lift_size>, from <c.mean> to <mean>.",
            "<a> is worse than <c> on <m>, with a lift of <lift>.",
            "<m> fell significantly in <a>: the interval of the lift is from <low> to <high>.",
        ),
        effect_case(
            "none",
            _NOTHING,
            "No change of <m> was detected in <a>: the interval of the lift is from <low> to <high>.",
            "The effect of <a> on <m> is inconclusive (p-value <p>).",
            "The data do not show whether <a> raises or lowers <m>.",
        ),
        effect_case(
            "thin",
            _THIN,
            "There is too little data on <m> in <a> to say anything.",
            "<n> units in <a> are not enough to judge <m>.",
        ),
        effect_case(
            "suggestive",
            _EARLY,
            "<m> appears to be higher in <a> than in <c>, with a lift of <lift>.",
            "The data suggest that <a> increases <m>, which is not established.",
        ),
    )


def _conditions() -> tuple[Case, ...]:
    return (
        health_case(
            "split_failed",
            _BROKEN,
            "The sample ratio check failed (p-value <srm_p>): results should not be trusted.",
            "The split of units does not match the plan.",
        ),
        health_case(
            "split_passed",
            _UP,
            "The sample ratio check passed (p-value <srm_p>).",
            "The split of units is as planned.",
        ),
        power_case(
            "power_short",
            _EARLY,
            "The planned sample is not reached: <missing> units are missing in <a>.",
            "<a> has <n> units of the <required> that are required; more are needed.",
        ),
        power_case(
            "power_reached",
            _UP,
            "The planned sample of <required> units per arm is reached.",
            "<a> has <n> units, which is enough for the plan.",
        ),
    )


def _advice() -> tuple[Case, ...]:
    return (
        advice_case("rec_ship", _UP, "Ship <a>.", "Roll out <a>: the goal is met."),
        advice_case(
            "rec_continue", _EARLY, "Continue the experiment.", "Continue until <missing> more units are there."
        ),
        advice_case("rec_roll_back", _REFUNDS, "Roll back <a>.", "Return to <c>: harm is shown."),
        advice_case("rec_stop", _STOPPED, "Stop the experiment as inconclusive.", "End the experiment."),
        advice_case(
            "rec_investigate",
            _BROKEN,
            "Investigate the sample ratio mismatch first.",
            "Do not ship <a>; check the data.",
        ),
    )
