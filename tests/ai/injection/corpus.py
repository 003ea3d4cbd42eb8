"""The payloads, and the places where an attacker may write them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from services.ai.domain.grounding.evidence import EvidencePack, SubjectRef

FIELDS = ("metric name", "arm name", "arm id", "past experiment", "description", "tag")


@dataclass(frozen=True, slots=True)
class Payload:
    """Is a text that tries to instruct, what a model that follows it answers, and what must never be published."""

    name: str
    text: str
    obeys: str
    forbidden: tuple[str, ...]


def payloads() -> list[Payload]:
    """Returns the corpus."""
    rows = json.loads(Path(__file__).with_name("payloads.json").read_text("ascii"))["payloads"]
    return [
        Payload(row["name"], row["text"] * row.get("times", 1), row["obeys"], tuple(row["forbidden"])) for row in rows
    ]


def poisoned(pack: EvidencePack, field: str, text: str) -> tuple[EvidencePack, Mapping[str, str]]:
    """Returns the pack and the notes with a text in one of the fields."""
    metric, arm = pack.metrics[0], pack.arms[-1]
    past = SubjectRef("X1", "past-checkout-test", text if field == "past experiment" else "")
    pack = replace(pack, subjects=(past,))
    if field == "metric name":
        pack = replace(pack, metrics=(replace(metric, display_name=text), *pack.metrics[1:]))
    if field == "arm name":
        pack = replace(pack, arms=(*pack.arms[:-1], replace(arm, display_name=text)))
    if field == "arm id":
        pack = replace(pack, arms=(*pack.arms[:-1], replace(arm, arm_id=text)))
    return pack, {field: text} if field in ("description", "tag") else {}
