"""Formats for machines: stable names, nothing left out, and each is what it says."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ruamel.yaml import YAML

from experimentation.v1 import common_pb2 as pb
from experimentation.v1 import experiment_service_pb2
from services.admin import formats
from services.admin.formats import Format

ARM = pb.Arm(arm_id="grün", display_name='a "b"\n\x1b[31m')
EXPERIMENT = pb.Experiment(experiment_id="checkout", arms=[ARM], state=pb.EXPERIMENT_STATE_RUNNING, revision=3)


def read(kind: Format, text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text) if kind is Format.YAML else json.loads(text)


@pytest.mark.parametrize("kind", [Format.JSON, Format.JSONL, Format.YAML])
def test_one_when_written_then_reads_back_with_the_contracts_names(kind: Format) -> None:
    found = read(kind, formats.one(kind, EXPERIMENT))

    assert found["experiment_id"] == "checkout"
    assert found["state"] == "EXPERIMENT_STATE_RUNNING"
    assert found["revision"] == "3"
    assert found["arms"] == [{"arm_id": "grün", "display_name": 'a "b"\n\x1b[31m', "control": False, "cost": 0.0}]


@pytest.mark.parametrize("kind", [Format.JSON, Format.JSONL, Format.YAML])
def test_one_when_a_field_is_0_or_empty_then_it_is_there(kind: Format) -> None:
    found = read(kind, formats.one(kind, pb.Arm()))

    assert found == {"arm_id": "", "display_name": "", "control": False, "cost": 0.0}


def test_one_when_as_json_lines_then_one_line() -> None:
    assert formats.one(Format.JSONL, EXPERIMENT).count("\n") == 1


@pytest.mark.parametrize("kind", [Format.JSON, Format.YAML])
def test_many_when_written_then_items(kind: Format) -> None:
    items = read(kind, formats.many(kind, [ARM, ARM]))["items"]

    assert [item["arm_id"] for item in items] == ["grün", "grün"]
    assert read(kind, formats.many(kind, [])) == {"items": []}


def test_many_when_as_json_lines_then_a_line_for_each() -> None:
    lines = formats.many(Format.JSONL, [ARM, ARM]).splitlines()

    assert [json.loads(line)["arm_id"] for line in lines] == ["grün", "grün"]
    assert formats.many(Format.JSONL, []) == ""


def test_document_when_a_oneof_is_set_then_it_is_there_though_empty() -> None:
    change = experiment_service_pb2.Change(start=experiment_service_pb2.StartChange())

    assert formats.document(change) == {"start": {}}


def test_document_when_it_is_one_then_stays() -> None:
    given: Mapping[str, Any] = {"a": [1]}

    assert formats.document(given) is given
