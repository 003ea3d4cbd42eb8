"""Reads what is told of the units of a batch, and says of which unit something is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from services.bandit.service.policy_book import ServingPolicy
from shared.errors import FieldViolation, InvalidArgument, invalid_field, invalid_fields
from shared.policy.encoding import Context

_Told = TypeVar("_Told")
_Read = TypeVar("_Read")

MAX_NAMED: Final = 10
"""How many contexts at fault an error names."""


def encoded_contexts(policy: ServingPolicy, unit_count: int, contexts: Sequence[Context]) -> list[list[float]]:
    """Returns the encoded context of each unit; none where none is given and needed, or no features are declared.

    Raises:
        InvalidArgument: INVALID_FIELD: contexts are missing, are not as many as units, or do not fit the features.
    """
    if not contexts:
        if policy.needs_context:
            raise invalid_field("contexts", f"must be given: {policy.experiment_id!r} goes by them; empty ones may be")
        return []
    if len(contexts) != unit_count:
        raise invalid_field("contexts", f"has {len(contexts)} entries, must have one for each of {unit_count} units")
    encoded = each_read(contexts, policy.encode)
    return encoded if policy.takes_context else []


def each_read(told: Sequence[_Told], read: Callable[[_Told], _Read]) -> list[_Read]:
    """Returns what is read of each.

    Raises:
        InvalidArgument: INVALID_FIELD, naming the first MAX_NAMED faults as `contexts[3]. ...`.
    """
    try:
        return [read(one) for one in told]
    except InvalidArgument:
        faults = (fault for place, one in enumerate(told) for fault in _faults(place, one, read))
        raise invalid_fields(list(islice(faults, MAX_NAMED))) from None


def _faults(place: int, told: _Told, read: Callable[[_Told], object]) -> tuple[FieldViolation, ...]:
    try:
        read(told)
    except InvalidArgument as error:
        return tuple(replace(fault, field=f"contexts[{place}].{fault.field}") for fault in error.violations)
    return ()
