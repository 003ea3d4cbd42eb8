"""What jobs of the AI service left behind, in memory; it passes the contract tests of `services.ai.domain.ports`."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from services.ai.domain.hypotheses.model import HypothesisState, StoredHypothesis
from services.ai.domain.job_refusals import request_id_reused
from services.ai.domain.jobs import RequestKey
from services.ai.domain.metrics import PastExperiment
from services.ai.domain.past_effects import past_effect
from services.ai.domain.queries import (
    AnalysisFilter,
    Cursor,
    DesignFilter,
    HypothesisCursor,
    HypothesisFilter,
    HypothesisOrder,
    StoredEvidence,
)
from services.ai.domain.records import AnalysisRecord, DesignRecord, HypothesisRecord
from tests.fakes.ai_state import AiState, newest, place


class InMemoryHypotheses:
    def __init__(self, state: AiState) -> None:
        self._state = state

    def find(self, hypothesis_id: str) -> HypothesisRecord | None:
        with self._state.mutex:
            return self._state.hypotheses.get(hypothesis_id)

    def list_hypotheses(
        self, kept: HypothesisFilter, *, after: HypothesisCursor | None, limit: int
    ) -> list[HypothesisRecord]:
        by_score = kept.order is HypothesisOrder.BEST_FIRST
        ordered = sorted(self._newest(), key=lambda one: -one.hypothesis.score) if by_score else self._newest()
        if after is not None:
            reached = place(after.score if by_score else 0.0, after.at, after.row_id)
            ordered = [one for one in ordered if _place_of(one, by_score=by_score) > reached]
        return [one for one in ordered if _is_kept(one, kept)][:limit]

    def stored(self, *, limit: int) -> list[StoredHypothesis]:
        return [
            StoredHypothesis(
                one.hypothesis_id,
                one.hypothesis.intervention,
                one.hypothesis.primary_metric_id,
                one.hypothesis.expected_direction,
                one.state,
                one.hypothesis.confidence.value,
                one.hypothesis.confidence.uncalibrated,
            )
            for one in self._newest()[:limit]
        ]

    def change(self, record: HypothesisRecord, *, seen_version: int, key: RequestKey | None = None) -> bool:
        with self._state.mutex:
            present = self._state.hypotheses.get(record.hypothesis_id)
            if present is None or present.version != seen_version:
                return False
            changed = replace(record, version=seen_version + 1)
            if key is not None and key.request_id:
                if self.find_reviewed(key) is not None:
                    return False
                self._state.reviews[key.creator, key.request_id] = (key.digest, changed)
            self._state.hypotheses[record.hypothesis_id] = changed
            return True

    def find_reviewed(self, key: RequestKey) -> HypothesisRecord | None:
        with self._state.mutex:
            found = self._state.reviews.get((key.creator, key.request_id))
        if found is not None and found[0] != key.digest:
            raise request_id_reused(key)
        return found[1] if found else None

    def tested_by(self, experiment_id: str) -> list[HypothesisRecord]:
        return [one for one in self._newest() if one.experiment_id == experiment_id]

    def counts(self) -> list[tuple[str, HypothesisState, float, datetime]]:
        return [
            (one.provenance.provider.value, one.state, one.hypothesis.confidence.value, one.created_at)
            for one in self._newest()
        ]

    def _newest(self) -> list[HypothesisRecord]:
        with self._state.mutex:
            found = list(self._state.hypotheses.values())
        return newest(found, lambda one: one.created_at, lambda one: one.hypothesis_id)


class InMemoryDesigns:
    def __init__(self, state: AiState) -> None:
        self._state = state

    def find(self, design_id: str) -> DesignRecord | None:
        with self._state.mutex:
            return self._state.designs.get(design_id)

    def list_designs(self, kept: DesignFilter, *, after: Cursor | None, limit: int) -> list[DesignRecord]:
        return [
            one
            for one in self._newest(after)
            if kept.hypothesis_id in ("", one.hypothesis_id) and (one.design.recommended or not kept.recommended_only)
        ][:limit]

    def note_adoption(self, key: RequestKey) -> None:
        with self._state.mutex:
            if self._state.adoptions.setdefault((key.creator, key.request_id), key.digest) != key.digest:
                raise request_id_reused(key)

    def adopt(
        self, design_id: str, *, experiment_id: str, change_request_id: str, now: datetime
    ) -> DesignRecord | None:
        with self._state.mutex:
            before = self._state.designs.get(design_id)
            if before is None or before.experiment_id not in ("", experiment_id):
                return None
            self._state.designs[design_id] = replace(
                before,
                experiment_id=experiment_id,
                change_request_id=before.change_request_id or change_request_id,
                adopted_at=before.adopted_at or now,
            )
            return self._state.designs[design_id]

    def of_experiment(self, experiment_id: str) -> DesignRecord | None:
        return next((one for one in self._newest() if one.experiment_id == experiment_id), None)

    def counts(self) -> list[tuple[str, datetime, datetime, datetime | None]]:
        return [
            (one.provenance.provider.value, one.requested_at, one.created_at, one.adopted_at) for one in self._newest()
        ]

    def _newest(self, after: Cursor | None = None) -> list[DesignRecord]:
        with self._state.mutex:
            found = list(self._state.designs.values())
        return newest(found, lambda one: one.created_at, lambda one: one.design_id, after)


class InMemoryAnalyses:
    def __init__(self, state: AiState) -> None:
        self._state = state

    def stop_experiment(self, experiment_id: str, told: str) -> None:
        """Does what review would: stops an experiment, which tells of itself so."""
        self._state.stopped[experiment_id] = told

    def find(self, analysis_id: str) -> AnalysisRecord | None:
        with self._state.mutex:
            return self._state.analyses.get(analysis_id)

    def list_analyses(self, kept: AnalysisFilter, *, after: Cursor | None, limit: int) -> list[AnalysisRecord]:
        found = [one for one in self._newest(after) if kept.experiment_id in ("", one.experiment_id)]
        return [one for one in found if not kept.latest_only or self.latest(one.experiment_id) == one][:limit]

    def latest(self, experiment_id: str) -> AnalysisRecord | None:
        with self._state.mutex:
            return self._state.latest(experiment_id)

    def latest_since(self, since: datetime) -> list[AnalysisRecord]:
        return [one for one in self._newest() if one.created_at >= since and self.latest(one.experiment_id) == one]

    def past_experiments(self, *, limit: int) -> list[PastExperiment]:
        with self._state.mutex:
            analysed = [one for one in reversed(self._state.stopped) if self._state.latest(one) is not None][:limit]
            found = [self._past(experiment_id) for experiment_id in analysed]
        return [past for past in found if past is not None]

    def note_change_request(self, analysis_id: str, change_request_id: str) -> None:
        with self._state.mutex:
            if (record := self._state.analyses.get(analysis_id)) is not None:
                self._state.analyses[analysis_id] = replace(record, change_request_id=change_request_id)
                self._state.to_propose.discard(analysis_id)

    def unproposed(self, *, limit: int) -> list[AnalysisRecord]:
        with self._state.mutex:
            found = [self._state.analyses[analysis_id] for analysis_id in self._state.to_propose]
        return sorted(found, key=lambda one: (one.created_at, one.analysis_id))[:limit]

    def find_evidence(self, sha256: str) -> StoredEvidence | None:
        with self._state.mutex:
            return self._state.evidence.get(sha256)

    def counts(self, *, since: datetime | None) -> dict[str, int]:
        made = (one for one in self._newest() if since is None or one.created_at >= since)
        return dict(Counter(one.provenance.provider.value for one in made))

    def _past(self, experiment_id: str) -> PastExperiment | None:
        record = self._state.latest(experiment_id)
        tested = InMemoryHypotheses(self._state).tested_by(experiment_id)
        told = tested[-1].hypothesis.intervention if tested else self._state.stopped[experiment_id]
        return past_effect(record, told) if record else None

    def _newest(self, after: Cursor | None = None) -> list[AnalysisRecord]:
        with self._state.mutex:
            found = list(self._state.analyses.values())
        return newest(found, lambda one: one.created_at, lambda one: one.analysis_id, after)


def _place_of(record: HypothesisRecord, *, by_score: bool) -> tuple[float, float, str]:
    return place(record.hypothesis.score if by_score else 0.0, record.created_at, record.hypothesis_id)


def _is_kept(record: HypothesisRecord, kept: HypothesisFilter) -> bool:
    return (
        kept.state in (None, record.state)
        and kept.metric_id in ("", record.hypothesis.primary_metric_id)
        and kept.job_id in ("", record.job_id)
        and not (kept.without_duplicates and record.hypothesis.duplicate_of)
    )
