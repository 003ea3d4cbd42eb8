"""JSON schemas of the contracts' messages: as they are taken, with bounds, and as they are answered, complete."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from buf.validate import validate_pb2
from services.gateway.rest.json_check import BASE64, DURATION, INSTANT
from services.gateway.rest.openapi import rules
from services.gateway.rest.openapi.comments import comment
from services.gateway.rest.query import is_map, value_of

_KINDS: Final = {
    FieldDescriptor.CPPTYPE_STRING: "string",
    FieldDescriptor.CPPTYPE_BOOL: "boolean",
    FieldDescriptor.CPPTYPE_DOUBLE: "number",
    FieldDescriptor.CPPTYPE_FLOAT: "number",
    FieldDescriptor.CPPTYPE_INT32: "integer",
    FieldDescriptor.CPPTYPE_UINT32: "integer",
}
_LONG: Final = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})
_TEXTS: Final = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time", "pattern": INSTANT},
    "google.protobuf.Duration": {"type": "string", "pattern": DURATION},
}


class Schemas:
    """Collects the schemas that a document refers to, each once."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}

    def taken(
        self, kind: Descriptor, *, without: Collection[str] = (), optional: Collection[str] = ()
    ) -> dict[str, Any]:
        """Returns the schema of a message in a request.

        Args:
            kind: The message.
            without: Fields that the path has, so that the schema is one of its own.
            optional: Fields that may be given elsewhere, likewise.
        """
        if kind.full_name in _TEXTS:
            return dict(_TEXTS[kind.full_name])
        if without or optional:
            return self._taken(kind, without, optional)
        name = kind.name if kind.name.endswith("Request") and kind.name != "ChangeRequest" else f"{kind.name}Input"
        return self._component(name, lambda: self._taken(kind, (), ()))

    def answered(self, kind: Descriptor) -> dict[str, Any]:
        """Returns the schema of a message in an answer."""
        if kind.full_name in _TEXTS:
            return dict(_TEXTS[kind.full_name])
        return self._component(kind.name, lambda: self._answered(kind))

    def taken_field(self, field: FieldDescriptor) -> dict[str, Any]:
        """Returns the schema of a field in a request, with its bounds."""
        bounds = rules.rules_of(field)
        if is_map(field):
            values = self._taken_one(value_of(field), bounds.map.values)
            found = {
                "type": "object",
                "additionalProperties": values,
                **rules.counted(bounds.map, "Properties", "pairs"),
            }
            keys = rules.of_text(bounds.map.keys)
            return {**found, "propertyNames": keys} if keys else found
        if field.is_repeated:
            items = self._taken_one(field, bounds.repeated.items)
            return {"type": "array", "items": items, **rules.counted(bounds.repeated, "Items", "items")}
        return self._taken_one(field, bounds)

    def _component(self, name: str, make: Any) -> dict[str, Any]:
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def _taken(self, kind: Descriptor, without: Collection[str], optional: Collection[str]) -> dict[str, Any]:
        fields = [field for field in kind.fields if field.name not in without]
        schema: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {field.name: _described(field, self.taken_field(field)) for field in fields},
        }
        if text := comment(kind.full_name):
            schema["description"] = text
        required = [field.name for field in fields if rules.is_required(field) and field.name not in optional]
        if required:
            schema["required"] = required
        choices = list(_choices(kind))
        return {**schema, **({"oneOf": choices[0]} if len(choices) == 1 else {})}

    def _taken_one(self, field: FieldDescriptor, bounds: Any) -> dict[str, Any]:
        if field.message_type is not None:
            return self.taken(field.message_type)
        if field.enum_type is not None:
            return {"type": "string", "enum": rules.of_enum(field, bounds)}
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64", "pattern": BASE64}
        if field.cpp_type in _LONG:
            # JSON of the contracts has 64-bit numbers as texts: both are taken.
            return {"type": ["integer", "string"], "format": "int64", "pattern": "^-?[0-9]{1,18}$", **_long(bounds)}
        kind = _KINDS[field.cpp_type]
        if kind == "string":
            return {"type": kind, **rules.of_text(bounds)}
        found = {"type": kind, **rules.of_number(bounds)}
        return {"format": "int32", **found} if kind == "integer" else found

    def _answered(self, kind: Descriptor) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {field.name: _described(field, self._answered_field(field)) for field in kind.fields},
        }
        if text := comment(kind.full_name):
            schema["description"] = text
        # Those are there even where they are empty.
        always = [field.name for field in kind.fields if not field.has_presence]
        return {**schema, "required": always} if always else schema

    def _answered_field(self, field: FieldDescriptor) -> dict[str, Any]:
        if is_map(field):
            return {"type": "object", "additionalProperties": self._answered_one(value_of(field))}
        one = self._answered_one(field)
        return {"type": "array", "items": one} if field.is_repeated else one

    def _answered_one(self, field: FieldDescriptor) -> dict[str, Any]:
        if field.message_type is not None:
            return self.answered(field.message_type)
        if field.enum_type is not None:
            return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        if field.cpp_type in _LONG:
            return {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
        return {"type": _KINDS[field.cpp_type]}


def _described(field: FieldDescriptor, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": comment(field.full_name), **schema}


def _long(bounds: Any) -> dict[str, Any]:
    return {"minimum": -(2**63), "maximum": 2**63 - 1, **rules.of_number(bounds)}


def _choices(kind: Descriptor) -> Iterator[list[dict[str, Any]]]:
    """Yields what each required oneof allows: one of its fields."""
    for group in kind.oneofs:
        if group.GetOptions().Extensions[validate_pb2.oneof].required:
            yield [{"required": [field.name]} for field in group.fields]
