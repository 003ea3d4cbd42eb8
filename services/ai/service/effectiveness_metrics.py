"""Shows what came of what was suggested, for Prometheus: what the store has, whichever process asks.

Gauges, as rows move: a hypothesis that had won may have lost by a later look.
"""

import math
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from services.ai.domain.asking import ProviderName
from services.ai.service.effectiveness import EffectivenessReader, EffectivenessReport, ProviderFigures

_NAMES: Final = {name.value: name.lower() for name in ProviderName}


class EffectivenessMetrics:
    """Holds the families; for one thread."""

    def __init__(self, registry: CollectorRegistry, reader: EffectivenessReader) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, labels, registry=registry)

        self._reader = reader
        self._made = gauge("llm_suggestions", "What is stored, by kind.", "provider", "kind")
        self._reviewed = gauge("llm_suggestions_reviewed", "Hypotheses that people judged.", "provider", "decision")
        self._adopted = gauge("llm_suggestions_adopted", "What became an experiment, by kind.", "provider", "kind")
        self._outcomes = gauge("llm_suggestion_outcomes", "Hypotheses whose test has ended.", "provider", "outcome")
        self._brier = gauge(
            "llm_hypothesis_brier_score", "Mean squared error of stated confidences; NaN: none decided.", "provider"
        )
        self._seconds = gauge("llm_design_seconds", "Median from request to experiment; NaN: none.")
        self._saved = gauge("llm_design_saved_share", "1 - that over the model of the way by hand; NaN: none.")

    def refresh(self) -> None:
        """Shows what the store has now.

        Raises:
            Unavailable: STORE_UNAVAILABLE.
        """
        report = self._reader.report()
        for figures in report.providers:
            self._show(figures)
        self._show_times(report)

    def _show(self, figures: ProviderFigures) -> None:
        name, own = _NAMES[figures.provider], figures.hypotheses
        for family, values in (
            (
                self._made,
                {
                    "hypothesis": own.hypothesis_count,
                    "design": figures.design_count,
                    "analysis": figures.analysis_count,
                },
            ),
            (self._reviewed, {"accepted": own.accepted_count, "rejected": own.rejected_count}),
            (self._adopted, {"hypothesis": own.adopted_count, "design": figures.adopted_design_count}),
            (
                self._outcomes,
                {"won": own.won_count, "lost": own.lost_count, "inconclusive": own.inconclusive_count},
            ),
        ):
            _set(family, name, values)
        self._brier.labels(name).set(math.nan if own.brier_score is None else own.brier_score)

    def _show_times(self, report: EffectivenessReport) -> None:
        time = report.design_time
        self._seconds.set(math.nan if time.median is None else time.median.total_seconds())
        self._saved.set(math.nan if time.saved_share is None else time.saved_share)


def _set(family: Gauge, provider: str, values: Mapping[str, int]) -> None:
    for label, value in values.items():
        family.labels(provider, label).set(value)
