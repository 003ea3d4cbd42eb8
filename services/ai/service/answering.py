"""From an inquiry to an answer that may be published: the provider's, repaired once at most, or else the engine's."""

import logging
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from services.ai.domain.asking import FallbackReason, Provider, ProviderFailure, ProviderName, Reply
from services.ai.domain.grounding.documents import read_document
from services.ai.domain.grounding.inquiry import Heard, Inquiry
from services.ai.domain.grounding.prompting import PROMPT_VERSION, leaks_canary, suspicious_fields
from services.ai.domain.grounding.questions import repairing
from services.ai.domain.grounding.repair import Judgement, Outcome
from services.ai.domain.grounding.rules.violation import RuleId, Violation
from services.ai.domain.jobs import Job, JobStage
from services.ai.domain.provenance import Grounding, Provenance
from services.ai.service.asking import Asked, Asking
from services.ai.service.grounding_metrics import GroundingMetrics, RepairResult
from services.ai.service.task import Progress
from shared import log
from shared.errors import Internal, Reason

_LOGGER: Final = logging.getLogger(__name__)
_ENGINE_SECONDS: Final = 1.0

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Answered(Generic[Said]):
    """Is what may be published, and how it came about."""

    said: Said
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class _Attempt(Generic[Said]):
    """Is one answer of the provider as it was judged; `reason` says why it could not stand."""

    asked: Asked
    heard: Heard[Said]
    reason: FallbackReason
    repaired: bool

    @property
    def stands(self) -> bool:
        return self.heard.judgement.outcome is Outcome.PUBLISH and self.heard.said is not None


class Answering:
    """Answers inquiries; safe for use by many threads.

    Args:
        asking: The configured provider. None: the engine alone answers.
        engine: Says what the engine says.
        metrics: Counts what becomes of answers.
        missing: Why nobody but the engine answers, where that was not asked for.
    """

    def __init__(
        self,
        asking: Asking | None,
        engine: Provider,
        metrics: GroundingMetrics,
        *,
        missing: FallbackReason | None = None,
    ) -> None:
        self._asking = None if asking is None or asking.name is ProviderName.HEURISTIC else asking
        self._engine = engine
        self._metrics = metrics
        self._missing = missing

    @property
    def asks(self) -> bool:
        """Says whether anybody but the engine is asked."""
        return self._asking is not None

    def answer(self, inquiry: Inquiry[Said], job: Job, watch: Progress) -> Answered[Said]:
        """Returns what may be published: all of it is borne by the inquiry's evidence.

        Raises:
            TryLater: The provider asks to wait, and there is time.
            Ended: From `watch`.
            Unavailable: STORE_UNAVAILABLE: no call can be put on record.
            Internal: INTERNAL: the engine's own answer cannot be read.
        """
        if self._asking is None:
            return self._of_engine(inquiry, watch, self._missing)
        self._metrics.suspected(len(suspicious_fields(inquiry.pack, inquiry.notes)))
        try:
            attempt = self._attempted(self._asking, inquiry, job, watch)
        except ProviderFailure as failure:
            return self._of_engine(inquiry, watch, failure.reason)
        if not attempt.stands or attempt.heard.said is None:
            return self._of_engine(inquiry, watch, attempt.reason)
        reply, heard = attempt.asked.reply, attempt.heard
        told = _provenance(inquiry, reply, heard, name=self._asking.name, repaired=attempt.repaired)
        return Answered(attempt.heard.said, told)

    def _attempted(self, asking: Asking, inquiry: Inquiry[Said], job: Job, watch: Progress) -> _Attempt[Said]:
        first = self._judged(asking, asking.first(inquiry.question, job, watch), inquiry, watch, repaired=False)
        if first.heard.judgement.outcome is not Outcome.REPAIR:
            return first
        question = repairing(inquiry.question, first.asked.reply.text, first.heard.judgement.feedback)
        try:
            asked = asking.again(question, job, watch)
        except ProviderFailure as failure:
            self._metrics.repaired(RepairResult.FAILED)
            return self._as_it_was(first, inquiry, failure.reason)
        second = self._judged(asking, asked, inquiry, watch, repaired=True)
        self._metrics.repaired(RepairResult.PUBLISHED if second.stands else RepairResult.GIVEN_UP)
        if second.stands or second.reason is FallbackReason.CANARY_LEAKED:
            return second
        return self._as_it_was(first, inquiry, second.reason)

    def _judged(
        self, asking: Asking, asked: Asked, inquiry: Inquiry[Said], watch: Progress, *, repaired: bool
    ) -> _Attempt[Said]:
        """Returns an answer as it was judged; what was found is counted and on record."""
        watch.stage(JobStage.CHECKING)
        attempt = _heard(asked, inquiry, repaired=repaired)
        if attempt.reason is FallbackReason.CANARY_LEAKED:
            self._metrics.canary_leaked(inquiry.question.operation)
            asking.note(asked, ["it repeats its instructions"])
            return attempt
        self._metrics.checked(attempt.heard.violations)
        asking.note(asked, [f"{one.rule.value} at {one.path}: {one.got}" for one in attempt.heard.violations])
        return attempt

    def _as_it_was(self, first: _Attempt[Said], inquiry: Inquiry[Said], reason: FallbackReason) -> _Attempt[Said]:
        """Returns the first answer once more, without what is not borne, as no repair came of it."""
        return _Attempt(first.asked, _heard(first.asked, inquiry, repaired=True).heard, reason, repaired=False)

    def _of_engine(self, inquiry: Inquiry[Said], watch: Progress, reason: FallbackReason | None) -> Answered[Said]:
        if reason is not None:
            self._metrics.abstained(reason)
        watch.stage(JobStage.CHECKING)
        reply = self._engine.ask(inquiry.question, timeout_seconds=_ENGINE_SECONDS)
        heard = inquiry.read(read_document(reply.text), repaired=True)
        self._metrics.checked(heard.violations)
        if heard.violations:
            self._report(inquiry, heard.violations)
        if heard.said is None:
            raise Internal(Reason.INTERNAL, "the engine's own answer cannot be read")
        return Answered(heard.said, _provenance(inquiry, reply, heard, name=self._engine.name, reason=reason))

    def _report(self, inquiry: Inquiry[Said], violations: tuple[Violation, ...]) -> None:
        """Tells of a defect: the engine's words are made to stand the check."""
        self._metrics.own_words_broke(violations)
        log.event(
            _LOGGER,
            "the engine's own words broke rules",
            level=logging.ERROR,
            operation=inquiry.question.operation.value,
            evidence=inquiry.pack.sha256,
            rules=sorted({one.rule.value for one in violations}),
        )


def _heard(asked: Asked, inquiry: Inquiry[Said], *, repaired: bool) -> _Attempt[Said]:
    text = asked.reply.text
    if leaks_canary(text):
        given_up: Heard[Said] = Heard(None, Judgement(Outcome.ABSTAIN), (), 0)
        return _Attempt(asked, given_up, FallbackReason.CANARY_LEAKED, repaired)
    try:
        document = read_document(text)
    except ValueError as error:
        found = Violation("answer", RuleId.SHAPE, str(error)[:120], ("a JSON object",))
        judgement = Judgement(Outcome.ABSTAIN) if repaired else Judgement(Outcome.REPAIR, (found,))
        return _Attempt(asked, Heard(None, judgement, (found,), 0), FallbackReason.MALFORMED, repaired)
    return _Attempt(asked, inquiry.read(document, repaired=repaired), FallbackReason.NOT_GROUNDED, repaired)


def _provenance(
    inquiry: Inquiry[Said],
    reply: Reply,
    heard: Heard[Said],
    *,
    name: ProviderName,
    repaired: bool = False,
    reason: FallbackReason | None = None,
) -> Provenance:
    return Provenance(
        name,
        reply.model,
        _grounding(heard, repaired=repaired),
        inquiry.pack.sha256,
        PROMPT_VERSION,
        reason,
        heard.dropped_count,
        heard.reworded_count,
    )


def _grounding(heard: Heard[Said], *, repaired: bool) -> Grounding:
    if heard.is_reworded:
        return Grounding.REWORDED
    if heard.violations:
        return Grounding.REDUCED
    return Grounding.REPAIRED if repaired else Grounding.CLEAN
