"""Builds what the service does unasked: analyses on their cadence, results of hypotheses, proposals."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from prometheus_client import CollectorRegistry

from services.ai.config import Config
from services.ai.domain.ports import Proposer
from services.ai.main.parts import Parts
from services.ai.service.effectiveness import EffectivenessReader
from services.ai.service.effectiveness_metrics import EffectivenessMetrics
from services.ai.service.periodic import Periodic
from services.ai.service.proposals import Proposals
from services.ai.service.results import Results
from shared import clock, ids

Sweeps: TypeAlias = Mapping[str, Callable[[], object]]
"""What is done again and again, by what it is called."""


def build_periodic(options: Config, parts: Parts, registry: CollectorRegistry) -> Sweeps:
    """Returns what nobody waits for."""
    store = parts.store
    periodic = Periodic(
        store.jobs,
        parts.experiments,
        parts.sender,
        cadence=options.analysis_interval,
        kept=options.job.kept,
        propose=options.analysis_proposes,
        clock=clock.now,
        new_id=ids.new_id,
    )
    results = Results(store.analyses, store.hypotheses, parts.experiments, clock=clock.now)
    figures = EffectivenessMetrics(registry, EffectivenessReader(store, clock=clock.now))
    return {
        "analyses that are due": periodic.sweep,
        "results of hypotheses": results.sweep,
        "figures of effectiveness": figures.refresh,
    }


def build_proposals(parts: Parts, proposer: Proposer) -> Sweeps:
    """Returns what opens the change requests that analyses ask for."""
    return {"proposals": Proposals(parts.store.analyses, proposer).sweep}
