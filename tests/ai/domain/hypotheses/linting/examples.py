"""A draft in which nothing is wrong, and what is known where it was made."""

from dataclasses import replace
from typing import Any, Final

from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.linting.findings import Flaw
from services.ai.domain.hypotheses.linting.lint import lint
from services.ai.domain.hypotheses.model import Draft, EffectDirection
from shared.statistics.design.severity import Severity
from tests.ai.domain.hypotheses.examples import CHECKOUT, LATENCY, RETURNS, REVENUE, inconclusive, knowing, lost, won

KNOWLEDGE: Final = knowing(
    won("e1", "Show a progress bar", 0.06),
    lost("e2", "Show fewer reviews", -0.05),
    inconclusive("e3", "Free shipping banner", 0.02),
    metrics=(
        CHECKOUT,
        REVENUE,
        LATENCY,
        RETURNS,
        replace(CHECKOUT, metric_id="signup", display_name="", baseline=None),
    ),
)
DRAFT: Final = Draft(
    "Shorten the address form to its required fields",
    "M1",
    EffectDirection.INCREASE,
    because=(because.result(KNOWLEDGE, KNOWLEDGE.trials[0]),),
    rationale="Each field is an occasion to leave.",
)


def flaws(**changes: Any) -> list[tuple[Flaw, str, Severity]]:
    """Returns what is wrong with the draft after changes: flaw, field and severity."""
    return [(one.flaw, one.field, one.severity) for one in lint(replace(DRAFT, **changes), KNOWLEDGE)]
