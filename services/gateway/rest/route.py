"""What a route of the REST surface is: an HTTP method and path, and the RPC that answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

from experimentation.v1 import (
    analysis_service_pb2,
    audit_service_pb2,
    bandit_service_pb2,
    experiment_service_pb2,
    identity_service_pb2,
    review_service_pb2,
)

WHOLE: Final = "*"

_SERVICES: Final[dict[str, ServiceDescriptor]] = {
    service.name: service
    for file in (
        analysis_service_pb2,
        audit_service_pb2,
        bandit_service_pb2,
        experiment_service_pb2,
        identity_service_pb2,
        review_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
}


class Etag(StrEnum):
    """Says what the entity tag of a resource is made of."""

    NONE = ""
    FIELD = "etag"
    REVISION = "revision"


@dataclass(frozen=True, slots=True)
class Events:
    """Makes a route one of server-sent events.

    Attributes:
        name: Is the name of the events.
        resume: Is the field of the request that takes the id of the last event. Empty: none does.
    """

    name: str
    resume: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Is one operation: it takes what its RPC takes, and answers what that answers.

    Attributes:
        method: Is the HTTP method.
        path: Is the path; what stands in braces are fields of the request, or of its body.
        rpc: Names the RPC, such as `BanditService.Allocate`.
        tag: Groups it in the document.
        body: Says what the body is: `*` the request, a field's name that field, `outcomes[0]` the only item of that
            field. Empty: there is none.
        answer: Names the field of the response that is answered. Empty: the response.
        status: Is the HTTP status of success.
        location: Is the path of what was made, with fields of the answer in braces.
        etag: Says what the entity tag of the answer is made of.
        if_match: Says which fields of the request If-Match fills.
        query: Names a field of the request whose fields are given in the query beside the request's own.
        events: Makes it an event stream.
    """

    method: str
    path: str
    rpc: str
    tag: str
    body: str = ""
    answer: str = ""
    status: int = 200
    location: str = ""
    etag: Etag = Etag.NONE
    if_match: Etag = Etag.NONE
    query: str = ""
    events: Events | None = None

    @property
    def operation(self) -> MethodDescriptor:
        """Returns the RPC's descriptor."""
        service, _, name = self.rpc.partition(".")
        return _SERVICES[service].methods_by_name[name]

    @property
    def request(self) -> Descriptor:
        """Returns the request's descriptor."""
        return self.operation.input_type

    @property
    def body_field(self) -> FieldDescriptor | None:
        """Returns the field that the body is, or is the only item of; None: the request, or none at all."""
        name = self.body.removesuffix("[0]")
        return None if name in ("", WHOLE) else self.request.fields_by_name[name]

    @property
    def is_item(self) -> bool:
        """Returns whether the body is the only item of a repeated field."""
        return self.body.endswith("[0]")

    @property
    def answered(self) -> Descriptor:
        """Returns the descriptor of what is answered."""
        response = self.operation.output_type
        answered = response.fields_by_name[self.answer].message_type if self.answer else response
        assert answered is not None
        return answered

    @property
    def parameters(self) -> tuple[str, ...]:
        """Returns the names in braces of the path."""
        return tuple(part.strip("{}") for part in self.path.split("/") if part.startswith("{"))
