"""The health of the data: what was not checked is not called healthy, and what is not known is no nought."""

import pytest

from experimentation.v1 import analysis_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views.analyses import analysis_rows
from services.gateway.dashboard.views.health import health_view
from tests.gateway.dashboard import examples

_PASS, _NONE = analysis_pb2.HEALTH_STATUS_PASS, analysis_pb2.HEALTH_STATUS_NOT_ESTIMABLE
_FAIL = analysis_pb2.HEALTH_STATUS_FAIL


@pytest.mark.parametrize(
    ("units", "statuses", "words"),
    [
        (0, (_PASS, _NONE, _NONE), "Not checked yet"),
        (0, (_PASS, _FAIL), "Unhealthy"),
        (0, (), "Not checked yet"),
        (2400, (_PASS, _NONE), "Healthy"),
    ],
)
def test_without_units_nothing_is_healthy(units: int, statuses: tuple[int, ...], words: str) -> None:
    health = [analysis_pb2.HealthFinding(check="POWER", status=each) for each in statuses]  # type: ignore[arg-type]
    one = examples.analysis(unit_count=units, health=health)

    assert health_view(one, {}).overall.text == words
    assert analysis_rows([one])[0].health.text == words


@pytest.mark.parametrize(
    ("units", "missing", "words"),
    [(100, None, formatting.NOTHING), (100, 3.0, formatting.number(3.0)), (48_000, None, "none")],
)
def test_days_are_missing_as_long_as_units_are(units: int, missing: float | None, words: str) -> None:
    sample = analysis_pb2.SampleState(unit_count=units, required_unit_count=48_000, missing_day_count=missing)

    figures = {label: value for label, value, _ in health_view(examples.analysis(sample=sample), {}).figures}

    assert figures["Days missing"] == words
