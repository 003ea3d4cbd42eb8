from dataclasses import replace

from services.ai.domain.hypotheses.generators.bottleneck import relieve_bottleneck
from services.ai.domain.metrics import MetricProfile
from shared.definition.model import MetricDirection, MetricRole
from tests.ai.domain.hypotheses.examples import CHECKOUT, knowing


def _funnel(*levels: float) -> tuple[MetricProfile, ...]:
    return tuple(
        replace(CHECKOUT, metric_id=f"step_{place}", baseline=level, funnel_step=place)
        for place, level in enumerate(levels, 1)
    )


def test_the_worst_step_is_relieved() -> None:
    (draft,) = relieve_bottleneck(knowing(metrics=_funnel(0.9, 0.8, 0.2, 0.19)))

    assert draft.intervention == "Remove a required input on the way to {{M3}}"
    assert draft.metric == "M3"


def test_an_even_funnel_or_none_is_left() -> None:
    assert not [*relieve_bottleneck(knowing(metrics=_funnel(0.8, 0.4, 0.2)))]
    assert not [*relieve_bottleneck(knowing(metrics=_funnel(0.8, 0.2)))]
    assert not [*relieve_bottleneck(knowing())]


def test_a_step_that_must_not_decide_is_left() -> None:
    first, second, third = _funnel(0.9, 0.8, 0.2)

    for guarded in (replace(third, role=MetricRole.GUARDRAIL), replace(third, direction=MetricDirection.MINIMIZE)):
        assert not [*relieve_bottleneck(knowing(metrics=(first, second, guarded)))]
