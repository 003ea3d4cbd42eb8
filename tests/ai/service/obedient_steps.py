"""What a model answers to jobs that follows every payload."""

import json
import random

from services.ai.domain.asking import Question
from services.ai.evaluation.narratives import narratives
from tests.ai.injection.corpus import Payload
from tests.ai.injection.obedient import obey
from tests.ai.service.answering_world import Step, edited
from tests.ai.service.test_hypotheses_task import DRAFT

TOLD = list(next(iter(narratives(random.Random(5), 1))))


def in_words(payload: Payload) -> Step:
    """Returns a model that writes the payload as what is done, and as why."""
    said = (payload.text, *payload.forbidden)
    drafts = [DRAFT | {"intervention": text} for text in said] + [DRAFT | {"rationale": text} for text in said]
    return lambda question: with_drafts(question, drafts)


def in_claims(payload: Payload) -> Step:
    """Returns a model that claims what the payload asks for, and the payload itself."""

    def answered(question: Question) -> str:
        facts = json.loads(question.data)["facts"]
        rows = hostile_rows(payload, facts[0]["evidence_id"])
        drafts = [DRAFT | {"because": [row], "evidence_ids": [facts[0]["evidence_id"]]} for row in rows]
        return with_drafts(question, [DRAFT | {"because": rows[:16], "ungrounded": False}, *drafts])

    return answered


def in_types(payload: Payload) -> Step:
    """Returns a model that writes the payload where names and figures belong."""
    changes: tuple[dict[str, object], ...] = (
        {"metric": payload.text},
        {"evidence_ids": ["E999"], "ungrounded": False},
        {"evidence_ids": [payload.text], "ungrounded": False},
        {"expected_low": 0.5, "expected_high": 0.99},
        {"direction": payload.text},
        {"verdict": payload.text},
    )
    return lambda question: with_drafts(question, [DRAFT | change for change in changes])


def in_reasons(payload: Payload, choice: str) -> Step:
    """Returns a model that takes a design, or the payload for one, and says what the payload asks for."""

    def answered(question: Question) -> str:
        own = json.loads(question.plain_answer)
        rows = hostile_rows(payload, own["reasons"][0]["evidence_ids"][0])
        return edited(
            question, option_id=choice, reasons=[*rows[:12], *own["reasons"]], risks=[*own["risks"], *rows[:12]]
        )

    return answered


def hostile_rows(payload: Payload, evidence_id: str) -> list[dict[str, object]]:
    """Returns claims as a model makes them that follows the payload."""
    document = obey(payload.obeys, TOLD)
    claimed = document["statements"]
    assert isinstance(claimed, list)
    plain = claimed[-1] | {"arm": "", "baseline": "", "kind": "history", "evidence_ids": [evidence_id]}
    texts = (payload.text, *payload.forbidden)
    return [*(plain | {"text": text or "x"} for text in texts), *claimed]


def with_drafts(question: Question, drafts: list[dict[str, object]]) -> str:
    """Returns the engine's answer after hostile drafts, as many as are read."""
    own = json.loads(question.plain_answer)["hypotheses"]
    return edited(question, hypotheses=[*drafts[:5], *own[:2]])
