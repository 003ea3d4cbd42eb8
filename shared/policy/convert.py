"""Policy snapshots to and from protobuf; each direction undoes the other."""

from dataclasses import asdict

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1 import common_pb2
from shared.definition import allocation_convert, convert
from shared.definition.feature_convert import feature_to_proto, features_from_proto
from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.policy.snapshot import (
    AnalysisSplit,
    ContextualModel,
    PolicyArm,
    PolicySnapshot,
    PublishReason,
    ScoreMode,
    Segments,
)


def snapshot_to_proto(snapshot: PolicySnapshot, *, checksum: bytes = b"") -> pb.PolicySnapshot:
    """Returns the snapshot as a message."""
    return pb.PolicySnapshot(
        experiment_id=snapshot.experiment_id,
        policy_version=snapshot.policy_version,
        experiment_revision=snapshot.experiment_revision,
        state=common_pb2.ExperimentState.Value(f"EXPERIMENT_STATE_{snapshot.state}"),
        arm_salt=snapshot.arm_salt,
        traffic_salt=snapshot.traffic_salt,
        traffic_share=snapshot.traffic.share,
        holdout_share=snapshot.traffic.holdout_share,
        arms=[pb.PolicyArm(**asdict(arm)) for arm in snapshot.arms],
        segment_starts=snapshot.segments.starts,
        segment_arms=snapshot.segments.arms,
        default_arm=snapshot.default_arm,
        analysis_unit=common_pb2.AnalysisUnit.Value(f"ANALYSIS_UNIT_{snapshot.analysis_unit}"),
        attribution_window=convert.duration_to_proto(snapshot.attribution_window),
        metrics=[convert.metric_to_proto(metric) for metric in snapshot.metrics],
        allocation_policy=allocation_convert.policy_to_proto(snapshot.allocation_policy),
        frozen=snapshot.frozen,
        publish_reason=pb.PublishReason.Value(f"PUBLISH_REASON_{snapshot.publish_reason}"),
        published_at=convert.timestamp_to_proto(snapshot.published_at),
        checksum=checksum,
        features=[feature_to_proto(feature) for feature in snapshot.features],
        contextual_model=_model_to_proto(snapshot.contextual_model),
        analysis_split=_split_to_proto(snapshot.analysis_split, snapshot.traffic.analysis_share),
        shadow_model=_model_to_proto(snapshot.shadow_model),
        control_served=snapshot.control_served,
    )


def _split_to_proto(split: AnalysisSplit | None, share: float) -> pb.AnalysisSplit | None:
    if split is None:
        return None
    return pb.AnalysisSplit(
        share=share, salt=split.salt, segment_starts=split.segments.starts, segment_arms=split.segments.arms
    )


def _split_from_proto(message: pb.AnalysisSplit) -> AnalysisSplit:
    return AnalysisSplit(message.salt, Segments(tuple(message.segment_starts), tuple(message.segment_arms)))


def _model_to_proto(model: ContextualModel | None) -> pb.ContextualModel | None:
    if model is None:
        return None
    return pb.ContextualModel(
        mode=pb.ScoreMode.Value(f"SCORE_MODE_{model.mode}"),
        coefficients=model.coefficients,
        row_count=model.row_count,
        column_count=model.column_count,
        gamma=model.gamma,
        lower_bounds=model.lower_bounds,
    )


def _model_from_proto(message: pb.ContextualModel) -> ContextualModel:
    return ContextualModel(
        ScoreMode(pb.ScoreMode.Name(message.mode).removeprefix("SCORE_MODE_")),
        message.coefficients,
        message.row_count,
        message.column_count,
        message.gamma,
        tuple(message.lower_bounds),
    )


def snapshot_from_proto(message: pb.PolicySnapshot) -> PolicySnapshot:
    """Returns the message as a snapshot; its checksum is left out.

    Raises:
        ValueError: An enum or a time is out of range.
    """
    return PolicySnapshot(
        experiment_id=message.experiment_id,
        policy_version=message.policy_version,
        experiment_revision=message.experiment_revision,
        state=ExperimentState(common_pb2.ExperimentState.Name(message.state).removeprefix("EXPERIMENT_STATE_")),
        arm_salt=message.arm_salt,
        traffic_salt=message.traffic_salt,
        traffic=Traffic(message.traffic_share, message.holdout_share, message.analysis_split.share),
        arms=tuple(
            PolicyArm(arm.arm_id, arm.weight, arm.control, arm.paused, arm.shadow_weight, arm.cost, arm.analysis_weight)
            for arm in message.arms
        ),
        segments=Segments(tuple(message.segment_starts), tuple(message.segment_arms)),
        default_arm=message.default_arm,
        analysis_unit=AnalysisUnit(common_pb2.AnalysisUnit.Name(message.analysis_unit).removeprefix("ANALYSIS_UNIT_")),
        attribution_window=message.attribution_window.ToTimedelta(),
        metrics=convert.metrics_from_proto(message.metrics),
        allocation_policy=allocation_convert.policy_from_proto(message.allocation_policy),
        frozen=message.frozen,
        publish_reason=PublishReason(pb.PublishReason.Name(message.publish_reason).removeprefix("PUBLISH_REASON_")),
        published_at=convert.timestamp_from_proto(message.published_at),
        features=features_from_proto(message.features),
        contextual_model=_model_from_proto(message.contextual_model) if message.HasField("contextual_model") else None,
        analysis_split=_split_from_proto(message.analysis_split) if message.HasField("analysis_split") else None,
        shadow_model=_model_from_proto(message.shadow_model) if message.HasField("shadow_model") else None,
        control_served=message.control_served,
    )
