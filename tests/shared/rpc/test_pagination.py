"""Page tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidArgument, Reason
from shared.rpc import pagination

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
QUERY = {"state": "RUNNING", "owner": None}


@pytest.mark.parametrize(("requested", "size"), [(0, 50), (1, 1), (500, 500), (501, 500)])
def test_page_size_when_asked_for_then_has_default_and_limit(requested: int, size: int) -> None:
    assert pagination.page_size(requested) == size


def test_page_size_when_negative_then_names_the_field() -> None:
    with pytest.raises(InvalidArgument) as raised:
        pagination.page_size(-1)

    assert raised.value.reason is Reason.INVALID_FIELD
    assert raised.value.violations[0].field == "page_size"


@given(
    st.lists(SCALARS, max_size=4),
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), SCALARS, max_size=4),
)
def test_token_when_decoded_for_its_query_then_gives_the_cursor(
    cursor: list[pagination.Scalar], query: dict[str, pagination.Scalar]
) -> None:
    assert pagination.decode(pagination.encode(cursor, query), query) == tuple(cursor)


def test_token_when_empty_then_is_the_first_page() -> None:
    assert pagination.decode("", QUERY) is None


def test_token_when_the_query_is_written_in_another_order_then_fits() -> None:
    token = pagination.encode(["a"], QUERY)

    assert pagination.decode(token, dict(reversed(QUERY.items()))) == ("a",)


@pytest.mark.parametrize("token", ["x", "A", "!!!!", "é", "AAAAAAAAAAAAW10", "\ud800", "=" * 8])
def test_token_when_made_up_then_is_refused(token: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        pagination.decode(token, QUERY)

    assert raised.value.reason is Reason.INVALID_PAGE_TOKEN


def test_token_when_for_another_query_then_is_refused() -> None:
    token = pagination.encode(["a"], QUERY)

    with pytest.raises(InvalidArgument) as raised:
        pagination.decode(token, QUERY | {"state": "PAUSED"})

    assert raised.value.reason is Reason.INVALID_PAGE_TOKEN


def test_token_when_its_cursor_is_altered_then_is_refused() -> None:
    token = pagination.encode(["a"], QUERY)

    with pytest.raises(InvalidArgument) as raised:
        pagination.decode(token[:-3] + "AAA", QUERY)

    assert raised.value.reason is Reason.INVALID_PAGE_TOKEN
