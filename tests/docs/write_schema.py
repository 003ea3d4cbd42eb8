"""Writes docs/schema/experiment.schema.json, for editors, from the contracts: python -m tests.docs.write_schema."""

import dataclasses
import json
import subprocess
import sys
import tempfile
import types
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from buf.validate import validate_pb2
from experimentation.v1 import common_pb2
from services.admin.files.experiment import OUTPUT_ONLY
from services.admin.files.messages import short_name
from services.admin.files.plan import PLAN, PlanSection

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "schema" / "experiment.schema.json"

LENGTH = r"^\d+(\.\d+)?(s|m|h|d)$"
_KINDS = {
    FieldDescriptor.CPPTYPE_STRING: "string",
    FieldDescriptor.CPPTYPE_BOOL: "boolean",
    FieldDescriptor.CPPTYPE_DOUBLE: "number",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
    FieldDescriptor.CPPTYPE_INT32: "integer",
    FieldDescriptor.CPPTYPE_INT64: "integer",
}
_PLAN_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_BOUNDS = {"gte": "minimum", "gt": "exclusiveMinimum", "lte": "maximum", "lt": "exclusiveMaximum"}


def document() -> str:
    """Returns the schema."""
    comments = _comments()
    definitions: dict[str, Any] = {}
    experiment = _message(common_pb2.Experiment.DESCRIPTOR, comments, definitions)
    for name in OUTPUT_ONLY:
        experiment["properties"][name] = {"description": comments[f"experimentation.v1.Experiment.{name}"]}
    experiment["properties"][PLAN] = {
        "description": "What the experiment is planned to show; judged by `--dry-run`, and never sent.",
        **_section(PlanSection),
    }
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Written by `python -m tests.docs.write_schema`.",
        "title": "Experiment",
        **experiment,
        "required": ["experiment_id"],
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _comments() -> Mapping[str, str]:
    """Returns the comments of messages and fields, by full name."""
    with tempfile.NamedTemporaryFile(suffix=".binpb") as image:
        line = [sys.executable, str(ROOT / "proto" / "generate.py"), "--image", image.name]
        subprocess.run(line, check=True, capture_output=True)
        files = FileDescriptorSet.FromString(image.read()).file
    found = {}
    for file in files:
        for location in file.source_code_info.location:
            match list(location.path):
                case [4, message]:
                    name = file.message_type[message].name
                case [4, message, 2, field]:
                    name = f"{file.message_type[message].name}.{file.message_type[message].field[field].name}"
                case _:
                    continue
            found[f"{file.package}.{name}"] = " ".join(location.leading_comments.split())
    return found


def _message(kind: Descriptor, comments: Mapping[str, str], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {
        field.name: {"description": comments[field.full_name], **_field(field, comments, definitions)}
        for field in kind.fields
    }
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    if description := comments.get(kind.full_name):
        schema = {"description": description, **schema}
    choices = [list(_choice(group)) for group in kind.oneofs if not group.name.startswith("_")]
    return {**schema, "allOf": [{"oneOf": choice} for choice in choices]} if choices else schema


def _choice(group: Any) -> Iterator[dict[str, Any]]:
    """Yields what a oneof allows: each of its fields alone and, unless it is required, none."""
    alone = [{"required": [field.name]} for field in group.fields]
    yield from alone
    if not group.GetOptions().Extensions[validate_pb2.oneof].required:
        yield {"not": {"anyOf": alone}}


def _field(field: Any, comments: Mapping[str, str], definitions: dict[str, Any]) -> dict[str, Any]:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        return {
            "type": "object",
            "additionalProperties": {"type": "string"},
            **_counted(rules.map, "Properties", "pairs"),
        }
    if field.is_repeated:
        items = _single(field, rules.repeated.items, comments, definitions)
        return {"type": "array", "items": items, **_counted(rules.repeated, "Items", "items")}
    return _single(field, rules, comments, definitions)


def _single(field: Any, rules: Any, comments: Mapping[str, str], definitions: dict[str, Any]) -> dict[str, Any]:
    if field.message_type is not None:
        return _part(field.message_type, comments, definitions)
    if field.enum_type is not None:
        return {"enum": list(_names(field.enum_type))}
    kind = _KINDS[field.cpp_type]
    if kind == "string":
        return {"type": kind, **_text(rules.string)}
    # JSON of the contracts, and hence `experiment show`, has 64-bit numbers as texts.
    is_long = field.cpp_type == FieldDescriptor.CPPTYPE_INT64
    return {"type": [kind, "string"] if is_long else kind, **_bounds(rules)}


def _part(kind: Descriptor, comments: Mapping[str, str], definitions: dict[str, Any]) -> dict[str, Any]:
    match kind.full_name:
        case "google.protobuf.Duration":
            return {"type": "string", "pattern": LENGTH, "examples": ["90s", "30m", "12h", "7d"]}
        case "google.protobuf.Timestamp":
            return {"type": "string", "format": "date-time"}
    if kind.name not in definitions:
        definitions[kind.name] = {}
        definitions[kind.name] = _message(kind, comments, definitions)
    return {"$ref": f"#/$defs/{kind.name}"}


def _names(kind: EnumDescriptor) -> Iterator[str]:
    known = [value.name for value in kind.values if value.number]
    yield from (short_name(kind, name) for name in known)
    yield from known


def _counted(rules: Any, noun: str, what: str) -> dict[str, int]:
    bounds = {f"{bound}{noun}": getattr(rules, f"{bound}_{what}") for bound in ("min", "max")}
    return {name: count for name, count in bounds.items() if count}


def _text(rules: Any) -> dict[str, Any]:
    found = {"pattern": rules.pattern, "minLength": rules.min_len, "maxLength": rules.max_len}
    return {name: value for name, value in found.items() if value}


def _bounds(rules: Any) -> dict[str, Any]:
    kind = rules.WhichOneof("type")
    number = getattr(rules, kind) if kind in {"double", "float", "int32", "int64"} else None
    return (
        {}
        if number is None
        else {name: getattr(number, rule) for rule, name in _BOUNDS.items() if number.HasField(rule)}
    )


def _section(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    properties = {field.name: {"description": field.metadata["doc"], **_planned(hints[field.name])} for field in fields}
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def _planned(hint: Any) -> dict[str, Any]:
    if isinstance(hint, types.UnionType):
        hint = next(member for member in typing.get_args(hint) if member is not types.NoneType)
    if typing.get_origin(hint) is not None:
        return {"type": "object", "additionalProperties": _section(typing.get_args(hint)[1])}
    if dataclasses.is_dataclass(hint):
        return _section(hint)
    if issubclass(hint, StrEnum):
        return {"enum": [member.value.lower() for member in hint]}
    return {"type": _PLAN_KINDS[hint]}


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
