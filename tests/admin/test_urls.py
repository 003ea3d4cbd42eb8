"""URLs as they may be shown."""

import pytest

from services.admin.urls import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://me:secret@db:5432/name", "postgresql+psycopg://me@db:5432/name"),
        ("postgresql://db/name?user=me&password=secret", "postgresql://db/name"),
        ("postgresql://me@db/name", "postgresql://me@db/name"),
    ],
)
def test_without_password_when_there_is_one_then_it_is_gone(url: str, shown: str) -> None:
    assert without_password(url) == shown
