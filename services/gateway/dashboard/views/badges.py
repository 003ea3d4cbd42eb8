"""States and verdicts as badges: words, a tone and a mark, so that colour is not needed to tell them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from experimentation.v1 import analysis_pb2, common_pb2, hypothesis_pb2
from experimentation.v1 import experiment_service_pb2 as requests_pb2


@dataclass(frozen=True, slots=True)
class Badge:
    """Is a state in words; `tone` is good, bad, warn, accent or empty."""

    text: str
    tone: str = ""
    mark: str = ""


_UNKNOWN: Final = Badge("unknown")
_EXPERIMENTS: Final = {
    common_pb2.EXPERIMENT_STATE_DRAFT: Badge("Draft", "", "○"),
    common_pb2.EXPERIMENT_STATE_RUNNING: Badge("Running", "good", "●"),
    common_pb2.EXPERIMENT_STATE_PAUSED: Badge("Paused", "warn", "❚❚"),
    common_pb2.EXPERIMENT_STATE_STOPPED: Badge("Stopped", "", "■"),
}
_REQUESTS: Final = {
    requests_pb2.CHANGE_REQUEST_STATE_DRAFT: Badge("Draft", "", "○"),
    requests_pb2.CHANGE_REQUEST_STATE_PENDING: Badge("Waits for approval", "warn", "◔"),
    requests_pb2.CHANGE_REQUEST_STATE_CHANGES_REQUESTED: Badge("Changes requested", "warn", "↩"),
    requests_pb2.CHANGE_REQUEST_STATE_APPROVED: Badge("Approved", "good", "✓"),
    requests_pb2.CHANGE_REQUEST_STATE_SCHEDULED: Badge("Scheduled", "accent", "◷"),
    requests_pb2.CHANGE_REQUEST_STATE_APPLYING: Badge("Being applied", "accent", "…"),
    requests_pb2.CHANGE_REQUEST_STATE_APPLIED: Badge("Applied", "good", "✓"),
    requests_pb2.CHANGE_REQUEST_STATE_REJECTED: Badge("Rejected", "bad", "✗"),
    requests_pb2.CHANGE_REQUEST_STATE_CANCELLED: Badge("Cancelled", "", "-"),
    requests_pb2.CHANGE_REQUEST_STATE_EXPIRED: Badge("Expired", "", "-"),
    requests_pb2.CHANGE_REQUEST_STATE_FAILED: Badge("Failed", "bad", "✗"),
}
_DECISIONS: Final = {
    analysis_pb2.DECISION_VERDICT_SHIP: Badge("Ship", "good", "▲"),
    analysis_pb2.DECISION_VERDICT_ROLL_BACK: Badge("Roll back", "bad", "▼"),
    analysis_pb2.DECISION_VERDICT_CONTINUE: Badge("Keep running", "accent", "▸"),
    analysis_pb2.DECISION_VERDICT_STOP_INCONCLUSIVE: Badge("Stop, inconclusive", "warn", "■"),
    analysis_pb2.DECISION_VERDICT_INVESTIGATE: Badge("Investigate", "bad", "!"),
}
_HEALTH: Final = {
    analysis_pb2.HEALTH_STATUS_PASS: Badge("Healthy", "good", "✓"),
    analysis_pb2.HEALTH_STATUS_WARN: Badge("Worth a look", "warn", "!"),
    analysis_pb2.HEALTH_STATUS_FAIL: Badge("Unhealthy", "bad", "✗"),
    analysis_pb2.HEALTH_STATUS_NOT_ESTIMABLE: Badge("Not checked yet", "", "-"),
}
_CHECKS: Final = {
    analysis_pb2.HEALTH_STATUS_PASS: Badge("Pass", "good", "✓"),
    analysis_pb2.HEALTH_STATUS_WARN: Badge("Warning", "warn", "!"),
    analysis_pb2.HEALTH_STATUS_FAIL: Badge("Fail", "bad", "✗"),
    analysis_pb2.HEALTH_STATUS_NOT_ESTIMABLE: Badge("Not checked", "", "-"),
}
_COMPARISONS: Final = {
    analysis_pb2.COMPARISON_STATUS_BETTER: Badge("Better", "good", "▲"),
    analysis_pb2.COMPARISON_STATUS_WORSE: Badge("Worse", "bad", "▼"),
    analysis_pb2.COMPARISON_STATUS_NO_DETECTABLE_CHANGE: Badge("No difference detected", "", "="),
    analysis_pb2.COMPARISON_STATUS_INSUFFICIENT_DATA: Badge("Too few data", "", "…"),
}
_HYPOTHESES: Final = {
    hypothesis_pb2.HYPOTHESIS_STATE_PROPOSED: Badge("Proposed", "", "○"),
    hypothesis_pb2.HYPOTHESIS_STATE_ACCEPTED: Badge("Accepted", "accent", "✓"),
    hypothesis_pb2.HYPOTHESIS_STATE_REJECTED: Badge("Rejected", "", "✗"),
    hypothesis_pb2.HYPOTHESIS_STATE_TESTED: Badge("In test", "accent", "●"),
    hypothesis_pb2.HYPOTHESIS_STATE_WON: Badge("Won", "good", "▲"),
    hypothesis_pb2.HYPOTHESIS_STATE_LOST: Badge("Lost", "bad", "▼"),
    hypothesis_pb2.HYPOTHESIS_STATE_INCONCLUSIVE: Badge("Inconclusive", "warn", "■"),
}
_FINDINGS: Final = {
    hypothesis_pb2.FINDING_SEVERITY_NOTE: Badge("Note", "", "•"),
    hypothesis_pb2.FINDING_SEVERITY_WARNING: Badge("Warning", "warn", "!"),
    hypothesis_pb2.FINDING_SEVERITY_BLOCKING: Badge("Blocking", "bad", "✗"),
}
_JOBS: Final = {
    analysis_pb2.JOB_STATE_QUEUED: Badge("Waiting", "", "◔"),
    analysis_pb2.JOB_STATE_RUNNING: Badge("Under way", "accent", "●"),
    analysis_pb2.JOB_STATE_SUCCEEDED: Badge("Done", "good", "✓"),
    analysis_pb2.JOB_STATE_FAILED: Badge("Failed", "bad", "✗"),
    analysis_pb2.JOB_STATE_CANCELLED: Badge("Cancelled", "", "-"),
}


def experiment_state(state: int) -> Badge:
    """Returns where an experiment stands."""
    return _of(_EXPERIMENTS, state)


def request_state(state: int) -> Badge:
    """Returns where a change request stands."""
    return _of(_REQUESTS, state)


def decision(verdict: int) -> Badge:
    """Returns what to do with an experiment."""
    return _of(_DECISIONS, verdict)


def health(status: int) -> Badge:
    """Returns how healthy an experiment is."""
    return _of(_HEALTH, status)


def check(status: int) -> Badge:
    """Returns how one health check ended."""
    return _of(_CHECKS, status)


def comparison(status: int) -> Badge:
    """Returns what to make of a comparison."""
    return _of(_COMPARISONS, status)


def hypothesis_state(state: int) -> Badge:
    """Returns where a hypothesis stands."""
    return _of(_HYPOTHESES, state)


def finding(severity: int) -> Badge:
    """Returns how much a finding of a design rule matters."""
    return _of(_FINDINGS, severity)


def job_state(state: int) -> Badge:
    """Returns where a job stands."""
    return _of(_JOBS, state)


def _of(badges: Mapping[Any, Badge], number: int) -> Badge:
    # A service may be newer than the gateway.
    return badges.get(number, _UNKNOWN)
