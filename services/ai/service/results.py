"""The use case of learning from results: an analysis moves the hypotheses that its experiment tests."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.ai.domain.hypotheses.model import HypothesisState
from services.ai.domain.hypotheses.states import Event, moved, with_result
from services.ai.domain.hypothesis_results import result_of
from services.ai.domain.ports import Analyses, Experiments, Hypotheses
from services.ai.domain.records import AnalysisRecord, HypothesisRecord
from shared.clock import Clock
from shared.definition.model import Experiment, ExperimentState

LOOK_BACK: Final = timedelta(days=7)
"""How far back a process that has just started looks: nobody is away for longer."""

_OVERLAP: Final = timedelta(minutes=5)
"""An analysis is dated before it is stored, so that a later look may find an earlier one."""

_ATTEMPTS: Final = 5
_UNTESTED: Final = frozenset({HypothesisState.PROPOSED, HypothesisState.ACCEPTED})


class Results:
    """Settles hypotheses; any number of processes may at once, and doing it again changes nothing."""

    def __init__(self, analyses: Analyses, hypotheses: Hypotheses, experiments: Experiments, *, clock: Clock) -> None:
        self._analyses = analyses
        self._hypotheses = hypotheses
        self._experiments = experiments
        self._clock = clock
        self._seen_until: datetime | None = None

    def sweep(self) -> int:
        """Settles what the newest analyses since the last look say, and returns how many hypotheses moved.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        now = self._clock()
        since = now - LOOK_BACK if self._seen_until is None else self._seen_until - _OVERLAP
        count = sum(self.settle(analysis) for analysis in self._analyses.latest_since(since))
        self._seen_until = now
        return count

    def settle(self, analysis: AnalysisRecord) -> int:
        """Moves the hypotheses that an experiment tests as its newest analysis says; returns how many moved.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        tested = self._hypotheses.tested_by(analysis.experiment_id)
        experiment = self._experiments.find(analysis.experiment_id) if tested else None
        if experiment is None:
            return 0
        return sum(self._settled(record, analysis, experiment) for record in tested)

    def _settled(self, record: HypothesisRecord, analysis: AnalysisRecord, experiment: Experiment) -> bool:
        """Says whether the hypothesis moved; who changes it meanwhile is not overruled, but read again."""
        for _ in range(_ATTEMPTS):
            state = _state_after(record, analysis, experiment)
            if state is record.state:
                return False
            changed = replace(record, state=state, updated_at=self._clock(), version=record.version + 1)
            if self._hypotheses.change(changed, seen_version=record.version):
                return True
            again = self._hypotheses.find(record.hypothesis_id)
            if again is None:
                return False
            record = again
        return False


def _state_after(record: HypothesisRecord, analysis: AnalysisRecord, experiment: Experiment) -> HypothesisState:
    if record.state is HypothesisState.REJECTED or experiment.state is ExperimentState.DRAFT:
        return record.state
    state = moved(record.state, Event.START_TEST) if record.state in _UNTESTED else record.state
    stopped = experiment.state is ExperimentState.STOPPED
    result = result_of(record.hypothesis, analysis, stopped=stopped)
    return state if result is None else with_result(state, record.hypothesis.expected_direction, result)
