"""What is known of an experiment to protobuf."""

import math
from collections.abc import Sequence

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from services.bandit.domain.statistics import ArmStatistics
from services.bandit.domain.stopping import StopAdvice
from services.bandit.domain.switches import RecordedSwitch, SwitchKind
from services.bandit.service.insight import Bandit
from shared.definition.convert import timestamp_to_proto
from shared.policy.convert import snapshot_to_proto
from shared.policy.document import checksum, to_document
from shared.policy.snapshot import PolicySnapshot
from shared.statistics.off_policy.values import Evaluation
from shared.statistics.result.obstacles import Caution


def published_to_proto(snapshot: PolicySnapshot) -> pb.PolicySnapshot:
    """Returns a snapshot as a message, sealed."""
    document = to_document(snapshot)
    del document["checksum"]
    return snapshot_to_proto(snapshot, checksum=checksum(document))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _arm_to_proto(arm: ArmStatistics, weight: float) -> pb.ArmPosterior:
    return pb.ArmPosterior(
        arm_id=arm.arm_id,
        weight=weight,
        unit_count=round(arm.unit_count),
        value_sum=arm.value_sum,
        mean=arm.mean if arm.unit_count else None,
    )


def _advice_to_proto(advice: StopAdvice | None) -> pb.StopAdvice | None:
    if advice is None:
        return None
    return pb.StopAdvice(
        verdict=pb.StopVerdict.Value(f"STOP_VERDICT_{advice.verdict.name}"),
        arm_id=advice.arm_id,
        alpha=advice.alpha,
        expected_loss=advice.expected_loss,
        value_remaining=advice.value_remaining,
    )


def _arms_to_proto(bandit: Bandit) -> list[pb.ArmPosterior]:
    messages = [
        _arm_to_proto(arm, policy.weight) for arm, policy in zip(bandit.arms, bandit.snapshot.arms, strict=True)
    ]
    if (known := bandit.posterior) is not None:
        columns = zip(
            messages, known.mean, known.low, known.high, known.probability_best, known.expected_loss, strict=True
        )
        for message, mean, low, high, probability_best, expected_loss in columns:
            message.posterior_mean, message.interval_low, message.interval_high = mean, low, high
            if (best := _finite(probability_best)) is not None:
                message.probability_best = best
            if (loss := _finite(expected_loss)) is not None:
                message.expected_loss = loss
    return messages


def _analysis_to_proto(bandit: Bandit) -> pb.AnalysisResults | None:
    if bandit.analysis is None:
        return None
    pairs = zip(bandit.analysis.arms, bandit.snapshot.arms, strict=True)
    return pb.AnalysisResults(
        arms=[
            pb.AnalysisArm(
                arm_id=arm.arm_id,
                weight=policy.analysis_weight,
                unit_count=round(arm.unit_count),
                mean=arm.mean if arm.unit_count else None,
                square_deviation_sum=arm.square_deviation_sum,
            )
            for arm, policy in pairs
        ],
        left_out_unit_count=round(bandit.analysis.left_out_unit_count),
    )


def _weights(snapshot: PolicySnapshot) -> Sequence[common_pb2.ArmWeight]:
    return [common_pb2.ArmWeight(arm_id=arm.arm_id, weight=arm.weight) for arm in snapshot.arms]


def bandit_to_proto(bandit: Bandit, control_switch: RecordedSwitch | None = None) -> pb.Bandit:
    """Returns what is known of an experiment, and by which switch its control is served, as a message."""
    return pb.Bandit(
        snapshot=published_to_proto(bandit.snapshot),
        arms=_arms_to_proto(bandit),
        holdout=_arm_to_proto(bandit.holdout, bandit.snapshot.traffic.holdout_share) if bandit.holdout else None,
        estimated_regret=bandit.regret,
        estimated_gain_over_equal_split=bandit.gain_over_equal_split,
        history=[
            pb.WeightsPoint(
                policy_version=snapshot.policy_version,
                published_at=timestamp_to_proto(snapshot.published_at),
                weights=_weights(snapshot),
            )
            for snapshot in reversed(bandit.history)
        ],
        health=pb.DataHealth(**bandit.health._asdict()),
        statistics_as_of=timestamp_to_proto(bandit.as_of),
        stop_advice=_advice_to_proto(bandit.stop_advice),
        spent=bandit.spent,
        analysis_results=_analysis_to_proto(bandit),
        control_switch=switch_to_proto(control_switch) if control_switch else None,
    )


def switch_to_proto(recorded: RecordedSwitch) -> pb.LearningSwitch:
    """Returns an entry of the record of switches as a message."""
    entry = recorded.switch
    return pb.LearningSwitch(
        experiment_id=entry.experiment_id,
        frozen=entry.kind is SwitchKind.FREEZE,
        reason=entry.reason,
        actor=entry.actor,
        switched_at=timestamp_to_proto(entry.switched_at),
        kind=pb.LearningSwitchKind.Value(f"LEARNING_SWITCH_KIND_{entry.kind}"),
        stored=recorded.stored,
    )


def evaluation_to_proto(evaluation: Evaluation) -> pb.EvaluatePolicyResponse:
    """Returns the values of one policy as a message, without those that cannot be estimated."""
    return pb.EvaluatePolicyResponse(
        values=[
            pb.PolicyValue(
                estimator=pb.PolicyEstimator.Value(f"POLICY_ESTIMATOR_{values.estimator}"),
                value=float(values.value),
                standard_error=float(values.standard_error),
                interval_low=float(values.low),
                interval_high=float(values.high),
                cautions=_names(values.caution_at()),
            )
            for values in evaluation.values
            if not values.obstacle
        ],
        logged_value=float(evaluation.logged_value),
        unit_count=int(evaluation.unit_count),
        effective_sample_size=float(evaluation.effective_sample_size),
        cautions=_names(evaluation.caution_at()),
    )


def _names(cautions: Caution) -> list[str]:
    return sorted(str(caution.name) for caution in cautions)
