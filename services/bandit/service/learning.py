"""Learns: folds what was recorded, recomputes the weights, publishes what changed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from services.bandit.domain.context_guardrails import BLOCK_SIZE, harmful_in_contexts
from services.bandit.domain.contextual.trials import Trials
from services.bandit.domain.guardrails import guardrail_metrics, harmful_arms
from services.bandit.domain.learning import moves_with_time, needs_versions
from services.bandit.domain.periods import Memory
from services.bandit.domain.ports import LearnerSession
from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import VersionStatistics, warm_prior
from shared import log
from shared.definition.model import ContextualAlgorithm, Experiment, ExperimentState, FixedSplit
from shared.errors import Unavailable
from shared.policy.snapshot import PolicySnapshot

MAX_TRIALS = 50_000
"""A contextual algorithm learns from so many of the latest trials."""

_logger = logging.getLogger(__name__)


class Learner:
    """Learns for as long as it holds the right to. For one thread."""

    def __init__(self, session: LearnerSession, *, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now
        self._roomy_on: date | None = None
        self._definitions: dict[str, Experiment] = {}
        self._looked_at: dict[str, datetime] = {}
        self._earlier: dict[str, tuple[int, Trials | None]] = {}
        self._snapshots = dict(session.newest_snapshots())
        # Statistics may have moved since the last learner published, so everything is looked at once.
        self._dirty: set[str] = set(self._snapshots)

    def step(self) -> int:
        """Does all that is due; returns how many snapshots were published.

        Raises:
            Unavailable: STORE_UNAVAILABLE: the right to learn is lost; what was not published stays undone.
        """
        self._make_room()
        redefined = self._reload()
        frozen = self._session.frozen()
        published = self._publish_each(redefined | self._switched(frozen), frozen)
        self._dirty |= self._session.fold(list(self._definitions.values()), now=self._now())
        learning = {one for one in self._dirty | self._aging() if self._learns(one)}
        due = {one for one in learning if self._is_due(one)}
        published += self._publish_each(due, frozen)
        self._looked_at.update(dict.fromkeys(due, self._now()))
        self._dirty = learning - due
        return published

    def _make_room(self) -> None:
        today = self._now().date()
        if today != self._roomy_on:
            self._session.ensure_partitions(now=self._now())
            self._roomy_on = today

    def _reload(self) -> set[str]:
        """Reads the definitions that are new; returns whose snapshot they make out of date."""
        for experiment_id, revision in self._session.revisions().items():
            known = self._definitions.get(experiment_id)
            if known is None or known.revision != revision:
                self._definitions[experiment_id] = self._session.definition(experiment_id)
        return {
            one
            for one, definition in self._definitions.items()
            if (snapshot := self._snapshots.get(one)) is None or snapshot.experiment_revision != definition.revision
        }

    def _switched(self, frozen: frozenset[str]) -> set[str]:
        return {one for one, snapshot in self._snapshots.items() if snapshot.frozen != (one in frozen)}

    def _aging(self) -> set[str]:
        """Returns the experiments whose weights move with time alone and were not looked at for an update interval."""
        return {
            one
            for one, definition in self._definitions.items()
            if moves_with_time(definition)
            and self._now() - self._looked_at.get(one, definition.started_at or self._now())
            >= definition.allocation_policy.controls.update_interval
        }

    def _learns(self, experiment_id: str) -> bool:
        definition = self._definitions.get(experiment_id)
        return (
            definition is not None
            and definition.state is ExperimentState.RUNNING
            and (
                not isinstance(definition.allocation_policy.algorithm, FixedSplit)
                or bool(guardrail_metrics(definition))
            )
        )

    def _is_due(self, experiment_id: str) -> bool:
        snapshot = self._snapshots.get(experiment_id)
        interval = self._definitions[experiment_id].allocation_policy.controls.update_interval
        return snapshot is not None and self._now() - snapshot.published_at >= interval

    def _trials(self, definition: Experiment) -> Trials | None:
        if not _goes_by_contexts(definition):
            return None
        memory = Memory.of(definition.allocation_policy.controls, definition.attribution_window)
        newest = memory.whole_before(self._now())
        return self._session.contextual_trials(definition, limit=MAX_TRIALS, newest=newest)

    def _earlier_trials(self, definition: Experiment) -> Trials | None:
        """Returns what a contextual algorithm starts from, read once for each revision."""
        if not _goes_by_contexts(definition) or definition.allocation_policy.controls.warm_start is None:
            return None
        revision, trials = self._earlier.get(definition.experiment_id, (0, None))
        if revision != definition.revision:
            trials = self._session.earlier_trials(definition, limit=MAX_TRIALS)
            self._earlier[definition.experiment_id] = (definition.revision, trials)
        return trials

    def _harmful(self, definition: Experiment, guardrails: Mapping[str, Sequence[VersionStatistics]]) -> frozenset[str]:
        if not _goes_by_contexts(definition):
            return harmful_arms(definition, guardrails)
        if not _is_guarded(definition):
            return frozenset()
        blocks = {
            metric.metric_id: self._session.latest_decisions(definition, metric.metric_id, block_size=BLOCK_SIZE)
            for metric in guardrail_metrics(definition)
        }
        return harmful_in_contexts(definition, blocks)

    def _publish_each(self, experiment_ids: set[str], frozen: frozenset[str]) -> int:
        if not experiment_ids:
            return 0
        definitions = [self._definitions[one] for one in sorted(experiment_ids) if one in self._definitions]
        statistics = self._session.primary_statistics(definitions)
        versions = self._session.version_statistics([one for one in definitions if needs_versions(one)])
        earlier = self._session.earlier_statistics(
            [
                one
                for one in definitions
                if one.allocation_policy.controls.warm_start is not None and not _goes_by_contexts(one)
            ]
        )
        guardrails = self._session.guardrail_statistics(
            [one for one in definitions if _is_guarded(one) and not _goes_by_contexts(one)]
        )
        fresh: list[PolicySnapshot] = []
        for definition in definitions:
            one = definition.experiment_id
            try:
                snapshot = next_snapshot(
                    definition,
                    statistics.get(one, {}),
                    self._snapshots.get(one),
                    frozen=one in frozen,
                    now=self._now(),
                    versions=versions.get(one, ()),
                    harmful=self._harmful(definition, guardrails.get(one, {})),
                    prior=warm_prior(definition.allocation_policy.controls.warm_start, earlier.get(one, {})),
                    trials=self._trials(definition),
                    earlier=self._earlier_trials(definition),
                )
            except Unavailable:
                raise
            except Exception:
                log.event(
                    _logger,
                    "update failed, the last policy stays",
                    level=logging.ERROR,
                    experiment_id=one,
                    exc_info=True,
                )
                continue
            if snapshot is not None:
                fresh.append(snapshot)
        if fresh:
            self._session.publish(fresh)
            self._snapshots.update({snapshot.experiment_id: snapshot for snapshot in fresh})
        return len(fresh)


def _goes_by_contexts(definition: Experiment) -> bool:
    return isinstance(definition.allocation_policy.algorithm, ContextualAlgorithm)


def _is_guarded(definition: Experiment) -> bool:
    return definition.state is ExperimentState.RUNNING and bool(guardrail_metrics(definition))
