"""The command `bandit status`: what it says of a bandit, as the service tells of it."""

import pytest

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.admin.bandits import drawing
from services.admin.screen import screen

ALGORITHMS = [field.name for field in common_pb2.AllocationPolicy.DESCRIPTOR.oneofs_by_name["algorithm"].fields]
CONTEXTUAL = {"linear_thompson", "lin_ucb", "logistic_thompson", "inverse_gap"}


def bandit(algorithm: str = "beta_thompson") -> pb.Bandit:
    """Returns a bandit of two arms, grey and green, that nothing special is known of."""
    snapshot = pb.PolicySnapshot(
        experiment_id="checkout",
        policy_version=3,
        state=common_pb2.EXPERIMENT_STATE_RUNNING,
        arms=[pb.PolicyArm(arm_id="grey", weight=0.4, control=True), pb.PolicyArm(arm_id="green", weight=0.6)],
    )
    getattr(snapshot.allocation_policy, algorithm).SetInParent()
    arms = [pb.ArmPosterior(arm_id=arm.arm_id, weight=arm.weight, unit_count=50) for arm in snapshot.arms]
    return pb.Bandit(snapshot=snapshot, arms=arms, estimated_regret=1.5, estimated_gain_over_equal_split=2.5)


def shown(known: pb.Bandit, capsys: pytest.CaptureFixture[str]) -> list[str]:
    screen().print(drawing(known))
    return capsys.readouterr().out.splitlines()


def row(lines: list[str], arm_id: str) -> list[str]:
    return next(line.split() for line in lines if line.startswith(arm_id))


def test_status_when_nothing_is_special_then_says_only_that(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(bandit(), capsys)

    assert lines[0].startswith("checkout: running, Beta-Bernoulli Thompson sampling, policy version 3 of ")
    assert row(lines, "green")[-2:] == ["60.0%", "-"]
    assert lines[-2:] == [
        "estimated regret 1.5, estimated gain over an equal split +2.5 (in units of the primary metric)",
        "advice: nothing can be said yet",
    ]
    assert not any(word in "".join(lines) for word in ("paused", "shadow", "frozen", "careful"))


def test_status_when_an_arm_is_paused_then_its_row_and_a_line_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    known = bandit()
    known.snapshot.arms[1].paused = True

    lines = shown(known, capsys)

    assert row(lines, "green")[-1] == "paused"
    assert row(lines, "grey")[-1] != "paused"
    assert "paused, as shown to harm a guardrail metric: green" in lines


def test_status_when_in_shadow_mode_then_shows_what_the_weights_would_be(capsys: pytest.CaptureFixture[str]) -> None:
    known = bandit()
    known.snapshot.arms[0].shadow_weight, known.snapshot.arms[1].shadow_weight = 0.25, 0.75

    lines = shown(known, capsys)

    assert "shadow weight" in lines[1]
    assert [row(lines, arm_id)[-1] for arm_id in ("grey", "green")] == ["25.0%", "75.0%"]


def test_status_when_frozen_then_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    known = bandit()
    known.snapshot.frozen = True

    lines = shown(known, capsys)

    assert lines[0].startswith("checkout: running, weights frozen, ")


def test_status_when_counts_are_not_0_that_should_be_then_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    known = bandit()
    known.health.multiple_arm_unit_count, known.health.unexposed_unit_count = 2, 1234

    lines = shown(known, capsys)

    assert "careful: 2 unit(s) saw more than one arm; they count in their first" in lines
    assert "careful: 1,234 unit(s) have outcomes and no exposure; they enter no estimate" in lines


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_status_when_weights_follow_contexts_then_has_no_regret(
    algorithm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(bandit(algorithm), capsys)

    is_contextual = algorithm in CONTEXTUAL
    assert ("regret and gain: not estimable, weights follow contexts" in lines) is is_contextual
    assert any("averages over contexts lately seen" in line for line in lines) is is_contextual
    assert any(line.startswith("estimated regret") for line in lines) is not is_contextual
    assert ("advice: nothing can be said where weights follow contexts" in lines) is is_contextual


def test_status_when_the_policy_names_no_algorithm_then_it_is_the_fixed_split(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = bandit()
    known.snapshot.ClearField("allocation_policy")

    assert shown(known, capsys)[0].startswith("checkout: running, fixed split, ")


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (
            pb.STOP_VERDICT_KEEP_GOING,
            "keep going, no arm is shown to be the best and the choice still matters (green leads)",
        ),
        (
            pb.STOP_VERDICT_SUPERIORITY_SHOWN,
            "stop, green is shown to be the best (chance of a wrong call: at most 0.05)",
        ),
        (
            pb.STOP_VERDICT_INDIFFERENT,
            "stop, a better arm than green would gain at most 0.001 per unit, not worth going on for; ",
        ),
    ],
)
def test_status_when_there_is_advice_then_puts_it_in_words(
    verdict: "pb.StopVerdict.ValueType", words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = bandit()
    known.stop_advice.CopyFrom(pb.StopAdvice(verdict=verdict, arm_id="green", alpha=0.05, value_remaining=0.001))

    assert f"advice: {words}" in " ".join(shown(known, capsys)).replace("  ", " ")


def test_status_when_stopped_then_says_which_arm_everybody_gets_and_no_weights(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = bandit()
    known.snapshot.state, known.snapshot.default_arm = common_pb2.EXPERIMENT_STATE_STOPPED, 1

    lines = shown(known, capsys)

    assert lines[0].startswith("checkout: stopped, everybody gets green, ")
    assert not any("weight" in line for line in lines)
    assert not any("60.0%" in line for line in lines)


def test_status_when_the_control_is_served_then_headline_and_weights_say_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = bandit()
    known.control_switch.CopyFrom(pb.LearningSwitch(actor="ann", reason="Orders fail"))
    paused = bandit()
    paused.snapshot.state = common_pb2.EXPERIMENT_STATE_PAUSED

    lines, of_paused = shown(known, capsys), shown(paused, capsys)

    assert lines[0].startswith("checkout: running, everybody gets the control, ")
    assert any("weight (not served)" in line for line in lines)
    assert of_paused[0].startswith("checkout: paused, everybody gets the control, ")
    assert any("weight (not served)" in line for line in of_paused)


def test_status_when_an_arm_has_no_units_then_it_has_no_interval(capsys: pytest.CaptureFixture[str]) -> None:
    known = bandit()
    for arm in known.arms:
        arm.interval_low, arm.interval_high = 0.1, 0.2
    known.arms[0].unit_count = 0

    lines = shown(known, capsys)

    assert "0.100 to 0.200" not in next(line for line in lines if line.startswith("grey"))
    assert "0.100 to 0.200" in next(line for line in lines if line.startswith("green"))


def test_status_when_there_is_an_analysis_split_then_its_means_and_standard_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = bandit()
    # Values 1, 2, 3: mean 2, variance 1, standard error 1 / sqrt(3).
    known.analysis_results.arms.add(arm_id="grey", weight=0.5, unit_count=3, mean=2, square_deviation_sum=2)
    known.analysis_results.arms.add(arm_id="green", weight=0.5)
    known.analysis_results.left_out_unit_count = 4

    lines = shown(known, capsys)

    split = lines[next(place for place, line in enumerate(lines) if line.startswith("Analysis split")) :]
    assert row(split, "grey") == ["grey", "3", "2", "0.577", "50.0%"]
    assert row(split, "green") == ["green", "0", "-", "-", "50.0%"]
    assert any(line.startswith("left out: 4 units") for line in split)
