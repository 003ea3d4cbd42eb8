"""How values are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import FactKind, Unit
from services.ai.domain.grounding.slots import FORMATS, written


@pytest.mark.parametrize(
    ("kind", "value", "unit", "style", "text"),
    [
        (FactKind.RELATIVE_LIFT, 0.0344, Unit.SHARE, "", "+3.4 %"),
        (FactKind.RELATIVE_LIFT, -0.0344, Unit.SHARE, "pct2", "\u22123.44 %"),
        (FactKind.RELATIVE_LIFT_SIZE, 0.0344, Unit.SHARE, "", "3.4 %"),
        (FactKind.RELATIVE_LIFT_SIZE, 0.0000344, Unit.SHARE, "", "0.003 %"),
        (FactKind.RELATIVE_LIFT, 0.0, Unit.SHARE, "", "0.0 %"),
        (FactKind.DIFFERENCE, 0.0045, Unit.POINTS, "", "+0.45 pp"),
        (FactKind.UNITS, 96165, Unit.UNITS, "", "96,165"),
        (FactKind.DAYS, 1, Unit.DAYS, "", "1 day"),
        (FactKind.DAYS, 14, Unit.DAYS, "", "14 days"),
        (FactKind.DAYS, 2.54, Unit.DAYS, "", "2.5 days"),
        (FactKind.WEEKS, 2, Unit.WEEKS, "", "2 weeks"),
        (FactKind.MEAN, 8.029, Unit.USD, "", "$8.03"),
        (FactKind.DIFFERENCE, -0.41, Unit.USD, "", "\u2212$0.41"),
        (FactKind.DIFFERENCE, 0.41, Unit.USD, "", "+$0.41"),
        (FactKind.MEAN, 812.34, Unit.VALUE, "", "812.3"),
        (FactKind.MEAN, 0.0012344, Unit.VALUE, "sig3", "0.00123"),
        (FactKind.P_VALUE, 0.0004, Unit.PROBABILITY, "", "below 0.001"),
        (FactKind.P_VALUE, 0.0434, Unit.PROBABILITY, "", "0.043"),
        (FactKind.AS_OF, 1772409600, Unit.DATE, "", "2026-03-02"),
        (FactKind.RATIO, 1.047, Unit.RATIO, "", "1.05"),
    ],
)
def test_value_when_written_then_has_its_unit_and_sign(
    kind: FactKind, value: float, unit: Unit, style: str, text: str
) -> None:
    assert written(Fact("E1", kind, value, unit), style) == text


def test_format_when_the_unit_does_not_have_it_then_is_refused() -> None:
    with pytest.raises(KeyError):
        written(Fact("E1", FactKind.UNITS, 7, Unit.UNITS), "pct1")


@given(
    value=st.floats(-1e9, 1e9).filter(lambda one: abs(one) > 1e-9),
    unit=st.sampled_from([unit for unit in Unit if unit not in (Unit.DATE, Unit.PROBABILITY)]),
)
def test_value_when_it_is_not_zero_then_is_never_written_as_zero_nor_with_another_sign(
    value: float, unit: Unit
) -> None:
    for style in FORMATS[unit]:
        text = written(Fact("E1", FactKind.DIFFERENCE, value, unit), style)

        assert text.startswith("\u2212") == (value < 0)
        assert any(one in text for one in "123456789")
