"""The learner pauses arms that harm a guardrail, and starts from what an earlier experiment learned."""

from dataclasses import replace

import numpy as np

from shared.definition.model import (
    BetaThompson,
    BooleanFeature,
    ExperimentState,
    GuardrailPause,
    LinearThompson,
    WarmStart,
)
from shared.policy.snapshot import PublishReason
from tests.bandit.domain.test_context_guardrails import even, guarded, trials
from tests.bandit.domain.test_guardrails import ERRORS, errors
from tests.bandit.examples import CONVERSION, MINUTE, counted, experiment, policy, split, weights
from tests.bandit.service.test_learning import Bench, of

GUARDED = experiment(
    metrics=(CONVERSION, ERRORS), allocation_policy=policy(BetaThompson(), guardrail_pause=GuardrailPause())
)
HARM = {"errors": errors((2000, 100), (2000, 300), (2000, 100))}
ANY_NEWS = (counted("control", 1, 0),)


def test_step_when_an_arm_harms_a_guardrail_then_it_is_paused_for_good() -> None:
    bench = Bench(GUARDED)
    bench.step()
    bench.session.guarded["checkout"] = HARM
    bench.session.tell("checkout", *ANY_NEWS)

    (fresh,) = bench.step(after=MINUTE)

    assert of([fresh]) == [("checkout", 2, PublishReason.GUARDRAIL)]
    assert weights(fresh)["blue"] == 0
    bench.session.guarded["checkout"] = {}
    bench.session.tell("checkout", *ANY_NEWS)
    bench.restarted()
    bench.step(after=MINUTE)
    assert [arm.paused for arm in bench.session.snapshots["checkout"].arms] == [False, True, False]


def test_step_when_the_split_is_fixed_then_it_pauses_too() -> None:
    fixed = split(0.4, 0.3, 0.3)
    guarded = replace(fixed, controls=replace(fixed.controls, guardrail_pause=GuardrailPause()))
    bench = Bench(replace(GUARDED, allocation_policy=guarded))
    bench.step()
    bench.session.guarded["checkout"] = HARM
    bench.session.tell("checkout", *ANY_NEWS)

    (fresh,) = bench.step(after=MINUTE)

    assert fresh.publish_reason is PublishReason.GUARDRAIL


def test_step_when_the_experiment_does_not_run_then_nobody_is_paused() -> None:
    bench = Bench(replace(GUARDED, state=ExperimentState.PAUSED))
    bench.step()
    bench.session.guarded["checkout"] = HARM
    bench.session.tell("checkout", *ANY_NEWS)

    assert bench.step(after=MINUTE) == []


def test_step_when_weights_follow_contexts_then_decisions_are_looked_at() -> None:
    definition = guarded(update_interval=MINUTE)
    bench = Bench(definition)
    bench.session.trials["checkout"] = trials()
    bench.session.decisions["checkout", "errors"] = even(0.1, 0.1, 0.1)
    bench.step()
    bench.session.decisions["checkout", "errors"] = even(0.1, 0.2, 0.1)
    bench.session.tell("checkout", *ANY_NEWS)

    (fresh,) = bench.step(after=MINUTE)

    assert of([fresh]) == [("checkout", 2, PublishReason.GUARDRAIL)]
    assert weights(fresh)["blue"] == 0
    assert fresh.contextual_model is not None


def test_step_when_there_is_an_earlier_experiment_then_the_first_weights_follow_it() -> None:
    warm = experiment(allocation_policy=policy(BetaThompson(), warm_start=WarmStart("last-year")))
    bench = Bench(warm)
    bench.session.known["last-year"] = {
        arm.arm_id: arm for arm in (counted("control", 500, 50), counted("blue", 500, 100), counted("green", 500, 50))
    }

    (first,) = bench.step()

    assert weights(first)["blue"] > 0.9


def test_step_when_weights_follow_contexts_and_there_is_an_earlier_experiment_then_so_does_the_first_version() -> None:
    warm = experiment(
        features=(BooleanFeature("returning"),),
        allocation_policy=policy(LinearThompson(), warm_start=WarmStart("last-year"), burn_in_unit_count=100),
    )
    bench = Bench(warm)
    nothing = trials().those(np.zeros(0, np.int64))
    bench.session.trials.update({"checkout": nothing, "last-year": trials()})

    (first,) = bench.step()
    bench.session.tell("checkout", *ANY_NEWS)
    later = bench.step(after=MINUTE)

    assert weights(first)["blue"] > 0.9
    assert first.contextual_model is not None
    assert (later, bench.session.earlier_read_count) == ([], 1)
    bench.session.define(replace(warm, revision=2))
    bench.step()
    assert bench.session.earlier_read_count == 2
