"""Contexts become numbers by the features declared; what does not fit is refused with the feature's name."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.definition.features import BooleanFeature, CategoricalFeature, NumericFeature, column_count
from shared.errors import InvalidArgument, Reason
from shared.policy.encoding import ContextValue, Encoder

FEATURES = (
    NumericFeature("age", 40.0, 10.0),
    CategoricalFeature("country", ("de", "fr", "it")),
    BooleanFeature("returning"),
)
ENCODER = Encoder(FEATURES)


def test_encode_when_all_is_told_then_constant_and_columns_in_order() -> None:
    encoded = ENCODER.encode({"returning": True, "country": "fr", "age": 55})

    assert encoded == [1, 1.5, 0, 0, 1, 0, 1]
    assert len(encoded) == column_count(FEATURES)


def test_encode_when_nothing_is_told_then_what_missing_means() -> None:
    assert ENCODER.encode({}) == [1, 0, 1, 0, 0, 0, 0.5]


def test_encode_when_a_text_was_not_declared_then_it_is_as_if_missing() -> None:
    assert ENCODER.encode({"country": "es"}) == ENCODER.encode({})


@pytest.mark.parametrize(("age", "column"), [(1e300, 8), (-1e300, -8), (120, 8), (119.9, 7.99), (40, 0)])
def test_encode_when_a_number_is_far_out_then_it_is_cut(age: float, column: float) -> None:
    assert ENCODER.encode({"age": age})[1] == pytest.approx(column)


@pytest.mark.parametrize(
    ("context", "field", "words"),
    [
        ({"size": 1.0}, "context['size']", "declared: age, country, returning"),
        ({"age": math.nan}, "context['age']", "a finite number"),
        ({"age": math.inf}, "context['age']", "a finite number"),
        ({"age": "40"}, "context['age']", "a finite number"),
        ({"age": True}, "context['age']", "a finite number"),
        ({"country": 1.0}, "context['country']", "a text"),
        ({"country": "x" * 64}, "context['country']", "at most 63"),
        ({"returning": 1.0}, "context['returning']", "a flag"),
        ({"returning": "yes"}, "context['returning']", "a flag"),
    ],
)
def test_encode_when_a_value_does_not_fit_then_it_is_refused(
    context: dict[str, ContextValue], field: str, words: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        ENCODER.encode(context)

    assert caught.value.reason is Reason.INVALID_FIELD
    assert [violation.field for violation in caught.value.violations] == [field]
    assert words in caught.value.violations[0].description


def test_encode_when_it_is_not_strict_then_what_others_declare_is_left_out() -> None:
    assert ENCODER.encode({"size": 1.0, "age": 50}, strict=False) == ENCODER.encode({"age": 50})
    with pytest.raises(InvalidArgument):
        ENCODER.encode({"age": "50"}, strict=False)


def test_encode_when_no_features_are_declared_then_the_constant_alone() -> None:
    assert Encoder(()).encode({}) == [1]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "age": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70),
            "country": st.text(max_size=63),
            "returning": st.booleans(),
        },
    )
)
def test_encode_when_values_fit_then_bounded_numbers(context: dict[str, ContextValue]) -> None:
    encoded = ENCODER.encode(context)

    assert len(encoded) == 7
    assert all(abs(column) <= 8 for column in encoded)
