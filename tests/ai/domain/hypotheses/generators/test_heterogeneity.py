import math

import pytest
from scipy.stats import norm

from services.ai.domain.hypotheses.generators.heterogeneity import (
    interactions,
    serve_better_segment,
    tailor_to_lagging_segment,
)
from services.ai.domain.hypotheses.model import Kin, Kinship
from services.ai.domain.metrics import PastExperiment
from tests.ai.domain.hypotheses.examples import CHECKOUT, LATENCY, RETURNS, inconclusive, knowing, lost, segmented, won

SPLIT = segmented(CHECKOUT, mobile=0.19, desktop=0.21, tablet=0.2)


def _rows(better: float, worse: float, *, error: float = 0.01) -> tuple[PastExperiment, ...]:
    return (
        won("e1", "Sticky button", better, error=error, tags=("mobile",)),
        inconclusive("e1", "Sticky button", worse, error=error, tags=("desktop",)),
    )


def test_a_change_is_served_where_it_did_good() -> None:
    (draft,) = serve_better_segment(knowing(*_rows(0.06, 0.0), metrics=(SPLIT,)))

    assert draft.intervention == "Serve the change of {{X1}} to {{S1}} alone"
    assert draft.segment == "S1"
    assert draft.builds_on == (Kin("X1", Kinship.SAME),)
    assert len(draft.because) == 2


def test_interaction_is_a_z_test_of_both_effects() -> None:
    (found,) = interactions(knowing(*_rows(0.03, 0.0), metrics=(SPLIT,)))

    assert found.p_value == pytest.approx(2 * norm.sf(0.03 / (0.01 * math.sqrt(2))))
    assert (found.better.segment, found.worse.segment) == ("S1", "S2")


def test_interactions_are_adjusted_as_one_family() -> None:
    others = [
        inconclusive(f"o{place}", f"Thing {place}", 0.0, error=0.01, tags=(name,))
        for place in range(4)
        for name in ("mobile", "desktop")
    ]
    alone = interactions(knowing(*_rows(0.03, 0.0), metrics=(SPLIT,)))[0].p_value

    found = interactions(knowing(*_rows(0.03, 0.0), *others, metrics=(SPLIT,)))

    assert len(found) == 5
    assert found[0].p_value == pytest.approx(5 * alone)
    # Alone it would be taken up, among five it is not.
    assert alone < 0.05 < found[0].p_value
    assert not [*serve_better_segment(knowing(*_rows(0.03, 0.0), *others, metrics=(SPLIT,)))]


def test_differences_of_noise_of_harm_or_of_other_changes_are_left() -> None:
    harmful = (
        lost("e1", "Sticky button", -0.02, error=0.001, tags=("mobile",)),
        lost("e1", "Sticky button", -0.06, error=0.001, tags=("desktop",)),
    )
    others = (
        won("e1", "Sticky button", 0.06, tags=("mobile",)),
        inconclusive("e2", "Show reviews", 0.0, tags=("desktop",)),
    )

    assert not [*serve_better_segment(knowing(*_rows(0.03, 0.02), metrics=(SPLIT,)))]
    assert not [*serve_better_segment(knowing(*harmful, metrics=(SPLIT,)))]
    assert not [*serve_better_segment(knowing(*others, metrics=(SPLIT,)))]


def test_the_segment_that_lags_most_is_tailored_to() -> None:
    knowledge = knowing(metrics=(segmented(CHECKOUT, mobile=0.15, desktop=0.35, tablet=0.2),))

    (draft,) = tailor_to_lagging_segment(knowledge)

    assert draft.intervention == "Tailor the first screen to {{S1}}"
    assert draft.segment == "S1"


def test_a_segment_lags_upwards_where_less_is_wanted() -> None:
    (draft,) = tailor_to_lagging_segment(knowing(metrics=(segmented(RETURNS, mobile=0.05, desktop=0.12),)))

    assert draft.segment == "S2"


def test_segments_within_noise_or_of_guardrails_are_left() -> None:
    assert not [*tailor_to_lagging_segment(knowing(metrics=(segmented(CHECKOUT, mobile=0.2, desktop=0.2001),)))]
    assert not [*tailor_to_lagging_segment(knowing(metrics=(segmented(LATENCY, mobile=700.0, desktop=900.0),)))]
