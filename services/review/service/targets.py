"""The two things that a change request can change, an experiment or the policy rules: how each is read and changed."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.review.domain import apply, diffs
from services.review.domain.change_request import AnyChange, Assessment, ChangeRequest, EditPolicyRules
from services.review.domain.lifecycle import Terms
from services.review.domain.model import Revision
from services.review.domain.policy import judgement, rule_checks
from services.review.domain.policy.advice import disagrees
from services.review.domain.policy.default_rules import DEFAULT_POLICY
from services.review.domain.policy.facts import Surroundings
from services.review.domain.policy.judgement import Judgement
from services.review.domain.policy.rules import Policy
from services.review.domain.ports import Transaction
from services.review.service import refusals
from shared import errors
from shared.definition import model


def policy_in_force(transaction: Transaction) -> Policy:
    """Returns the policy by which changes are judged now."""
    return transaction.policies.newest() or DEFAULT_POLICY


def policy_etag(policy: Policy) -> str:
    """Returns what stands for the policy in the place of an etag."""
    return f"policy-{policy.version}"


@dataclass(frozen=True, slots=True)
class Preview:
    """Is a change against its target as that is now: the terms of a request, and the experiment before and after."""

    terms: Terms
    before: model.Experiment | None = None
    after: model.Experiment | None = None


def preview(
    transaction: Transaction,
    experiment_id: str,
    change: AnyChange,
    *,
    now: datetime,
    scheduled_at: datetime | None = None,
    auto_apply: bool = False,
) -> Preview:
    """Returns what the change would do, and what the rules ask for; writes nothing.

    Raises:
        NotFound: EXPERIMENT_NOT_FOUND.
        FailedPrecondition: INVALID_STATE.
        InvalidArgument: INVALID_FIELD.
    """
    if isinstance(change, EditPolicyRules):
        terms = _policy_terms(transaction, change)
        return Preview(_when(terms, scheduled_at, auto_apply=auto_apply))
    before = refusals.experiment_found(transaction.experiments.find(experiment_id), experiment_id)
    after = apply.apply(change, before, now=now, served=transaction.experiments.served(experiment_id))
    around = surroundings(transaction, change.kind, before, after, now=now)
    policy = policy_in_force(transaction)
    terms = Terms(
        change,
        before.revision,
        before.etag,
        diffs.between(before, after),
        _assessment(judgement.of_change(policy, change.kind, before, after, around)),
    )
    return Preview(_when(terms, scheduled_at, auto_apply=auto_apply), before, after)


def surroundings(
    transaction: Transaction, change_kind: str, before: model.Experiment, after: model.Experiment, *, now: datetime
) -> Surroundings:
    """Returns what the rules ask beside the definitions."""
    experiments = transaction.experiments
    advice = experiments.advice(before.experiment_id)
    return Surroundings(
        now=now,
        paused_arm_ids=experiments.paused_arm_ids(before.experiment_id),
        analysis_disagrees=disagrees(advice, change_kind, before, after),
    )


def require_future(scheduled_at: datetime | None, now: datetime) -> None:
    """Returns if the time, where there is one, is yet to come.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    if scheduled_at and scheduled_at <= now:
        raise errors.invalid_field("scheduled_at", f"is {scheduled_at.isoformat()}, must be in the future")


def put_into_effect(transaction: Transaction, request: ChangeRequest, now: datetime) -> int:
    """Makes the change, if its target is still the one that it was made against, and returns the new revision.

    Raises:
        PlatformError: The target has moved, or the change no longer fits it; nothing was written.
    """
    if isinstance(request.change, EditPolicyRules):
        return _bring_policy(transaction, request, request.change, now)
    before = refusals.experiment_found(transaction.experiments.lock(request.experiment_id), request.experiment_id)
    if before.etag != request.target_etag:
        raise refusals.etag_mismatch(before)
    served = transaction.experiments.served(request.experiment_id)
    after = apply.apply(request.change, before, now=now, served=served)
    transaction.experiments.save(Revision(after, request.requester, now, request.change_request_id))
    return after.revision


def _bring_policy(transaction: Transaction, request: ChangeRequest, change: EditPolicyRules, now: datetime) -> int:
    current = transaction.policies.lock() or DEFAULT_POLICY
    if policy_etag(current) != request.target_etag:
        raise policy_moved(current)
    _check_rules(change)
    version = current.version + 1
    transaction.policies.add(Policy(version, change.rules, request.change_request_id, request.requester, now))
    return version


def policy_moved(current: Policy) -> errors.Aborted:
    """Returns the error for a policy that has changed since the caller read it."""
    return errors.Aborted(
        errors.Reason.ETAG_MISMATCH,
        f"the policy has changed: it is at version {current.version}; read it again",
        metadata={"version": str(current.version)},
    )


def _policy_terms(transaction: Transaction, change: EditPolicyRules) -> Terms:
    _check_rules(change)
    current = policy_in_force(transaction)
    return Terms(
        change,
        current.version,
        policy_etag(current),
        tuple(diffs.parts("rules", current.rules, change.rules)),
        _assessment(judgement.of_policy_edit(current)),
    )


def _assessment(judged: Judgement) -> Assessment:
    return Assessment(judged.policy_version, judged.requirements, judged.risk.score, judged.risk.factors)


def _check_rules(change: EditPolicyRules) -> None:
    violations = rule_checks.violations(change.rules)
    if violations:
        raise errors.invalid_fields(list(violations))


def _when(terms: Terms, scheduled_at: datetime | None, *, auto_apply: bool) -> Terms:
    return replace(terms, scheduled_at=scheduled_at, auto_apply=auto_apply)
