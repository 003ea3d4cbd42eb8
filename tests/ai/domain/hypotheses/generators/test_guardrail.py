from services.ai.domain.hypotheses.generators.guardrail import repair_guardrail
from services.ai.domain.hypotheses.model import Kin, Kinship
from tests.ai.domain.hypotheses.examples import CHECKOUT, LATENCY, inconclusive, knowing, lost, won

BOTH = (CHECKOUT, LATENCY)


def test_a_winner_that_did_harm_is_tried_gently() -> None:
    rows = (won("e1", "Show a video"), lost("e1", "Show a video", 0.2, metric_id="page_latency"))

    (draft,) = repair_guardrail(knowing(*rows, metrics=BOTH))

    assert draft.intervention == "Try a gentler variant of {{X1}}"
    assert draft.metric == "M1"
    assert draft.builds_on == (Kin("X1", Kinship.VARIATION),)
    assert [claim.metric for claim in draft.because] == ["M1", "M2"]


def test_without_a_win_or_harm_in_the_same_experiment_nothing_is_repaired() -> None:
    harm = lost("e1", "Show a video", 0.2, metric_id="page_latency")

    assert not [*repair_guardrail(knowing(lost("e1", "Show a video"), harm, metrics=BOTH))]
    assert not [*repair_guardrail(knowing(won("e2", "Show a bar"), harm, metrics=BOTH))]
    unharmed = inconclusive("e1", "Show a video", 0.0, metric_id="page_latency")
    assert not [*repair_guardrail(knowing(won("e1", "Show a video"), unharmed, metrics=BOTH))]
