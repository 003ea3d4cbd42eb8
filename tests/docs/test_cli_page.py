"""The page of the command, the schema for editors and the sample say what the code does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.admin.app import NAME, build
from services.admin.files.experiment import OUTPUT_ONLY, read_experiment
from services.admin.files.tree import Node, read_tree
from tests.docs import write_cli, write_schema
from tests.docs.command_tree import arguments, parsed

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "docs" / "examples" / "experiment.yaml"


def test_page_when_compared_with_the_command_then_is_current() -> None:
    current = write_cli.TARGET.read_text(encoding="utf-8") == write_cli.document()
    assert current, "run python -m tests.docs.write_cli"


def test_schema_when_compared_with_the_contracts_then_is_current() -> None:
    current = write_schema.TARGET.read_text(encoding="utf-8") == write_schema.document()
    assert current, "run python -m tests.docs.write_schema"


def test_output_only_fields_when_compared_with_the_contract_then_are_those_that_it_says() -> None:
    contract = (ROOT / "proto/experimentation/v1/common.proto").read_text(encoding="utf-8")
    (experiment,) = re.findall(r"^message Experiment \{\n(.*?)^\}", contract, flags=re.DOTALL | re.MULTILINE)

    assert tuple(re.findall(r"// Output only\..*\n  [\w.]+ (\w+) =", experiment)) == OUTPUT_ONLY


def problems(schema: Any, node: Node, definitions: Any, where: str = "") -> Iterator[str]:
    """Yields what a schema has against a value: the keywords that ours uses, and no others."""
    known = {"$comment", "$defs", "$ref", "$schema", "additionalProperties", "allOf", "description", "enum", "examples"}
    known |= {"exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties"}
    known |= {"maximum", "minItems", "minLength", "minimum", "pattern", "properties", "required", "title", "type"}
    assert schema.keys() <= known
    if "$ref" in schema:
        yield from problems(definitions[schema["$ref"].rpartition("/")[2]], node, definitions, where)
    value = node.value
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
    }
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    if names and not any(isinstance(value, kinds[name]) for name in names):
        yield f"{where}: no {names}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: not in {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], str(value)):
        yield f"{where}: not like {schema['pattern']}"
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from problems(schema["items"], each, definitions, f"{where}[{place}]")
    if isinstance(value, dict):
        yield from (f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value)
        for choice in schema.get("allOf", []):
            fits = [one for one in choice["oneOf"] if set(one.get("required", [])) & value.keys()]
            if len(fits) > 1:
                yield f"{where}: one of {fits} only"
        for name, each in value.items():
            part = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if part is False:
                yield f"{where}.{name} is unknown"
            elif isinstance(part, dict):
                yield from problems(part, each, definitions, f"{where}.{name}")


def complaints(path: Path) -> list[str]:
    schema = json.loads(write_schema.TARGET.read_text(encoding="utf-8"))
    return list(problems(schema, read_tree(path), schema["$defs"]))


def test_sample_when_read_then_the_schema_has_nothing_against_it() -> None:
    assert read_experiment(SAMPLE).experiment.experiment_id == "checkout-button"
    assert complaints(SAMPLE) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("arm_id: grey", "armid: grey", "is unknown"),
        ("kind: proportion", "kind: share", "not in"),
        ("share: 0.5", 'share: "half"', "no "),
        ("attribution_window: 7d", "attribution_window: a week", "not like"),
        ("experiment_id: checkout-button", "display_name_: x", "is missing"),
        ("fixed_split: {}", "fixed_split: {}\n  exp3: {}", "only"),
        ("days: 14", "dais: 14", "is unknown"),
    ],
)
def test_sample_when_something_is_wrong_then_schema_and_reader_both_say_so(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    content = SAMPLE.read_text(encoding="utf-8")
    assert old in content
    broken = tmp_path / "experiment.yaml"
    broken.write_text(content.replace(old, new, 1), encoding="utf-8")

    assert any(said in complaint for complaint in complaints(broken))
    with pytest.raises(Exception, match=r"experiment.yaml:\d+: "):
        read_experiment(broken)


def typed_lines() -> list[str]:
    """Returns the lines of all pages on which somebody is to type a command of ours."""
    found = []
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]:
        blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
        found += [line.split(" #")[0].strip() for line in lines if re.match(r"\s*(\.venv/bin/)?expctl ", line)]
    return found


@pytest.mark.parametrize("line", typed_lines())
def test_page_when_it_says_what_to_type_then_that_can_be_typed(line: str) -> None:
    assert parsed(build(), arguments(line.replace(".venv/bin/", ""))).startswith(NAME)
