"""What use cases of the AI service refuse in the same words."""

from typing import Final

from services.ai.domain.records import HypothesisRecord
from shared.errors import Aborted, NotFound, Reason

_MAX_ECHO: Final = 64
"""What no id can look like is not echoed in full: it would not fit into the trailers of an answer."""


def job_not_found(job_id: str) -> NotFound:
    """Returns the error for a job that is not here."""
    return _not_found(Reason.JOB_NOT_FOUND, "job", "job_id", job_id)


def hypothesis_not_found(hypothesis_id: str) -> NotFound:
    """Returns the error for a hypothesis that is not here."""
    return _not_found(Reason.HYPOTHESIS_NOT_FOUND, "hypothesis", "hypothesis_id", hypothesis_id)


def design_not_found(design_id: str) -> NotFound:
    """Returns the error for a design that is not here."""
    return _not_found(Reason.DESIGN_NOT_FOUND, "design", "design_id", design_id)


def analysis_not_found(analysis_id: str) -> NotFound:
    """Returns the error for an analysis that is not here."""
    return _not_found(Reason.ANALYSIS_NOT_FOUND, "analysis", "analysis_id", analysis_id)


def evidence_not_found(sha256: str) -> NotFound:
    """Returns the error for evidence that is not here."""
    return _not_found(Reason.ANALYSIS_NOT_FOUND, "evidence", "sha256", sha256)


def hypothesis_changed(record: HypothesisRecord, etag: str) -> Aborted:
    """Returns the error for a hypothesis that has changed since the caller read it, and now has this etag."""
    return Aborted(
        Reason.ETAG_MISMATCH,
        f"hypothesis {record.hypothesis_id!r} has changed: its etag is {etag!r}; read it again",
        metadata={"hypothesis_id": record.hypothesis_id, "etag": etag},
    )


def _not_found(reason: Reason, what: str, key: str, value: str) -> NotFound:
    shown = value[:_MAX_ECHO]
    return NotFound(reason, f"there is no {what} {shown!r} here", metadata={key: shown})
