"""What the fakes of the AI service's store share: the rows, under one lock, and the order of lists."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from services.ai.domain.jobs import AnalysisInput, Job
from services.ai.domain.queries import Cursor, StoredCall, StoredEvidence
from services.ai.domain.records import AnalysisRecord, DesignRecord, HypothesisRecord, JobResult

Row = TypeVar("Row")


@dataclass
class AiState:
    mutex: threading.RLock = field(default_factory=threading.RLock)
    jobs: dict[str, Job] = field(default_factory=dict)
    sent: dict[str, datetime | None] = field(default_factory=dict)
    opened: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    announced: list[tuple[str, int]] = field(default_factory=list)
    hypotheses: dict[str, HypothesisRecord] = field(default_factory=dict)
    reviews: dict[tuple[str, str], tuple[str, HypothesisRecord]] = field(default_factory=dict)
    adoptions: dict[tuple[str, str], str] = field(default_factory=dict)
    designs: dict[str, DesignRecord] = field(default_factory=dict)
    analyses: dict[str, AnalysisRecord] = field(default_factory=dict)
    to_propose: set[str] = field(default_factory=set)
    evidence: dict[str, StoredEvidence] = field(default_factory=dict)
    calls: dict[str, StoredCall] = field(default_factory=dict)
    ended_calls: set[str] = field(default_factory=set)
    stopped: dict[str, str] = field(default_factory=dict)

    def latest(self, experiment_id: str) -> AnalysisRecord | None:
        own = [record for record in self.analyses.values() if record.experiment_id == experiment_id]
        return max(own, key=lambda record: record.version, default=None)

    def store_answer(self, job: Job, result: JobResult) -> None:
        pack = result.evidence
        self.evidence.setdefault(pack.sha256, StoredEvidence(pack.sha256, pack.canonical_json, pack.as_of))
        self.hypotheses |= {record.hypothesis_id: record for record in result.hypotheses}
        if result.design is not None:
            self.designs[result.design.design_id] = result.design
        if result.analysis is not None:
            self._store_analysis(job, result.analysis)

    def _store_analysis(self, job: Job, record: AnalysisRecord) -> None:
        before = self.latest(record.experiment_id)
        changed = before is not None and _decided(before) != _decided(record)
        version = before.version + 1 if before else 1
        self.analyses[record.analysis_id] = replace(record, version=version, decision_changed=changed)
        if isinstance(job.input, AnalysisInput) and job.input.propose:
            self.to_propose.add(record.analysis_id)


def newest(
    rows: Sequence[Row], at: Callable[[Row], datetime], row_id: Callable[[Row], str], after: Cursor | None = None
) -> list[Row]:
    """Returns rows, newest first, then by id; with `after`, those that follow that place."""
    ordered = sorted(rows, key=lambda row: place(0.0, at(row), row_id(row)))
    if after is None:
        return ordered
    return [row for row in ordered if place(0.0, at(row), row_id(row)) > place(0.0, after.at, after.row_id)]


def place(score: float, at: datetime, row_id: str) -> tuple[float, float, str]:
    """Returns what places in lists are ordered by: the best, then the newest first, then by id."""
    return -score, -at.timestamp(), row_id


def _decided(record: AnalysisRecord) -> tuple[str, str]:
    return record.decision.verdict, record.decision.arm_id
