"""Recuts the range of positions for new weights so that the fewest positions change their arm.

The positions that change are exactly the total variation distance between the old weights and the new ones, the least
possible. Weighted rendezvous hashing, which needs no cuts, moves up to twice as many (docs/adr/0001).
"""

from collections.abc import Sequence

from shared.policy.snapshot import RANGE, Segments


def first_cut(lengths: Sequence[int]) -> Segments:
    """Returns one segment for each arm that has a length.

    Args:
        lengths: Positions of each arm, 0 or more, summing to RANGE.
    """
    return recut(Segments((0,), (_longest(lengths),)), lengths)


def recut(segments: Segments, lengths: Sequence[int]) -> Segments:
    """Returns segments in which each arm has its new length, moving as few positions as possible.

    Args:
        segments: The present cut. Arms it names beyond `lengths` lose everything.
        lengths: New positions of each arm, 0 or more, summing to RANGE.

    Raises:
        ValueError: The lengths are negative or do not sum to RANGE.
    """
    if sum(lengths) != RANGE or min(lengths) < 0:
        raise ValueError(f"lengths {list(lengths)} must be 0 or more and sum to {RANGE}")
    arm_count = max(len(lengths), *(arm + 1 for arm in segments.arms))
    pieces = [[arm, end - start] for arm, start, end in _spans(segments)]
    surplus = [have - want for have, want in zip(segments.lengths(arm_count), _padded(lengths, arm_count), strict=True)]
    _shift_borders(pieces, surplus)
    return _joined(_cut_out(pieces, surplus))


def next_cut(
    arm_ids: Sequence[str], lengths: Sequence[int], previous: Segments | None, previous_arm_ids: Sequence[str]
) -> Segments:
    """Returns the cut that follows a previous one; arms that are gone give all their positions away.

    Args:
        arm_ids: The arms.
        lengths: New positions of each, 0 or more, summing to RANGE.
        previous: The cut before; None for the first one.
        previous_arm_ids: Its arms.
    """
    if previous is None:
        return first_cut(lengths)
    gone = [arm_id for arm_id in previous_arm_ids if arm_id not in set(arm_ids)]
    places = {arm_id: place for place, arm_id in enumerate([*arm_ids, *gone])}
    return recut(renamed(previous, [places[arm_id] for arm_id in previous_arm_ids]), lengths)


def renamed(segments: Segments, positions: Sequence[int]) -> Segments:
    """Returns the same cut with arm i called positions[i]."""
    return Segments(segments.starts, tuple(positions[arm] for arm in segments.arms))


def _longest(lengths: Sequence[int]) -> int:
    return max(range(len(lengths)), key=lambda arm: lengths[arm])


def _padded(lengths: Sequence[int], size: int) -> list[int]:
    return [*lengths, *([0] * (size - len(lengths)))]


def _spans(segments: Segments) -> list[tuple[int, int, int]]:
    return list(zip(segments.arms, segments.starts, (*segments.starts[1:], RANGE), strict=True))


def _shift_borders(pieces: list[list[int]], surplus: list[int]) -> None:
    """Lets arms that need more take from neighbours that have too much: no new cut."""
    for step in (1, -1):
        order = range(len(pieces) - 1) if step == 1 else range(len(pieces) - 1, 0, -1)
        for index in order:
            giver, taker = pieces[index], pieces[index + step]
            moved = min(surplus[giver[0]], -surplus[taker[0]], giver[1])
            if moved > 0:
                giver[1] -= moved
                taker[1] += moved
                surplus[giver[0]] -= moved
                surplus[taker[0]] += moved


def _cut_out(pieces: list[list[int]], surplus: list[int]) -> list[list[int]]:
    """Gives what is still owed from the end of pieces whose arms have too much."""
    takers = [arm for arm, owed in enumerate(surplus) if owed < 0]
    result: list[list[int]] = []
    for arm, length in pieces:
        kept = length
        given: list[list[int]] = []
        while takers and surplus[arm] > 0 and kept > 0:
            taker = takers[-1]
            moved = min(surplus[arm], -surplus[taker], kept)
            given.append([taker, moved])
            kept -= moved
            surplus[arm] -= moved
            surplus[taker] += moved
            if surplus[taker] == 0:
                takers.pop()
        result += [[arm, kept], *given]
    return result


def _joined(pieces: list[list[int]]) -> Segments:
    starts: list[int] = []
    arms: list[int] = []
    position = 0
    for arm, length in pieces:
        if length == 0:
            continue
        if not arms or arms[-1] != arm:
            starts.append(position)
            arms.append(arm)
        position += length
    return Segments(tuple(starts), tuple(arms))
