"""Calls of the provider for people: what was sent, what came back, what the check found."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import analysis_pb2 as pb
from experimentation.v1 import analysis_service_pb2 as service_pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.admin import paging, tables
from services.admin.words import NOTHING, enum_name, instant


def pages(stub: AnalysisServiceStub, job_id: str, *, limit: int) -> Iterator[pb.ProviderCall]:
    """Yields a job's calls, oldest first, from all pages; `limit` is the most, 0: all."""
    request = service_pb.ListProviderCallsRequest(job_id=job_id)
    yield from paging.pages(stub.ListProviderCalls, request, "provider_calls", limit=limit)


def drawing(found: Sequence[pb.ProviderCall]) -> RenderableType:
    """Returns all calls, one below the other."""
    if not found:
        return Text("Nothing was sent to anybody.")
    return Group(*(part for one in found for part in _call(one)))


def _call(one: pb.ProviderCall) -> Iterator[RenderableType]:
    facts = tables.facts()
    facts.add_row("asked", Text(f"{instant(one.called_at)} UTC, {one.duration_seconds:.1f} s"))
    facts.add_row("provider", Text(f"{enum_name(pb.AiProvider.DESCRIPTOR, one.provider)}, {one.model}"))
    facts.add_row("status", Text(one.status))
    facts.add_row("tokens", Text(f"{one.input_token_count:,} read, {one.output_token_count:,} written"))
    facts.add_row("cost", Text(f"{one.cost_usd:.4f} USD"))
    facts.add_row("violations", Text("\n".join(one.violations) or NOTHING))
    yield Text(one.call_id, style="bold")
    yield facts
    for title, text in (("Instructions", one.system_text), ("Data", one.data_json), ("Answer", one.response_text)):
        yield Text(f"\n{title}:", style="dim")
        yield Text(text or NOTHING, overflow="fold")
    yield Text()
