"""Experiments for people: a table of them, and all that one declares."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from experimentation.v1 import common_pb2, experiment_service_pb2
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from services.admin import allocations, tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, span, state_name
from shared.rpc import client

PAGE_SIZE: Final = 200
_NONE: Final = "There are no experiments yet."


def get(stub: ExperimentServiceStub, experiment_id: str) -> common_pb2.Experiment:
    """Returns one experiment.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
    """
    request = experiment_service_pb2.GetExperimentRequest(experiment_id=experiment_id)
    return client.call(stub.GetExperiment, request, timeout_seconds=CALL_SECONDS).experiment


def pages(
    stub: ExperimentServiceStub, request: experiment_service_pb2.ListExperimentsRequest
) -> Iterator[common_pb2.Experiment]:
    """Yields the experiments that the request asks for, from all pages."""
    while True:
        response = client.call(stub.ListExperiments, request, timeout_seconds=CALL_SECONDS)
        yield from response.experiments
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def table(found: Sequence[common_pb2.Experiment]) -> RenderableType:
    """Returns a row per experiment."""
    if not found:
        return Text(_NONE)
    rows = tables.rows("experiment", "state", "revision", "arms", "created (UTC)")
    for each in found:
        rows.add_row(
            Text(each.experiment_id),
            state_name(each),
            str(each.revision),
            str(len(each.arms)),
            instant(each.created_at),
        )
    return rows


def drawing(experiment: common_pb2.Experiment) -> RenderableType:
    """Returns all that an experiment declares."""
    facts = tables.facts()
    for name, text in _facts(experiment):
        facts.add_row(name, Text(text))
    return Group(_headline(experiment), facts, Text(), _arms(experiment), Text(), _metrics(experiment.metrics))


def _headline(experiment: common_pb2.Experiment) -> Text:
    state = f"{state_name(experiment)}, revision {experiment.revision}"
    return Text.assemble((experiment.experiment_id, "bold"), f": {state}")


def _facts(experiment: common_pb2.Experiment) -> Iterator[tuple[str, str]]:
    if experiment.display_name not in ("", experiment.experiment_id):
        yield "name", experiment.display_name
    if experiment.description:
        yield "description", experiment.description
    if experiment.labels:
        yield "labels", ", ".join(f"{key}={value}" for key, value in sorted(experiment.labels.items()))
    yield from allocations.facts(experiment.allocation_policy)
    yield "traffic", _traffic(experiment.traffic)
    yield "counts once", enum_name(common_pb2.AnalysisUnit.DESCRIPTOR, experiment.analysis_unit)
    yield "outcomes count", f"for {span(experiment.attribution_window)} after the first exposure"
    if experiment.features:
        yield "features", "; ".join(map(allocations.feature, experiment.features))
    if experiment.shipped_arm_id:
        yield "shipped arm", experiment.shipped_arm_id
    yield "created", f"{instant(experiment.created_at)} UTC by {experiment.creator or NOTHING}"
    for name in ("started", "stopped", "updated"):
        if experiment.HasField(f"{name}_at"):  # type: ignore[arg-type]  # the names are fields
            yield name, f"{instant(getattr(experiment, f'{name}_at'))} UTC"


def _traffic(traffic: common_pb2.Traffic) -> str:
    parts = [f"{100 * traffic.share:.4g} % of the units"]
    if traffic.holdout_share:
        parts.append(f"holdout {100 * traffic.holdout_share:.4g} %")
    if traffic.analysis_share:
        parts.append(f"analysis split {100 * traffic.analysis_share:.4g} %")
    return ", ".join(parts)


def _arms(experiment: common_pb2.Experiment) -> Table:
    weights = {each.arm_id: each.weight for each in experiment.allocation_policy.fixed_split.weights}
    has_costs = any(arm.cost for arm in experiment.arms)
    rows = tables.rows("arm", "name")
    for title, is_shown in (("weight", bool(weights)), ("cost", has_costs)):
        if is_shown:
            rows.add_column(title, justify="right")
    for arm in experiment.arms:
        cells = [f"{weights.get(arm.arm_id, 0):.4g}"] if weights else []
        cells += [f"{arm.cost:.4g}"] if has_costs else []
        rows.add_row(Text(arm.arm_id + (" (control)" if arm.control else "")), Text(arm.display_name), *cells)
    return rows


def _metrics(metrics: Iterable[common_pb2.Metric]) -> Table:
    rows = tables.rows("metric", "role", "kind", "good", "combined by")
    for metric in metrics:
        kind = enum_name(common_pb2.MetricKind.DESCRIPTOR, metric.kind)
        rows.add_row(
            Text(metric.metric_id),
            enum_name(common_pb2.MetricRole.DESCRIPTOR, metric.role),
            f"{kind}, revenue" if metric.revenue else kind,
            "less" if metric.direction == common_pb2.METRIC_DIRECTION_MINIMIZE else "more",
            enum_name(common_pb2.CombinationRule.DESCRIPTOR, metric.combination_rule),
        )
    return rows
