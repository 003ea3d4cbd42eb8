"""The RPCs while the store is away: each says so at once, and streams end."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from experimentation.v1 import analysis_service_pb2 as pb
from shared.errors import Reason
from shared.store import engine as store_engine
from tests.ai.rpc import lab as labs
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import analyze, design, plan, rate, suggest, traffic

AWAY = (grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE)


@pytest.fixture(scope="module")
def storeless_lab() -> Iterator[Lab]:
    engine = store_engine.create_engine("postgresql://postgres@127.0.0.1:1/none", application_name="test")
    with labs.opened(engine) as opened:
        yield opened
    engine.dispose()


CALLS: dict[str, Any] = {
    "SuggestHypotheses": suggest(),
    "RecommendDesign": design(),
    "AnalyzeExperiment": analyze(),
    "GetJob": pb.GetJobRequest(job_id="job_0"),
    "ListJobs": pb.ListJobsRequest(),
    "CancelJob": pb.CancelJobRequest(job_id="job_0"),
    "ReviewHypothesis": pb.ReviewHypothesisRequest(hypothesis_id="h0", review=pb.HYPOTHESIS_REVIEW_ACCEPT),
    "ListDesigns": pb.ListDesignsRequest(),
    "CreateExperimentFromDesign": pb.CreateExperimentFromDesignRequest(design_id="d0", experiment_id="form"),
    "ListAnalyses": pb.ListAnalysesRequest(),
    "GetEvidence": pb.GetEvidenceRequest(sha256="0" * 64),
    "GetEffectiveness": pb.GetEffectivenessRequest(),
    "CheckProvider": pb.CheckProviderRequest(),
}


@pytest.mark.parametrize("name", CALLS)
def test_call_when_the_store_is_away_then_it_says_so(storeless_lab: Lab, refused: Refused, name: str) -> None:
    assert refused(getattr(labs.once(storeless_lab, "ada"), name), CALLS[name]).reason == AWAY


def test_watch_when_the_store_is_away_then_it_says_so(storeless_lab: Lab, refused: Refused) -> None:
    watch = labs.once(storeless_lab, "ada").WatchJob

    answer = refused(lambda request, timeout: list(watch(request, timeout=timeout)), pb.WatchJobRequest(job_id="job_0"))

    assert answer.reason == AWAY


def test_plans_when_the_store_is_away_then_they_are_computed_all_the_same(storeless_lab: Lab) -> None:
    sized = storeless_lab["vic"].PlanSampleSize(pb.PlanSampleSizeRequest(metric=rate(), relative_mde=0.05))
    alone = plan(guardrail_metric_ids=[])
    judged = storeless_lab["vic"].ValidateDesign(
        pb.ValidateDesignRequest(plan=alone, metrics=[rate()], traffic=traffic())
    )

    assert sized.units_per_arm > 0
    assert judged.findings
