"""Answers of any sort that a schema admits: made up wholly, or the engine's own with parts exchanged."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from services.ai.domain.asking import Question

_TEXTS = (
    *("", "E1", "E2", "E999", "M1", "M2", "V1", "V2", "X1", "S1", "D1", "D2", "control", "increase"),
    *("{{E1}}", "{{E2|pct1}}", "{{M1}}", "{{V2}}", "{{X1}}", "{{M9}}", "{{E0}}", "{{{{", "{{E1|nonsense}}"),
    "{{V2}} raised {{M1}} by {{E3}}.",
    "{{M1}} fell in {{V2}}.",
    "{{V2}} is the winner, and it is established.",
    "Ship {{V2}}.",
    "There is no effect.",
    "It doubled.",
    "The lift is 42 %.",
    "Show the delivery date next to the price",
    "Try a stronger variant of the change of {{X1}}",
    "Visitors may find it sooner.",
    "Users love it.",
    "<b>bold</b> [link](https://evil.example)",
    "\u202egnp\u0000",
)
TEXTS = st.sampled_from(_TEXTS) | st.text(max_size=30)
_NUMBERS = st.sampled_from([0, 0.01, 0.5, -1, 10**9]) | st.floats(allow_nan=False, allow_infinity=False)

_PLAIN: Mapping[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "number": _NUMBERS,
    "boolean": st.booleans(),
    "null": st.none(),
}


def answers(question: Question) -> st.SearchStrategy[str]:
    """Returns answers that the question's schema admits, as JSON."""
    own = json.loads(question.plain_answer)
    return (admitted(question.schema) | exchanged(own, question.schema)).map(json.dumps)


def admitted(schema: Any) -> st.SearchStrategy[Any]:
    """Returns documents that a schema admits."""
    if "anyOf" in schema:
        return st.one_of([admitted(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "object":
        return st.fixed_dictionaries({name: admitted(one) for name, one in schema["properties"].items()})
    if schema["type"] == "array":
        return st.lists(admitted(schema["items"]), max_size=3)
    return _PLAIN[schema["type"]]


@st.composite
def exchanged(draw: st.DrawFn, document: Any, schema: Any) -> Any:
    """Returns a document in which a few leaves are others that the schema admits there."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        holder, key, wanted = draw(st.sampled_from(list(_leaves(changed, schema))))
        holder[key] = draw(admitted(wanted))
    return changed


def _leaves(document: Any, schema: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yields each leaf as what holds it, where, and what is admitted there."""
    if isinstance(document, Mapping):
        named = next((one for one in schema.get("anyOf", ()) if one.get("type") == "object"), schema)
        parts = [(key, named["properties"][key]) for key in document]
    else:
        parts = [(place, schema["items"]) for place in range(len(document))]
    for key, wanted in parts:
        if isinstance(document[key], Mapping) or (
            isinstance(document[key], Sequence) and document[key] and not isinstance(document[key], str)
        ):
            yield from _leaves(document[key], wanted)
        else:
            yield document, key, wanted
