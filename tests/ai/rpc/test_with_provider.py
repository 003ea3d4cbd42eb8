"""The whole way with a provider that is spoken to over HTTP: accepted, repaired and degraded, and all its failures.

Every job ends with a stored answer, says who worded it, and asks no more often than it may.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy
from google.protobuf.timestamp_pb2 import Timestamp

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from services.ai.config import JobOptions, LlmOptions
from services.ai.convert import aggregates
from services.ai.domain.analysis.engine import analyze as engine_analysis
from services.ai.domain.analysis.evidence import evidence_of
from services.ai.domain.analysis.plan import AnalysisPlan
from services.ai.domain.analysis.words.answer import answer
from services.ai.domain.grounding.documents import answer_json
from services.ai.domain.looking import LookingPolicy
from shared import clock
from shared.config import Secret
from tests.ai.rpc import lab as labs
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import analyze, design, suggest, sums
from tests.ai.stand_in import behaviours as does
from tests.ai.stand_in.behaviours import Behaviour
from tests.ai.stand_in.messages_api import MessagesApi

ACCEPTED = analysis_pb2.FALLBACK_REASON_UNSPECIFIED
DATA = sums(as_of=Timestamp(seconds=1_790_000_000), started_at=Timestamp(seconds=1_788_000_000))
REQUEST = analyze(aggregates=DATA, plan=analysis_pb2.AnalysisPlan(looking_policy=analysis_pb2.LOOKING_POLICY_ANY_TIME))
# Too short for a second try: what fails once has to end.
SHORT = JobOptions(sweep_interval=timedelta(seconds=0.1), wall_budget=timedelta(seconds=4.5))
PATIENT = JobOptions(sweep_interval=timedelta(seconds=0.1), wall_budget=timedelta(seconds=30))


def engine_words() -> str:
    """Returns what the engine says of the data, as a model would have to say it."""
    now = clock.now()
    plan = AnalysisPlan(looking=LookingPolicy.ANY_TIME)
    return answer_json(answer(evidence_of(engine_analysis(aggregates.from_proto(DATA, now=now), plan, now=now))))


def boasting() -> str:
    """Returns the same with a number that nothing bears, and advice that the engine does not give."""
    said = json.loads(engine_words())
    for claim in said["statements"]:
        claim["text"] = "Conversion rose by 99 % and will rise further."
    return json.dumps(said)


@contextmanager
def opened(engine: sqlalchemy.Engine, url: str, *script: Behaviour, jobs: JobOptions = SHORT) -> Iterator[Lab]:
    """Opens a laboratory whose provider does the steps of the script, the last one again and again."""
    with MessagesApi(usual=script[-1]) as api:
        api.script(*script[:-1])
        key = Secret(api.key)
        llm = LlmOptions(anthropic_api_key=key, base_url=api.url, timeout=timedelta(seconds=1))
        with labs.opened(engine, llm=llm, jobs=jobs, works=True, news_from=url) as lab:
            yield lab


def calls(lab: Lab, job: analysis_pb2.Job) -> list[analysis_pb2.ProviderCall]:
    return list(lab["vic"].ListProviderCalls(pb.ListProviderCallsRequest(job_id=job.job_id)).provider_calls)


def analysed(lab: Lab) -> tuple[analysis_pb2.Job, analysis_pb2.ExperimentAnalysis]:
    job = lab.ended(lab["ann"].AnalyzeExperiment(REQUEST).job)
    assert job.state == analysis_pb2.JOB_STATE_SUCCEEDED
    return job, lab["vic"].GetAnalysis(pb.GetAnalysisRequest(analysis_id=job.analysis_id)).analysis


def test_analysis_when_the_words_are_borne_then_they_are_the_models(
    module_engine: sqlalchemy.Engine, module_database_url: str
) -> None:
    with opened(module_engine, module_database_url, does.answers(engine_words(), thinking=True)) as lab:
        job, stored = analysed(lab)

        assert stored.provenance.provider == analysis_pb2.AI_PROVIDER_ANTHROPIC
        assert (stored.provenance.fallback_reason, stored.provenance.model) == (ACCEPTED, "claude-sonnet-5-5")
        assert stored.provenance.grounding == analysis_pb2.GROUNDING_CLEAN
        [call] = calls(lab, job)
        assert (call.status, call.response_text, list(call.violations)) == ("ok", engine_words(), [])
        assert call.cost_usd > 0
        assert "short" in call.data_json
        assert "short" not in call.system_text
        outcome = (("outcome", "accepted"), ("provider", "anthropic"))
        assert lab.samples("llm_result_analyses_total") == {outcome: 1}


def test_analysis_when_the_words_are_put_right_then_they_are_repaired(
    module_engine: sqlalchemy.Engine, module_database_url: str
) -> None:
    script = does.answers(boasting()), does.answers(engine_words())
    with opened(module_engine, module_database_url, *script) as lab:
        job, stored = analysed(lab)

        assert stored.provenance.provider == analysis_pb2.AI_PROVIDER_ANTHROPIC
        assert stored.provenance.grounding == analysis_pb2.GROUNDING_REPAIRED
        first, second = calls(lab, job)
        assert first.violations
        assert not second.violations
        assert lab.samples("llm_result_analyses_total") == {(("outcome", "repaired"), ("provider", "anthropic")): 1}


def test_analysis_when_the_words_stay_wrong_then_none_of_them_is_published(
    module_engine: sqlalchemy.Engine, module_database_url: str
) -> None:
    with opened(module_engine, module_database_url, does.answers(boasting())) as lab:
        job, stored = analysed(lab)

        assert len(calls(lab, job)) == 2
        told = [said.text for said in (*stored.statements, *stored.next_steps, stored.decision.text)]
        assert not [text for text in told if "99" in text]


def test_analysis_when_the_provider_asks_to_wait_then_it_is_asked_again(
    module_engine: sqlalchemy.Engine, module_database_url: str
) -> None:
    script = does.rate_limited("1"), does.answers(engine_words())
    with opened(module_engine, module_database_url, *script, jobs=PATIENT) as lab:
        job, stored = analysed(lab)

        assert stored.provenance.provider == analysis_pb2.AI_PROVIDER_ANTHROPIC
        assert [call.status for call in calls(lab, job)] == ["rate_limited", "ok"]
        assert job.attempt_count == 2


FAILURES = {
    "asks to wait for longer than there is": (does.rate_limited("7"), "PROVIDER_UNAVAILABLE", "rate_limited"),
    "spend limit": (does.spend_limited(), "SPEND_LIMIT", "spend_limited"),
    "server error": (does.fails(500, "api_error"), "PROVIDER_UNAVAILABLE", "server_error"),
    "unavailable": (does.fails(503, "api_error"), "PROVIDER_UNAVAILABLE", "server_error"),
    "overloaded": (does.fails(529, "overloaded_error"), "PROVIDER_UNAVAILABLE", "overloaded"),
    "slow": (does.hangs(), "PROVIDER_UNAVAILABLE", "timed_out"),
    "never done": (does.trickles(), "PROVIDER_UNAVAILABLE", "timed_out"),
    "dropped": (does.breaks_off(), "PROVIDER_UNAVAILABLE", "disconnected"),
    "a page": (does.page(), "MALFORMED", "malformed"),
    "a page of a broken proxy": (does.page(502), "PROVIDER_UNAVAILABLE", "server_error"),
    "half a message": (does.half_a_message(), "MALFORMED", "malformed"),
    "an empty message": (does.document("{}"), "MALFORMED", "malformed"),
    "refused": (does.refuses(), "REFUSED", "refused"),
    "cut off": (does.cut_off(), "TRUNCATED", "truncated"),
    "no JSON": (does.answers("I would rather tell you a story."), "MALFORMED", "ok"),
    "bad key": (does.fails(401, "authentication_error"), "PROVIDER_REJECTED", "not_authenticated"),
    "no such model": (does.fails(404, "not_found_error"), "PROVIDER_REJECTED", "not_found"),
    "too large": (does.fails(413, "request_too_large"), "PROVIDER_REJECTED", "too_large"),
}


@pytest.mark.parametrize(("behaviour", "reason", "status"), FAILURES.values(), ids=FAILURES)
def test_analysis_when_the_provider_fails_then_the_engine_answers_and_says_why(
    module_engine: sqlalchemy.Engine, module_database_url: str, behaviour: Behaviour, reason: str, status: str
) -> None:
    with opened(module_engine, module_database_url, behaviour) as lab:
        job, stored = analysed(lab)

        assert stored.provenance.provider == analysis_pb2.AI_PROVIDER_HEURISTIC
        assert analysis_pb2.FallbackReason.Name(stored.provenance.fallback_reason) == f"FALLBACK_REASON_{reason}"
        assert stored.statements
        made = calls(lab, job)
        assert made[0].status == status
        # One question, and one repair where there was an answer to repair.
        assert len(made) <= 2
        assert lab.samples("llm_result_analyses_total") == {(("outcome", "degraded"), ("provider", "heuristic")): 1}


KINDS: dict[str, Callable[[Lab], analysis_pb2.Job]] = {
    "hypotheses": lambda lab: lab["ann"].SuggestHypotheses(suggest()).job,
    "design": lambda lab: lab["ann"].RecommendDesign(design()).job,
}


@pytest.mark.parametrize("start", KINDS.values(), ids=KINDS)
def test_other_kinds_when_the_provider_is_overloaded_then_the_engine_answers(
    module_engine: sqlalchemy.Engine, module_database_url: str, start: Callable[[Lab], analysis_pb2.Job]
) -> None:
    with opened(module_engine, module_database_url, does.fails(529, "overloaded_error")) as lab:
        job = lab.ended(start(lab))

        assert job.state == analysis_pb2.JOB_STATE_SUCCEEDED
        assert job.provenance.provider == analysis_pb2.AI_PROVIDER_HEURISTIC
        assert job.provenance.fallback_reason == analysis_pb2.FALLBACK_REASON_PROVIDER_UNAVAILABLE
        assert job.hypothesis_ids or job.design_id


def test_check_when_it_answers_then_it_says_so_and_is_on_record(
    module_engine: sqlalchemy.Engine, module_database_url: str
) -> None:
    with opened(module_engine, module_database_url, does.answers('{"ready": true}')) as lab:
        before = lab.parts.provider.budget_left_usd()
        found = lab["ann"].CheckProvider(pb.CheckProviderRequest())

        assert (found.ok, found.message, found.model) == (True, "it answers", "claude-sonnet-5-5")
        assert found.provider == analysis_pb2.AI_PROVIDER_ANTHROPIC
        assert 0 < found.cost_usd < 0.01
        assert before is not None
        assert found.budget_left_usd == pytest.approx(before - found.cost_usd)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (does.fails(401, "authentication_error"), "PROVIDER_REJECTED"),
        (does.hangs(), "PROVIDER_UNAVAILABLE"),
        (does.answers('{"ready": false}'), "MALFORMED"),
    ],
)
def test_check_when_it_does_not_answer_then_that_is_what_was_found(
    module_engine: sqlalchemy.Engine, module_database_url: str, behaviour: Behaviour, reason: str
) -> None:
    with opened(module_engine, module_database_url, behaviour) as lab:
        found = lab["ann"].CheckProvider(pb.CheckProviderRequest())

        assert not found.ok
        assert found.message
        assert analysis_pb2.FallbackReason.Name(found.fallback_reason) == f"FALLBACK_REASON_{reason}"


def test_check_when_there_is_no_key_then_nothing_is_sent_or_spent(shared_lab: Lab) -> None:
    found = shared_lab["ann"].CheckProvider(pb.CheckProviderRequest())

    assert not found.ok
    assert found.fallback_reason == analysis_pb2.FALLBACK_REASON_NO_KEY
    assert (found.cost_usd, found.model) == (0, "claude-sonnet-5-5")
