"""Bad input of the RPCs that ask for jobs: each is refused at once, by the field at fault, and nothing is stored."""

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_pb2, common_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from tests.ai.rpc.conftest import Refused
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import (
    INVALID_FIELD,
    NO_EXPERIMENT,
    NO_HYPOTHESIS,
    analyze,
    arm,
    design,
    money,
    past,
    rate,
    suggest,
    sums,
    traffic,
)

PRIMARY = common_pb2.METRIC_ROLE_PRIMARY


def jobs_of(lab: Lab) -> int:
    return len(lab["vic"].ListJobs(pb.ListJobsRequest()).jobs)


def squares(value_sum: float, square_sum: float | None) -> analysis_pb2.ArmAggregate:
    row = analysis_pb2.MetricSums(metric_id="revenue", value_sum=value_sum, value_square_sum=square_sum)
    return analysis_pb2.ArmAggregate(arm_id="b", unit_count=100, sums=[row])


def two(second: analysis_pb2.ArmAggregate, *metrics: Any) -> dict[str, Any]:
    """Returns data of a control and another arm."""
    first = analysis_pb2.ArmAggregate(arm_id="a", control=True, unit_count=100)
    return {"arms": [first, second], "metrics": metrics or [rate(role=PRIMARY)]}


BAD_HYPOTHESES = {
    "no metric": ({"metrics": []}, ["metrics"]),
    "rate above one": ({"metrics": [rate(baseline=1.2)]}, ["metrics[0].baseline"]),
    "negative deviation": ({"metrics": [money(standard_deviation=-1)]}, ["metrics[0].standard_deviation"]),
    "metric without a kind": ({"metrics": [rate(kind=0)]}, ["metrics[0].kind"]),
    "metric twice": ({"metrics": [rate(), rate()]}, ["metrics[1].metric_id"]),
    "no metric id": ({"metrics": [rate("")]}, ["metrics[0].metric_id"]),
    "baseline is no number": ({"metrics": [money(baseline=float("nan"))]}, ["metrics[0].baseline"]),
    "baseline beyond all": ({"metrics": [money(baseline=1e300)]}, ["metrics[0].baseline"]),
    "goal too long": ({"goal": "x" * 1501}, ["goal"]),
    "constraint too long": ({"constraints": ["x" * 501]}, ["constraints[0]"]),
    "too many constraints": ({"constraints": ["x"] * 21}, ["constraints"]),
    "description too long": ({"metrics": [rate(description="x" * 1501)]}, ["metrics[0].description"]),
    "NUL in a text": ({"goal": "a\0b"}, ["goal"]),
    "too many wanted": ({"max_count": 8}, ["max_count"]),
    "no traffic": ({"traffic": traffic(0)}, ["traffic.units_per_day"]),
    "won with a loss": (
        {"past_experiments": [past("form", -0.1, outcome=1)]},
        ["past_experiments[0].relative_lift"],
    ),
    "error of nothing": (
        {"past_experiments": [past("form", 0.1, standard_error=0)]},
        ["past_experiments[0].standard_error"],
    ),
    "request id too long": ({"request_id": "x" * 65}, ["request_id"]),
}

BAD_DESIGNS = {
    "no metric": ({"metrics": []}, ["metrics"]),
    "no description": ({"description": " "}, ["description"]),
    "unknown metric": ({"primary_metric_id": "nowhere"}, ["primary_metric_id"]),
    "baseline missing": (
        {"primary_metric_id": "m", "metrics": [rate("m", baseline=None)]},
        ["metrics[0].baseline"],
    ),
    "deviation missing": (
        {"primary_metric_id": "m", "metrics": [money("m", standard_deviation=None)]},
        ["metrics[0].standard_deviation"],
    ),
    "rate above one": ({"metrics": [rate(baseline=1.5)]}, ["metrics[0].baseline"]),
    "level beyond all": ({"metrics": [money(baseline=1e300)]}, ["metrics[0].baseline"]),
    "lift too small": ({"relative_mde": 1e-300}, ["relative_mde"]),
    "no lift": ({"relative_mde": 0}, ["relative_mde"]),
    "no traffic": ({"traffic": None}, ["traffic"]),
    "one arm": ({"arm_count": 1}, ["arm_count"]),
    "too many arms": ({"arm_count": 65}, ["arm_count"]),
    "under a week": ({"max_duration": Duration(seconds=3600)}, ["max_duration"]),
    "alpha of a half": ({"alpha": 0.5}, ["alpha"]),
    "little power": ({"power": 0.4}, ["power"]),
    "past lift beyond all": ({"past_lifts": [1e200]}, ["past_lifts[0]"]),
    "text too long": ({"description": "x" * 5001}, ["description"]),
}

BAD_SUMS = {
    "more converters than units": (two(arm("b", 10, 11)), ["aggregates.arms[1].sums[0].value_sum"]),
    "part of a converter": (two(arm("b", 10, 0.5)), ["aggregates.arms[1].sums[0].value_sum"]),
    "negative converters": (two(arm("b", 10, -1)), ["aggregates.arms[1].sums[0].value_sum"]),
    "negative variance": (
        two(squares(1000, 10), money(role=PRIMARY)),
        ["aggregates.arms[1].sums[0].value_square_sum"],
    ),
    "squares missing": (
        two(squares(1000, None), money(role=PRIMARY)),
        ["aggregates.arms[1].sums[0].value_square_sum"],
    ),
    "sum beyond all": (
        two(squares(1e300, 1e300), money(role=PRIMARY)),
        ["aggregates.arms[1].sums[0].value_sum"],
    ),
    "unknown metric": (two(arm("b", 10, 1), rate("other", role=PRIMARY)), ["aggregates.arms[1].sums[0].metric_id"]),
    "no control": ({"arms": [arm("a", 10, 1), arm("b", 10, 1)]}, ["aggregates.arms"]),
    "one arm": ({"arms": [arm("a", 10, 1, control=True)]}, ["aggregates.arms"]),
    "no metric": ({"metrics": []}, ["aggregates.metrics"]),
    "arm twice": (
        {"arms": [arm("a", 10, 1, control=True), arm("a", 10, 1)]},
        ["aggregates.arms[1].arm_id"],
    ),
    "shares above one": (
        {"arms": [arm("a", 10, 1, control=True, planned_share=0.9), arm("b", 10, 1, planned_share=0.9)]},
        ["aggregates.arms"],
    ),
    "of the future": ({"as_of": Timestamp(seconds=4_000_000_000)}, ["aggregates.as_of"]),
    "before the start": (
        {"as_of": Timestamp(seconds=1_700_000_000), "started_at": Timestamp(seconds=1_700_000_001)},
        ["aggregates.as_of"],
    ),
    "several arms for more units than there are": (
        {"multiple_exposure_count": 10**9},
        ["aggregates.multiple_exposure_count"],
    ),
}

BAD_PLANS = {
    "alpha of a half": ({"alpha": 0.5}, ["plan.alpha"]),
    "lift without a sample": ({"relative_mde": 0.05}, ["plan.relative_mde"]),
    "ends before it may": ({"minimum_day_count": 10, "maximum_day_count": 5}, ["plan.maximum_day_count"]),
}

TABLE = {"connection": "lake", "table": "visits", "unit_column": "unit", "arm_column": "arm", "control_arm_id": "a"}
BAD_TABLES = {
    "unknown metric": ({"metrics": [rate()], "columns": ["other"]}, ["warehouse_table.metric_columns[0].metric_id"]),
    "metric twice": (
        {"metrics": [rate()], "columns": ["signup", "signup"]},
        ["warehouse_table.metric_columns[1].metric_id"],
    ),
    "no metrics": ({"columns": ["signup"]}, ["warehouse_table.metrics"]),
    "no control": (
        {"metrics": [rate()], "columns": ["signup"], "control_arm_id": ""},
        ["warehouse_table.control_arm_id"],
    ),
    "a name that is code": ({"metrics": [rate()], "columns": ["signup"], "table": "a;drop"}, ["warehouse_table.table"]),
}


@pytest.mark.parametrize(("changes", "fields"), BAD_HYPOTHESES.values(), ids=BAD_HYPOTHESES)
def test_suggest_when_the_input_cannot_be_then_its_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = refused(shared_lab["ann"].SuggestHypotheses, suggest(**changes))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)
    assert jobs_of(shared_lab) == 0


@pytest.mark.parametrize(("changes", "fields"), BAD_DESIGNS.values(), ids=BAD_DESIGNS)
def test_recommend_when_the_input_cannot_be_then_its_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = refused(shared_lab["ann"].RecommendDesign, design(**changes))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)
    assert jobs_of(shared_lab) == 0


@pytest.mark.parametrize(("changes", "fields"), BAD_SUMS.values(), ids=BAD_SUMS)
def test_analyze_when_the_data_contradict_themselves_then_the_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = refused(shared_lab["ann"].AnalyzeExperiment, analyze(aggregates=sums(**changes)))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)
    assert jobs_of(shared_lab) == 0


@pytest.mark.parametrize(("changes", "fields"), BAD_PLANS.values(), ids=BAD_PLANS)
def test_analyze_when_the_plan_cannot_be_then_its_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = refused(shared_lab["ann"].AnalyzeExperiment, analyze(plan=analysis_pb2.AnalysisPlan(**changes)))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)
    assert jobs_of(shared_lab) == 0


@pytest.mark.parametrize(("changes", "fields"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_analyze_when_the_table_cannot_be_read_then_its_fields_are_named(
    shared_lab: Lab, refused: Refused, changes: dict[str, Any], fields: list[str]
) -> None:
    columns = [analysis_pb2.MetricColumn(metric_id=one, column="x") for one in changes["columns"]]
    told = {**TABLE, **changes, "metric_columns": columns}
    del told["columns"]

    answer = refused(shared_lab["ann"].AnalyzeExperiment, analyze(warehouse_table=analysis_pb2.WarehouseTable(**told)))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, fields)
    assert jobs_of(shared_lab) == 0


def test_recommend_when_there_is_no_such_hypothesis_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    answer = refused(shared_lab["ann"].RecommendDesign, design(hypothesis_id="hypothesis_0"))

    assert answer.reason == NO_HYPOTHESIS
    assert answer.error.metadata == {"hypothesis_id": "hypothesis_0"}


def test_analyze_when_there_is_no_such_experiment_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    of_store = refused(shared_lab["ann"].AnalyzeExperiment, pb.AnalyzeExperimentRequest(experiment_id="nowhere"))
    proposing = refused(shared_lab["ann"].AnalyzeExperiment, analyze("nowhere", propose=True))

    assert of_store.reason == proposing.reason == NO_EXPERIMENT
    assert of_store.error.metadata == {"experiment_id": "nowhere"}
    assert jobs_of(shared_lab) == 0


def test_analyze_when_the_id_is_none_then_says_so(shared_lab: Lab, refused: Refused) -> None:
    answer = refused(shared_lab["ann"].AnalyzeExperiment, analyze("Not An Id"))

    assert (answer.reason, answer.fields) == (INVALID_FIELD, ["experiment_id"])
