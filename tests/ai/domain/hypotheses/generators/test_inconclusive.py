from dataclasses import replace

import pytest

from services.ai.domain.hypotheses.generators.inconclusive import DETECTABLE, resolve_inconclusive
from services.ai.domain.hypotheses.model import Kin, Kinship
from tests.ai.domain.hypotheses.examples import CHECKOUT, RETURNS, inconclusive, knowing, lost, won


def test_a_promising_small_test_is_repeated() -> None:
    (draft,) = resolve_inconclusive(knowing(inconclusive("e1", "Free shipping", 0.03)))

    assert draft.intervention == "Test the change of {{X1}} again with a sample that decides"
    assert draft.builds_on == (Kin("X1", Kinship.SAME),)
    assert "before the start" not in draft.rationale


def test_values_from_before_are_proposed_where_they_help() -> None:
    metric = replace(CHECKOUT, pre_period_correlation=0.5)

    (draft,) = resolve_inconclusive(knowing(inconclusive("e1", "Free shipping", 0.03), metrics=(metric,)))

    assert "before the start" in draft.rationale


@pytest.mark.parametrize(
    "row",
    [
        inconclusive("e1", "Free shipping", -0.01),
        inconclusive("e1", "Free shipping", 0.03, error=0.05 / DETECTABLE),
        inconclusive("e1", "Free shipping", 0.03, error=None),
        inconclusive("e1", "Free shipping", None),
        won("e1", "Free shipping"),
    ],
)
def test_what_was_decided_large_enough_or_not_promising_is_left(row: object) -> None:
    assert not [*resolve_inconclusive(knowing(row))]  # type: ignore[arg-type]


def test_what_another_test_decided_is_left() -> None:
    assert not [*resolve_inconclusive(knowing(inconclusive("e1", "Free shipping"), lost("e2", "Shipping free")))]


def test_a_fall_is_promising_where_less_is_wanted() -> None:
    row = inconclusive("e1", "Free shipping", -0.03, metric_id="return_rate")

    assert [*resolve_inconclusive(knowing(row, metrics=(RETURNS,)))]
