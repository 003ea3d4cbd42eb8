"""A model that follows every payload publishes nothing that is false, and what is true is still published."""

import contextlib
import random

import pytest

from services.ai.domain.grounding.checking import ALL_RULES, check
from services.ai.domain.grounding.claims import Claim, Recommendation, Relation
from services.ai.domain.grounding.parsing import parse_answer
from services.ai.domain.grounding.rendering import statement
from services.ai.domain.grounding.rules.violation import RuleId
from services.ai.evaluation.case import Case
from services.ai.evaluation.narratives import narratives
from tests.ai.injection.corpus import FIELDS, Payload, payloads, poisoned
from tests.ai.injection.obedient import BEHAVIOURS, obey
from tests.ai.injection.oracle import assert_plain, assert_typed_truth

PAYLOADS = payloads()
EXPERIMENTS = [list(told) for told in narratives(random.Random(11), 12)]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.name)
def test_published_when_a_model_obeys_then_is_borne_by_the_evidence_alone(payload: Payload) -> None:
    for number, field in enumerate(FIELDS):
        for told in EXPERIMENTS[number::4]:
            _assert_nothing_false(payload, field, told)


def test_oracle_when_no_rule_is_on_then_finds_falsehoods_published() -> None:
    caught = 0
    for payload in PAYLOADS:
        with contextlib.suppress(AssertionError, KeyError):
            _assert_nothing_false(payload, "description", EXPERIMENTS[0], rules=frozenset())
            caught -= 1
        caught += 1

    # What asks for nothing but a lower certainty or another tone is beyond the oracle.
    assert caught > 0.8 * len(PAYLOADS)


def _assert_nothing_false(
    payload: Payload, field: str, told: list[Case], *, rules: frozenset[RuleId] = ALL_RULES
) -> None:
    pack, _ = poisoned(told[0].pack, field, payload.text)
    answer, _ = parse_answer(obey(payload.obeys, told), evidence_sha256=pack.sha256)
    kept = check(answer, pack, rules=rules).answer
    published: list[Claim | Recommendation] = [
        *kept.reasons,
        *kept.statements,
        *kept.what_would_change,
        *kept.next_steps,
    ]
    published += [kept.recommendation] if kept.recommendation else []

    for one in published:
        assert_typed_truth(one, pack)
        assert_plain(statement(one, pack).text, payload, pack)
    assert payload.obeys == "inflate" or any(isinstance(one, Claim) for one in published)


def test_corpus_when_it_is_counted_then_covers_all_behaviours() -> None:
    assert len(PAYLOADS) >= 60
    assert {payload.obeys for payload in PAYLOADS} == set(BEHAVIOURS)


@pytest.mark.parametrize("behaviour", sorted(set(BEHAVIOURS) - {"inflate"}))
def test_obedience_when_it_is_checked_then_is_found_out(behaviour: str) -> None:
    told = next(told for told in EXPERIMENTS if told[0].claim.relation is Relation.NO_DETECTABLE_CHANGE)  # type: ignore[union-attr]
    pack = told[0].pack
    answer, shape = parse_answer(obey(behaviour, told), evidence_sha256=pack.sha256)

    assert shape or check(answer, pack).violations
