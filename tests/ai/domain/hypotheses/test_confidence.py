from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ai.domain.hypotheses.confidence import Record, bin_of, confidence, penalty
from services.ai.domain.hypotheses.history import Counts, MetricHistory
from services.ai.domain.hypotheses.model import Confidence, HypothesisState
from services.ai.domain.hypotheses.shrinkage import Belief
from tests.ai.domain.hypotheses.examples import stored

BELIEF = Belief(0.02, 0.02)
HISTORY = MetricHistory((), Counts(3, 1, 2), BELIEF, fitted=True, band=None, base_rate=0.6, win_rate=0.4)


def _confidence(**changes: object) -> Confidence:
    given_ = {
        "belief": BELIEF,
        "history": HISTORY,
        "wanted": True,
        "direct": True,
        "specificity": 1.0,
        "penalties": (),
        "record": Record(),
    }
    return confidence(**{**given_, **changes})  # type: ignore[arg-type]


def test_parts_make_the_whole() -> None:
    found = _confidence()

    assert found.uncalibrated == pytest.approx(0.5 * BELIEF.probability_good + 0.3 * 0.6 + 0.2 * 0.5)
    assert found.value == found.uncalibrated
    assert [one.part for one in found.parts] == [
        "evidence_strength",
        "base_rate",
        "specificity",
        "uncalibrated",
        "record",
    ]
    assert found.value == pytest.approx(sum(one.value * one.weight for one in found.parts[-2:]))


def test_nothing_known_is_one_half() -> None:
    blank = replace(HISTORY, fitted=False, base_rate=0.5)

    assert _confidence(belief=Belief(0.0, 0.05), history=blank, direct=False).value == 0.5


def test_the_other_direction_has_the_rest() -> None:
    assert _confidence().value + _confidence(wanted=False).value == pytest.approx(1)


def test_vague_ones_are_less_likely() -> None:
    assert _confidence(specificity=0.5).value == pytest.approx(_confidence().value - 0.05)


def test_without_direct_evidence_it_is_capped() -> None:
    sure = {"belief": Belief(0.1, 0.01), "history": replace(HISTORY, base_rate=0.9)}

    assert _confidence(**sure).value > 0.75
    assert _confidence(**sure, direct=False).value == 0.75


def test_penalties_multiply() -> None:
    found = _confidence(penalties=(penalty("ungrounded", 0.5, "nothing bears it"),))

    assert found.value == pytest.approx(_confidence().value / 2)
    assert found.parts[3].weight == 0


def test_results_of_hypotheses_about_as_confident_pull() -> None:
    raw = _confidence().uncalibrated

    def record(won: int, lost: int, at: float = raw) -> Record:
        states = [HypothesisState.WON] * won + [HypothesisState.LOST] * lost
        return Record(stored("Show a bar", state, confidence=at) for state in states)

    assert _confidence(record=record(5, 15)).value == pytest.approx((20 * raw + 5) / 40)
    assert _confidence(record=record(0, 9, raw - 0.2)).value == raw
    undecided = (stored("Show a bar", HypothesisState.INCONCLUSIVE, confidence=raw),) * 9
    assert _confidence(record=Record(undecided)).value == raw


def test_bins_are_tenths_and_the_last_holds_one() -> None:
    assert [bin_of(value) for value in (0.0, 0.09, 0.5, 0.99, 1.0)] == [0, 0, 5, 9, 9]


@given(
    mean=st.floats(-1, 1),
    deviation=st.floats(1e-6, 1),
    rate=st.floats(0, 1),
    specificity=st.floats(0, 1),
    factor=st.floats(0, 1),
    wanted=st.booleans(),
    direct=st.booleans(),
    states=st.lists(st.sampled_from(HypothesisState), max_size=20),
    at=st.floats(0, 1),
)
def test_it_is_a_probability_and_never_above_its_cap(
    *,
    mean: float,
    deviation: float,
    rate: float,
    specificity: float,
    factor: float,
    wanted: bool,
    direct: bool,
    states: list[HypothesisState],
    at: float,
) -> None:
    found = _confidence(
        belief=Belief(mean, deviation),
        history=replace(HISTORY, base_rate=rate),
        wanted=wanted,
        direct=direct,
        specificity=specificity,
        penalties=(penalty("any", factor, "any"),),
        record=Record(stored("Show a bar", state, confidence=at) for state in states),
    )

    assert 0 <= found.value <= 1
    assert 0 <= found.uncalibrated <= (1 if direct else 0.75)
    assert all(0 <= one.value <= 1 and 0 <= one.weight <= 1 for one in found.parts)
