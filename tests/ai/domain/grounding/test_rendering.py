"""How checked claims read: names and numbers are filled in, and what is not established says so."""

from dataclasses import replace

import pytest

from services.ai.domain.grounding.claims import Certainty, Claim
from services.ai.domain.grounding.evidence import ArmRef, MetricRef
from services.ai.domain.grounding.names import label, written_names
from services.ai.domain.grounding.rendering import StatementKind, statement
from services.ai.evaluation.cases import cases
from shared.definition.model import MetricDirection, MetricRole

CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("up_good", "<a> raised <m> by <lift_size>.", "one-page-checkout raised checkout_rate by 5.4 %."),
        ("down_bad", "<m> fell from <c.mean> to <mean>.", "checkout_rate fell from $8.43 to $8.02."),
        ("split_failed", "The split failed (p-value <srm_p>).", "The split failed (p-value below 0.001)."),
        ("power_short", "<missing> units are missing.", "16,500 units are missing."),
        ("rec_ship", "Ship <a>.", "Ship one-page-checkout."),
        ("past", "<wins> of <past> won.", "4 of 9 won."),
    ],
)
def test_statement_when_rendered_then_has_names_and_numbers(name: str, text: str, shown: str) -> None:
    case = CASES[name]

    assert statement(case.said(text), case.pack).text == shown


@pytest.mark.parametrize(
    ("certainty", "text", "shown"),
    [
        (Certainty.ESTABLISHED, "<a> raised <m>.", "one-page-checkout raised checkout_rate."),
        (
            Certainty.SUGGESTIVE,
            "<a> raised <m>.",
            "one-page-checkout raised checkout_rate (suggestive, not established).",
        ),
        (Certainty.SUGGESTIVE, "<a> may raise <m>.", "one-page-checkout may raise checkout_rate."),
        (
            Certainty.INCONCLUSIVE,
            "<a> may raise <m>",
            "one-page-checkout may raise checkout_rate (not to be relied on, as a condition for that is not met).",
        ),
    ],
)
def test_effect_when_it_is_not_established_then_says_so(certainty: Certainty, text: str, shown: str) -> None:
    case = CASES["up_good"]
    said = case.said(text)
    assert isinstance(said, Claim)

    assert statement(replace(said, certainty=certainty), case.pack).text == shown


def test_statement_when_it_is_advice_then_is_a_recommendation() -> None:
    case = CASES["rec_ship"]

    assert statement(case.said("Ship <a>."), case.pack).kind is StatementKind.RECOMMENDATION
    assert statement(case.said("Ship <a>."), case.pack).evidence_ids == ("E1",)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Checkout rate", "Checkout rate"),
        ("day7_retention", "day7_retention"),
        ("faster better checkout", "\u201cfaster better checkout\u201d"),
        ("No harm found", "\u201cNo harm found\u201d"),
        ("<b>bold</b>", "m-id"),
        ("wins by 20 %", "m-id"),
        ("![x](http://y)", "m-id"),
        ("  spaced\n out\u200b ", "spaced out"),
        ("", "m-id"),
    ],
)
def test_name_when_shown_then_cannot_be_read_as_a_claim(name: str, shown: str) -> None:
    ref = MetricRef("M1", "m-id", MetricDirection.MAXIMIZE, MetricRole.PRIMARY, name)

    assert label(ref) == shown


def test_name_when_nothing_of_it_can_be_shown_then_is_the_alias() -> None:
    assert label(ArmRef("V3", "{{E1}}", display_name="<script>")) == "arm V3"


def test_names_in_text_when_they_claim_something_then_have_to_be_slots() -> None:
    arms = (ArmRef("V1", "control", control=True), ArmRef("V2", "b-wins", display_name="Kitten page"))
    pack = replace(CASES["up_good"].pack, arms=arms)

    assert dict(written_names(pack)) == {"checkout_rate": "M1", "items_per_basket": "M2", "kitten page": "V2"}
