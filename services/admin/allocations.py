"""An allocation policy for people: its algorithm with its parameters, and what limits it."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from experimentation.v1 import common_pb2
from services.admin.bandit_notes import policy_name
from services.admin.words import enum_name, span


def facts(policy: common_pb2.AllocationPolicy) -> Iterator[tuple[str, str]]:
    """Yields names and what there is to say of them; limits are left out where the algorithm knows none."""
    algorithm = policy.WhichOneof("algorithm")
    is_fixed = algorithm in (None, "fixed_split")
    parameters = "" if algorithm is None or is_fixed else _message(getattr(policy, algorithm))
    yield "allocation", f"{policy_name(policy)} ({parameters})" if parameters else policy_name(policy)
    if policy.reward:
        yield "reward", " + ".join(f"{term.weight:.6g} x {term.metric_id}" for term in policy.reward)
    if not is_fixed:
        for field, value in policy.controls.ListFields():
            yield field.name, _value(field, value)


def feature(declared: common_pb2.Feature) -> str:
    """Returns a feature with its kind, such as `plan (categorical: free, pro)`."""
    match declared.WhichOneof("kind"):
        case "categorical":
            kind = f"categorical: {', '.join(declared.categorical.values)}"
        case "numeric":
            kind = f"numeric: center {declared.numeric.center:.6g}, scale {declared.numeric.scale or 1:.6g}"
        case other:
            kind = other or "of no kind"
    return f"{declared.feature_id} ({kind})"


def _message(message: Message) -> str:
    return ", ".join(f"{field.name} {_value(field, value)}" for field, value in message.ListFields())


def _value(field: FieldDescriptor, value: Any) -> str:
    if field.is_repeated:
        return "[" + ", ".join(_one(field, each) for each in _items(value)) + "]"
    return _one(field, value)


def _items(value: Iterable[Any]) -> Iterable[Any]:
    return sorted(value.items()) if hasattr(value, "items") else value


def _one(field: FieldDescriptor, value: Any) -> str:
    match value:
        case Duration():
            return span(value)
        case Message():
            return f"({_message(value)})" if value.ListFields() else "yes"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case _:
            return enum_name(field.enum_type, value) if field.enum_type is not None else str(value)
