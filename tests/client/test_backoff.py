"""Pauses double up to a limit and are spread."""

from random import Random

import pytest

from experimentation_client.backoff import Backoff


@pytest.mark.parametrize(("failure_count", "longest"), [(1, 0.1), (2, 0.2), (5, 1.6), (8, 10.0), (5000, 10.0)])
def test_seconds_when_failures_go_on_then_lie_between_half_of_the_longest_pause_and_all_of_it(
    failure_count: int, longest: float
) -> None:
    backoff = Backoff(0.1, 10.0, Random(1))

    pauses = [backoff.seconds(failure_count) for _ in range(200)]

    assert longest / 2 <= min(pauses) < 0.6 * longest
    assert 0.9 * longest < max(pauses) <= longest
