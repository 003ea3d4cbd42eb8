"""Best-arm probabilities and expected losses: against SciPy, against closed forms, and under symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from shared.kernels.best_arm import beta_best_arm, gamma_best_arm, student_best_arm
from tests.shared.kernels import reference

Floats = NDArray[np.float64]
Arms = tuple[Floats, ...]

unhurried = settings(deadline=None, max_examples=40, derandomize=True)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: 10.0**exponent)


def columns(*entries: st.SearchStrategy[float], size: int = 5) -> st.SearchStrategy[Arms]:
    rows = st.lists(st.tuples(*entries), min_size=1, max_size=size)
    return rows.map(lambda arms: tuple(np.array(column, dtype=np.float64) for column in zip(*arms, strict=True)))


def rivals(base: float, arms: Arms) -> Arms:
    """Returns Beta arms of shares a few standard deviations apart and of very different counts."""
    counts, deviations = arms
    share = np.clip(base + deviations * np.sqrt(base * (1 - base) / counts), 1e-7, 1 - 1e-7)
    return counts * share + 1, counts * (1 - share) + 1


any_beta = columns(powers(0.05, 1e8), powers(0.05, 1e8))
rival_beta = st.builds(rivals, st.floats(0.001, 0.999), columns(powers(10, 1e7), st.floats(-3, 3)))
any_gamma = columns(powers(0.05, 1e6), powers(1e-3, 1e3))
rival_gamma = columns(powers(0.5, 1e6), st.floats(-3, 3)).map(
    lambda arms: (arms[0], arms[0] / (1 + arms[1] / np.sqrt(arms[0] + 10)))
)
any_student = columns(st.floats(-3, 3), powers(1e-3, 1), powers(1.5, 1e9))


@unhurried
@given(any_beta | rival_beta)
def test_beta_when_compared_with_adaptive_quadrature_then_agrees(arms: Arms) -> None:
    alpha, beta = arms

    probability, loss = beta_best_arm(alpha, beta)

    expected_probability, expected_loss = reference.beta_best_arm(alpha, beta)
    widest = float((np.sqrt(alpha * beta / (alpha + beta + 1)) / (alpha + beta)).max())
    np.testing.assert_allclose(probability, expected_probability, rtol=0, atol=1e-9)
    np.testing.assert_allclose(loss, expected_loss, rtol=0, atol=1e-8 * widest + 1e-12)


@unhurried
@given(any_student)
def test_student_when_compared_with_adaptive_quadrature_then_agrees(arms: Arms) -> None:
    location, scale, freedom = arms

    probability, loss = student_best_arm(location, scale, freedom)

    expected_probability, expected_loss = reference.student_best_arm(location, scale, freedom)
    np.testing.assert_allclose(probability, expected_probability, rtol=0, atol=1e-9)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-9, atol=1e-9 * float(scale.max()))


@unhurried
@given(arms=any_gamma | rival_gamma, smallest_is_best=st.booleans())
def test_gamma_when_compared_with_adaptive_quadrature_then_agrees(arms: Arms, *, smallest_is_best: bool) -> None:
    shape, rate = arms

    probability, loss = gamma_best_arm(shape, rate, smallest_is_best=smallest_is_best)

    expected_probability, expected_loss = reference.gamma_best_arm(shape, rate, smallest_is_best=smallest_is_best)
    np.testing.assert_allclose(probability, expected_probability, rtol=0, atol=1e-10)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-8, atol=1e-9 * float((np.sqrt(shape) / rate).max()))


@unhurried
@given(powers(0.05, 1e8), powers(0.05, 1e8), st.floats(-3, 3))
def test_gamma_when_there_are_two_then_equals_the_incomplete_beta(
    first: float, second: float, deviations: float
) -> None:
    shape = np.array([first, second])
    rate = np.array([first, second * np.exp(deviations * np.hypot(*1 / np.sqrt(shape)))])

    probability, loss = gamma_best_arm(shape, rate)

    # b_0 theta_0 / (b_0 theta_0 + b_1 theta_1) is Beta(a_0, a_1), and theta f(theta) the density of one more event.
    share = rate / rate.sum()
    expected = special.betainc(*shape, share[0]), special.betainc(*shape[::-1], share[1])
    gap = shape[1] / rate[1] - shape[0] / rate[0]
    assert min(abs(probability[::-1] - expected)) < 1e-10
    assert loss[0] - loss[1] == pytest.approx(gap, abs=1e-9 * float((np.sqrt(shape) / rate).max()))


@unhurried
@given(rival_gamma, powers(1e-6, 1e6))
def test_gamma_when_the_unit_of_exposure_changes_then_only_losses_scale(arms: Arms, factor: float) -> None:
    shape, rate = arms

    probability, loss = gamma_best_arm(shape, rate)
    other_probability, other_loss = gamma_best_arm(shape, rate * factor)

    np.testing.assert_allclose(other_probability, probability, rtol=0, atol=1e-10)
    np.testing.assert_allclose(other_loss * factor, loss, rtol=1e-9, atol=1e-10 * float((np.sqrt(shape) / rate).max()))


@pytest.mark.parametrize("size", [1, 2, 10, 64])
@pytest.mark.parametrize("shape", [0.05, 3.0, 1e8])
@pytest.mark.parametrize("smallest_is_best", [False, True])
def test_gamma_when_arms_are_identical_then_each_is_best_equally(
    size: int, shape: float, *, smallest_is_best: bool
) -> None:
    probability, _ = gamma_best_arm(np.full(size, shape), np.full(size, 7.0), smallest_is_best=smallest_is_best)

    np.testing.assert_allclose(probability, 1 / size, rtol=0, atol=1e-12)


def test_beta_when_parameters_are_whole_then_equals_the_finite_sum() -> None:
    # P(second > first) for whole alpha: Miller 2015, "Formulas for Bayesian A/B Testing", equation 6.
    first, second = (481.0, 9521.0), (551.0, 9451.0)
    steps = np.arange(second[0])
    log_terms = (
        special.betaln(first[0] + steps, first[1] + second[1])
        - np.log(second[1] + steps)
        - special.betaln(1 + steps, second[1])
        - special.betaln(*first)
    )

    probability, _ = beta_best_arm(np.array([first[0], second[0]]), np.array([first[1], second[1]]))

    assert probability[1] == pytest.approx(np.exp(log_terms).sum(), abs=1e-10)


def test_student_when_degrees_are_many_then_equals_the_normal_closed_form() -> None:
    location, scale = np.array([0.3, 0.1]), np.array([0.2, 0.4])
    spread = np.hypot(*scale)
    gap = (location[0] - location[1]) / spread

    probability, loss = student_best_arm(location, scale, np.full(2, 1e9))

    shortfall = spread * stats.norm.pdf(gap) - (location[0] - location[1]) * stats.norm.sf(gap)
    assert probability[0] == pytest.approx(stats.norm.cdf(gap), abs=1e-8)
    assert loss[0] == pytest.approx(shortfall, rel=1e-7)


def test_student_when_two_cauchy_arms_differ_then_equals_the_closed_form() -> None:
    # The difference of two Cauchy variables is Cauchy with the sum of the scales.
    probability, loss = student_best_arm(np.array([1.0, 0.0]), np.array([0.5, 2.0]), np.ones(2))

    assert probability[0] == pytest.approx(stats.cauchy.cdf(1 / 2.5), abs=1e-11)
    assert np.isinf(loss).all()


@pytest.mark.parametrize("size", [1, 2, 3, 10, 64])
@pytest.mark.parametrize("parameters", [(0.05, 0.05), (0.05, 1e8), (3.0, 50.0), (1e8, 1e8)])
def test_beta_when_arms_are_identical_then_each_is_best_equally(size: int, parameters: tuple[float, float]) -> None:
    probability, loss = beta_best_arm(np.full(size, parameters[0]), np.full(size, parameters[1]))

    np.testing.assert_allclose(probability, 1 / size, rtol=0, atol=1e-12)
    np.testing.assert_allclose(loss, loss[0], rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 10, 64])
@pytest.mark.parametrize("freedom", [0.2, 1.0, 4.0, 1e9])
def test_student_when_arms_are_identical_then_each_is_best_equally(size: int, freedom: float) -> None:
    probability, _ = student_best_arm(np.full(size, 7.0), np.full(size, 0.1), np.full(size, freedom))

    np.testing.assert_allclose(probability, 1 / size, rtol=0, atol=1e-12)


def test_best_arm_when_there_is_one_then_it_is_best_without_loss() -> None:
    assert [column.tolist() for column in beta_best_arm(np.ones(1), np.ones(1))] == [[1.0], [0.0]]
    assert [column.tolist() for column in student_best_arm(np.ones(1), np.ones(1), np.ones(1))] == [[1.0], [0.0]]


def test_beta_when_arms_are_far_apart_then_says_zero_and_one() -> None:
    probability, loss = beta_best_arm(np.array([1.0, 9e7, 0.05]), np.array([1e8, 1e7, 1e8]))

    np.testing.assert_allclose(probability, [0, 1, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(loss, [0.9, 0, 0.9], rtol=0, atol=1e-7)


def test_student_when_arms_are_far_apart_then_says_zero_and_one() -> None:
    probability, loss = student_best_arm(np.array([0.0, 1e12, 1e12 + 1]), np.full(3, 1e-3), np.full(3, 1e6))

    np.testing.assert_allclose(probability, [0, 0, 1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(loss, [1e12 + 1, 1, 0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("prior", [1e-90, 1e-9, 1e-6, 1e-3])
@pytest.mark.parametrize("smallest_is_best", [False, True])
def test_gamma_when_priors_are_next_to_nothing_then_still_answers(prior: float, *, smallest_is_best: bool) -> None:
    shape, rate = np.array([prior, 40.0]), np.array([prior, 80.0])

    probability, loss = gamma_best_arm(shape, rate, smallest_is_best=smallest_is_best)

    # The first arm is nothing but for rare times when it is huge; the second is about 0.5.
    first = float(smallest_is_best)
    np.testing.assert_allclose(probability, [first, 1 - first], rtol=0, atol=0.02)
    assert np.isfinite(loss).all()
    assert (loss >= 0).all()


@pytest.mark.parametrize("prior", [1e-300, 1e-6, 1e-3])
def test_beta_when_priors_are_next_to_nothing_then_still_answers(prior: float) -> None:
    probability, loss = beta_best_arm(np.array([prior, 20.0]), np.array([prior, 80.0]))

    # The first arm is 0 or 1, evenly; the second is about 0.2.
    np.testing.assert_allclose(probability, [0.5, 0.5], rtol=0, atol=0.01)
    np.testing.assert_allclose(loss, [0.1, 0.4], rtol=0, atol=0.01)


def test_student_when_an_arm_has_hardly_any_freedom_then_it_wins_half_the_time() -> None:
    probability, loss = student_best_arm(np.zeros(2), np.array([1.0, 1e-9]), np.array([1e-9, 50.0]))

    np.testing.assert_allclose(probability, [0.5, 0.5], rtol=0, atol=1e-6)
    assert np.isinf(loss).all()


@unhurried
@given(rival_beta, st.randoms(use_true_random=False))
def test_beta_when_arms_are_relabelled_then_answers_follow(arms: Arms, random: st.randoms) -> None:  # type: ignore[valid-type]
    order = list(range(arms[0].size))
    random.shuffle(order)  # type: ignore[attr-defined]

    answers = beta_best_arm(*arms)
    relabelled = beta_best_arm(*(column[order] for column in arms))

    np.testing.assert_allclose(relabelled[0], answers[0][order], rtol=0, atol=1e-12)
    np.testing.assert_allclose(relabelled[1], answers[1][order], rtol=0, atol=1e-12)


@unhurried
@given(any_student, st.floats(-1e3, 1e3), powers(1e-6, 1e6))
def test_student_when_shifted_and_scaled_then_only_losses_scale(arms: Arms, shift: float, factor: float) -> None:
    location, scale, freedom = arms

    probability, loss = student_best_arm(location, scale, freedom)
    moved_probability, moved_loss = student_best_arm(factor * (location + shift), factor * scale, freedom)

    np.testing.assert_allclose(moved_probability, probability, rtol=0, atol=1e-8)
    np.testing.assert_allclose(moved_loss / factor, loss, rtol=1e-8, atol=1e-8 * float(scale.max()))


@unhurried
@given(rival_beta, st.floats(1, 50))
def test_beta_when_an_arm_has_more_successes_then_it_is_best_more_often(arms: Arms, successes: float) -> None:
    alpha, beta = arms
    more = alpha.copy()
    more[0] += successes

    before, after = beta_best_arm(alpha, beta), beta_best_arm(more, beta)

    assert after[0][0] >= before[0][0] - 1e-10
    assert (after[0][1:] <= before[0][1:] + 1e-10).all()
    assert after[1][0] <= before[1][0] + 1e-10


@pytest.mark.parametrize("counts", [(0.05, 0.07), (0.5, 3.0), (30.0, 30.0)])
def test_beta_when_two_arms_swap_success_and_failure_then_the_other_is_best(counts: tuple[float, float]) -> None:
    many, few = np.array([1e8, 1e8]), np.array(counts)

    probability, loss = beta_best_arm(many, few)
    swapped_probability, swapped_loss = beta_best_arm(few, many)

    np.testing.assert_allclose(swapped_probability, probability[::-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(swapped_loss, loss[::-1], rtol=1e-8)


@unhurried
@given(any_beta)
def test_beta_when_it_answers_then_sums_to_one_and_loses_nothing_negative(arms: Arms) -> None:
    probability, loss = beta_best_arm(*arms)

    assert probability.sum() == pytest.approx(1, abs=1e-12)
    assert (probability >= 0).all()
    assert ((loss >= 0) & (loss <= 1)).all()


@unhurried
@given(rival_beta)
def test_beta_when_two_losses_are_compared_then_they_differ_by_the_means(arms: Arms) -> None:
    alpha, beta = arms

    _, loss = beta_best_arm(alpha, beta)

    mean = alpha / (alpha + beta)
    np.testing.assert_allclose(loss - loss[0], mean[0] - mean, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("alpha", "beta"),
    [
        (np.ones(2), np.ones(3)),
        (np.ones(0), np.ones(0)),
        (np.ones((1, 2)), np.ones((1, 2))),
        (np.ones(4)[::2], np.ones(2)),
        (np.ones(2, np.float32), np.ones(2)),
        (np.array([0.0, 1.0]), np.ones(2)),
        (np.array([np.nan, 1.0]), np.ones(2)),
        (np.ones(2), np.array([np.inf, 1.0])),
    ],
)
def test_beta_when_arrays_are_wrong_then_refuses(alpha: Floats, beta: Floats) -> None:
    with pytest.raises(ValueError, match="must be"):
        beta_best_arm(alpha, beta)


@pytest.mark.parametrize(
    ("shape", "rate"),
    [
        (np.ones(2), np.ones(3)),
        (np.array([0.0, 1.0]), np.ones(2)),
        (np.ones(2), np.array([np.inf, 1.0])),
        (np.array([1e-60, 1e60]), np.ones(2)),
    ],
)
def test_gamma_when_arrays_are_wrong_then_refuses(shape: Floats, rate: Floats) -> None:
    with pytest.raises(ValueError, match="must be"):
        gamma_best_arm(shape, rate)


@pytest.mark.parametrize(
    ("location", "scale", "freedom"),
    [
        (np.zeros(2), np.array([0.0, 1.0]), np.ones(2)),
        (np.array([np.nan, 0.0]), np.ones(2), np.ones(2)),
        (np.array([np.inf, 0.0]), np.ones(2), np.ones(2)),
        (np.array([0.0, 1e200]), np.ones(2), np.ones(2)),
        (np.zeros(2), np.array([1e-200, 1.0]), np.ones(2)),
        (np.zeros(2), np.ones(2), np.array([-1.0, 1.0])),
        (np.zeros(2), np.ones(2), np.ones(3)),
    ],
)
def test_student_when_arrays_are_wrong_then_refuses(location: Floats, scale: Floats, freedom: Floats) -> None:
    with pytest.raises(ValueError, match="must be"):
        student_best_arm(location, scale, freedom)
