"""What review reads of the AI service's analyses, as that stores them."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy

from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.jobs import AnalysisInput
from services.ai.store.postgres import PostgresAiStore
from services.review.domain.policy.advice import Advice, AdviceVerdict
from services.review.store.postgres import PostgresReviewStore
from tests.ai.service.analysis_world import NOW, stored
from tests.ai.service.test_analysis_task import BETTER, recorded

RECORDED = AnalysisInput("checkout")


@pytest.fixture
def analyses(engine: sqlalchemy.Engine) -> PostgresAiStore:
    return PostgresAiStore(engine)


def advised(engine: sqlalchemy.Engine, experiment_id: str = "checkout") -> Advice | None:
    with PostgresReviewStore(engine).transaction() as transaction:
        return transaction.experiments.advice(experiment_id)


def test_advice_when_there_is_no_analysis_then_none(engine: sqlalchemy.Engine) -> None:
    assert advised(engine) is None


def test_advice_then_what_the_newest_analysis_of_recorded_data_decided(
    engine: sqlalchemy.Engine, analyses: PostgresAiStore
) -> None:
    stored(analyses, RECORDED)
    assert advised(engine) == Advice(AdviceVerdict.CONTINUE)

    stored(analyses, RECORDED, at=NOW + timedelta(hours=1), number=2, world=recorded())
    assert advised(engine) == Advice(AdviceVerdict.SHIP, "arm-1")
    assert advised(engine, "search") is None


def test_advice_when_data_or_the_plan_were_given_then_they_do_not_count(
    engine: sqlalchemy.Engine, analyses: PostgresAiStore
) -> None:
    stored(analyses, replace(RECORDED, data=BETTER))
    assert advised(engine) is None
    stored(analyses, replace(RECORDED, plan=AnalysisPlan(alpha=0.4)), number=2, world=recorded())
    assert advised(engine) is None
