"""The task of jobs that make designs: code computes them, a provider may choose, and all is put into words."""

from dataclasses import replace
from datetime import datetime

from services.ai.domain.design.inquiry import ChosenDesign, design_inquiry
from services.ai.domain.design.offers import Offer, offer, others
from services.ai.domain.design.wishes import DesignWishes
from services.ai.domain.grounding.claims import Claim
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.rendering import Statement, statement
from services.ai.domain.jobs import DesignInput, Job, JobStage
from services.ai.domain.ports import Analyses, Hypotheses
from services.ai.domain.provenance import Provenance
from services.ai.domain.records import DesignRecord, JobResult
from services.ai.service import refusals
from services.ai.service.answering import Answering
from services.ai.service.task import Progress
from services.ai.service.tasks.inputs import input_of
from shared.clock import Clock
from shared.ids import NewId

MOST_PAST = 500
"""Past experiments of the store whose effects count, the newest ones."""


class RecommendDesign:
    """Is the `Task` of RECOMMEND_DESIGN; a design that a rule blocks is stored, and not as recommended."""

    def __init__(
        self, answering: Answering, hypotheses: Hypotheses, analyses: Analyses, *, clock: Clock, new_id: NewId
    ) -> None:
        self._answering = answering
        self._hypotheses = hypotheses
        self._analyses = analyses
        self._clock = clock
        self._new_id = new_id

    def run(self, job: Job, watch: Progress) -> JobResult:
        """Returns the design; its wishes are complete, as what the request left open is the hypothesis's.

        Raises:
            InvalidArgument: INVALID_FIELD: wishes that cannot be planned for.
            NotFound: HYPOTHESIS_NOT_FOUND.
            Unavailable: STORE_UNAVAILABLE.
            TryLater: A provider asks to wait.
            Ended: From `watch`.
        """
        asked = input_of(job, DesignInput)
        watch.stage(JobStage.GATHERING)
        wishes = self._gathered(asked)
        watch.stage(JobStage.COMPUTING)
        offers = self._offers(wishes, self._clock())
        inquiry = design_inquiry(offers, _notes(offers[0]))
        answered = self._answering.answer(inquiry, job, watch)
        pack = answered.said.offer.evidence.pack
        told = replace(answered.provenance, evidence_sha256=pack.sha256)
        return JobResult(told, pack, design=self._record(job, asked, answered.said, told))

    def _gathered(self, asked: DesignInput) -> DesignWishes:
        """Returns the wishes with the effects of the store's past experiments, where none are given."""
        if asked.hypothesis_id and self._hypotheses.find(asked.hypothesis_id) is None:
            raise refusals.hypothesis_not_found(asked.hypothesis_id)
        wishes = asked.wishes
        if wishes.past_lifts or not wishes.primary_metric_id:
            return wishes
        past = self._analyses.past_experiments(limit=MOST_PAST)
        found = (row.relative_lift for row in past if row.metric_id == wishes.primary_metric_id)
        return replace(wishes, past_lifts=tuple(lift for lift in found if lift is not None))

    def _offers(self, wishes: DesignWishes, now: datetime) -> tuple[Offer, ...]:
        """Returns what there is to choose from: without anybody who chooses, the engine's design alone."""
        first = offer(wishes, now=now)
        return (first, *(others(first, now=now) if self._answering.asks else ()))

    def _record(self, job: Job, asked: DesignInput, chosen: ChosenDesign, told: Provenance) -> DesignRecord:
        pack = chosen.offer.evidence.pack
        return DesignRecord(
            design_id=self._new_id("design"),
            job_id=job.job_id,
            design=chosen.offer.design,
            reasons=_told(chosen.words.reasons, pack),
            risks=_told(chosen.words.statements, pack),
            provenance=told,
            created_at=self._clock(),
            requested_at=job.created_at,
            hypothesis_id=asked.hypothesis_id,
        )


def _told(claims: tuple[Claim, ...], pack: EvidencePack) -> tuple[Statement, ...]:
    return tuple(statement(claim, pack) for claim in claims)


def _notes(first: Offer) -> dict[str, str]:
    """Returns what people wrote, by what it is."""
    wishes, aliases = first.design.wishes, first.evidence.metrics
    notes = {"description": wishes.description}
    notes |= {f"description of {aliases[one.metric_id]}": one.description for one in wishes.metrics}
    return {name: text for name, text in notes.items() if text.strip()}
