"""What can be typed next, for a change request as it stands."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from experimentation.v1 import experiment_service_pb2 as pb

Step: TypeAlias = tuple[str, Sequence[str]]

OPEN: Final = frozenset(
    {
        pb.CHANGE_REQUEST_STATE_DRAFT,
        pb.CHANGE_REQUEST_STATE_PENDING,
        pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED,
        pb.CHANGE_REQUEST_STATE_APPROVED,
        pb.CHANGE_REQUEST_STATE_SCHEDULED,
        pb.CHANGE_REQUEST_STATE_APPLYING,
    }
)
WAITING: Final = frozenset({pb.CHANGE_REQUEST_STATE_PENDING, pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED})

_STEPS: Final[Mapping[int, Sequence[tuple[str, Sequence[str], Sequence[str]]]]] = MappingProxyType(
    {
        pb.CHANGE_REQUEST_STATE_DRAFT: (("To have it reviewed", ("submit",), ()),),
        pb.CHANGE_REQUEST_STATE_PENDING: (
            ("It waits for approval. A reviewer can type", ("approve",), ()),
            ("To wait for that", ("wait",), ()),
        ),
        pb.CHANGE_REQUEST_STATE_CHANGES_REQUESTED: (("Changes are asked for", ("show",), ()),),
        pb.CHANGE_REQUEST_STATE_APPROVED: (("To apply it", ("apply",), ()),),
        pb.CHANGE_REQUEST_STATE_SCHEDULED: (("To wait for its time", ("wait",), ()),),
        pb.CHANGE_REQUEST_STATE_FAILED: (
            ("To propose it anew against the target as it is now", ("edit",), ("--rebase",)),
        ),
    }
)


def next_steps(request: pb.ChangeRequest) -> tuple[Step, ...]:
    """Returns pairs of what for, and the arguments; none where nothing is left to do."""
    name = request.change_request_id
    if not name:
        return ()
    if request.HasField("emergency") and not request.emergency.signed_by:
        return (("Somebody else must sign it", ("review", "sign", name, "-m", "WHAT WAS FOUND")),)
    return tuple((purpose, ("review", *verb, name, *more)) for purpose, verb, more in _STEPS.get(request.state, ()))
