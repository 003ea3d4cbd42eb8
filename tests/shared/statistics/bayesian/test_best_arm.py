"""Which arm is best: against SciPy's quadrature and many draws, under symmetries, and where arms have no data."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate

from shared.errors import InvalidArgument, Reason
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.best_arm import BestArmReport, best_arms
from shared.statistics.bayesian.means import MeanPrior, means
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.bayesian.proportions import proportions
from shared.statistics.bayesian.rates import rates
from shared.statistics.result.method import Validity
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import NotEstimable
from tests.shared.statistics.bayesian import posteriors
from tests.shared.statistics.bayesian.posteriors import powers

Floats = NDArray[np.float64]

often = settings(max_examples=60, deadline=None, derandomize=True)

BETAS = posteriors.beta([481, 551, 530, 3.0], [9521, 9451, 9400, 40.0])
STUDENTS = posteriors.student([10.0, 10.4, 10.1, 9.0], [0.3, 0.2, 0.5, 2.0], [40.0, 25.0, 8.0, 3.5])
GAMMAS = posteriors.gamma([30.0, 52.0, 45.0, 1.5], [10.0, 15.0, 14.0, 0.4])
FAMILIES = pytest.mark.parametrize("posterior", [BETAS, STUDENTS, GAMMAS], ids=["beta", "student", "gamma"])
DIRECTIONS = pytest.mark.parametrize("lower_is_better", [False, True])


def several(family: type[Posterior]) -> st.SearchStrategy[Posterior]:
    """Returns 1 to 5 arms that compete."""
    if family is type(BETAS):
        arms = st.tuples(powers(1, 1e4), powers(1, 1e4))
    elif family is type(GAMMAS):
        arms = st.tuples(powers(1, 1e4), powers(0.3, 3))
    else:
        return st.lists(st.tuples(st.floats(-2, 2), powers(0.05, 1), powers(2.5, 1e5)), min_size=1, max_size=5).map(
            lambda rows: posteriors.student(*zip(*rows, strict=True))
        )
    make = posteriors.beta if family is type(BETAS) else posteriors.gamma
    return st.lists(arms, min_size=1, max_size=5).map(lambda rows: make(*zip(*rows, strict=True)))


any_arms: st.SearchStrategy[Posterior] = st.one_of(*(several(type(one)) for one in (BETAS, STUDENTS, GAMMAS)))


def integrated(posterior: Posterior, *, lower_is_better: bool) -> tuple[Floats, Floats]:
    """Returns chances and losses by SciPy's quadrature and distributions, in the metric's unit, one arm at a time."""
    arms = [posteriors.frozen(posterior, arm) for arm in range(posterior.shape[0])]
    cuts = np.unique([arm.ppf([1e-12, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-12]) for arm in arms])

    def total(arm: int, power: int) -> float:
        rivals = [other for place, other in enumerate(arms) if place != arm]

        def integrand(x: Floats) -> Floats:
            beaten = [rival.sf(x) if lower_is_better else rival.cdf(x) for rival in rivals]
            return np.asarray(x**power * arms[arm].pdf(x) * np.prod(beaten, axis=0))

        pieces = itertools.pairwise(cuts)
        return float(sum(integrate.fixed_quad(integrand, *piece, n=40)[0] for piece in pieces))

    chances = np.array([total(arm, 0) for arm in range(len(arms))])
    best = sum(total(arm, 1) for arm in range(len(arms)))
    own = np.array([arm.mean() for arm in arms])
    return chances, own - best if lower_is_better else best - own


@FAMILIES
@DIRECTIONS
def test_best_arms_when_compared_with_quadrature_then_agree(posterior: Posterior, *, lower_is_better: bool) -> None:
    found = best_arms(posterior, lower_is_better=lower_is_better)

    # What the oracle leaves out beyond its ends, 1e-12 of an arm's mass, costs the heaviest tail 1e-8 of a loss.
    chances, losses = integrated(posterior, lower_is_better=lower_is_better)
    np.testing.assert_allclose(found.probability, chances, rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        found.expected_loss, losses, rtol=0, atol=1e-8 * float(posterior.standard_deviation().max())
    )


@FAMILIES
@DIRECTIONS
def test_best_arms_when_draws_are_counted_then_agree_within_their_own_error(
    posterior: Posterior, *, lower_is_better: bool
) -> None:
    rng, draws = np.random.default_rng(20_261), 400_000
    arms = [posteriors.frozen(posterior, arm) for arm in range(posterior.shape[0])]
    sample = np.stack([arm.rvs(draws, random_state=rng) for arm in arms])
    best = sample.argmin(axis=0) if lower_is_better else sample.argmax(axis=0)
    gap = np.abs(np.take_along_axis(sample, best[None], axis=0) - sample)

    found = best_arms(posterior, lower_is_better=lower_is_better)

    for arm, chance in enumerate(found.probability):
        # 5 standard errors are passed twice in 3 million times.
        assert (best == arm).mean() == pytest.approx(chance, abs=5 * np.sqrt(chance * (1 - chance) / draws))
        assert gap[arm].mean() == pytest.approx(found.expected_loss[arm], abs=5 * gap[arm].std() / np.sqrt(draws))


@often
@given(posterior=any_arms, lower_is_better=st.booleans())
def test_best_arms_when_they_answer_then_chances_sum_to_one_and_losses_differ_by_the_means(
    posterior: Posterior, *, lower_is_better: bool
) -> None:
    found = best_arms(posterior, lower_is_better=lower_is_better)

    assert float(found.probability.sum()) == pytest.approx(1, abs=1e-12)
    assert ((found.probability >= 0) & (found.expected_loss >= 0)).all()
    mean = posterior.mean() * (-1 if lower_is_better else 1)
    size = float(posterior.standard_deviation().max())
    np.testing.assert_allclose(
        found.expected_loss - found.expected_loss[0], mean[0] - mean, rtol=0, atol=1e-7 * size + 1e-13
    )


@often
@given(posterior=any_arms, lower_is_better=st.booleans(), random=st.randoms(use_true_random=False))
def test_best_arms_when_arms_are_relabelled_then_answers_follow(
    posterior: Posterior, random: object, *, lower_is_better: bool
) -> None:
    order = list(range(posterior.shape[0]))
    random.shuffle(order)  # type: ignore[attr-defined]

    found = best_arms(posterior, lower_is_better=lower_is_better)
    relabelled = best_arms(posterior[order], lower_is_better=lower_is_better)

    size = float(posterior.standard_deviation().max())
    np.testing.assert_allclose(relabelled.probability, found.probability[order], rtol=0, atol=1e-9)
    np.testing.assert_allclose(relabelled.expected_loss, found.expected_loss[order], rtol=0, atol=1e-8 * size)


@often
@given(several(type(STUDENTS)))
def test_best_arms_when_means_change_sign_then_the_lowest_is_what_the_highest_was(posterior: Posterior) -> None:
    location, scale, freedom = posterior.parameters
    mirrored = posteriors.student(list(-location), list(scale), list(freedom))

    found, turned = best_arms(posterior), best_arms(mirrored, lower_is_better=True)

    np.testing.assert_array_equal(turned.probability, found.probability)
    np.testing.assert_array_equal(turned.expected_loss, found.expected_loss)


@often
@given(several(type(BETAS)))
def test_best_arms_when_successes_become_failures_then_the_lowest_is_what_the_highest_was(posterior: Posterior) -> None:
    alpha, beta = posterior.parameters

    found, turned = best_arms(posterior), best_arms(posteriors.beta(list(beta), list(alpha)), lower_is_better=True)

    np.testing.assert_array_equal(turned.probability, found.probability)
    np.testing.assert_array_equal(turned.expected_loss, found.expected_loss)


@often
@given(posteriors.two_gammas)
def test_best_arms_when_there_are_two_rates_then_one_is_lowest_where_the_other_is_highest(posterior: Posterior) -> None:
    highest, lowest = best_arms(posterior), best_arms(posterior, lower_is_better=True)

    size = float(posterior.standard_deviation().max())
    np.testing.assert_allclose(lowest.probability, highest.probability[::-1], rtol=0, atol=1e-10)
    np.testing.assert_allclose(lowest.expected_loss, highest.expected_loss[::-1], rtol=0, atol=1e-8 * size)


def three_means(factor: float = 1.0, shift: float = 0.0) -> Posterior:
    centres = factor * np.array([10.0, 11.0, 10.7]) + shift
    return means(Moments.of_values([90, 70, 40], centres, factor**2 * np.array([900.0, 800.0, 300.0])))


@DIRECTIONS
@pytest.mark.parametrize("factor", [2.0**-40, 0.25, 2.0**20])
def test_best_arms_when_the_unit_changes_by_a_power_of_two_then_only_losses_change(
    factor: float, *, lower_is_better: bool
) -> None:
    plain, scaled = (best_arms(three_means(one), lower_is_better=lower_is_better) for one in (1.0, factor))

    np.testing.assert_array_equal(scaled.probability, plain.probability)
    np.testing.assert_array_equal(scaled.expected_loss / factor, plain.expected_loss)


def test_best_arms_when_dollars_become_cents_then_answers_agree() -> None:
    dollars, cents = best_arms(three_means()), best_arms(three_means(100))

    np.testing.assert_allclose(cents.probability, dollars.probability, rtol=0, atol=1e-10)
    np.testing.assert_allclose(cents.expected_loss / 100, dollars.expected_loss, rtol=1e-9)


def test_best_arms_when_all_values_are_shifted_then_answers_stay() -> None:
    plain, shifted = best_arms(three_means()), best_arms(three_means(shift=1e4))

    np.testing.assert_allclose(shifted.probability, plain.probability, rtol=0, atol=1e-9)
    np.testing.assert_allclose(shifted.expected_loss, plain.expected_loss, rtol=1e-8)


@FAMILIES
def test_best_arms_when_an_arm_has_an_obstacle_then_the_others_are_compared_without_it(posterior: Posterior) -> None:
    blocked = posterior[[0, 1, 1, 2, 3]]
    blocked.obstacle[2] = Obstacle.NO_UNITS
    for column in blocked.parameters:
        column[2] = np.nan

    found, without = best_arms(blocked), best_arms(posterior)

    rest = [0, 1, 3, 4]
    assert np.isnan([found.probability[2], found.expected_loss[2]]).all()
    np.testing.assert_array_equal(found.probability[rest], without.probability)
    np.testing.assert_array_equal(found.expected_loss[rest], without.expected_loss)
    assert found.obstacle.tolist() == [0, 0, Obstacle.NO_UNITS, 0, 0]


def test_best_arms_when_data_cannot_tell_then_nan_stands_beside_the_obstacle() -> None:
    empty, one = best_arms(proportions([0, 0], [0, 0])), best_arms(proportions([3, 0], [10, 0]))
    flat = best_arms(means(Moments.of_values([5, 5], [3.0, 3.0], [0.0, 0.0])))
    eventless = best_arms(rates([[0, 0, 0], [0, 5, 2]], [[7.0, 7.0, 7.0], [7.0, 7.0, 0.5]]))

    assert empty.obstacle.tolist() == [Obstacle.NO_UNITS] * 2
    assert flat.obstacle.tolist() == [Obstacle.ZERO_VARIANCE] * 2
    assert eventless.obstacle[0].tolist() == [Obstacle.NO_EVENTS] * 3
    for found in (empty, one, flat, eventless):
        np.testing.assert_array_equal(np.isnan(found.probability), found.obstacle != 0)
        np.testing.assert_array_equal(np.isnan(found.expected_loss), found.obstacle != 0)
    assert (one.probability[0], one.expected_loss[0]) == (1.0, 0.0)


def test_best_arms_when_there_are_many_metrics_then_each_has_its_own_direction() -> None:
    posterior = proportions([[48, 55, 60], [48, 55, 60]], 1000)

    found = best_arms(posterior, lower_is_better=[False, True])

    assert found.probability.shape == found.expected_loss.shape == (2, 3)
    for row, direction in enumerate([False, True]):
        alone = best_arms(posterior[row], lower_is_better=direction)
        np.testing.assert_array_equal(found.probability[row], alone.probability)
        np.testing.assert_array_equal(found.expected_loss[row], alone.expected_loss)
    assert found.probability.argmax(axis=-1).tolist() == [2, 0]


def test_report_when_asked_for_one_arm_then_says_all_of_it() -> None:
    moments = Moments.of_values([[10, 50, 0]], [[3.0, 3.5, 0.0]], [[5.0, 50.0, 0.0]])

    found = best_arms(means(moments, prior=MeanPrior(2.0, 1.0, 4.0)))

    assert found.report(0, 0) == BestArmReport(
        found.method, float(found.probability[0, 0]), float(found.expected_loss[0, 0]), Caution.FEW_UNITS
    )
    missing = found.report(0, 2)
    assert missing.probability == missing.expected_loss == NotEstimable(Obstacle.NO_UNITS)
    assert "no units" in str(missing.probability)


def test_best_arms_when_they_answer_then_say_that_chances_are_no_stopping_rule() -> None:
    method = best_arms(proportions([3, 4], 10)).method

    assert method.validity is Validity.BAYESIAN
    assert any("no rule for stopping" in assumption for assumption in method.assumptions)


def test_best_arms_when_there_is_no_axis_of_arms_then_refuse() -> None:
    with pytest.raises(InvalidArgument) as caught:
        best_arms(proportions(3, 10))

    assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("shape", [(2,), (2, 2), (3,), (4, 3)])
def test_best_arms_when_directions_do_not_fit_then_refuse(shape: tuple[int, ...]) -> None:
    posterior = proportions([3, 4, 5], 10) if shape != (4, 3) else proportions([[3, 4, 5]] * 3, 10)

    with pytest.raises(InvalidArgument) as caught:
        best_arms(posterior, lower_is_better=np.zeros(shape, bool))

    assert caught.value.reason is Reason.INVALID_FIELD
