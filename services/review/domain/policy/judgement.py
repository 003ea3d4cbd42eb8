"""All that policy says of a change, at once."""

from dataclasses import dataclass

from services.review.domain.policy import evaluation, facts, risk
from services.review.domain.policy.catalogue import Facts
from services.review.domain.policy.evaluation import Labels, Requirement, RuleResult
from services.review.domain.policy.facts import Surroundings
from services.review.domain.policy.risk import Risk
from services.review.domain.policy.rules import Policy
from shared.definition import model


@dataclass(frozen=True, slots=True)
class Judgement:
    """Is what a policy says of a change.

    Attributes:
        facts: What the rules were asked about; the risk score is one of them.
        never_gated: The change only reduces harm: no rule is asked.
        results: What each rule made of it.
        requirements: What the matching rules ask for; nothing: no approval is needed.
    """

    policy_version: int
    facts: Facts
    risk: Risk
    never_gated: bool
    results: tuple[RuleResult, ...]
    requirements: tuple[Requirement, ...]


def of_change(
    policy: Policy, change_kind: str, before: model.Experiment, after: model.Experiment, surroundings: Surroundings
) -> Judgement:
    """Returns what the policy says of a change of an experiment; see `facts.of_change`."""
    known = facts.of_change(change_kind, before, after, surroundings)
    return _judgement(policy, known, Labels(before.labels, after.labels))


def of_policy_edit(policy: Policy) -> Judgement:
    """Returns what the policy in force says of a change of its own rules."""
    return _judgement(policy, facts.of_policy_edit(), Labels())


def _judgement(policy: Policy, known: Facts, labels: Labels) -> Judgement:
    assessed = risk.assess(known)
    complete: Facts = {**known, "risk_score": assessed.score}
    return Judgement(
        policy_version=policy.version,
        facts=complete,
        risk=assessed,
        never_gated=facts.only_reduces_harm(complete),
        results=evaluation.evaluate(policy, complete, labels),
        requirements=evaluation.requirements(policy, complete, labels),
    )
