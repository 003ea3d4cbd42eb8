"""Receivers for the tests of webhooks."""

from collections.abc import Iterator

import pytest

from tests.review.webhooks.receiver import Receiver, running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started
