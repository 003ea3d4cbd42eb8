"""Enumerations: `PREFIX_MEMBER` in protobuf, `MEMBER` in the domain; UNSPECIFIED is None."""

from enum import StrEnum
from typing import Any, TypeVar

_Member = TypeVar("_Member", bound=StrEnum)


def number(wrapper: Any, prefix: str, member: StrEnum | None) -> Any:
    """Returns the number of a member; that of UNSPECIFIED for None.

    Args:
        wrapper: The enumeration of protobuf, such as `analysis_pb2.JobKind`.
        prefix: Such as `JOB_KIND`.
        member: By its name.
    """
    return wrapper.Value(f"{prefix}_{'UNSPECIFIED' if member is None else member.name}")


def member(kind: type[_Member], wrapper: Any, prefix: str, value: int) -> _Member | None:
    """Returns the member of a number that the enumeration has; None: UNSPECIFIED."""
    name = wrapper.Name(value).removeprefix(f"{prefix}_")
    return None if name == "UNSPECIFIED" else kind[name]
