"""An experiment store in memory: one transaction at a time, undone when its block fails."""

import copy
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.review.domain import audit, standing
from services.review.domain.change_request import (
    CLOSED,
    ChangeRequest,
    ChangeRequestState,
    Comment,
    RequestKey,
    Verdict,
)
from services.review.domain.model import (
    AuditFilter,
    ChangeRequestCursor,
    ChangeRequestFilter,
    Creation,
    ExperimentCursor,
    ExperimentFilter,
    Revision,
    Served,
    VerbCall,
)
from services.review.domain.notices import Notice
from services.review.domain.policy.advice import Advice
from services.review.domain.policy.rules import Policy
from shared.definition import model
from tests.fakes.identities import IdentityState, InMemoryIdentities

_WAITING = (ChangeRequestState.PENDING, ChangeRequestState.CHANGES_REQUESTED)


@dataclass
class _State:
    revisions: dict[str, list[Revision]] = field(default_factory=dict)
    creations: dict[str, Creation] = field(default_factory=dict)
    requests: dict[str, ChangeRequest] = field(default_factory=dict)
    calls: dict[str, VerbCall] = field(default_factory=dict)
    policies: list[Policy] = field(default_factory=list)
    notices: dict[str, Notice] = field(default_factory=dict)
    paused_arm_ids: dict[str, frozenset[str]] = field(default_factory=dict)
    advice: dict[str, Advice] = field(default_factory=dict)
    identities: IdentityState = field(default_factory=IdentityState)
    events: list[audit.Event] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)

    def copy(self) -> "_State":
        revisions = {key: list(value) for key, value in self.revisions.items()}
        return replace(
            self,
            revisions=revisions,
            creations=dict(self.creations),
            requests=dict(self.requests),
            calls=dict(self.calls),
            policies=list(self.policies),
            notices=dict(self.notices),
            identities=self.identities.copy(),
            events=list(self.events),
            announced=list(self.announced),
        )


class InMemoryReviewStore:
    """Passes the contract tests of `ports.ReviewStore`."""

    def __init__(self, *policies: Policy) -> None:
        self._mutex = threading.Lock()
        self._state = _State(policies=list(policies))

    @property
    def events(self) -> list[audit.Event]:
        return self._state.events

    @property
    def notices(self) -> list[Notice]:
        return list(self._state.notices.values())

    def pause_arms(self, experiment_id: str, *arm_ids: str) -> None:
        """Does what the bandit would: publishes that these arms are paused."""
        self._state.paused_arm_ids[experiment_id] = frozenset(arm_ids)

    def advise(self, experiment_id: str, advice: Advice) -> None:
        """Does what the AI service would: stores an analysis."""
        self._state.advice[experiment_id] = advice

    @property
    def announced(self) -> list[str]:
        return self._state.announced

    @contextmanager
    def transaction(self) -> Iterator["InMemoryTransaction"]:
        with self._mutex:
            work = self._state.copy()
            yield InMemoryTransaction(work)
            self._state = work


class InMemoryTransaction:
    """Works on a copy of the state, which the store takes over at the end."""

    def __init__(self, state: _State) -> None:
        self.experiments = InMemoryExperiments(state)
        self.requests = InMemoryChangeRequests(state)
        self.policies = InMemoryPolicies(state)
        self.notices = InMemoryNotices(state)
        self.identities = InMemoryIdentities(state.identities)
        self.audit = InMemoryAuditLog(state)


class InMemoryExperiments:
    def __init__(self, state: _State) -> None:
        self._state = state

    def create(self, revision: Revision, key: RequestKey) -> bool:
        experiment_id = revision.experiment.experiment_id
        if experiment_id in self._state.revisions or key.request_id in self._state.creations:
            return False
        self._state.revisions[experiment_id] = [copy.deepcopy(revision)]
        self._state.announced.append(experiment_id)
        if key.request_id:
            self._state.creations[key.request_id] = Creation(revision.experiment, key.digest)
        return True

    def find_creation(self, request_id: str) -> Creation | None:
        return self._state.creations.get(request_id)

    def find(self, experiment_id: str) -> model.Experiment | None:
        revisions = self._revisions(experiment_id)
        return revisions[-1].experiment if revisions else None

    def lock(self, experiment_id: str) -> model.Experiment | None:
        return self.find(experiment_id)

    def paused_arm_ids(self, experiment_id: str) -> frozenset[str] | None:
        return self._state.paused_arm_ids.get(experiment_id)

    def advice(self, experiment_id: str) -> Advice | None:
        return self._state.advice.get(experiment_id)

    def save(self, revision: Revision) -> None:
        experiment_id = revision.experiment.experiment_id
        self._state.revisions[experiment_id].append(copy.deepcopy(revision))
        self._state.announced.append(experiment_id)

    def served(self, experiment_id: str) -> Served:
        served = [item.experiment for item in self._revisions(experiment_id) if item.experiment.started_at]
        arm_ids = frozenset(arm.arm_id for experiment in served for arm in experiment.arms)
        metrics = [metric for experiment in served for metric in experiment.metrics]
        return Served(arm_ids, tuple(dict.fromkeys(metrics)))

    def find_revision(self, experiment_id: str, number: int) -> Revision | None:
        found = [item for item in self._revisions(experiment_id) if item.experiment.revision == number]
        return found[0] if found else None

    def list_revisions(self, experiment_id: str, *, before: int | None, limit: int) -> list[Revision]:
        newest = reversed(self._revisions(experiment_id))
        return [item for item in newest if before is None or item.experiment.revision < before][:limit]

    def list_experiments(
        self, kept: ExperimentFilter, *, after: ExperimentCursor | None, limit: int
    ) -> list[model.Experiment]:
        newest = [revisions[-1].experiment for revisions in self._state.revisions.values()]
        start = _place(after.created_at.timestamp(), after.experiment_id) if after else None
        listed = [item for item in newest if _keeps(kept, item) and (start is None or _place_of(item) > start)]
        return sorted(listed, key=_place_of)[:limit]

    def _revisions(self, experiment_id: str) -> list[Revision]:
        return self._state.revisions.get(experiment_id, [])


class InMemoryChangeRequests:
    def __init__(self, state: _State) -> None:
        self._state = state

    def add(self, request: ChangeRequest) -> bool:
        if request.key.request_id and self.find_proposed(request.key.request_id):
            return False
        self._state.requests[request.change_request_id] = request
        return True

    def find(self, change_request_id: str) -> ChangeRequest | None:
        return self._state.requests.get(change_request_id)

    def lock(self, change_request_id: str) -> ChangeRequest | None:
        return self.find(change_request_id)

    def find_proposed(self, request_id: str) -> ChangeRequest | None:
        return next((each for each in self._state.requests.values() if each.key.request_id == request_id), None)

    def save(self, request: ChangeRequest) -> None:
        said = self._state.requests[request.change_request_id]
        kept = replace(request, verdicts=said.verdicts, comments=said.comments)
        self._state.requests[request.change_request_id] = kept

    def add_verdict(self, change_request_id: str, verdict: Verdict) -> None:
        request = self._state.requests[change_request_id]
        self._state.requests[change_request_id] = replace(request, verdicts=(*request.verdicts, verdict))

    def add_comment(self, change_request_id: str, comment: Comment) -> None:
        request = self._state.requests[change_request_id]
        self._state.requests[change_request_id] = replace(request, comments=(*request.comments, comment))

    def find_call(self, request_id: str) -> VerbCall | None:
        return self._state.calls.get(request_id)

    def add_call(self, call: VerbCall, now: datetime) -> bool:
        if call.key.request_id in self._state.calls:
            return False
        self._state.calls[call.key.request_id] = call
        return True

    def list_requests(
        self, kept: ChangeRequestFilter, *, after: ChangeRequestCursor | None, limit: int
    ) -> list[ChangeRequest]:
        start = _place(after.created_at.timestamp(), after.change_request_id) if after else None
        listed = [each for each in self._state.requests.values() if _keeps_request(kept, each)]
        ordered = sorted(listed, key=_place_of_request)
        return [each for each in ordered if start is None or _place_of_request(each) > start][:limit]

    def list_updated(self, since: datetime, *, limit: int) -> list[ChangeRequest]:
        updated = [each for each in self._state.requests.values() if each.updated_at >= since]
        return sorted(updated, key=lambda each: (each.updated_at, each.change_request_id))[:limit]

    def list_due(self, now: datetime, *, limit: int) -> list[str]:
        due = [each for each in self._state.requests.values() if each.state not in CLOSED and _is_due(each, now)]
        return [each.change_request_id for each in sorted(due, key=lambda each: each.expires_at)][:limit]

    def list_expiring(self, until: datetime, *, limit: int) -> list[ChangeRequest]:
        waiting = [each for each in self._state.requests.values() if each.state in _WAITING]
        expiring = [each for each in waiting if each.expires_at < until]
        return sorted(expiring, key=lambda each: each.expires_at)[:limit]


class InMemoryPolicies:
    def __init__(self, state: _State) -> None:
        self._state = state

    def newest(self) -> Policy | None:
        return self._state.policies[-1] if self._state.policies else None

    def lock(self) -> Policy | None:
        return self.newest()

    def find(self, version: int) -> Policy | None:
        return next((each for each in self._state.policies if each.version == version), None)

    def list_policies(self, *, before: int | None, limit: int) -> list[Policy]:
        newest = reversed(self._state.policies)
        return [each for each in newest if before is None or each.version < before][:limit]

    def add(self, policy: Policy) -> None:
        self._state.policies.append(policy)


class InMemoryNotices:
    def __init__(self, state: _State) -> None:
        self._state = state

    def add(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self._state.notices.setdefault(notice.notice_id, notice)


class InMemoryAuditLog:
    def __init__(self, state: _State) -> None:
        self._state = state

    def append(self, *entries: audit.Entry) -> None:
        for entry in entries:
            previous = self._state.events[-1] if self._state.events else None
            self._state.events.append(audit.chained(entry, previous=previous))

    def list_events(
        self, kept: AuditFilter, *, before: int | None, limit: int, newest_first: bool = False
    ) -> list[audit.Event]:
        found = [each for each in self._state.events if _keeps_event(kept, each)]
        found = [each for each in found if before is None or each.sequence < before]
        return (found[::-1] if newest_first else found)[:limit]


def _keeps(kept: ExperimentFilter, experiment: model.Experiment) -> bool:
    text = f"{experiment.experiment_id}\n{experiment.display_name}".casefold()
    return (
        (not kept.states or experiment.state in kept.states)
        and kept.labels.items() <= experiment.labels.items()
        and kept.text.casefold() in text
    )


def _keeps_request(kept: ChangeRequestFilter, request: ChangeRequest) -> bool:
    return (
        (not kept.states or request.state in kept.states)
        and kept.experiment_id in ("", request.experiment_id)
        and kept.requester in ("", request.requester)
        and (kept.awaits is None or standing.awaits(request, kept.awaits))
    )


def _keeps_event(kept: AuditFilter, event: audit.Event) -> bool:
    return (
        event.sequence > kept.after_sequence
        and kept.actor in ("", event.entry.actor)
        and event.entry.action.startswith(kept.action_prefix)
        and kept.target in ("", event.entry.target)
    )


def _is_due(request: ChangeRequest, now: datetime) -> bool:
    due_at = request.scheduled_at if request.state is ChangeRequestState.SCHEDULED else None
    return request.expires_at <= now or (due_at is not None and due_at <= now)


def _place_of_request(request: ChangeRequest) -> tuple[float, str]:
    return _place(request.created_at.timestamp(), request.change_request_id)


def _place(created_at: float, experiment_id: str) -> tuple[float, str]:
    return (-created_at, experiment_id)


def _place_of(experiment: model.Experiment) -> tuple[float, str]:
    assert experiment.created_at is not None
    return _place(experiment.created_at.timestamp(), experiment.experiment_id)
