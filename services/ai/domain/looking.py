"""When one may look at the results of an experiment."""

from enum import StrEnum


class LookingPolicy(StrEnum):
    """Says when: once, at the end; whenever one likes, by any-time intervals; or at planned looks, by their bounds."""

    AT_END = "AT_END"
    ANY_TIME = "ANY_TIME"
    PLANNED_LOOKS = "PLANNED_LOOKS"
