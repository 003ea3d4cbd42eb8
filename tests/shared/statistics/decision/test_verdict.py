"""The lattice of verdicts keeps the laws of one."""

import itertools

import pytest

from shared.statistics.decision.verdict import Verdict, allowed, is_as_conservative, most_conservative

PAIRS = list(itertools.product(Verdict, repeat=2))


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_order_when_both_ways_hold_then_is_one_verdict(first: Verdict, second: Verdict) -> None:
    both = is_as_conservative(first, second) and is_as_conservative(second, first)

    assert both == (first is second)


@pytest.mark.parametrize(("first", "second", "third"), list(itertools.product(Verdict, repeat=3)))
def test_order_when_chained_then_is_transitive(first: Verdict, second: Verdict, third: Verdict) -> None:
    chained = is_as_conservative(first, second) and is_as_conservative(second, third)

    assert not chained or is_as_conservative(first, third)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_join_when_taken_then_is_the_least_that_is_above_both(first: Verdict, second: Verdict) -> None:
    join = most_conservative([first, second])

    above = [one for one in Verdict if is_as_conservative(one, first) and is_as_conservative(one, second)]
    assert join in above
    assert all(is_as_conservative(one, join) for one in above)
    assert join is most_conservative([second, first])


def test_join_when_neither_is_above_the_other_then_is_above_both() -> None:
    assert most_conservative([Verdict.CONTINUE, Verdict.STOP_INCONCLUSIVE]) is Verdict.ROLL_BACK
    assert most_conservative([]) is Verdict.SHIP


@pytest.mark.parametrize("engine", list(Verdict))
def test_allowed_when_asked_then_is_the_same_or_more_conservative_and_never_more_harmful_than_shown(
    engine: Verdict,
) -> None:
    found = allowed(engine)

    assert engine in found
    assert all(is_as_conservative(one, engine) for one in found)
    assert (Verdict.ROLL_BACK in found) == (engine is Verdict.ROLL_BACK)
    assert (Verdict.SHIP in found) == (engine is Verdict.SHIP)
    assert Verdict.INVESTIGATE in found
