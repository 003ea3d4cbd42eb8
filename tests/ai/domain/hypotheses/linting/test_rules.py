from dataclasses import replace

import pytest

from services.ai.domain.hypotheses.linting.findings import Flaw
from services.ai.domain.hypotheses.linting.lint import is_acceptable, lint, specificity
from services.ai.domain.hypotheses.model import EffectDirection, Kin, Kinship, LiftRange
from shared.statistics.design.severity import Severity
from tests.ai.domain.hypotheses.linting.examples import DRAFT, KNOWLEDGE, flaws

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def test_nothing_is_wrong_with_a_sound_draft() -> None:
    assert lint(DRAFT, KNOWLEDGE) == ()


@pytest.mark.parametrize("metric", ["M9", "checkout_rate", "", "V1", "M3"])
def test_a_metric_that_is_not_given_or_only_guards_is_found(metric: str) -> None:
    assert (Flaw.NO_MEASURABLE_METRIC, "metric", ERROR) in flaws(metric=metric)


def test_a_metric_without_a_baseline_cannot_be_refuted_by_any_number_of_units() -> None:
    assert flaws(metric="M5") == [(Flaw.NOT_FALSIFIABLE, "metric", WARNING)]


def test_a_missing_direction_is_found() -> None:
    assert flaws(direction=None) == [(Flaw.NOT_FALSIFIABLE, "direction", ERROR)]


@pytest.mark.parametrize("words", ["either way something is learnt", "it may or may not work", "to see what happens"])
def test_words_that_fit_whatever_happens_are_found(words: str) -> None:
    assert flaws(rationale=f"Fields are occasions to leave, {words}.") == [(Flaw.NOT_FALSIFIABLE, "rationale", ERROR)]


def test_a_direction_that_is_not_wanted_is_found() -> None:
    assert flaws(direction=EffectDirection.DECREASE) == [(Flaw.OUTCOME_MISMATCH, "direction", ERROR)]
    assert flaws(metric="M4", direction=EffectDirection.INCREASE) == [(Flaw.OUTCOME_MISMATCH, "direction", ERROR)]
    assert flaws(metric="M4", direction=EffectDirection.DECREASE) == []


@pytest.mark.parametrize(
    "rationale", ["Short forms increase revenue per visitor.", "The {{M2}} rises with trust.", "It lifts signup rates."]
)
def test_an_outcome_of_another_metric_is_found(rationale: str) -> None:
    assert (Flaw.OUTCOME_MISMATCH, "rationale", WARNING) in flaws(rationale=rationale)


def test_another_metric_may_be_named_without_an_outcome() -> None:
    assert flaws(rationale="Who sees the page latency leaves at the first field.") == []


@pytest.mark.parametrize(
    "rationale", ["Short forms raise the checkout rate.", "It increases.", "Checkout rate improves."]
)
def test_a_reason_that_repeats_the_hope_is_found(rationale: str) -> None:
    found = flaws(rationale=rationale, intervention="Shorten forms on short pages to their required fields")

    assert (Flaw.MISSING_MECHANISM, "rationale", WARNING) in found


def test_no_reason_at_all_is_found() -> None:
    assert flaws(rationale="", because=()) == [
        (Flaw.MISSING_MECHANISM, "rationale", WARNING),
        (Flaw.UNGROUNDED, "because", WARNING),
    ]
    assert flaws(rationale="") == []


def test_evidence_that_is_not_there_is_found() -> None:
    invented = replace(DRAFT.because[0], evidence_ids=("E999",))

    assert flaws(because=(*DRAFT.because, invented)) == [(Flaw.UNGROUNDED, "because[1]", ERROR)]
    assert flaws(builds_on=(Kin("X9", Kinship.SAME),)) == [(Flaw.UNGROUNDED, "builds_on", ERROR)]


@pytest.mark.parametrize("field", ["intervention", "rationale"])
@pytest.mark.parametrize(
    "magnitude",
    ["by 12%", "by 3.5 pp", "by ten percent", "twice as fast", "3x", "by half a dozen or 50 percent", "a tenfold gain"],
)
def test_magnitudes_in_words_are_found(field: str, magnitude: str) -> None:
    text = f"{getattr(DRAFT, field).rstrip('.')} {magnitude}"

    assert flaws(**{field: text}) == [(Flaw.INVENTED_MAGNITUDE, field, ERROR)]


def test_numbers_that_are_no_magnitudes_are_fine() -> None:
    assert flaws(intervention="Shorten the address form to 3 fields") == []


def test_an_expected_lift_must_be_inside_what_was_seen() -> None:
    band = KNOWLEDGE.band("M1")
    assert band is not None
    middle = (band.low + band.high) / 2

    assert flaws(expected_lift=LiftRange(band.low, band.high)) == []
    outside = [(Flaw.INVENTED_MAGNITUDE, "expected_lift", ERROR)]
    assert flaws(expected_lift=LiftRange(middle, band.high * 1.01)) == outside
    assert flaws(expected_lift=LiftRange(band.low * 0.99, middle)) == outside
    assert flaws(expected_lift=LiftRange(-band.high, -band.low)) == outside
    assert flaws(expected_lift=LiftRange(band.high, band.low)) == outside


def test_no_lift_may_be_expected_where_none_was_seen() -> None:
    found = flaws(metric="M2", expected_lift=LiftRange(0.001, 0.002))

    assert found == [(Flaw.INVENTED_MAGNITUDE, "expected_lift", ERROR)]


def test_findings_say_what_would_mend_them_the_worst_first() -> None:
    found = lint(replace(DRAFT, because=(), rationale="", metric="M9"), KNOWLEDGE)

    assert [one.severity for one in found] == [ERROR, WARNING, WARNING]
    assert found[0].fix == "use M1, M2, M3, M4, M5"
    assert all(one.message and one.fix for one in found)


def test_errors_refuse_and_every_flaw_makes_less_specific() -> None:
    assert is_acceptable(())
    assert is_acceptable(lint(replace(DRAFT, because=()), KNOWLEDGE))
    assert not is_acceptable(lint(replace(DRAFT, metric="M9"), KNOWLEDGE))
    assert specificity(()) == 1
    assert specificity(lint(replace(DRAFT, because=(), rationale=""), KNOWLEDGE)) == pytest.approx(7 / 9)
