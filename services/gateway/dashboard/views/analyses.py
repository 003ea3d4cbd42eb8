"""An analysis in full: its words with what bears them, the evidence, the history, and what a provider was sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import enum_words, moment, worst
from services.gateway.dashboard.views.statements import ProvenanceView, provenance


@dataclass(frozen=True, slots=True)
class AnalysisRow:
    """Is an analysis at a glance."""

    analysis_id: str
    experiment_id: str
    version: int
    as_of: datetime | None
    decision: Badge
    health: Badge
    changed: bool
    units: str
    provenance: ProvenanceView


@dataclass(frozen=True, slots=True)
class FactRow:
    """Is one fact of the evidence."""

    evidence_id: str
    kind: str
    text: str
    value: str
    about: str
    units: str


@dataclass(frozen=True, slots=True)
class ProviderCallView:
    """Is one call of a provider."""

    provider: str
    model: str
    at: datetime | None
    status: str
    system_text: str
    data_json: str
    response_text: str
    figures: str
    violations: tuple[str, ...]


def analysis_rows(analyses: Iterable[analysis_pb2.ExperimentAnalysis]) -> tuple[AnalysisRow, ...]:
    """Returns analyses at a glance, in the order given."""
    return tuple(
        AnalysisRow(
            one.analysis_id,
            one.experiment_id,
            one.version,
            moment(one, "as_of"),
            badges.decision(one.decision.verdict),
            badges.health(worst(one)),
            one.decision_changed,
            formatting.count(one.unit_count),
            provenance(one.provenance),
        )
        for one in analyses
    )


def fact_rows(
    pack: analysis_pb2.EvidencePack, *, arms: Mapping[str, str], metrics: Mapping[str, str]
) -> tuple[FactRow, ...]:
    """Returns the facts of a pack."""
    return tuple(
        FactRow(
            one.evidence_id,
            one.kind.replace("_", " "),
            one.text or formatting.number(one.value),
            f"{one.value!r} {one.unit}".strip(),
            ", ".join(
                part
                for part in (metrics.get(one.metric_id, one.metric_id), arms.get(one.arm_id, one.arm_id), one.subject)
                if part
            ),
            formatting.count(one.unit_count) if one.unit_count else "",
        )
        for one in pack.facts
    )


def provider_calls(calls: Iterable[analysis_pb2.ProviderCall]) -> tuple[ProviderCallView, ...]:
    """Returns what a provider was sent and what came back."""
    return tuple(
        ProviderCallView(
            enum_words(analysis_pb2.AiProvider.DESCRIPTOR, one.provider),
            one.model,
            moment(one, "called_at"),
            one.status,
            one.system_text,
            one.data_json,
            one.response_text,
            f"{one.duration_seconds:.1f} s, {formatting.count(one.input_token_count)} tokens read,"
            f" {formatting.count(one.output_token_count)} written, ${one.cost_usd:.4f}",
            tuple(one.violations),
        )
        for one in calls
    )
