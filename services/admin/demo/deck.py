"""Draws real outcomes without replacement."""

from collections.abc import Sequence

import numpy as np

from services.admin.demo.thornton import RealArm


class Deck:
    """Holds the rows of each arm in a random order of its own; each row is drawn once. One thread at a time."""

    def __init__(self, arms: Sequence[RealArm], *, rng: np.random.Generator) -> None:
        self._left = {arm.arm_id: rng.permutation(arm.outcomes).tolist() for arm in arms}

    def draw(self, arm_id: str) -> int:
        """Returns the next outcome of the arm.

        Raises:
            IndexError: All its rows have been drawn.
        """
        return int(self._left[arm_id].pop())

    @property
    def least_left(self) -> int:
        """How many more draws are safe, whatever the arms."""
        return min(len(left) for left in self._left.values())
