"""An experiment store in memory: one transaction at a time, undone when its block fails."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from services.review.domain import audit
from services.review.domain.model import (
    ChangeRequest,
    Creation,
    ExperimentCursor,
    ExperimentFilter,
    RequestKey,
    Revision,
    Served,
)
from shared.definition import model


@dataclass
class _State:
    revisions: dict[str, list[Revision]] = field(default_factory=dict)
    creations: dict[str, Creation] = field(default_factory=dict)
    change_requests: list[ChangeRequest] = field(default_factory=list)
    events: list[audit.Event] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)

    def copy(self) -> "_State":
        revisions = {key: list(value) for key, value in self.revisions.items()}
        return replace(
            self,
            revisions=revisions,
            creations=dict(self.creations),
            change_requests=list(self.change_requests),
            events=list(self.events),
            announced=list(self.announced),
        )


class InMemoryReviewStore:
    """Passes the contract tests of `ports.ReviewStore`."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._state = _State()

    @property
    def events(self) -> list[audit.Event]:
        return self._state.events

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
        self._state.change_requests.append(request)
        return True

    def find_proposed(self, request_id: str) -> ChangeRequest | None:
        found = [request for request in self._state.change_requests if request.key.request_id == request_id]
        return found[0] if found else None


class InMemoryAuditLog:
    def __init__(self, state: _State) -> None:
        self._state = state

    def append(self, entry: audit.Entry) -> None:
        previous = self._state.events[-1] if self._state.events else None
        self._state.events.append(audit.chained(entry, previous=previous))

    def list_events(self, *, after: int, limit: int) -> list[audit.Event]:
        return self._state.events[after : after + limit]


def _keeps(kept: ExperimentFilter, experiment: model.Experiment) -> bool:
    text = f"{experiment.experiment_id}\n{experiment.display_name}".casefold()
    return (
        (not kept.states or experiment.state in kept.states)
        and kept.labels.items() <= experiment.labels.items()
        and kept.text.casefold() in text
    )


def _place(created_at: float, experiment_id: str) -> tuple[float, str]:
    return (-created_at, experiment_id)


def _place_of(experiment: model.Experiment) -> tuple[float, str]:
    assert experiment.created_at is not None
    return _place(experiment.created_at.timestamp(), experiment.experiment_id)
