"""What every store promises of analyses and of evidence."""

from dataclasses import replace
from datetime import timedelta

from services.ai.domain.jobs import AnalysisInput
from services.ai.domain.ports import AiStore
from services.ai.domain.queries import AnalysisFilter, Cursor, StoredEvidence
from services.ai.domain.records import AnalysisRecord
from shared.statistics.decision.verdict import Verdict
from tests.ai.store.contract.desk import Desk
from tests.ai.store.examples import LATER, NOW, PACK, SECOND, analysis, hypothesis, job, result


def store_analyses(desk: Desk, *made: AnalysisRecord, propose: bool = False) -> None:
    for one in made:
        asked = AnalysisInput(one.experiment_id, propose=propose)
        desk.finish(job(one.job_id, input=asked), result(analysis=one))


def named(place: int, **changes: object) -> AnalysisRecord:
    return replace(analysis(f"ana_{place}", f"job_{place}"), **changes)  # type: ignore[arg-type]


def test_finish_when_the_decision_changes_then_the_next_version_says_so(store: AiStore, desk: Desk) -> None:
    store_analyses(
        desk,
        analysis("ana_1", "job_1"),
        analysis("ana_2", "job_2"),
        analysis("ana_3", "job_3", verdict=Verdict.SHIP, arm_id="short"),
        analysis("ana_4", "job_4", verdict=Verdict.SHIP, arm_id="other"),
        analysis("ana_5", "job_5", experiment_id="pricing"),
    )

    found = [store.analyses.find(f"ana_{place}") for place in range(1, 6)]

    assert [(one.version, one.decision_changed) for one in found if one] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
        (1, False),
    ]


def test_latest_when_there_are_several_then_that_of_the_highest_version(store: AiStore, desk: Desk) -> None:
    store_analyses(desk, named(1), named(2, created_at=NOW))

    latest = store.analyses.latest("checkout")

    assert latest is not None
    assert latest.analysis_id == "ana_2"
    assert store.analyses.latest("other") is None


def test_list_analyses_when_times_are_equal_then_every_one_is_on_one_page(store: AiStore, desk: Desk) -> None:
    store_analyses(desk, named(2), named(1), named(3), named(0, created_at=NOW))

    found: list[AnalysisRecord] = []
    while page := store.analyses.list_analyses(
        AnalysisFilter(), after=Cursor(found[-1].created_at, found[-1].analysis_id) if found else None, limit=2
    ):
        found += page

    assert [one.analysis_id for one in found] == ["ana_1", "ana_2", "ana_3", "ana_0"]


def test_list_analyses_when_filtered_then_those_alone(store: AiStore, desk: Desk) -> None:
    store_analyses(desk, named(1), named(2), named(3, experiment_id="pricing"))

    def listed(kept: AnalysisFilter) -> list[str]:
        return [one.analysis_id for one in store.analyses.list_analyses(kept, after=None, limit=9)]

    assert listed(AnalysisFilter(experiment_id="pricing")) == ["ana_3"]
    assert listed(AnalysisFilter(latest_only=True)) == ["ana_2", "ana_3"]
    assert listed(AnalysisFilter("checkout", latest_only=True)) == ["ana_2"]


def test_unproposed_when_a_job_asks_to_propose_then_until_it_is_noted(store: AiStore, desk: Desk) -> None:
    store_analyses(desk, named(0))
    store_analyses(desk, named(3), named(2), named(1, created_at=LATER + timedelta(seconds=1)), propose=True)

    assert [one.analysis_id for one in store.analyses.unproposed(limit=9)] == ["ana_2", "ana_3", "ana_1"]
    assert [one.analysis_id for one in store.analyses.unproposed(limit=1)] == ["ana_2"]

    store.analyses.note_change_request("ana_2", "cr_1")
    store.analyses.note_change_request("ana_3", "")
    store.analyses.note_change_request("ana_9", "cr_1")

    assert [one.analysis_id for one in store.analyses.unproposed(limit=9)] == ["ana_1"]
    assert store.analyses.find("ana_2") == replace(named(2), version=3, change_request_id="cr_1")


def test_find_evidence_when_answers_rest_on_the_same_then_it_is_there(store: AiStore, desk: Desk) -> None:
    desk.finish(job("job_1"), result(hypothesis("hyp_1")))
    desk.finish(job("job_2"), result(hypothesis("hyp_2", "job_2")))

    assert store.analyses.find_evidence(PACK.sha256) == StoredEvidence(PACK.sha256, PACK.canonical_json, NOW)
    assert store.analyses.find_evidence("0" * 64) is None


def test_latest_since_then_the_newest_of_each_experiment_that_is_not_older(store: AiStore, desk: Desk) -> None:
    store_analyses(
        desk,
        named(1, created_at=NOW),
        named(2, created_at=NOW + SECOND),
        named(3, created_at=NOW, experiment_id="other"),
    )

    found = [store.analyses.latest_since(since) for since in (NOW, NOW + SECOND, LATER)]

    assert [[one.analysis_id for one in some] for some in found] == [["ana_2", "ana_3"], ["ana_2"], []]


def test_counts_when_there_are_analyses_then_those_of_each_provider_from_then_on(store: AiStore, desk: Desk) -> None:
    store_analyses(desk, named(1), named(2, created_at=NOW))

    counted = [store.analyses.counts(since=since) for since in (None, NOW, LATER, LATER + SECOND)]

    assert counted == [{"HEURISTIC": 2}, {"HEURISTIC": 2}, {"HEURISTIC": 1}, {}]
