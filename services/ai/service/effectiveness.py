"""The use case of saying what came of what was suggested: figures of stored rows, for each provider."""

from dataclasses import dataclass
from datetime import datetime

from services.ai.domain.design_time import DesignTime, design_time
from services.ai.domain.hypotheses.effectiveness import Effectiveness, HypothesisRow, effectiveness
from services.ai.domain.ports import AiStore
from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class ProviderFigures:
    """Is what came of what one provider put into words."""

    hypotheses: Effectiveness
    design_count: int
    adopted_design_count: int
    analysis_count: int

    @property
    def provider(self) -> str:
        """Returns whose they are."""
        return self.hypotheses.provider


@dataclass(frozen=True, slots=True)
class EffectivenessReport:
    """Is what came of everything; `providers` are by name, those alone that made anything."""

    providers: tuple[ProviderFigures, ...]
    design_time: DesignTime
    as_of: datetime


class EffectivenessReader:
    """Reads the figures; safe for use by many threads."""

    def __init__(self, store: AiStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def report(self, since: datetime | None = None) -> EffectivenessReport:
        """Returns the figures of what was made at that instant or later; None: of everything.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        as_of = self._clock()
        rows = [
            HypothesisRow(provider, state, confidence)
            for provider, state, confidence, at in self._store.hypotheses.counts()
            if since is None or at >= since
        ]
        designs = [one for one in self._store.designs.counts() if since is None or one[2] >= since]
        analyses = self._store.analyses.counts(since=since)
        by_provider = {one.provider: one for one in effectiveness(rows)}
        names = sorted({*by_provider, *(one[0] for one in designs), *analyses})
        return EffectivenessReport(
            tuple(
                ProviderFigures(
                    hypotheses=by_provider.get(name) or _none_of(name),
                    design_count=sum(one[0] == name for one in designs),
                    adopted_design_count=sum(one[0] == name and one[3] is not None for one in designs),
                    analysis_count=analyses.get(name, 0),
                )
                for name in names
            ),
            design_time([(requested, adopted) for _, requested, _, adopted in designs if adopted is not None]),
            as_of,
        )


def _none_of(provider: str) -> Effectiveness:
    return Effectiveness(
        provider,
        hypothesis_count=0,
        accepted_count=0,
        rejected_count=0,
        adopted_count=0,
        won_count=0,
        lost_count=0,
        inconclusive_count=0,
        brier_score=None,
        reliability=(),
    )
