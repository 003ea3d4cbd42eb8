"""How slots are written, and how the values behind them are: with their unit, never scaled, never negated.

`{{E17}}` is a value in the usual format of its unit, `{{E17|pct1}}` in another one that the unit has; the digit is the
number of decimals. Signed kinds carry their sign. What would be rounded to 0 gets as many decimals as it takes.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from services.ai.domain.grounding.evidence import Fact
from services.ai.domain.grounding.kinds import SIGNED, Unit

SLOT: Final = re.compile(r"\{\{([EMVXS][1-9][0-9]{0,3})(?:\|([a-z]+[0-9]?))?\}\}")
_MOST_DECIMALS: Final = 12

FORMATS: Final[Mapping[Unit, tuple[str, ...]]] = {
    Unit.SHARE: ("pct1", "pct0", "pct2", "pct3"),
    Unit.POINTS: ("pp2", "pp1", "pp3"),
    Unit.UNITS: ("int",),
    Unit.COUNT: ("int",),
    Unit.DAYS: ("days",),
    Unit.WEEKS: ("weeks",),
    Unit.USD: ("usd2", "usd0"),
    Unit.VALUE: ("sig4", "sig3", "dec1", "dec2", "dec3", "dec4"),
    Unit.RATIO: ("dec2", "dec1", "dec3"),
    Unit.PROBABILITY: ("prob3", "prob4"),
    Unit.DATE: ("date",),
}
"""The formats of each unit, the usual one first."""


def written(fact: Fact, style: str = "") -> str:
    """Returns a fact's value as text.

    Raises:
        KeyError: the format is not one of its unit's; `R3_SLOT` keeps such slots from being rendered.
    """
    style = style or FORMATS[fact.unit][0]
    if style not in FORMATS[fact.unit]:
        raise KeyError(style)
    name, decimals = style.rstrip("0123456789"), int(style[-1]) if style[-1].isdigit() else 0
    sign = "+" if fact.kind in SIGNED and fact.value > 0 else ""
    return _WRITERS[name](fact.value, decimals, sign)


def _decimal(value: float, decimals: int, sign: str) -> str:
    if value and not round(abs(value), decimals):
        decimals = min(_MOST_DECIMALS, -math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return sign + (text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", "\u2212"))


def _significant(value: float, digits: int, sign: str) -> str:
    exponent = math.floor(math.log10(abs(value))) if value else 0
    return _decimal(value, max(0, digits - 1 - exponent), sign)


def _counted(noun: str) -> Callable[[float, int, str], str]:
    def write(value: float, _: int, sign: str) -> str:
        decimals = 0 if value == round(value) else 1
        return f"{_decimal(value, decimals, sign)} {noun if value == 1 else noun + 's'}"

    return write


def _probability(value: float, decimals: int, _: str) -> str:
    least = 10.0**-decimals
    return f"below {least:.{decimals}f}" if 0 <= value < least else f"{value:.{decimals}f}"


def _usd(value: float, decimals: int, sign: str) -> str:
    minus = "\u2212" if value < 0 else sign
    return f"{minus}${_decimal(abs(value), decimals, '')}"


def _date(value: float, _: int, __: str) -> str:
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")


_WRITERS: Final[Mapping[str, Callable[[float, int, str], str]]] = {
    "pct": lambda value, decimals, sign: f"{_decimal(100 * value, decimals, sign)} %",
    "pp": lambda value, decimals, sign: f"{_decimal(100 * value, decimals, sign)} pp",
    "int": lambda value, _, sign: _decimal(value, 0, sign),
    "days": _counted("day"),
    "weeks": _counted("week"),
    "usd": _usd,
    "sig": _significant,
    "dec": _decimal,
    "prob": _probability,
    "date": _date,
}
