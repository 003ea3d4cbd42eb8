"""Experiments as the JSON document that the store keeps: the canonical JSON form of the protobuf message."""

from typing import Any, TypeAlias

from google.protobuf import json_format

from experimentation.v1 import common_pb2 as pb
from shared.definition import convert, model

# JSON has no narrower type in Python.
Document: TypeAlias = dict[str, Any]


def to_document(experiment: model.Experiment) -> Document:
    """Returns the experiment as a JSON document with proto field names."""
    return json_format.MessageToDict(convert.experiment_to_proto(experiment), preserving_proto_field_name=True)


def from_document(document: Document) -> model.Experiment:
    """Returns the document as an experiment; fields of newer releases are passed over."""
    return convert.experiment_from_proto(json_format.ParseDict(document, pb.Experiment(), ignore_unknown_fields=True))
