"""What the arithmetic of a plan is called, what it takes for granted, and where it is written down."""

from shared.statistics.planning.monitoring import AnyTime, FixedLook
from shared.statistics.planning.plan import Plan
from shared.statistics.result.method import Method, Validity

_ASSUMPTIONS = (
    "units are independent of each other",
    "the baseline holds during the experiment, and the arms get their shares",
    "the arms' values are nearly normal",
)


def method_of(plan: Plan) -> Method:
    """Returns the method with which power, sizes and effects of a plan are computed."""
    match plan.monitoring:
        case FixedLook():
            return Method(
                "power of Welch's t and of the normal test",
                Validity.FIXED_LOOK,
                _ASSUMPTIONS,
                "noncentral t: Cohen 1988, chapter 2; Fleiss, Levin and Paik 2003, chapter 4",
            )
        case AnyTime():
            return Method(
                "power of the normal-mixture confidence sequence, by recursion over its looks",
                Validity.ANY_TIME,
                (*_ASSUMPTIONS, "looks are equally spaced in units"),
                "Howard, Ramdas, McAuliffe and Sekhon 2021; Armitage, McPherson and Rowe 1969",
            )
        case _:
            return Method(
                "power of the group-sequential test, by recursion over its looks",
                Validity.PLANNED_LOOKS,
                (*_ASSUMPTIONS, "looks come at the planned shares of units"),
                "Jennison and Turnbull 2000, chapters 2 to 4 and 19",
            )
