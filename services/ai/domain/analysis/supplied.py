"""Whether data that somebody gave can be those of an experiment of the store: warnings, which decide nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from services.ai.domain.analysis.data import Aggregates, BanditData
from shared.definition.model import Experiment

CHECK: Final = "SUPPLIED_DATA"
SOURCE: Final = "comparison with what is recorded of the experiment"
_MOST_RATIO: Final = 2
_DAY: Final = timedelta(days=1)
"""Starts are often given as dates alone."""


def contradictions(data: Aggregates, experiment: Experiment, recorded: BanditData | None) -> Iterator[str]:
    """Yields what in supplied data is unlike the experiment; where nothing is recorded, no number of units is.

    Args:
        data: Supplied, or of a warehouse.
        experiment: Of the store.
        recorded: What the bandit recorded of it; None: nothing.
    """
    given, known = sum(arm.unit_count for arm in data.arms), _unit_count(recorded)
    if known and given > _MOST_RATIO * known:
        yield f"the data have {given:,} units, and {known:,} are recorded of the experiment: are they its data?"
    started = experiment.started_at
    if started and data.started_at and data.started_at < started - _DAY:
        yield (
            f"the data start on {data.started_at:%Y-%m-%d}, and the experiment started on {started:%Y-%m-%d}: "
            "are they its data?"
        )


def _unit_count(recorded: BanditData | None) -> int:
    return sum(arm.unit_count for version in recorded.versions for arm in version.arms) if recorded else 0
