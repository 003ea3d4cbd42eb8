"""What can be written for machines: messages as JSON, JSON Lines or YAML, with the names of the contracts."""

import io
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

from google.protobuf import json_format
from google.protobuf.message import Message
from ruamel.yaml import YAML

Document: TypeAlias = Mapping[str, Any]

_YAML_WIDTH: Final = 100


class Format(StrEnum):
    """Says what is written to standard output."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"


def document(message: Message | Document) -> Document:
    """Returns a message as proto JSON with the contract's field names; all fields without presence are there."""
    if isinstance(message, Message):
        return json_format.MessageToDict(
            message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
    return message


def one(kind: Format, thing: Message | Document) -> str:
    """Returns one message, with a line break at its end."""
    if kind is Format.YAML:
        return _yaml(document(thing))
    return json.dumps(document(thing), indent=None if kind is Format.JSONL else 2, ensure_ascii=False) + "\n"


def many(kind: Format, things: Iterable[Message | Document]) -> str:
    """Returns a list: one object a line as JSON Lines, else one object whose `items` they are."""
    if kind is Format.JSONL:
        return "".join(one(kind, each) for each in things)
    return one(kind, {"items": [document(each) for each in things]})


def _yaml(thing: Document) -> str:
    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = _YAML_WIDTH
    writer.sort_base_mapping_type_on_output = False
    text = io.StringIO()
    writer.dump(dict(thing), text)
    return text.getvalue()
