"""Analyses an experiment: gathers its data, computes what they say, has that put into words, and makes the record."""

from collections.abc import Sequence
from dataclasses import replace

from services.ai.domain.analysis import supplied
from services.ai.domain.analysis.engine import ExperimentAnalysis
from services.ai.domain.analysis.evidence import evidence_of
from services.ai.domain.analysis.words.answer import answer
from services.ai.domain.grounding.inquiry import analysis_inquiry
from services.ai.domain.jobs import AnalysisInput, Job, JobStage
from services.ai.domain.records import AnalysisRecord, HealthRecord, JobResult
from services.ai.service.analysis_records import Words, analysis_record
from services.ai.service.answering import Answering
from services.ai.service.gathering import Gathered, Gatherer
from services.ai.service.task import Progress
from services.ai.service.tasks.inputs import input_of
from shared.clock import Clock
from shared.definition.model import Experiment
from shared.ids import NewId
from shared.statistics.health.finding import Status


class AnalysisTask:
    """Does jobs of the kind ANALYZE_EXPERIMENT; safe for use by many threads."""

    def __init__(self, gatherer: Gatherer, answering: Answering, *, clock: Clock, new_id: NewId) -> None:
        self._gatherer = gatherer
        self._answering = answering
        self._clock = clock
        self._new_id = new_id

    def run(self, job: Job, watch: Progress) -> JobResult:
        """Returns the analysis with its evidence; the numbers and the decision are the engine's, whoever words them.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            FailedPrecondition: INVALID_STATE: the experiment has not been started.
            InvalidArgument: INVALID_FIELD: the data contradict themselves.
            Unavailable: STORE_UNAVAILABLE, or a warehouse cannot be reached.
            TryLater: A provider asks to wait.
            Ended: From `watch`.
        """
        asked = input_of(job, AnalysisInput)
        watch.stage(JobStage.GATHERING)
        gathered = self._gatherer.gather(asked, now=self._clock())
        watch.stage(JobStage.COMPUTING)
        # Its own instant: data were read after the one before.
        return self._told(job, watch, gathered, gathered.analysis(self._clock()))

    def _told(self, job: Job, watch: Progress, gathered: Gathered, analysis: ExperimentAnalysis) -> JobResult:
        evidence = evidence_of(analysis)
        own = answer(evidence)
        inquiry = analysis_inquiry(evidence.pack, own, _notes(gathered.experiment))
        answered = self._answering.answer(inquiry, job, watch)
        record = analysis_record(
            job,
            gathered,
            analysis,
            Words(answered.said, own, evidence.pack, answered.provenance),
            analysis_id=self._new_id("analysis"),
            now=self._clock(),
        )
        return JobResult(answered.provenance, evidence.pack, analysis=_doubted(record, gathered.doubts))


def _doubted(record: AnalysisRecord, doubts: Sequence[str]) -> AnalysisRecord:
    """Returns the record with warnings beside its health checks: before all but the failed ones."""
    failed = [one for one in record.health if one.status is Status.FAIL]
    rest = [one for one in record.health if one.status is not Status.FAIL]
    warnings = [HealthRecord(supplied.CHECK, Status.WARN, doubt, supplied.SOURCE) for doubt in doubts]
    return replace(record, health=(*failed, *warnings, *rest))


def _notes(experiment: Experiment | None) -> dict[str, str]:
    """Returns what people wrote of the experiment, by what it is."""
    if experiment is None:
        return {}
    notes = {"name": experiment.display_name, "description": experiment.description}
    return {name: text for name, text in notes.items() if text.strip()}
