"""The words of a metric's names."""

from services.ai.domain.grounding.evidence import MetricRef
from services.ai.domain.hypotheses.similarity import tokens


def id_tokens(ref: MetricRef) -> tuple[str, ...]:
    """Returns the words of a metric's id: `checkout_rate` has two."""
    return tokens(ref.metric_id.replace("_", " ").replace("-", " "))


def name_tokens(ref: MetricRef) -> tuple[str, ...]:
    """Returns the words of all its names."""
    return tokens(ref.display_name) + id_tokens(ref)
