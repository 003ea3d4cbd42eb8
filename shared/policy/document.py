"""Policy snapshots as the JSON document that the store and the snapshot file keep, sealed by a checksum."""

import base64
import hashlib
import json
from typing import Any, TypeAlias

from google.protobuf import json_format

from experimentation.v1 import bandit_service_pb2 as pb
from shared.policy import convert
from shared.policy.snapshot import PolicySnapshot

# JSON has no narrower type in Python.
Document: TypeAlias = dict[str, Any]


def to_document(snapshot: PolicySnapshot) -> Document:
    """Returns the snapshot as a sealed JSON document: the JSON form of the message with proto field names."""
    document = json_format.MessageToDict(convert.snapshot_to_proto(snapshot), preserving_proto_field_name=True)
    return {**document, "checksum": _seal(document)}


def from_document(document: Document) -> PolicySnapshot:
    """Returns the document as a snapshot.

    Raises:
        ValueError: The seal is broken.
    """
    body = {name: value for name, value in document.items() if name != "checksum"}
    if document.get("checksum") != _seal(body):
        raise ValueError(f"the snapshot of {document.get('experiment_id')!r} does not match its checksum")
    return convert.snapshot_from_proto(json_format.ParseDict(body, pb.PolicySnapshot(), ignore_unknown_fields=True))


def checksum(body: Document) -> bytes:
    """Returns the SHA-256 of the canonical form: sorted keys, no white space, UTF-8."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()


def _seal(body: Document) -> str:
    return base64.b64encode(checksum(body)).decode()
