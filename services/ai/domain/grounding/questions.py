"""What a provider is asked: constant rules and schemas, the data of the job, and the engine's own answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from services.ai.domain.asking import Operation, Question, Repair
from services.ai.domain.grounding.claims import Answer
from services.ai.domain.grounding.designs import DesignChoice, DesignOption
from services.ai.domain.grounding.documents import answer_json, design_json, hypotheses_json
from services.ai.domain.grounding.draft_parsing import design_schema, hypotheses_schema
from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.hypotheses import HypothesisDraft
from services.ai.domain.grounding.parsing import answer_schema
from services.ai.domain.grounding.prompting import data_block
from services.ai.domain.grounding.repair import feedback_json
from services.ai.domain.grounding.rules.violation import Violation
from services.ai.domain.grounding.systems import SYSTEMS

SCHEMAS: Final[Mapping[Operation, Mapping[str, object]]] = MappingProxyType(
    {
        Operation.ANALYZE_EXPERIMENT: answer_schema(),
        Operation.SUGGEST_HYPOTHESES: hypotheses_schema(),
        Operation.RECOMMEND_DESIGN: design_schema(),
        Operation.CHECK: {
            "type": "object",
            "properties": {"ready": {"type": "boolean"}},
            "required": ["ready"],
            "additionalProperties": False,
        },
    }
)


def analysis_question(pack: EvidencePack, engine: Answer, notes: Mapping[str, str] | None = None) -> Question:
    """Returns the question what an experiment shows."""
    return _question(Operation.ANALYZE_EXPERIMENT, data_block(pack, notes), answer_json(engine))


def hypotheses_question(
    pack: EvidencePack, engine: Sequence[HypothesisDraft], notes: Mapping[str, str] | None = None
) -> Question:
    """Returns the question what is worth a test."""
    return _question(Operation.SUGGEST_HYPOTHESES, data_block(pack, notes), hypotheses_json(engine))


def design_question(
    pack: EvidencePack,
    options: Sequence[DesignOption],
    choice: DesignChoice,
    words: Answer,
    notes: Mapping[str, str] | None = None,
) -> Question:
    """Returns the question which of the computed designs to take; `choice` and `words` are the engine's."""
    data = data_block(pack, notes, options)
    return _question(Operation.RECOMMEND_DESIGN, data, design_json(choice, words))


def check_question() -> Question:
    """Returns the least question that there is: whether a provider answers."""
    return _question(Operation.CHECK, "{}", '{"ready":true}')


def repairing(question: Question, previous_text: str, feedback: Sequence[Violation]) -> Question:
    """Returns the same question once more, with what was wrong with the answer to it."""
    return replace(question, repair=Repair(previous_text, feedback_json(feedback)))


def _question(operation: Operation, data: str, plain_answer: str) -> Question:
    return Question(operation, SYSTEMS[operation], data, SCHEMAS[operation], plain_answer)
