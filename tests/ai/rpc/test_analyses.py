"""GetAnalysis, ListAnalyses and GetEvidence."""

from datetime import timedelta

import pytest

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from shared.statistics.decision.verdict import Verdict
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import INVALID_FIELD, INVALID_PAGE_TOKEN, NO_ANALYSIS
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import NOW, PACK, analysis, job, result


@pytest.fixture(scope="module")
def stored(shared_lab: Lab) -> None:
    """Stores three analyses of two experiments."""
    desk = Desk(shared_lab.parts.store)
    for place, (analysis_id, experiment_id) in enumerate((("a1", "form"), ("a2", "banner"), ("a3", "form"))):
        record = analysis(
            analysis_id,
            f"job_{analysis_id}",
            experiment_id=experiment_id,
            created_at=NOW + timedelta(hours=place),
            verdict=Verdict.SHIP if analysis_id == "a3" else Verdict.CONTINUE,
            arm_id="short" if analysis_id == "a3" else "",
        )
        desk.finish(job(record.job_id, experiment_id=experiment_id), result(analysis=record))


def listed(lab: Lab, **fields: object) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListAnalysesRequest(page_size=1, page_token=token, **fields)  # type: ignore[arg-type]
        page = lab["vic"].ListAnalyses(request)
        found += [each.analysis_id for each in page.analyses]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.usefixtures("stored")
def test_list_when_paged_then_newest_first_and_each_once(shared_lab: Lab) -> None:
    assert listed(shared_lab) == ["a3", "a2", "a1"]
    assert listed(shared_lab, experiment_id="form") == ["a3", "a1"]
    assert listed(shared_lab, latest_only=True) == ["a3", "a2"]
    assert listed(shared_lab, experiment_id="nowhere") == []


@pytest.mark.usefixtures("stored")
def test_list_when_the_page_is_of_another_list_then_refused(shared_lab: Lab, refused: Refused) -> None:
    token = shared_lab["vic"].ListAnalyses(pb.ListAnalysesRequest(page_size=1)).next_page_token

    answer = refused(shared_lab["vic"].ListAnalyses, pb.ListAnalysesRequest(page_token=token, latest_only=True))

    assert answer.reason == INVALID_PAGE_TOKEN


@pytest.mark.usefixtures("stored")
def test_get_when_it_is_stored_then_all_of_it(shared_lab: Lab) -> None:
    found = shared_lab["vic"].GetAnalysis(pb.GetAnalysisRequest(analysis_id="a3")).analysis

    record = analysis("a3")
    assert (found.version, found.revision, found.decision_changed) == (2, record.revision, True)
    assert found.decision.verdict == analysis_pb2.DECISION_VERDICT_SHIP
    assert (found.decision.arm_id, found.decision.text.text) == ("short", record.decision.text.text)
    [compared], [stored] = found.comparisons, record.comparisons
    assert (compared.arm_mean, compared.control_mean) == (stored.arm_mean, stored.control_mean)
    assert stored.answer.relative_lift is not None
    assert compared.answer.relative_lift.low == stored.answer.relative_lift.low
    assert not compared.answer.HasField("p_value")
    assert found.health[0].check == "SAMPLE_RATIO"
    assert (found.sample.unit_count, found.sample.day_count) == (2000, 8.25)
    assert not found.sample.HasField("required_unit_count")
    assert not found.HasField("bandit")
    assert found.plan.alpha == 0.05


def test_get_when_there_is_no_such_analysis_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    analysis_0 = refused(shared_lab["vic"].GetAnalysis, pb.GetAnalysisRequest(analysis_id="a0"))
    evidence = refused(shared_lab["vic"].GetEvidence, pb.GetEvidenceRequest(sha256="0" * 64))
    no_digest = refused(shared_lab["vic"].GetEvidence, pb.GetEvidenceRequest(sha256="0"))

    assert analysis_0.reason == evidence.reason == NO_ANALYSIS
    assert (analysis_0.error.metadata, evidence.error.metadata) == ({"analysis_id": "a0"}, {"sha256": "0" * 64})
    assert (no_digest.reason, no_digest.fields) == (INVALID_FIELD, ["sha256"])


@pytest.mark.usefixtures("stored")
def test_evidence_when_it_is_stored_then_its_text_is_that_of_the_digest(shared_lab: Lab) -> None:
    pack = shared_lab["vic"].GetEvidence(pb.GetEvidenceRequest(sha256=PACK.sha256)).evidence_pack

    assert (pack.sha256, pack.canonical_json) == (PACK.sha256, PACK.canonical_json)
    assert [each.evidence_id for each in pack.facts] == [each.evidence_id for each in PACK.facts]
