"""Cuts move exactly the positions that must move."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.bandit.domain import segments
from shared.policy.snapshot import RANGE, Segments


def owners(cut: Segments) -> list[tuple[int, int, int]]:
    return list(zip(cut.starts, (*cut.starts[1:], RANGE), cut.arms, strict=True))


def moves(old: Segments, new: Segments) -> dict[tuple[int, int], int]:
    """Returns how many positions went from one arm to another, by both, found by walking all borders."""
    borders = sorted({*old.starts, *new.starts, RANGE})
    moved: dict[tuple[int, int], int] = {}
    for start, end in pairwise(borders):
        pair = (owner(old, start), owner(new, start))
        if pair[0] != pair[1]:
            moved[pair] = moved.get(pair, 0) + end - start
    return moved


def owner(cut: Segments, position: int) -> int:
    return next(arm for start, end, arm in owners(cut) if start <= position < end)


def variation(old: list[int], new: list[int]) -> int:
    """Returns the total variation distance of two cuts, in positions."""
    return sum(max(have - want, 0) for have, want in zip(old, new, strict=True))


def assert_well_formed(cut: Segments) -> None:
    assert cut.starts[0] == 0
    assert all(one < next_one for one, next_one in zip(cut.starts, (*cut.starts[1:], RANGE), strict=True))
    assert all(one != next_one for one, next_one in zip(cut.arms, cut.arms[1:], strict=False))


@st.composite
def lengths(draw: st.DrawFn, low: int = 1, high: int = 12) -> list[int]:
    """Draws lengths that sum to RANGE; zeros, ones and giants among them."""
    inner = st.one_of(st.sampled_from([0, 1, RANGE - 1, RANGE]), st.integers(0, RANGE))
    borders = sorted(draw(st.lists(inner, min_size=low - 1, max_size=high - 1)))
    return [end - start for start, end in zip([0, *borders], [*borders, RANGE], strict=True)]


@st.composite
def histories(draw: st.DrawFn) -> list[list[int]]:
    """Draws a sequence of lengths of one number of arms."""
    count = draw(st.integers(1, 8))
    return draw(st.lists(lengths(count, count), min_size=2, max_size=6))


@settings(deadline=None)
@given(lengths())
def test_first_cut_when_lengths_are_given_then_each_arm_has_one_segment_of_its_length(wanted: list[int]) -> None:
    cut = segments.first_cut(wanted)

    assert_well_formed(cut)
    assert cut.lengths(len(wanted)) == wanted
    assert sorted(cut.arms) == [arm for arm, length in enumerate(wanted) if length]


@settings(deadline=None)
@given(histories())
def test_recut_when_lengths_change_then_exactly_the_variation_distance_moves_from_losers_to_winners(
    history: list[list[int]],
) -> None:
    cut = segments.first_cut(history[0])
    for old, new in pairwise(history):
        fresh = segments.recut(cut, new)

        assert_well_formed(fresh)
        assert fresh.lengths(len(new)) == new
        moved = moves(cut, fresh)
        assert sum(moved.values()) == variation(old, new)
        assert all(old[giver] > new[giver] and old[taker] < new[taker] for giver, taker in moved)
        cut = fresh


@settings(deadline=None)
@given(lengths(2, 8), st.data())
def test_recut_when_arms_are_removed_then_only_theirs_and_the_losers_positions_move(
    old: list[int], data: st.DataObject
) -> None:
    kept = data.draw(st.integers(1, len(old)))
    new = data.draw(lengths(kept, kept))

    fresh = segments.recut(segments.first_cut(old), new)

    assert_well_formed(fresh)
    assert fresh.lengths(kept) == new
    padded = [*new, *([0] * (len(old) - kept))]
    assert sum(moves(segments.first_cut(old), fresh).values()) == variation(old, padded)


@settings(deadline=None)
@given(lengths(1, 6), st.data())
def test_recut_when_arms_are_added_then_they_get_their_length_and_no_other_arm_gives_to_an_old_one_that_loses(
    old: list[int], data: st.DataObject
) -> None:
    new = data.draw(lengths(len(old) + 1, len(old) + 4))
    padded = [*old, *([0] * (len(new) - len(old)))]

    fresh = segments.recut(segments.first_cut(old), new)

    assert_well_formed(fresh)
    assert fresh.lengths(len(new)) == new
    assert sum(moves(segments.first_cut(old), fresh).values()) == variation(padded, new)


def test_recut_when_the_only_arm_is_added_beside_one_then_half_moves() -> None:
    fresh = segments.recut(Segments((0,), (0,)), [RANGE // 2, RANGE // 2])

    assert fresh == Segments((0, RANGE // 2), (0, 1))


def test_recut_when_nothing_changes_then_the_cut_stays() -> None:
    cut = Segments((0, 10, 20, 30), (0, 1, 0, 2))

    assert segments.recut(cut, cut.lengths(3)) == cut


@settings(deadline=None)
@given(lengths(2, 6), st.randoms(use_true_random=False))
def test_renamed_when_arms_change_places_then_no_position_changes_hands(
    wanted: list[int], chance: random.Random
) -> None:
    cut = segments.first_cut(wanted)
    places = list(range(len(wanted)))
    chance.shuffle(places)

    renamed = segments.renamed(cut, places)

    assert renamed.starts == cut.starts
    assert [renamed.lengths(len(wanted))[place] for place in places] == wanted


# The bounds are those that docs/adr/0001 states for 2,000 reweightings.
@pytest.mark.parametrize(("arm_count", "bound"), [(2, 2), (3, 8), (5, 26), (10, 55), (64, 223)])
def test_recut_when_weights_change_500_times_then_segments_stay_few_and_each_step_moves_the_least(
    arm_count: int, bound: int
) -> None:
    chance = random.Random(20260301)
    cut = segments.first_cut(random_lengths(chance, arm_count))
    for _ in range(500):
        old, new = cut.lengths(arm_count), random_lengths(chance, arm_count)
        fresh = segments.recut(cut, new)

        assert len(fresh.starts) <= bound
        assert fresh.lengths(arm_count) == new
        assert changed(cut, fresh) == variation(old, new)
        cut = fresh


def random_lengths(chance: random.Random, arm_count: int) -> list[int]:
    shares = [chance.expovariate(1.0) for _ in range(arm_count)]
    counts = [int(share / sum(shares) * RANGE) for share in shares]
    counts[0] += RANGE - sum(counts)
    return counts


def changed(old: Segments, new: Segments) -> int:
    """Returns how many positions changed hands, in one sweep over both cuts."""
    moved, place = 0, 0
    before, after = owners(old), owners(new)
    left, right = 0, 0
    while place < RANGE:
        end = min(before[left][1], after[right][1])
        moved += (end - place) * (before[left][2] != after[right][2])
        place = end
        left += before[left][1] == end
        right += after[right][1] == end
    return moved


@pytest.mark.parametrize("wanted", [[RANGE - 1, 0], [RANGE, 1], [RANGE + 1, -1], [0, 0]])
def test_recut_when_lengths_do_not_fill_the_range_then_they_are_refused(wanted: list[int]) -> None:
    with pytest.raises(ValueError, match="sum to 4294967296"):
        segments.recut(Segments((0,), (0,)), wanted)
