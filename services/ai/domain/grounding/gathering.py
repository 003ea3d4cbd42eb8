"""Numbers facts as they are gathered, and derives those that sentences want besides: sizes and weeks."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import SIZES, FactKind, Unit

_WEEKS = {FactKind.DAYS: FactKind.WEEKS, FactKind.PLANNED_DAYS: FactKind.PLANNED_WEEKS}


@dataclass
class Gatherer:
    """Collects facts under E1, E2, ... in the order in which they come."""

    facts: list[Fact] = field(default_factory=list)

    def add(
        self,
        kind: FactKind,
        value: float,
        unit: Unit,
        *,
        metric: str = "",
        arm: str = "",
        subject: str = "",
        unit_count: int = 0,
    ) -> str:
        """Returns the id of the fact; facts derived of it follow under ids of their own.

        Raises:
            InvalidArgument: INVALID_FIELD: an alias is malformed or the value is not finite.
        """
        fact = Fact(self._next_id(), kind, float(value), unit, metric, arm, subject, unit_count)
        self.facts.append(fact)
        for one in _derived(fact):
            self.facts.append(replace(one, evidence_id=self._next_id()))
        return fact.evidence_id

    def find(self, kind: FactKind, *, metric: str = "", arm: str = "", subject: str = "") -> str:
        """Returns the id of the first fact of this kind and scope; empty: there is none."""
        wanted = (kind, metric, arm, subject)
        found = (one.evidence_id for one in self.facts if (one.kind, one.metric, one.arm, one.subject) == wanted)
        return next(found, "")

    def _next_id(self) -> str:
        return f"E{len(self.facts) + 1}"


def _derived(fact: Fact) -> Iterable[Fact]:
    if size := SIZES.get(fact.kind):
        yield replace(fact, kind=size, value=abs(fact.value))
    # Only whole weeks: what is rounded is not what was measured.
    if (weeks := _WEEKS.get(fact.kind)) and fact.unit is Unit.DAYS and fact.value and fact.value % 7 == 0:
        yield replace(fact, kind=weeks, value=fact.value / 7, unit=Unit.WEEKS)
