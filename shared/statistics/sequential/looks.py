"""What is known of the looks of a group-sequential experiment, and the bounds that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.statistics.result.method import Alternative
from shared.statistics.sequential.group_sequential import Bounds, z_bounds
from shared.statistics.sequential.spending import Spending


@dataclass(frozen=True, slots=True)
class Looks:
    """Holds the looks so far, of which the last one is now.

    Attributes:
        information: Of each look, as ascending shares of the planned information: units so far over units planned, for
            example. Above 1 for an overrun.
        spending: How the error rate is spread over the information.
        ends_early: Whether no look follows, although there is less information than planned.
    """

    information: Sequence[float]
    spending: Spending
    ends_early: bool = False

    @property
    def is_final(self) -> bool:
        """Says whether no look follows."""
        return self.ends_early or self.information[-1] >= 1

    def bounds(self, alpha: float, alternative: Alternative) -> Bounds:
        """Returns the bounds of Z at all looks so far, in the direction of the alternative.

        Raises:
            InvalidArgument: INVALID_FIELD.
        """
        return z_bounds(
            self.information, alpha=alpha, alternative=alternative, spending=self.spending, is_final=self.is_final
        )
