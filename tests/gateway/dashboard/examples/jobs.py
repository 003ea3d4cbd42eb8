"""Jobs of the AI, and what a provider was asked."""

from typing import Any

from experimentation.v1 import (
    analysis_pb2,
)
from tests.gateway.dashboard.examples.ids import EXPERIMENT_ID, JOB_ID, at


def job(**changes: Any) -> analysis_pb2.Job:
    """Returns a job that is under way."""
    fields: dict[str, Any] = {
        "job_id": JOB_ID,
        "kind": analysis_pb2.JOB_KIND_ANALYZE_EXPERIMENT,
        "state": analysis_pb2.JOB_STATE_RUNNING,
        "stage": analysis_pb2.JOB_STAGE_COMPUTING,
        "experiment_id": EXPERIMENT_ID,
        "creator": "ann",
        "created_at": at(seconds=4),
        "started_at": at(seconds=3),
        "version": 3,
    }
    return analysis_pb2.Job(**{**fields, **changes})


def provider_call() -> analysis_pb2.ProviderCall:
    """Returns a call of a provider."""
    return analysis_pb2.ProviderCall(
        call_id="call_1",
        provider=analysis_pb2.AI_PROVIDER_ANTHROPIC,
        model="claude-sonnet-5-5",
        called_at=at(minutes=9),
        duration_seconds=3.4,
        system_text="Write typed claims. Never write a digit.",
        data_json='{"facts": [{"id": "E3", "kind": "relative_lift"}]}',
        response_text='{"statements": []}',
        status="ok",
        input_token_count=2210,
        output_token_count=430,
        cost_usd=0.0087,
        violations=["statements[2].text: R3 number"],
    )
