"""The designs that are offered for one wish: the one that was asked for, and others that code computed beside it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.ai.domain.design import words
from services.ai.domain.design.engine import RecommendedDesign, recommend
from services.ai.domain.design.evidence import DesignEvidence, evidence_of
from services.ai.domain.design.wishes import DesignAim, DesignWishes
from services.ai.domain.grounding.claims import Answer
from services.ai.domain.grounding.designs import DesignOption, check_option
from shared.errors import PlatformError

LEAST_SHARE: Final = 0.01
"""No arm of a design that is offered gets less of the units."""
MOST_OFFERS: Final = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """Is a design that was computed, with its evidence, and the engine's words for it."""

    option: DesignOption
    evidence: DesignEvidence
    words: Answer

    @property
    def design(self) -> RecommendedDesign:
        """Returns the design."""
        return self.evidence.design


def offer(wishes: DesignWishes, *, now: datetime, place: int = 1) -> Offer:
    """Returns the design that suits the wishes, as the option of that place.

    Raises:
        InvalidArgument: INVALID_FIELD: wishes that cannot be planned for.
    """
    evidence = evidence_of(recommend(wishes), now=now)
    return Offer(_option(evidence, f"D{place}"), evidence, words.answer(evidence))


def others(first: Offer, *, now: datetime) -> tuple[Offer, ...]:
    """Returns other designs on the same primary metric, each recommended by all rules and none like another.

    They serve another aim, or look for a lift that is large enough to be found in the time that there is.
    """
    found = [first]
    for wishes in _other_wishes(first.design):
        try:
            other = offer(wishes, now=now, place=len(found) + 1)
        except PlatformError:
            continue  # What cannot be planned is no alternative.
        if len(found) < MOST_OFFERS and _is_worth(other) and not any(_are_alike(other, one) for one in found):
            found.append(other)
    return tuple(found[1:])


def _other_wishes(design: RecommendedDesign) -> Iterator[DesignWishes]:
    wishes = replace(design.wishes, primary_metric_id=design.plan.primary_metric_id)
    if not design.recommended and design.detectable_lifts:
        yield replace(wishes, relative_mde=_rounded_up(design.detectable_lifts[-1].relative_lift))
    for aim in DesignAim:
        if aim is not wishes.aim:
            yield replace(wishes, aim=aim)


def _rounded_up(lift: float) -> float:
    """Returns a lift with two digits, none less than it."""
    unit = 10 ** (math.floor(math.log10(lift)) - 1)
    return float(f"{math.ceil(lift / unit) * unit:.12g}")


def _is_worth(other: Offer) -> bool:
    plan = other.design.plan
    faults = check_option(
        other.option, other.evidence.pack, least_share=LEAST_SHARE, most_days=other.design.wishes.most_weeks * 7
    )
    return other.design.recommended and len(plan.units_per_arm) == len(plan.arm_shares) and not faults


def _are_alike(one: Offer, other: Offer) -> bool:
    return one.design.plan == other.design.plan


def _option(evidence: DesignEvidence, option_id: str) -> DesignOption:
    design, plan = evidence.design, evidence.design.plan
    return DesignOption(
        option_id,
        evidence.metrics[plan.primary_metric_id],
        tuple(evidence.metrics[one] for one in plan.guardrail_metric_ids),
        plan.arm_shares,
        plan.day_count,
        tuple(evidence.metrics[one] for one in plan.secondary_metric_ids),
        aim=design.wishes.aim.value,
        algorithm=type(plan.allocation_policy.algorithm).__name__ if plan.learns else "",
        looking=plan.looking_policy.value,
        unit_count=plan.unit_count,
        relative_mde=plan.relative_mde,
        reachable=design.reachable,
        facts=evidence.pack.facts,
    )
