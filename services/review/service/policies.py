"""The use cases of the policy rules: reading them, and trying them out."""

from services.review.domain import apply
from services.review.domain.changes import Change
from services.review.domain.model import Page
from services.review.domain.policy import judgement, rule_checks
from services.review.domain.policy.default_rules import DEFAULT_POLICY
from services.review.domain.policy.judgement import Judgement
from services.review.domain.policy.rules import Policy, PolicyRule
from services.review.domain.ports import ReviewStore
from services.review.service import refusals, targets
from shared import errors
from shared.clock import Clock


class PolicyService:
    """Reads policies and tries them out; safe for use by many threads.

    Every method raises Unavailable STORE_UNAVAILABLE when the store cannot be reached.
    """

    def __init__(self, store: ReviewStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def get(self, version: int | None) -> Policy:
        """Returns one policy; None: the one in force.

        Raises:
            NotFound: POLICY_NOT_FOUND.
        """
        with self._store.transaction() as transaction:
            if version is None:
                return targets.policy_in_force(transaction)
            found = DEFAULT_POLICY if version == DEFAULT_POLICY.version else transaction.policies.find(version)
        if found is None:
            raise errors.NotFound(
                errors.Reason.POLICY_NOT_FOUND,
                f"there is no version {version} of the policy",
                metadata={"version": str(version)},
            )
        return found

    def list_policies(self, *, before: int | None, limit: int) -> Page[Policy]:
        """Returns at most limit policies, newest first, the one that ships last; with `before`, those below it."""
        with self._store.transaction() as transaction:
            found = transaction.policies.list_policies(before=before, limit=limit + 1)
        if before is None or before > DEFAULT_POLICY.version:
            found = [*found, DEFAULT_POLICY]
        return Page.of(found, limit)

    def test(self, experiment_id: str, change: Change, rules: tuple[PolicyRule, ...]) -> Judgement:
        """Returns what the rules make of a change; those in force where none are given.

        Raises:
            NotFound: EXPERIMENT_NOT_FOUND.
            FailedPrecondition: INVALID_STATE.
            InvalidArgument: INVALID_FIELD.
        """
        violations = rule_checks.violations(rules)
        if violations:
            raise errors.invalid_fields(list(violations))
        now = self._clock()
        with self._store.transaction() as transaction:
            before = refusals.experiment_found(transaction.experiments.find(experiment_id), experiment_id)
            after = apply.apply(change, before, now=now, served=transaction.experiments.served(experiment_id))
            around = targets.surroundings(transaction, change.kind, before, after, now=now)
            in_force = targets.policy_in_force(transaction)
        policy = Policy(in_force.version, rules) if rules else in_force
        return judgement.of_change(policy, change.kind, before, after, around)
