"""What answers rest on, and what was sent to providers, as messages."""

import json
from collections.abc import Mapping
from typing import Any

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.convert import enums, requests
from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.grounding.slots import written
from services.ai.domain.queries import StoredCall, StoredEvidence
from services.ai.service.pages import Page
from shared.definition.convert import timestamp_to_proto


def to_proto(stored: StoredEvidence) -> analysis_pb2.EvidencePack:
    """Returns the pack as a message, its facts with the names behind their aliases."""
    pack = json.loads(stored.canonical_json)
    names = {
        **{one["alias"]: one["metric_id"] for one in pack["metrics"]},
        **{one["alias"]: one["arm_id"] for one in pack["arms"]},
        **{one["alias"]: one["subject_id"] for one in pack["subjects"]},
    }
    return analysis_pb2.EvidencePack(
        sha256=stored.sha256,
        canonical_json=stored.canonical_json,
        facts=[_fact(one, names) for one in pack["facts"]],
        as_of=timestamp_to_proto(stored.as_of),
    )


def calls_to_proto(page: Page[StoredCall], request: pb.ListProviderCallsRequest) -> pb.ListProviderCallsResponse:
    """Returns the page as a response to the request."""
    return pb.ListProviderCallsResponse(
        provider_calls=map(_call, page.items),
        next_page_token=requests.next_page_token(
            request, page.items, lambda one: (one.call.at.isoformat(), one.call_id), more=page.more
        ),
    )


def _fact(form: Mapping[str, Any], names: Mapping[str, str]) -> analysis_pb2.EvidenceFact:
    fact = Fact(form["evidence_id"], FactKind(form["kind"]), form["value"], Unit(form["unit"]))
    return analysis_pb2.EvidenceFact(
        evidence_id=fact.evidence_id,
        kind=fact.kind,
        value=fact.value,
        unit=fact.unit,
        metric_id=names.get(form["metric"], ""),
        arm_id=names.get(form["arm"], ""),
        subject=names.get(form["subject"], ""),
        unit_count=form["unit_count"],
        text=written(fact),
    )


def _call(stored: StoredCall) -> analysis_pb2.ProviderCall:
    call = stored.call
    return analysis_pb2.ProviderCall(
        call_id=stored.call_id,
        provider=enums.number(analysis_pb2.AiProvider, "AI_PROVIDER", call.provider),
        model=call.model,
        called_at=timestamp_to_proto(call.at),
        duration_seconds=call.seconds,
        system_text=stored.system,
        data_json=call.data,
        response_text=call.response_text,
        status=call.status.lower(),
        input_token_count=call.usage.total_input_tokens,
        output_token_count=call.usage.output_tokens,
        cost_usd=call.cost_usd,
        provider_request_id=call.request_id,
        violations=stored.violations,
    )
