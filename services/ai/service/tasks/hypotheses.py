"""The task of jobs that make hypotheses: what is stored is added, drafts are asked for, completed and put into words.

Who asks for hypotheses may state a goal and constraints in words. A provider reads them; code cannot judge whether a
hypothesis keeps to a constraint, and says nothing of it. The engine goes by the metrics that the goal names.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.ai.domain.grounding.rendering import statement
from services.ai.domain.hypotheses.brief import Brief, is_possible
from services.ai.domain.hypotheses.gathering import known
from services.ai.domain.hypotheses.inquiry import hypotheses_inquiry
from services.ai.domain.hypotheses.knowledge import Knowledge
from services.ai.domain.hypotheses.model import Hypothesis, HypothesisState
from services.ai.domain.jobs import HypothesesInput, Job, JobStage
from services.ai.domain.metrics import PastExperiment
from services.ai.domain.ports import Analyses, Hypotheses
from services.ai.domain.provenance import Provenance
from services.ai.domain.records import HypothesisRecord, JobResult
from services.ai.service.answering import Answering
from services.ai.service.task import Progress
from services.ai.service.tasks.inputs import input_of
from shared.clock import Clock
from shared.ids import NewId

MOST_STORED: Final = 500
"""Hypotheses and past experiments of the store that count, the newest ones."""


class SuggestHypotheses:
    """Is the `Task` of SUGGEST_HYPOTHESES; where nothing bears any, it succeeds with none."""

    def __init__(
        self, answering: Answering, hypotheses: Hypotheses, analyses: Analyses, *, clock: Clock, new_id: NewId
    ) -> None:
        self._answering = answering
        self._hypotheses = hypotheses
        self._analyses = analyses
        self._clock = clock
        self._new_id = new_id

    def run(self, job: Job, watch: Progress) -> JobResult:
        """Returns the hypotheses, the best first.

        Raises:
            InvalidArgument: INVALID_FIELD: they cannot be made of this.
            Unavailable: STORE_UNAVAILABLE.
            TryLater: A provider asks to wait.
            Ended: From `watch`.
        """
        asked = input_of(job, HypothesesInput)
        watch.stage(JobStage.GATHERING)
        brief = self._brief(asked, self._clock())
        watch.stage(JobStage.COMPUTING)
        knowledge = known(brief)
        answered = self._answering.answer(hypotheses_inquiry(knowledge), job, watch)
        told = answered.provenance
        records = (self._record(job, one.hypothesis, knowledge, told) for one in answered.said)
        return JobResult(told, knowledge.pack, hypotheses=tuple(records))

    def _brief(self, asked: HypothesesInput, now: datetime) -> Brief:
        stored = self._past(asked) if asked.use_stored_experiments else ()
        return Brief(
            asked.metrics,
            now,
            (*asked.past, *stored),
            asked.goal,
            asked.constraints,
            asked.max_count,
            asked.traffic,
            tuple(self._hypotheses.stored(limit=MOST_STORED)),
        )

    def _past(self, asked: HypothesesInput) -> Iterator[PastExperiment]:
        """Yields the store's past experiments, as far as the request does not have them and they fit its metrics."""
        given = {(row.experiment_id, row.metric_id) for row in asked.past}
        for row in self._analyses.past_experiments(limit=MOST_STORED):
            if (row.experiment_id, row.metric_id) not in given and is_possible(row, asked.metrics):
                yield row

    def _record(self, job: Job, hypothesis: Hypothesis, knowledge: Knowledge, told: Provenance) -> HypothesisRecord:
        now = self._clock()
        return HypothesisRecord(
            hypothesis_id=self._new_id("hypothesis"),
            job_id=job.job_id,
            state=HypothesisState.PROPOSED,
            hypothesis=replace(hypothesis, rationale=knowledge.filled(hypothesis.rationale)),
            because=tuple(statement(claim, knowledge.pack) for claim in hypothesis.because),
            metrics=knowledge.brief.metrics,
            provenance=told,
            created_at=now,
            updated_at=now,
        )
