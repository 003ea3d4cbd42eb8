"""Names that the examples share, and instants before now."""

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from shared import clock

EXPERIMENT_ID = "checkout-button"
ANALYSIS_ID = "ana_0123456789abcdef0123456789abcdef"
DESIGN_ID = "des_0123456789abcdef0123456789abcdef"
HYPOTHESIS_ID = "hyp_0123456789abcdef0123456789abcdef"
JOB_ID = "job_0123456789abcdef0123456789abcdef"
REQUEST_ID = "cr_0123456789abcdef0123456789abcdef"
DIGEST = "5f2b9c" + "0" * 58
EVIDENCE = "ab" * 32
DAYS = 14


def at(**before: float) -> Timestamp:
    """Returns an instant so long before now."""
    found = Timestamp()
    found.FromDatetime(clock.now() - timedelta(**before))
    return found


def instant() -> datetime:
    """Returns a moment for charts."""
    return datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
