"""What statements may rest on: a frozen pack of facts and of the engine's verdicts, under opaque aliases.

Aliases: M1.. metrics, V1.. arms, E1.. facts, X1.. past experiments, S1.. segments. Names are in a look-up only, so that
no name that somebody chose becomes an identifier.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

from services.ai.domain.grounding.kinds import FactKind, Unit
from shared.definition.model import MetricDirection, MetricRole
from shared.errors import invalid_field
from shared.statistics.decision.verdict import Verdict
from shared.statistics.health.finding import Check, Status

PACK_VERSION: Final = 1
"""Of the canonical form: another version, another digest."""
_ALIAS: Final = re.compile(r"[EMVXS][1-9][0-9]{0,3}")


class ComparisonStatus(StrEnum):
    """Says what the engine makes of a comparison; as in analysis.proto."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    NO_DETECTABLE_CHANGE = "NO_DETECTABLE_CHANGE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Fact:
    """Is one number.

    Attributes:
        evidence_id: Alias, such as E17.
        value: In full precision; finite.
        metric: Alias of the metric; empty: it is about none.
        arm: Alias of the arm; empty: it is about none, or all.
        subject: Alias of a segment or a past experiment; empty: it is about none.
        unit_count: Units that it was computed from; 0: it does not apply.

    Raises:
        InvalidArgument: INVALID_FIELD: an alias is malformed or the value is not finite.
    """

    evidence_id: str
    kind: FactKind
    value: float
    unit: Unit
    metric: str = ""
    arm: str = ""
    subject: str = ""
    unit_count: int = 0

    def __post_init__(self) -> None:
        _check_alias("evidence_id", self.evidence_id, "E")
        for field, letters in (("metric", "M"), ("arm", "V"), ("subject", "XS")):
            if getattr(self, field):
                _check_alias(field, getattr(self, field), letters)
        if not math.isfinite(self.value):
            raise invalid_field("value", f"{self.value} of {self.evidence_id}, must be finite")


@dataclass(frozen=True, slots=True)
class MetricRef:
    """Is a metric behind its alias."""

    alias: str
    metric_id: str
    direction: MetricDirection
    role: MetricRole
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class ArmRef:
    """Is an arm behind its alias."""

    alias: str
    arm_id: str
    control: bool = False
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """Is a past experiment (X1..) or a segment (S1..) behind its alias."""

    alias: str
    subject_id: str
    display_name: str = ""


Ref = MetricRef | ArmRef | SubjectRef


@dataclass(frozen=True, slots=True)
class EngineVerdict:
    """Is what the engine makes of one arm against another on one metric.

    Attributes:
        metric: Alias.
        arm: Alias; empty for a past experiment, whose arms are not here.
        baseline: Alias of the arm that it is compared with; empty for a past experiment.
        subject: Alias of the segment or the past experiment; empty: the experiment as a whole.
        sample_reached: Whether the planned sample is there.
        any_time_valid: Whether the method holds at any look.
        demoted: Whether the effect is no longer significant once several comparisons are allowed for.
    """

    metric: str
    arm: str
    baseline: str
    status: ComparisonStatus
    subject: str = ""
    sample_reached: bool = True
    any_time_valid: bool = False
    demoted: bool = False


@dataclass(frozen=True, slots=True)
class HealthVerdict:
    """Is how a health check of the experiment, or of one arm, ended."""

    check: Check
    status: Status
    arm: str = ""


@dataclass(frozen=True, slots=True)
class EngineDecision:
    """Is the engine's advice; `arm` is the alias of the arm to ship, empty unless SHIP."""

    verdict: Verdict
    arm: str = ""


@dataclass(frozen=True)
class EvidencePack:
    """Holds everything that statements about one experiment, or one planning job, may rest on.

    Attributes:
        as_of: When the data are from, with a time zone; the same for all facts.
        sample_reached: Whether the planned sample is there; None: there is no plan.
        decision: None where nothing is to be decided: hypotheses and designs.

    Raises:
        InvalidArgument: INVALID_FIELD: an alias is used twice or is not defined, or `as_of` has no time zone.
    """

    as_of: datetime
    metrics: tuple[MetricRef, ...] = ()
    arms: tuple[ArmRef, ...] = ()
    subjects: tuple[SubjectRef, ...] = ()
    facts: tuple[Fact, ...] = ()
    verdicts: tuple[EngineVerdict, ...] = ()
    health: tuple[HealthVerdict, ...] = ()
    sample_reached: bool | None = None
    decision: EngineDecision | None = None

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None:
            raise invalid_field("as_of", "has no time zone")
        _check_refs(self)

    @cached_property
    def fact_by_id(self) -> Mapping[str, Fact]:
        """The facts by evidence id."""
        return {fact.evidence_id: fact for fact in self.facts}

    @cached_property
    def ref_by_alias(self) -> Mapping[str, Ref]:
        """Metrics, arms and subjects by alias."""
        refs: tuple[Ref, ...] = (*self.metrics, *self.arms, *self.subjects)
        return {ref.alias: ref for ref in refs}

    @cached_property
    def control(self) -> str:
        """The alias of the control; empty: there is none."""
        return next((arm.alias for arm in self.arms if arm.control), "")

    def metric(self, alias: str) -> MetricRef | None:
        """Returns a metric; None: there is none of that alias."""
        ref = self.ref_by_alias.get(alias)
        return ref if isinstance(ref, MetricRef) else None

    def verdict_on(self, metric: str, arm: str, baseline: str = "", subject: str = "") -> EngineVerdict | None:
        """Returns the engine's verdict on a comparison, with the control unless told otherwise; None: it has none."""
        wanted = (metric, arm, (baseline or self.control) if arm else "", subject)
        return next((one for one in self.verdicts if (one.metric, one.arm, one.baseline, one.subject) == wanted), None)

    @cached_property
    def canonical_json(self) -> str:
        """The pack as JSON: keys sorted, no spaces, ASCII only; equal packs give equal text."""
        return json.dumps(_document(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)

    @cached_property
    def sha256(self) -> str:
        """The digest of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.canonical_json.encode("ascii")).hexdigest()


def _document(pack: EvidencePack) -> dict[str, object]:
    return {
        "version": PACK_VERSION,
        "as_of": pack.as_of.isoformat(),
        "sample_reached": pack.sample_reached,
        "decision": None if pack.decision is None else fields_of(pack.decision),
        **{
            name: [fields_of(one) for one in getattr(pack, name)]
            for name in ("metrics", "arms", "subjects", "facts", "verdicts", "health")
        },
    }


def fields_of(part: Fact | Ref | EngineVerdict | HealthVerdict | EngineDecision) -> dict[str, object]:
    """Returns the fields of a part of a pack by name; none of them has parts of its own."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _check_alias(field: str, alias: str, letters: str) -> None:
    if not _ALIAS.fullmatch(alias) or alias[0] not in letters:
        raise invalid_field(field, f"{alias!r}, must be one of {'/'.join(letters)} and a number from 1")


def _check_refs(pack: EvidencePack) -> None:
    refs = [(ref.alias, letters) for group, letters in _groups(pack) for ref in group]
    for alias, letters in refs:
        _check_alias("alias", alias, letters)
    aliases = [alias for alias, _ in refs] + [fact.evidence_id for fact in pack.facts]
    twice = sorted({alias for alias in aliases if aliases.count(alias) > 1}) if len(set(aliases)) < len(aliases) else []
    if twice:
        raise invalid_field("alias", f"{', '.join(twice)}: must be used once")
    named = {
        alias
        for one in (*pack.facts, *pack.verdicts, *pack.health)
        for name in ("metric", "arm", "baseline", "subject")
        if (alias := getattr(one, name, ""))
    }
    decided = {pack.decision.arm} - {""} if pack.decision else set()
    if unknown := sorted((named | decided) - set(aliases)):
        raise invalid_field("alias", f"{', '.join(unknown)}: not defined")


def _groups(pack: EvidencePack) -> tuple[tuple[tuple[Ref, ...], str], ...]:
    return (pack.metrics, "M"), (pack.arms, "V"), (pack.subjects, "XS")
