"""Snapshots, settings and waits that the tests of the client share."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client import Client, Settings
from shared.definition.model import AnalysisUnit, ExperimentState, Traffic
from shared.policy.convert import snapshot_to_proto
from shared.policy.snapshot import RANGE, AnalysisSplit, PolicyArm, PolicySnapshot, Segments
from tests.shared.policy.examples import golden_cases, golden_snapshot

QUICK = Settings(
    delivery_interval_seconds=0.01, initial_backoff_seconds=0.01, max_backoff_seconds=0.02, close_timeout_seconds=5
)
WAIT_SECONDS = 20.0
EVERYBODY = Traffic()


def snapshot(
    experiment_id: str = "checkout",
    *,
    version: int = 1,
    weights: tuple[int, ...] = (1, 1),
    state: ExperimentState = ExperimentState.RUNNING,
    traffic: Traffic = EVERYBODY,
    analysis_unit: AnalysisUnit = AnalysisUnit.UNIT,
    later: timedelta = timedelta(0),
) -> PolicySnapshot:
    """Returns a snapshot whose arms, the control first, have shares in proportion to their weights."""
    example, total = golden_snapshot(golden_cases()[0]), sum(weights)
    drawn = [place for place, weight in enumerate(weights) if weight]
    starts = tuple(RANGE * sum(weights[:place]) // total for place in drawn)
    arms = tuple(PolicyArm(f"arm-{place}", weight / total, place == 0) for place, weight in enumerate(weights))
    return replace(
        example,
        experiment_id=experiment_id,
        policy_version=version,
        arms=arms,
        segments=Segments(starts, tuple(drawn)),
        state=state,
        traffic=traffic,
        analysis_unit=analysis_unit,
        published_at=example.published_at + timedelta(seconds=version) + later,
    )


def with_split(source: PolicySnapshot, share: float, weights: tuple[int, ...]) -> PolicySnapshot:
    """Returns the snapshot with an analysis split of whole weights, one for each arm."""
    starts = tuple(RANGE * sum(weights[:place]) // sum(weights) for place in range(len(weights)))
    segments = Segments(starts, tuple(range(len(weights))))
    lengths = segments.lengths(len(weights))
    return replace(
        source,
        traffic=replace(source.traffic, analysis_share=share),
        arms=tuple(
            replace(arm, analysis_weight=length / RANGE) for arm, length in zip(source.arms, lengths, strict=True)
        ),
        analysis_split=AnalysisSplit(0xA5A5A5A5A5A5A5A5, segments),
    )


def message(experiment_id: str = "checkout", *, version: int = 1, state: str = "RUNNING") -> pb.PolicySnapshot:
    """Returns a snapshot of two arms in halves as the server sends it."""
    return snapshot_to_proto(snapshot(experiment_id, version=version, state=ExperimentState(state)))


def when(client: Client, holds: Callable[[], bool]) -> None:
    """Returns once something holds of the client, which tells of every change."""
    with client._progress:
        assert client._progress.wait_for(holds, WAIT_SECONDS)
