"""Answers as JSON text: what the engine says in the shape of a provider's answer, and how such a text is read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NoReturn

from services.ai.domain.grounding.claims import Answer, Claim, Recommendation
from services.ai.domain.grounding.designs import DesignChoice
from services.ai.domain.grounding.hypotheses import HypothesisDraft


def read_document(text: str) -> object:
    """Returns what a JSON text holds.

    Raises:
        ValueError: It is no JSON, nests too deep, or has a number that is none.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nests too deep") from None


def answer_json(answer: Answer) -> str:
    """Returns an answer as a provider would give it; `parse_answer` reads it back."""
    advised = answer.recommendation
    return _written(
        {
            "recommendation": None if advised is None else _advice(advised),
            "reasons": [_claim(one) for one in answer.reasons],
            "statements": [_claim(one) for one in answer.statements],
            "next_steps": [_advice(one) for one in answer.next_steps],
            "what_would_change": [_claim(one) for one in answer.what_would_change],
        }
    )


def hypotheses_json(drafts: Sequence[HypothesisDraft]) -> str:
    """Returns drafts as a provider would give them; `parse_hypotheses` reads them back."""
    rows = [asdict(one) | {"because": [_claim(claim) for claim in one.because]} for one in drafts]
    return _written({"hypotheses": rows})


def design_json(choice: DesignChoice, words: Answer) -> str:
    """Returns the choice of a design as a provider would give it; `parse_design` reads it back."""
    return _written(
        {
            "option_id": choice.option_id,
            "primary_metric": choice.primary_metric,
            "guardrail_metrics": list(choice.guardrail_metrics or ()),
            "reasons": [_claim(one) for one in words.reasons],
            "risks": [_claim(one) for one in words.statements],
        }
    )


def _claim(claim: Claim) -> dict[str, object]:
    return {name: "" if value is None else value for name, value in asdict(claim).items()}


def _advice(advised: Recommendation) -> dict[str, object]:
    return asdict(advised)


def _written(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
