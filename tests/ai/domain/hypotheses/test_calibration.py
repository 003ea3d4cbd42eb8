"""Whole rounds with a known truth: worlds, hypotheses made in them, tests of these, and what was foretold of them."""

from typing import Final, NamedTuple

import numpy as np
import pytest

from services.ai.domain.hypotheses.completion import CORRELATION, completed
from services.ai.domain.hypotheses.confidence import RECORD_SIZE, bin_of
from services.ai.domain.hypotheses.effectiveness import HypothesisRow, brier_score
from services.ai.domain.hypotheses.model import EffectDirection, HypothesisState, StoredHypothesis
from services.ai.domain.hypotheses.suggesting import drafts
from services.ai.domain.metrics import PastExperiment, PastOutcome
from tests.ai.domain.hypotheses.examples import knowing

MEAN, SPREAD, EXPERIMENTS, TEST_ERROR = 0.02, 0.04, 12, 0.012
THINGS: Final = (
    *("badges", "cards", "dots", "edges", "fields", "grids"),
    *("hints", "icons", "labels", "menus", "notes", "photos"),
)
DECIDED: Final = (HypothesisState.WON, HypothesisState.LOST)


class Round(NamedTuple):
    """Is one hypothesis: what code said of it, what is true, and how its test ended."""

    world: int
    strength: float
    uncalibrated: float
    confidence: float
    good: bool
    state: HypothesisState


def _outcome(statistic: float) -> int:
    return int(np.sign(statistic)) if abs(statistic) > 1.96 else 0


def _world(rng: np.random.Generator) -> tuple[float, list[float], list[PastExperiment]]:
    mean = rng.normal(0, MEAN)
    true = rng.normal(mean, SPREAD, EXPERIMENTS)
    errors = rng.uniform(0.008, 0.03, EXPERIMENTS)
    lifts = rng.normal(true, errors)
    outcomes = {1: PastOutcome.WON, -1: PastOutcome.LOST, 0: PastOutcome.INCONCLUSIVE}
    rows = [
        PastExperiment(
            f"e{place}",
            f"Show fewer {thing}",
            "checkout_rate",
            float(lift),
            float(error),
            outcomes[_outcome(lift / error)],
        )
        for place, (thing, lift, error) in enumerate(zip(THINGS, lifts, errors, strict=True))
    ]
    return mean, true.tolist(), rows


def _played(rng: np.random.Generator, worlds: int, stored: tuple[StoredHypothesis, ...] = ()) -> list[Round]:
    """Returns each hypothesis of so many worlds, tested once; those in `stored` calibrate."""
    states = {1: HypothesisState.WON, -1: HypothesisState.LOST, 0: HypothesisState.INCONCLUSIVE}
    rounds = []
    for world in range(worlds):
        mean, true, rows = _world(rng)
        knowledge = knowing(*rows, stored=stored)
        for _, draft in drafts(knowledge):
            made = completed(draft, knowledge).hypothesis
            assert made is not None
            (kin,) = draft.builds_on
            (trial,) = (one for one in knowledge.trials if one.experiment == kin.experiment)
            shared = CORRELATION[kin.kinship]
            own = np.sqrt(1 - shared**2) * rng.normal(0, SPREAD)
            effect = mean + shared * (true[int(trial.row.experiment_id[1:])] - mean) + own
            state = states[_outcome(rng.normal(effect, TEST_ERROR) / TEST_ERROR)]
            confidence = made.confidence
            rounds.append(
                Round(
                    world, confidence.parts[0].value, confidence.uncalibrated, confidence.value, bool(effect > 0), state
                )
            )
    return rounds


def _stored(rounds: list[Round]) -> tuple[StoredHypothesis, ...]:
    return tuple(
        StoredHypothesis(
            str(place), "Kept", "another_metric", EffectDirection.INCREASE, one.state, one.confidence, one.uncalibrated
        )
        for place, one in enumerate(rounds)
    )


def _error(rounds: list[Round], misses: list[float]) -> float:
    """Returns the standard error of a mean of misses; what is independent are worlds, not their hypotheses."""
    sums: dict[int, float] = {}
    center = sum(misses) / len(misses)
    for one, miss in zip(rounds, misses, strict=True):
        sums[one.world] = sums.get(one.world, 0.0) + miss - center
    return float(np.sqrt(sum(value**2 for value in sums.values()))) / len(misses)


@pytest.mark.parametrize("worlds", [100, pytest.param(600, marks=pytest.mark.slow)])
def test_evidence_strength_is_the_share_of_true_directions(worlds: int) -> None:
    rounds = _played(np.random.default_rng(20261127), worlds)
    misses = [one.strength - one.good for one in rounds]

    assert abs(sum(misses) / len(misses)) <= 4 * _error(rounds, misses)
    # What is said to be likely is, too: the belief is not right on average alone.
    sure = [one for one in rounds if one.strength > 0.8]
    sure_misses = [one.strength - one.good for one in sure]
    assert abs(sum(sure_misses) / len(sure)) <= 4 * _error(sure, sure_misses)


@pytest.mark.parametrize("worlds", [100, pytest.param(600, marks=pytest.mark.slow)])
def test_without_a_record_confidence_claims_too_little_rather_than_too_much(worlds: int) -> None:
    rounds = [one for one in _played(np.random.default_rng(5), worlds) if one.state in DECIDED]
    upper = [one for one in rounds if one.confidence > 0.6]
    misses = [one.confidence - (one.state is HypothesisState.WON) for one in upper]

    assert sum(misses) / len(misses) <= 4 * _error(upper, misses)


@pytest.mark.parametrize("worlds", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_with_a_record_confidences_are_within_their_bands(worlds: int) -> None:
    rng = np.random.default_rng(11)
    first = _played(rng, worlds)
    later = [one for one in _played(rng, worlds, _stored(first)) if one.state in DECIDED]

    for place in {bin_of(one.uncalibrated) for one in later}:
        members = [one for one in later if bin_of(one.uncalibrated) == place]
        known = [one for one in first if one.state in DECIDED and bin_of(one.uncalibrated) == place]
        if min(len(members), len(known)) < 30:
            continue
        misses = [one.confidence - (one.state is HypothesisState.WON) for one in members]
        raw = [one.uncalibrated - (one.state is HypothesisState.WON) for one in members]
        held = [float(one.state is HypothesisState.WON) for one in known]
        left = RECORD_SIZE / (RECORD_SIZE + len(known))
        # What the prior still pulls by, and four standard errors of what came in the record and after it.
        noise = np.hypot(_error(members, misses), (1 - left) * _error(known, held))
        assert abs(sum(misses) / len(misses)) <= left * abs(sum(raw) / len(raw)) + 4 * noise


def test_a_record_makes_the_brier_score_better() -> None:
    rng = np.random.default_rng(3)
    record = _stored(_played(rng, 40))
    later = _played(rng, 40, record)

    plain = brier_score(HypothesisRow("plain", one.state, one.uncalibrated) for one in later)
    calibrated = brier_score(HypothesisRow("calibrated", one.state, one.confidence) for one in later)

    assert plain is not None
    assert calibrated is not None
    assert calibrated < plain < 0.25
