from dataclasses import replace

from services.ai.domain.grounding.checking import check_claims
from services.ai.domain.grounding.claims import Certainty, Claim, Relation, Valence
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.hypotheses import because
from services.ai.domain.hypotheses.knowledge import Knowledge
from tests.ai.domain.hypotheses.examples import CHECKOUT, RETURNS, inconclusive, knowing, lost, segmented, won


def _said(claim: Claim | None, knowledge: Knowledge) -> str:
    assert claim is not None
    assert check_claims([claim], "because", knowledge.pack) == ((claim,), ())
    return statement(claim, knowledge.pack).text


def test_results_are_told_as_they_were() -> None:
    knowledge = knowing(won("e1", "One", 0.051), lost("e2", "Two", None), inconclusive("e3", "Three"))

    claims = [because.result(knowledge, trial) for trial in knowledge.trials]

    assert [_said(claim, knowledge) for claim in claims] == [
        "e1 raised Checkout rate by 5.1 %.",
        "e2 lowered Checkout rate.",
        "e3 found no detectable change in Checkout rate.",
    ]
    assert [claim.relation for claim in claims] == [
        Relation.INCREASE,
        Relation.DECREASE,
        Relation.NO_DETECTABLE_CHANGE,
    ]
    assert [claim.valence for claim in claims] == [Valence.BETTER, Valence.WORSE, Valence.NEUTRAL]
    assert [claim.certainty for claim in claims][:2] == [Certainty.ESTABLISHED] * 2


def test_a_win_lowers_what_should_be_low() -> None:
    knowledge = knowing(won("e1", "One", -0.08, metric_id="return_rate"), metrics=(RETURNS,))

    claim = because.result(knowledge, knowledge.trials[0])

    assert _said(claim, knowledge) == "e1 lowered \u201cReturn rate\u201d by 8.0 %."
    assert claim.valence is Valence.BETTER


def test_only_a_trend_that_is_not_wanted_is_told() -> None:
    falling = knowing(metrics=(replace(CHECKOUT, trend=-0.03), replace(RETURNS, trend=-0.03)))
    rising = knowing(metrics=(replace(CHECKOUT, trend=0.03), replace(RETURNS, trend=0.03)))

    assert _said(because.trend(falling, "M1"), falling) == "Checkout rate fell by 3.0 % over the last weeks."
    assert because.trend(falling, "M2") is None
    assert because.trend(rising, "M1") is None
    assert _said(because.trend(rising, "M2"), rising) == "\u201cReturn rate\u201d rose by 3.0 % over the last weeks."
    assert because.trend(knowing(), "M1") is None
    assert because.trend(knowing(metrics=(replace(CHECKOUT, trend=0.0),)), "M1") is None


def test_gaps_are_told_with_their_side() -> None:
    knowledge = knowing(metrics=(segmented(CHECKOUT, mobile=0.15, desktop=0.25),))

    low, high = (because.segment_gap(knowledge, "M1", one) for one in ("S1", "S2"))

    assert _said(low, knowledge) == "Checkout rate is lower in mobile than in the rest, by 10.00 pp."
    assert _said(high, knowledge) == "Checkout rate is higher in desktop than in the rest, by 10.00 pp."
    assert low.valence is Valence.WORSE


def test_a_bottleneck_is_told_at_its_metric() -> None:
    levels = ((0.8, 1), (0.6, 2), (0.15, 3))
    metrics = tuple(
        replace(CHECKOUT, metric_id=f"step_{place}", display_name="", baseline=level, funnel_step=place)
        for level, place in levels
    )
    knowledge = knowing(metrics=metrics)

    said = _said(because.funnel_gap(knowledge, "M3"), knowledge)

    assert said == "At step_3 the funnel is lower than at the other steps, by 50.00 pp."


def test_a_count_of_nothing_is_told() -> None:
    knowledge = knowing()

    assert _said(because.past_count(knowledge, "M1"), knowledge) == "Past experiments on Checkout rate: 0."
