"""What the newest analysis of an experiment advises, and which changes it advises against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.definition import model


class AdviceVerdict(StrEnum):
    """Says what an analysis decided: the names are those of the contract's decision verdicts."""

    SHIP = "SHIP"
    ROLL_BACK = "ROLL_BACK"
    CONTINUE = "CONTINUE"
    STOP_INCONCLUSIVE = "STOP_INCONCLUSIVE"
    INVESTIGATE = "INVESTIGATE"


@dataclass(frozen=True, slots=True)
class Advice:
    """Is what an analysis decided; `arm_id` is the arm to ship, empty unless SHIP."""

    verdict: AdviceVerdict
    arm_id: str = ""


_AGAINST_UNITS: Final = frozenset({AdviceVerdict.ROLL_BACK, AdviceVerdict.STOP_INCONCLUSIVE, AdviceVerdict.INVESTIGATE})
"""By these, the arms are to get no more units: they do harm, show nothing, or nobody knows what is measured."""


def disagrees(advice: Advice | None, change_kind: str, before: model.Experiment, after: model.Experiment) -> bool:
    """Returns whether the advice is against a change; without any, nothing is.

    Args:
        advice: Of the newest analysis; None: there is none.
        change_kind: The name of the change's field in `Change`.
        before: The experiment before the change.
        after: The experiment after it.
    """
    judge = _JUDGED.get(change_kind)
    return advice is not None and judge is not None and judge(advice, before, after)


def _ships_otherwise(advice: Advice, before: model.Experiment, after: model.Experiment) -> bool:
    """Returns whether an arm is shipped, and not the one that is to be."""
    shipped = after.shipped_arm_id
    if shipped in ("", before.control.arm_id):
        return False
    return advice.verdict is not AdviceVerdict.SHIP or advice.arm_id != shipped


def _goes_on(advice: Advice, _before: model.Experiment, _after: model.Experiment) -> bool:
    return advice.verdict in _AGAINST_UNITS


def _takes_more(advice: Advice, before: model.Experiment, after: model.Experiment) -> bool:
    return advice.verdict in _AGAINST_UNITS and after.traffic.share > before.traffic.share


_JUDGED: Final[Mapping[str, Callable[[Advice, model.Experiment, model.Experiment], bool]]] = MappingProxyType(
    {"stop": _ships_otherwise, "resume": _goes_on, "edit_traffic": _takes_more}
)
"""What an analysis speaks of; of arms, weights and metrics it says nothing."""
