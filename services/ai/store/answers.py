"""Stores what a job leaves behind, in the transaction that ends it."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects import postgresql

from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.jobs import AnalysisInput, Job
from services.ai.domain.records import AnalysisRecord, DesignRecord, HypothesisRecord, JobResult
from services.ai.store.documents import to_document
from services.ai.store.tables import analyses, designs, evidence_packs, hypotheses

# Whoever stores an analysis of an experiment holds this advisory lock until the commit: versions have no gaps.
_ANALYSIS_LOCK: Final = 0x616E616C


def store(connection: Connection, job: Job, result: JobResult) -> None:
    """Stores the answer of a job, whose row must be changed already in this transaction."""
    _store_evidence(connection, result.evidence)
    for ordinal, record in enumerate(result.hypotheses):
        row = {"job_id": record.job_id, "ordinal": ordinal, **hypothesis_row(record)}
        connection.execute(insert(hypotheses).values(row))
    if result.design is not None:
        connection.execute(insert(designs).values({"job_id": result.design.job_id, **design_row(result.design)}))
    if result.analysis is not None:
        proposes = isinstance(job.input, AnalysisInput) and job.input.propose
        _store_analysis(connection, result.analysis, proposes=proposes)


def hypothesis_row(record: HypothesisRecord) -> dict[str, object]:
    """Returns the row of a hypothesis, but for its place in a job."""
    return {
        "hypothesis_id": record.hypothesis_id,
        "state": record.state,
        "primary_metric_id": record.hypothesis.primary_metric_id,
        "experiment_id": record.experiment_id,
        "provider": record.provenance.provider,
        "confidence": record.hypothesis.confidence.value,
        "score": record.hypothesis.score,
        "duplicate": bool(record.hypothesis.duplicate_of),
        "version": record.version,
        "created_at": record.created_at,
        "document": to_document(record),
    }


def design_row(record: DesignRecord) -> dict[str, object]:
    """Returns the row of a design, but for its job."""
    return {
        "design_id": record.design_id,
        "hypothesis_id": record.hypothesis_id,
        "recommended": record.design.recommended,
        "provider": record.provenance.provider,
        "experiment_id": record.experiment_id,
        "created_at": record.created_at,
        "requested_at": record.requested_at,
        "adopted_at": record.adopted_at,
        "document": to_document(record),
    }


def _store_evidence(connection: Connection, pack: EvidencePack) -> None:
    row = {"sha256": pack.sha256, "canonical_json": pack.canonical_json, "as_of": pack.as_of}
    connection.execute(postgresql.insert(evidence_packs).values(row).on_conflict_do_nothing())


def _store_analysis(connection: Connection, record: AnalysisRecord, *, proposes: bool) -> None:
    column = analyses.c
    connection.execute(select(func.pg_advisory_xact_lock(_ANALYSIS_LOCK, func.hashtext(record.experiment_id))))
    newest = select(column.version, column.verdict, column.arm_id).where(column.experiment_id == record.experiment_id)
    before = connection.execute(newest.order_by(column.version.desc()).limit(1)).first()
    decided = (record.decision.verdict, record.decision.arm_id)
    changed = before is not None and (before.verdict, before.arm_id) != decided
    stored = replace(record, version=before.version + 1 if before else 1, decision_changed=changed)
    row = {
        "analysis_id": stored.analysis_id,
        "job_id": stored.job_id,
        "experiment_id": stored.experiment_id,
        "version": stored.version,
        "verdict": stored.decision.verdict,
        "arm_id": stored.decision.arm_id,
        "provider": stored.provenance.provider,
        "to_propose": proposes,
        "created_at": stored.created_at,
        "document": to_document(stored),
    }
    connection.execute(insert(analyses).values(row))
