"""Buckets of tokens."""

from services.gateway.door.rate_limit import TokenBuckets


class Seconds:
    """Is a clock that shows what it was set to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_take_then_a_burst_and_from_then_on_so_many_a_second() -> None:
    seconds = Seconds()
    buckets = TokenBuckets(per_second=2, burst=3, seconds=seconds)

    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    seconds.now = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 0.5]
    seconds.now = 100
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_take_when_refused_then_asking_does_not_put_it_off() -> None:
    seconds = Seconds()
    buckets = TokenBuckets(per_second=1, burst=1, seconds=seconds)
    buckets.take("a")

    for tenth in range(1, 10):
        seconds.now = tenth / 10
        assert buckets.take("a") > 0
    seconds.now = 1.0
    assert buckets.take("a") == 0


def test_take_when_there_are_many_callers_then_the_longest_idle_is_forgotten() -> None:
    buckets = TokenBuckets(per_second=0.001, burst=1, seconds=Seconds(), most=2)

    assert [buckets.take(name) for name in ("a", "b")] == [0, 0]
    assert buckets.take("a") > 0
    assert buckets.take("c") == 0
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0
