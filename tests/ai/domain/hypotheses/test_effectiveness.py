import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ai.domain.hypotheses.effectiveness import HypothesisRow, brier_score, effectiveness, reliability
from services.ai.domain.hypotheses.model import HypothesisState

S = HypothesisState


def _rows(*states: HypothesisState, confidence: float = 0.6, provider: str = "heuristic") -> list[HypothesisRow]:
    return [HypothesisRow(provider, state, confidence) for state in states]


def test_counts_follow_a_hypothesis_through_its_states() -> None:
    (found,) = effectiveness(_rows(S.PROPOSED, S.ACCEPTED, S.REJECTED, S.TESTED, S.WON, S.LOST, S.INCONCLUSIVE, S.WON))

    assert found.hypothesis_count == 8
    assert (found.accepted_count, found.rejected_count, found.adopted_count) == (6, 1, 5)
    assert (found.won_count, found.lost_count, found.inconclusive_count) == (2, 1, 1)
    assert found.acceptance_rate == pytest.approx(6 / 7)
    assert found.adoption_rate == pytest.approx(5 / 6)
    assert found.win_rate == pytest.approx(2 / 4)


def test_rates_of_nothing_are_none() -> None:
    (found,) = effectiveness(_rows(S.PROPOSED))

    assert (found.acceptance_rate, found.adoption_rate, found.win_rate, found.brier_score) == (None,) * 4
    assert found.reliability == ()
    assert effectiveness([]) == ()


def test_providers_are_kept_apart() -> None:
    found = effectiveness([*_rows(S.WON), *_rows(S.LOST, S.LOST, provider="anthropic")])

    assert [(one.provider, one.won_count, one.lost_count) for one in found] == [
        ("anthropic", 0, 2),
        ("heuristic", 1, 0),
    ]


def test_brier_score_is_of_decided_ones() -> None:
    rows = [*_rows(S.WON, confidence=0.8), *_rows(S.LOST, confidence=0.3), *_rows(S.INCONCLUSIVE, confidence=0.9)]

    assert brier_score(rows) == pytest.approx((0.2**2 + 0.3**2) / 2)


def test_bins_compare_confidence_with_what_came() -> None:
    rows = [*_rows(S.WON, S.LOST, S.LOST, confidence=0.42), *_rows(S.WON, confidence=1.0), *_rows(S.TESTED)]

    first, last = reliability(rows)

    assert (first.low, first.high, first.count) == (0.4, 0.5, 3)
    assert first.mean_confidence == pytest.approx(0.42)
    assert first.won_share == pytest.approx(1 / 3)
    assert (last.low, last.high, last.won_share) == (0.9, 1.0, 1.0)


@given(st.lists(st.tuples(st.sampled_from(HypothesisState), st.floats(0, 1)), max_size=30))
def test_bins_hold_each_decided_row_once(pairs: list[tuple[HypothesisState, float]]) -> None:
    rows = [HypothesisRow("heuristic", state, confidence) for state, confidence in pairs]

    bins = reliability(rows)

    assert sum(one.count for one in bins) == sum(row.state in (S.WON, S.LOST) for row in rows)
    assert all(one.low - 1e-9 <= one.mean_confidence <= one.high + 1e-9 for one in bins)
    score = brier_score(rows)
    assert score is None or 0 <= score <= 1
