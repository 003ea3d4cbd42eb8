"""Everything that is known for one job: the brief, its history, and the evidence pack that claims cite."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from services.ai.domain.grounding.evidence import EvidencePack
from services.ai.domain.grounding.kinds import FactKind
from services.ai.domain.grounding.names import label
from services.ai.domain.grounding.slots import SLOT
from services.ai.domain.grounding.untrusted import cleaned
from services.ai.domain.hypotheses.brief import Brief
from services.ai.domain.hypotheses.confidence import Record
from services.ai.domain.hypotheses.history import History
from services.ai.domain.hypotheses.model import LiftRange
from services.ai.domain.hypotheses.opposites import are_contrary
from services.ai.domain.hypotheses.planning import required_test
from services.ai.domain.hypotheses.similarity import DUPLICATE, Corpus
from services.ai.domain.hypotheses.wanted import wanted_direction
from services.ai.domain.metrics import MetricProfile, PastExperiment, SegmentBaseline

QUOTATION_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Trial:
    """Is a row of a past experiment with its aliases.

    Attributes:
        experiment: X1.. of the experiment, or of its part in one segment.
        segment: S1..; empty: all units.
    """

    row: PastExperiment
    metric: str
    experiment: str
    segment: str


@dataclass(frozen=True)
class Knowledge:
    """Holds what drafts are made of, and by what they are completed and checked.

    Attributes:
        trials: Past experiments that have an alias.
        metric_by_alias, segment_by_alias: What is behind M1.. and S1...
    """

    brief: Brief
    history: History
    pack: EvidencePack
    trials: tuple[Trial, ...]
    metric_by_alias: Mapping[str, MetricProfile]
    segment_by_alias: Mapping[str, str]

    @cached_property
    def alias_of_metric(self) -> Mapping[str, str]:
        """M1.. by metric id."""
        return {metric.metric_id: alias for alias, metric in self.metric_by_alias.items()}

    @cached_property
    def alias_of_segment(self) -> Mapping[str, str]:
        """S1.. by the segment's name."""
        return {name: alias for alias, name in self.segment_by_alias.items()}

    @cached_property
    def corpus(self) -> Corpus:
        """The interventions that are known, as a measure of how rare words are."""
        texts = [one.row.intervention for one in self.trials] + [one.intervention for one in self.brief.stored]
        return Corpus(texts)

    @cached_property
    def record(self) -> Record:
        """What came of the hypotheses that are stored."""
        return Record(self.brief.stored)

    def is_plannable(self, metric: str) -> bool:
        """Says whether it can be computed how many units a test on a metric takes."""
        profile = self.metric_by_alias[metric]
        return required_test(profile, wanted_direction(profile)).units_per_arm > 0

    def band(self, metric: str) -> LiftRange | None:
        """Returns the sizes of effects that were seen on a metric; None: too few, or no such metric."""
        profile = self.metric_by_alias.get(metric)
        return self.history[profile.metric_id].band if profile else None

    def segment(self, metric: str, segment: str) -> SegmentBaseline | None:
        """Returns what is known of a metric in a segment; None: nothing."""
        name = self.segment_by_alias.get(segment)
        return next((one for one in self.metric_by_alias[metric].segments if one.segment == name), None)

    def evidence(self, kind: FactKind, *, metric: str = "", subject: str = "") -> str:
        """Returns the id of a fact; empty: there is none."""
        return self._evidence.get((kind, metric, subject), "")

    @cached_property
    def _evidence(self) -> Mapping[tuple[FactKind, str, str], str]:
        return {(one.kind, one.metric, one.subject): one.evidence_id for one in self.pack.facts}

    def are_alike(self, one: str, other: str) -> bool:
        """Says whether two interventions are the same in other words."""
        return self.corpus.similarity(one, other) >= DUPLICATE and not are_contrary(one, other)

    def filled(self, text: str) -> str:
        """Returns a text with names in its slots; a past experiment's name is followed by what was tried, in quotes."""
        return SLOT.sub(lambda found: self._shown(found[1]), text)

    def _shown(self, alias: str) -> str:
        name = label(self.pack.ref_by_alias[alias])
        tried = next((one.row.intervention for one in self.trials if one.experiment == alias), "")
        return f"{name} ({quoted(tried)})" if tried.strip() else name


def quoted(intervention: str) -> str:
    """Returns the caller's words in quotation marks, cleaned and cut."""
    inner = cleaned(intervention, QUOTATION_LENGTH).replace("\u201c", "'").replace("\u201d", "'")
    return f"\u201c{inner.rstrip(' .')}\u201d"
