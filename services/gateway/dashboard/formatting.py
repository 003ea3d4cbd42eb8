"""Numbers, shares and instants in words for people; a dash where there is nothing to say."""

import math
from datetime import UTC, datetime, timedelta
from typing import Final

NOTHING: Final = "\u2013"
_MINUS: Final = "\u2212"
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_LEAST_P: Final = 0.0001
_LEAST: Final = 1e-6
# From here on digits are counted, not read.
_MOST: Final = 1e15


def number(value: float | None, *, digits: int = 3) -> str:
    """Returns a number with so many significant digits, and thousands apart."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    if abs(value) < _LEAST:
        return "\u2248 0"
    if abs(value) >= _MOST:
        return _powers(value)
    whole = math.floor(math.log10(abs(value))) + 1
    return _signed_minus(f"{value:,.{max(digits - whole, 0)}f}")


def count(value: float | None) -> str:
    """Returns a whole number, thousands apart."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return _powers(value) if abs(value) >= _MOST else _signed_minus(f"{round(value):,}")


def share(value: float | None, *, digits: int = 1) -> str:
    """Returns a share in percent."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) >= _MOST:
        return f"{_powers(value, more=2)} %"
    return f"{_signed_minus(_unzero(f'{value * 100:,.{digits}f}'))} %"


def rate(value: float | None) -> str:
    """Returns a small share in percent, with three significant digits at least where it is below one percent."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0 or abs(value) >= 0.1:
        return share(value, digits=1)
    return share(value, digits=min(2 - math.floor(math.log10(abs(value) * 100)), 6))


def change(value: float | None, *, relative: bool = True) -> str:
    """Returns a difference with its sign: in percent where it is relative, else as a number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    shown = share(value, digits=_change_digits(value)) if relative else number(value)
    return shown if shown.startswith(_MINUS) or _is_nought(shown) else f"+{shown}"


def points(value: float | None) -> str:
    """Returns a difference of shares in percentage points, with its sign."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return change(value).replace(" %", " pp")


def probability(value: float | None) -> str:
    """Returns a probability in percent; what is nearly certain is never called certain."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value >= 0.9995:
        return "> 99.9 %"
    if value <= 0.0005:
        return "< 0.1 %"
    return share(value)


def p_value(value: float | None) -> str:
    """Returns a p-value."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"< {_LEAST_P:.4f}" if value < _LEAST_P else f"{value:.{3 if value >= 0.01 else 4}f}"


def p_words(value: float) -> str:
    """Returns a p-value as people write it: `p = 0.012`, `p < 0.0001`."""
    shown = p_value(value)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def instant(moment: datetime | None) -> str:
    """Returns an instant in UTC, to the minute."""
    return NOTHING if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(moment: datetime | None) -> str:
    """Returns a day, short."""
    return NOTHING if moment is None else f"{moment.astimezone(UTC):%d %b}"


def machine_instant(moment: datetime) -> str:
    """Returns an instant as the `datetime` of a <time> has it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def ago(moment: datetime | None, now: datetime) -> str:
    """Returns how far an instant is from now, such as `in 3 d` and `5 min ago`."""
    if moment is None:
        return NOTHING
    distance = moment - now
    if abs(distance) < timedelta(seconds=1):
        return "now"
    return f"in {span(distance)}" if distance > timedelta(0) else f"{span(-distance)} ago"


def span(length: timedelta) -> str:
    """Returns a length of time in its largest unit, such as `7 d`."""
    seconds = length.total_seconds()
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{seconds / size:.0f} {unit}"


def plural(value: int, thing: str, things: str = "") -> str:
    """Returns a count with its thing, such as `1 arm` and `2 arms`."""
    return f"{value:,} {thing if value == 1 else things or thing + 's'}"


def words(name: str) -> str:
    """Returns the name of an enum's member in words: `SAMPLE_RATIO` becomes `sample ratio`."""
    return name.replace("_", " ").lower()


def _powers(value: float, *, more: int = 0) -> str:
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{_signed_minus(mantissa)}\u00b710^{int(exponent) + more}"


def _change_digits(value: float) -> int:
    return 1 if abs(value) >= 0.01 or value == 0 else 2


def _is_nought(shown: str) -> bool:
    return not any(digit in shown for digit in "123456789")


def _unzero(shown: str) -> str:
    return shown.removeprefix("-") if _is_nought(shown) else shown


def _signed_minus(shown: str) -> str:
    return shown.replace("-", _MINUS)
