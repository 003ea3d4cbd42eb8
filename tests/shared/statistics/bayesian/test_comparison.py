"""Treatment against control: chances, losses and intervals against closed forms and by simulation; invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from shared.errors import InvalidArgument
from shared.statistics.aggregates.moments import Moments
from shared.statistics.bayesian.comparison import compare
from shared.statistics.bayesian.means import MeanPrior, means
from shared.statistics.bayesian.posterior import Posterior
from shared.statistics.bayesian.proportions import proportions
from shared.statistics.bayesian.rates import rates
from shared.statistics.result.obstacles import Caution, Obstacle
from shared.statistics.result.report import Interval, NotEstimable
from tests.shared.statistics.bayesian import posteriors
from tests.shared.statistics.bayesian.posteriors import powers

often = settings(max_examples=60, deadline=None, derandomize=True)


def chance_of_more(control: tuple[int, int], treatment: tuple[int, int]) -> float:
    """Returns P(treatment > control) for whole Beta parameters (Miller 2015, equation 6)."""
    steps = np.arange(treatment[0])
    terms = (
        special.betaln(control[0] + steps, control[1] + treatment[1])
        - np.log(treatment[1] + steps)
        - special.betaln(1 + steps, treatment[1])
        - special.betaln(*control)
    )
    return float(np.exp(terms).sum())


def test_compare_when_conversions_are_480_and_550_then_gives_the_closed_forms_chance() -> None:
    comparison = compare(proportions(550, 10_000), proportions(480, 10_000))

    assert float(comparison.chance_to_beat) == pytest.approx(0.98742758, abs=5e-9)


@often
@given(*[st.integers(1, 400)] * 4)
def test_compare_when_betas_are_whole_then_chance_and_losses_are_finite_sums(a: int, b: int, c: int, d: int) -> None:
    posterior = posteriors.beta([a, c], [b, d])

    comparison = compare(posterior[1], posterior[0])

    # theta times its density is the density of one more success, times the mean.
    gain = c / (c + d) * chance_of_more((a, b), (c + 1, d)) - a / (a + b) * chance_of_more((a + 1, b), (c, d))
    assert float(comparison.chance_to_beat) == pytest.approx(chance_of_more((a, b), (c, d)), abs=1e-10)
    assert float(comparison.control_loss) == pytest.approx(gain, abs=1e-10)
    assert float(comparison.treatment_loss) == pytest.approx(gain - float(comparison.difference), abs=1e-10)


@often
@given(powers(1.01, 1e5), powers(1, 1e5), powers(0.1, 10))
def test_compare_when_posteriors_are_gamma_then_the_lift_is_beta_prime(
    first: float, second: float, rate: float
) -> None:
    posterior = posteriors.gamma([first, second], [1.0, rate])

    comparison = compare(posterior[1], posterior[0])

    ratio = stats.betaprime(second, first, scale=1 / rate)
    found = 1 + np.array([comparison.lift_low, comparison.lift_high])
    np.testing.assert_allclose(ratio.cdf(found), [0.025, 0.975], rtol=0, atol=1e-8)
    assert float(comparison.chance_to_beat) == pytest.approx(ratio.sf(1.0), abs=1e-9)


@often
@given(posteriors.two_arms)
def test_compare_when_interval_ends_are_put_back_then_have_their_chances(posterior: Posterior) -> None:
    comparison = compare(posterior[1], posterior[0])

    low, high = float(comparison.difference_low), float(comparison.difference_high)
    assert posteriors.chance(posterior, 1.0, low) == pytest.approx(0.025, abs=1e-8)
    assert posteriors.chance(posterior, 1.0, high) == pytest.approx(0.975, abs=1e-8)


@often
@given(st.one_of(posteriors.two_betas, posteriors.two_gammas))
def test_compare_when_lift_ends_are_put_back_then_have_their_chances(posterior: Posterior) -> None:
    comparison = compare(posterior[1], posterior[0])

    if comparison.lift_obstacle == 0:
        low, high = 1 + float(comparison.lift_low), 1 + float(comparison.lift_high)
        assert posteriors.chance(posterior, low, 0.0) == pytest.approx(0.025, abs=1e-8)
        assert posteriors.chance(posterior, high, 0.0) == pytest.approx(0.975, abs=1e-8)


@often
@given(posteriors.two_arms)
def test_compare_when_there_is_a_verdict_then_it_is_the_same_on_both_scales(posterior: Posterior) -> None:
    comparison = compare(posterior[1], posterior[0])

    chance = float(comparison.chance_to_beat)
    if min(abs(chance - 0.025), abs(chance - 0.975)) > 1e-7:
        verdict = 2 if chance > 0.975 else -2 if chance < 0.025 else 0
        assert np.sign([comparison.difference_low, comparison.difference_high]).sum() == verdict
        if comparison.lift_obstacle == 0:
            assert np.sign([comparison.lift_low, comparison.lift_high]).sum() == verdict


@often
@given(posteriors.two_arms)
def test_compare_when_the_arms_are_swapped_then_answers_are_mirrored(posterior: Posterior) -> None:
    forth, back = compare(posterior[1], posterior[0]), compare(posterior[0], posterior[1])

    size = float(posterior.standard_deviation().max())
    assert float(forth.chance_to_beat + back.chance_to_beat) == pytest.approx(1, abs=1e-9)
    assert float(forth.treatment_loss) == pytest.approx(float(back.control_loss), abs=1e-8 * size)
    assert float(forth.difference_low) == pytest.approx(-float(back.difference_high), abs=1e-6 * size)


@often
@given(posteriors.two_arms)
def test_compare_when_lower_is_better_then_only_chance_and_losses_change(posterior: Posterior) -> None:
    higher, lower = (compare(posterior[1], posterior[0], lower_is_better=direction) for direction in (False, True))

    size = float(posterior.standard_deviation().max())
    assert float(higher.chance_to_beat + lower.chance_to_beat) == pytest.approx(1, abs=1e-9)
    assert float(lower.treatment_loss) == pytest.approx(float(higher.control_loss), abs=1e-8 * size)
    assert lower.difference_low == higher.difference_low


def test_compare_when_draws_are_counted_then_agrees_within_their_own_error() -> None:
    rng, draws = np.random.default_rng(20_251), 1_000_000
    posterior = posteriors.student([9.0, 9.4], [0.5, 0.4], [8.0, 9.0])
    control, treatment = 9.0 + 0.5 * rng.standard_t(8.0, draws), 9.4 + 0.4 * rng.standard_t(9.0, draws)

    comparison = compare(posterior[1], posterior[0])

    lift, gain = treatment / control - 1, np.maximum(treatment - control, 0)
    outside = (lift < float(comparison.lift_low)) | (lift > float(comparison.lift_high))
    for found, sample in (
        (comparison.chance_to_beat, treatment > control),
        (comparison.control_loss, gain),
        (0.05, outside),
    ):
        # 4.4 standard errors of a mean are passed once in 100,000 times.
        assert float(found) == pytest.approx(sample.mean(), abs=4.4 * sample.std() / np.sqrt(draws))


def moments(factor: float, shift: float = 0.0) -> Moments:
    return Moments.of_values(
        [90, 70], [factor * 10.0 + shift, factor * 11.0 + shift], [factor**2 * 900, factor**2 * 800]
    )


@pytest.mark.parametrize("factor", [2.0**-40, 0.25, 2.0**20])
def test_compare_when_the_unit_changes_by_a_power_of_two_then_answers_change_exactly(factor: float) -> None:
    plain, changed = (compare(arms[1], arms[0]) for arms in (means(moments(1)), means(moments(factor))))

    assert changed.chance_to_beat == plain.chance_to_beat
    assert (changed.lift_low, changed.lift_high) == (plain.lift_low, plain.lift_high)
    assert changed.treatment_loss / factor == plain.treatment_loss
    assert changed.difference_high / factor == plain.difference_high


def test_compare_when_dollars_become_cents_then_answers_agree() -> None:
    dollars, cents = (compare(arms[1], arms[0]) for arms in (means(moments(1)), means(moments(100))))

    for name in ("chance_to_beat", "lift", "lift_low", "lift_high"):
        assert float(getattr(cents, name)) == pytest.approx(float(getattr(dollars, name)), rel=1e-9)
    assert float(cents.treatment_loss) / 100 == pytest.approx(float(dollars.treatment_loss), rel=1e-9)


def test_compare_when_all_values_are_shifted_then_differences_stay() -> None:
    plain, shifted = (compare(arms[1], arms[0]) for arms in (means(moments(1)), means(moments(1, 1000))))

    for name in ("chance_to_beat", "difference", "difference_low", "difference_high", "control_loss"):
        assert float(getattr(shifted, name)) == pytest.approx(float(getattr(plain, name)), rel=1e-8)


def test_compare_when_values_change_sign_then_so_do_difference_and_lift() -> None:
    plain, turned = means(moments(1)), means(moments(-1))

    forth, back = compare(plain[1], plain[0]), compare(turned[1], turned[0])

    assert float(back.difference_low) == pytest.approx(-float(forth.difference_high), rel=1e-9)
    assert float(back.lift_low) == pytest.approx(-float(forth.lift_high), rel=1e-8)
    assert float(back.lift) == pytest.approx(-float(forth.lift), rel=1e-12)


def test_compare_when_shapes_broadcast_then_answers_are_those_of_one_at_a_time() -> None:
    posterior = proportions([[48, 55, 60], [10, 0, 12]], [[1000, 990, 1010], [50, 60, 70]])

    together = compare(posterior[:, 1:], posterior[:, :1], lower_is_better=[[False], [True]])

    one = compare(posterior[1, 2], posterior[1, 0], lower_is_better=True)
    assert together.shape == (2, 2)
    for name in ("chance_to_beat", "lift_low", "difference_high", "control_loss"):
        assert float(getattr(together, name)[1, 1]) == pytest.approx(float(getattr(one, name)), rel=1e-8)


def test_compare_when_an_arm_is_empty_then_there_is_no_answer_and_the_report_says_why() -> None:
    posterior = proportions([3, 0], [10, 0])

    report = compare(posterior[1:], posterior[:1]).report(0)

    nothing = NotEstimable(Obstacle.NO_UNITS)
    assert report.treatment == nothing
    assert report.control == pytest.approx(4 / 12)
    assert (report.difference, report.lift, report.chance_to_beat) == (nothing, nothing, nothing)
    assert (report.treatment_loss, report.control_loss) == (nothing, nothing)


def test_compare_when_the_control_has_no_events_then_only_the_lift_is_missing() -> None:
    posterior = rates([0, 5], [100, 100])

    comparison = compare(posterior[1], posterior[0])

    assert comparison.obstacle == 0
    assert comparison.lift_obstacle == Obstacle.ZERO_CONTROL
    assert np.isnan([comparison.lift, comparison.lift_low, comparison.lift_high]).all()
    assert float(comparison.chance_to_beat) > 0.95


def test_compare_when_the_control_may_have_either_sign_then_only_the_lift_is_missing() -> None:
    posterior = means(Moments.of_values([50, 50], [0.1, 3.0], [50, 50]))

    report = compare(posterior[1:], posterior[:1]).report(0)

    assert report.lift == NotEstimable(Obstacle.CONTROL_NEAR_ZERO)
    assert isinstance(report.difference, Interval)


def test_compare_when_nothing_varies_then_says_so() -> None:
    posterior = means(Moments.of_values([50, 50], [3.0, 3.0], [0, 0]))

    comparison = compare(posterior[1], posterior[0])

    assert comparison.obstacle == comparison.lift_obstacle == Obstacle.ZERO_VARIANCE
    assert np.isnan(comparison.chance_to_beat)


def test_compare_when_units_are_few_then_the_report_warns() -> None:
    posterior = means(Moments.of_values([10, 50], [3.0, 3.0], [5, 50]), prior=MeanPrior(2.0, 1.0, 4.0))

    report = compare(posterior[1:], posterior[:1]).report(0)

    assert report.caution is Caution.FEW_UNITS
    assert report.probability == 0.95


def test_compare_when_it_answers_then_says_that_its_chance_is_no_stopping_rule() -> None:
    method = compare(proportions(3, 10), proportions(3, 10)).method

    assert any("no rule for stopping" in assumption for assumption in method.assumptions)


def test_compare_when_families_differ_then_refuses() -> None:
    with pytest.raises(InvalidArgument):
        compare(proportions([3], [10]), rates([3], [10]))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, np.nan])
def test_compare_when_alpha_is_not_one_then_refuses(alpha: float) -> None:
    with pytest.raises(InvalidArgument):
        compare(proportions(3, 10), proportions(3, 10), alpha=alpha)


def test_compare_when_shapes_do_not_fit_then_refuses() -> None:
    with pytest.raises(InvalidArgument):
        compare(proportions([3, 4], [10, 10]), proportions([3, 4, 5], [10, 10, 10]))


def test_compare_when_directions_do_not_fit_then_refuses() -> None:
    with pytest.raises(InvalidArgument):
        compare(proportions([3, 4], [10, 10]), proportions(3, 10), lower_is_better=[True, False, True])
