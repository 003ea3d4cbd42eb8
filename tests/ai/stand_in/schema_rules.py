"""The part of JSON Schema that structured output of the Messages API takes, and the least instance of such a schema."""

from collections.abc import Iterator, Mapping

_ANYWHERE = {"type", "description", "title", "default", "enum", "const"}
_BY_TYPE: Mapping[str, set[str]] = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems"},
    "string": {"format"},
    "number": set(),
    "integer": set(),
    "boolean": set(),
    "null": set(),
}
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}


def schema_faults(schema: object, path: str = "output_config.format.schema") -> Iterator[str]:
    """Yields what the API would reject of a schema."""
    if not isinstance(schema, dict):
        yield f"{path}: Input should be a valid dictionary"
        return
    if "anyOf" in schema:
        yield from _unknown(schema, {"anyOf", "description", "title"}, path)
        for index, variant in enumerate(schema["anyOf"]):
            yield from schema_faults(variant, f"{path}.anyOf.{index}")
        return
    kind = str(schema.get("type"))
    if kind not in _BY_TYPE:
        yield f"{path}: type {kind!r} is not supported"
        return
    yield from _unknown(schema, _ANYWHERE | _BY_TYPE[kind], path)
    yield from _typed(schema, kind, path)


def least_instance(schema: Mapping[str, object]) -> object:
    """Returns the shortest value that a schema admits."""
    if "anyOf" in schema:
        variants = schema["anyOf"]
        assert isinstance(variants, list)
        return min((least_instance(one) for one in variants), key=lambda value: len(str(value)))
    if "enum" in schema:
        choices = schema["enum"]
        assert isinstance(choices, list)
        return choices[0]
    if schema.get("type") == "object":
        properties = schema["properties"]
        assert isinstance(properties, dict)
        return {name: least_instance(one) for name, one in properties.items()}
    return {"array": [], "string": "x", "number": 0, "integer": 0, "boolean": True, "null": None}[str(schema["type"])]


def _unknown(schema: Mapping[str, object], known: set[str], path: str) -> Iterator[str]:
    for name in sorted(set(schema) - known):
        yield f"{path}: For '{schema.get('type', 'anyOf')}' type, property '{name}' is not supported"


def _typed(schema: Mapping[str, object], kind: str, path: str) -> Iterator[str]:
    if kind == "object":
        if schema.get("additionalProperties") is not False:
            yield f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        properties = schema.get("properties", {})
        assert isinstance(properties, dict)
        for name, one in properties.items():
            yield from schema_faults(one, f"{path}.properties.{name}")
    if kind == "array":
        if schema.get("minItems", 0) not in (0, 1):
            yield f"{path}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
        if "items" in schema:
            yield from schema_faults(schema["items"], f"{path}.items")
    if kind == "string" and schema.get("format", "date") not in _FORMATS:
        yield f"{path}: format {schema['format']!r} is not supported"
