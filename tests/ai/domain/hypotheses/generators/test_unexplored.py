from services.ai.domain.hypotheses.generators.unexplored import explore_metric
from tests.ai.domain.hypotheses.examples import CHECKOUT, LATENCY, REVENUE, inconclusive, knowing, lost, won


def test_a_metric_without_experiments_gets_the_best_change_of_another() -> None:
    rows = (won("e1", "Show a bar", 0.03), won("e2", "Show reviews", 0.08), won("e3", "Odd", None))

    (draft,) = explore_metric(knowing(*rows, metrics=(CHECKOUT, REVENUE, LATENCY)))

    assert draft.intervention == "Apply the change of {{X2}} where {{M2}} is decided"
    assert draft.metric == "M2"
    assert draft.builds_on == ()
    assert [claim.metric for claim in draft.because] == ["M2", "M1"]


def test_nothing_is_explored_without_a_change_that_won() -> None:
    rows = (lost("e1", "Show a bar"), inconclusive("e2", "Show reviews"))

    assert not [*explore_metric(knowing(*rows, metrics=(CHECKOUT, REVENUE)))]
    assert not [*explore_metric(knowing(metrics=(CHECKOUT, REVENUE)))]


def test_explored_metrics_are_left() -> None:
    rows = (won("e1", "Show a bar"), inconclusive("e2", "Show reviews", metric_id="revenue_per_visitor"))

    assert not [*explore_metric(knowing(*rows, metrics=(CHECKOUT, REVENUE)))]
