"""A question together with the way in which answers to it are read, checked and judged, whoever gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from services.ai.domain.asking import Question
from services.ai.domain.grounding.checking import Checked, check, count_of
from services.ai.domain.grounding.claims import Answer
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.parsing import parse_answer
from services.ai.domain.grounding.questions import analysis_question
from services.ai.domain.grounding.repair import Judgement, Outcome, judge
from services.ai.domain.grounding.rewording import reworded
from services.ai.domain.grounding.rules.violation import RuleId, Violation

Said = TypeVar("Said")
Said_co = TypeVar("Said_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Heard(Generic[Said_co]):
    """Is what is left of an answer, and what becomes of it.

    Attributes:
        said: What the evidence bears. None: not even the shape was right.
        judgement: Whether that is published, and what a repair is told.
        violations: Everything that was found.
        dropped_count: Claims and other parts that were left out.
        reworded_count: Claims that are told in the engine's words.
        told_count: Claims and other parts that are left, those among them.
    """

    said: Said_co | None
    judgement: Judgement
    violations: tuple[Violation, ...]
    dropped_count: int
    reworded_count: int = 0
    told_count: int = 0

    @property
    def is_reworded(self) -> bool:
        """Says whether to call it reworded: most of it is, or some, and nothing was left out."""
        return self.reworded_count > 0 and (not self.dropped_count or 2 * self.reworded_count > self.told_count)


class Read(Protocol[Said_co]):
    """Reads a document of an answer."""

    def __call__(self, document: object, *, repaired: bool) -> Heard[Said_co]:
        """Returns what is left of it; one that was `repaired` is not repaired again."""


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[Said_co]):
    """Is a question with all that it takes to judge an answer.

    Attributes:
        pack: What answers may rest on.
        read: From the JSON document of an answer to what is left of it.
        notes: What people wrote, as the question has it.
    """

    question: Question
    pack: EvidencePack
    read: Read[Said_co]
    notes: Mapping[str, str] = field(default_factory=dict)


def analysis_inquiry(pack: EvidencePack, engine: Answer, notes: Mapping[str, str] | None = None) -> Inquiry[Answer]:
    """Returns the inquiry what an experiment shows; `engine` is the engine's own answer."""

    def read(document: object, *, repaired: bool) -> Heard[Answer]:
        answer, shape = parse_answer(document, evidence_sha256=pack.sha256)
        return heard_words(answer, pack, engine, shape, repaired=repaired)

    return Inquiry(analysis_question(pack, engine, notes), pack, read, notes or {})


def heard_words(
    answer: Answer,
    pack: EvidencePack,
    engine: Answer,
    found: Sequence[Violation] = (),
    *,
    repaired: bool,
) -> Heard[Answer]:
    """Returns what is left of an answer in words, in those of the `engine` where its own do not stand.

    `found` is what was wrong with it before it was an answer.
    """
    first = check(answer, pack)
    said = reworded(answer, engine, pack, first.violations)
    # The engine's words are made to stand the check, and nothing is published that did not.
    again = check(said.answer, pack)
    dropped = said.dropped_count + again.dropped_count
    checked = Checked(again.answer, (*found, *first.violations), first.claim_count, dropped, again.whole)
    told, retold = count_of(again.answer), said.reworded_count - again.dropped_count
    judgement = judge(checked, pack, repaired=repaired)
    if judgement.outcome is Outcome.PUBLISH and told == retold:
        judgement = Judgement(Outcome.ABSTAIN)  # No word of it is the provider's.
    return Heard(again.answer, judgement, checked.violations, dropped + left_out(found), retold, told)


def left_out(violations: Sequence[Violation]) -> int:
    """Returns how many parts were left out as they did not have their shape."""
    return sum(one.rule is RuleId.SHAPE for one in violations)
