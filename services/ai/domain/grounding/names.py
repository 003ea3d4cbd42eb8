"""How the names that somebody chose are shown: cleaned, and in quotes where they could be read as a claim."""

import re
from collections.abc import Iterator
from typing import Final

from services.ai.domain.grounding.evidence import ArmRef, EvidencePack, MetricRef, Ref
from services.ai.domain.grounding.untrusted import NAME_LENGTH, cleaned
from services.ai.domain.grounding.vocabulary import RISKY, SINGLE

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _\-]*")
_KINDS: Final = {"M": "metric", "V": "arm", "X": "experiment", "S": "segment"}


def label(ref: Ref) -> str:
    """Returns the name of a metric, arm or subject for a sentence: its own name, its id, or else its alias."""
    for name in (ref.display_name, _id_of(ref)):
        shown = cleaned(name, NAME_LENGTH)
        if shown and _is_plain(shown):
            return shown if _is_inert(shown) else f"\u201c{shown}\u201d"
    return f"{_KINDS[ref.alias[0]]} {ref.alias}"


def written_names(pack: EvidencePack) -> Iterator[tuple[str, str]]:
    """Returns the names that a text may hold as they are, with their aliases, the longest first.

    Names that claim something or are made of everyday words alone are not among them: these are written as slots.
    """
    pairs = {
        name.casefold(): ref.alias
        for ref in pack.ref_by_alias.values()
        for name in (ref.display_name, _id_of(ref))
        if name and _is_plain(name) and _is_inert(name) and not set(_parts(name)) <= SINGLE
    }
    yield from sorted(pairs.items(), key=lambda pair: (-len(pair[0]), pair[0]))


def _id_of(ref: Ref) -> str:
    if isinstance(ref, MetricRef):
        return ref.metric_id
    return ref.arm_id if isinstance(ref, ArmRef) else ref.subject_id


def _is_plain(name: str) -> bool:
    return bool(_PLAIN.fullmatch(name))


def _is_inert(name: str) -> bool:
    return not set(_parts(name)) & RISKY


def _parts(name: str) -> list[str]:
    return re.findall(r"[a-z]+", name.casefold())
