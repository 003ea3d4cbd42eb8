"""What is asked of stored rows: filters, places in lists, and rows that are only read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.ai.domain.calls import CallRecord
from services.ai.domain.hypotheses.model import HypothesisState


@dataclass(frozen=True, slots=True)
class Cursor:
    """Is a place in a list by time, then by id."""

    at: datetime
    row_id: str


class HypothesisOrder(StrEnum):
    """Says how hypotheses are ordered."""

    NEWEST_FIRST = "NEWEST_FIRST"
    BEST_FIRST = "BEST_FIRST"


@dataclass(frozen=True, slots=True)
class HypothesisFilter:
    """Says which hypotheses, in which order; None and empty: any."""

    state: HypothesisState | None = None
    metric_id: str = ""
    job_id: str = ""
    without_duplicates: bool = False
    order: HypothesisOrder = HypothesisOrder.NEWEST_FIRST


@dataclass(frozen=True, slots=True)
class HypothesisCursor:
    """Is a place in a list of hypotheses; `score` counts in the order by score alone."""

    score: float
    at: datetime
    row_id: str


@dataclass(frozen=True, slots=True)
class DesignFilter:
    """Says which designs; empty: any."""

    hypothesis_id: str = ""
    recommended_only: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisFilter:
    """Says which analyses; empty: any."""

    experiment_id: str = ""
    latest_only: bool = False


@dataclass(frozen=True, slots=True)
class StoredCall:
    """Is a call of a provider with what the check found in its answer."""

    call_id: str
    job_id: str
    call: CallRecord
    system: str
    violations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEvidence:
    """Is an evidence pack as it is stored: its canonical JSON, and when its data are from."""

    sha256: str
    canonical_json: str
    as_of: datetime
