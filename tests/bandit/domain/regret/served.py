"""Serves batches by the snapshots that are really published, hour by hour, with outcomes that may come late."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.bandit.domain.publishing import next_snapshot
from services.bandit.domain.statistics import ArmStatistics, VersionStatistics, merged
from shared.definition.model import Experiment
from shared.policy.snapshot import PolicySnapshot
from tests.bandit.examples import NOW, counted

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]

HOUR = timedelta(hours=1)


class Version:
    """Is one policy version with its units, and with conversions that become known hour by hour.

    Attributes:
        replaced_at: When the next one was published; None while this one serves.
    """

    def __init__(self, snapshot: PolicySnapshot) -> None:
        self.snapshot = snapshot
        self.replaced_at: datetime | None = None
        self._unit_counts = np.zeros(len(snapshot.arms), np.int64)
        self._known = np.zeros(len(snapshot.arms), np.int64)
        self._to_come: dict[int, Counts] = {}

    def serve(self, units: Counts, conversions: dict[int, Counts]) -> None:
        """Adds units of each arm, and how many of them convert by which hour."""
        self._unit_counts += units
        for hour, counts in conversions.items():
            self._to_come[hour] = self._to_come.get(hour, 0) + counts

    def statistics(self, hour: int) -> VersionStatistics:
        """Returns what is known of it at an hour, which never goes back."""
        for due in [due for due in self._to_come if due <= hour]:
            self._known += self._to_come.pop(due)
        arms = self.snapshot.arms
        rows = zip(arms, self._unit_counts.tolist(), self._known.tolist(), strict=True)
        statistics = {arm.arm_id: counted(arm.arm_id, units, good) for arm, units, good in rows if units}
        weights = {arm.arm_id: arm.weight for arm in arms}
        return VersionStatistics(self.snapshot.policy_version, self.replaced_at, statistics, weights)


class Site:
    """Is a site with visitors each hour, and a learner that publishes between the hours."""

    def __init__(self, definition: Experiment, rng: np.random.Generator) -> None:
        self._rng, self.hour = rng, 0
        self.versions: list[Version] = []
        self.redefine(definition)

    def redefine(self, definition: Experiment) -> None:
        """Changes the definition, and what is served."""
        self._definition = definition
        self._publish()

    def asked(self, definition: Experiment) -> Floats:
        """Returns the weights that another definition of a new revision would have now."""
        fresh = self._next(definition)
        assert fresh is not None
        return np.array([arm.weight for arm in fresh.arms])

    def serve(self, visitors: int, rates: Sequence[float] | Floats, *, latest: int = 0) -> Counts:
        """Serves an hour; returns the units of each arm.

        Args:
            visitors: Units.
            rates: Of conversion, by arm.
            latest: Conversions come after so many hours at most, evenly spread.
        """
        serving = self.versions[-1]
        units = self._rng.multinomial(visitors, [arm.weight for arm in serving.snapshot.arms])
        good = self._rng.binomial(units, rates)
        late = self._rng.multinomial(good, np.full(latest + 1, 1 / (latest + 1)))
        serving.serve(units, {self.hour + 1 + delay: late[:, delay] for delay in range(latest + 1)})
        self.hour += 1
        self._publish()
        return units

    @property
    def now(self) -> datetime:
        return NOW + self.hour * HOUR

    def known(self) -> tuple[list[VersionStatistics], dict[str, ArmStatistics]]:
        """Returns what is known by version, and all together."""
        versions = [one for version in self.versions if (one := version.statistics(self.hour)).arms]
        arm_ids = [arm.arm_id for arm in self._definition.arms]
        parts = {one: [(1.0, version.arms[one]) for version in versions if one in version.arms] for one in arm_ids}
        return versions, {one: merged(one, parts[one]) for one in arm_ids}

    def _publish(self) -> None:
        if (fresh := self._next(self._definition)) is not None:
            if self.versions:
                self.versions[-1].replaced_at = self.now
            self.versions.append(Version(fresh))

    def _next(self, definition: Experiment) -> PolicySnapshot | None:
        versions, pooled = self.known()
        previous = self.versions[-1].snapshot if self.versions else None
        return next_snapshot(definition, pooled, previous, frozen=False, now=self.now, versions=versions)


def regret(
    definition: Experiment, rates_at: Callable[[int], Sequence[float]], *, hours: int, visitors: int, seed: int
) -> float:
    """Returns what a run loses against the best arm of each hour."""
    site, lost = Site(definition, np.random.default_rng(seed)), 0.0
    for hour in range(hours):
        rates = np.array(rates_at(hour))
        lost += float(site.serve(visitors, rates) @ (rates.max() - rates))
    return lost
