"""What the service needs from the world around it."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from services.review.domain import audit
from services.review.domain.change_request import ChangeRequest, Comment, RequestKey, Verdict
from services.review.domain.identity import TokenCursor
from services.review.domain.model import (
    AuditFilter,
    ChangeRequestCursor,
    ChangeRequestFilter,
    Creation,
    ExperimentCursor,
    ExperimentFilter,
    Revision,
    Served,
    VerbCall,
)
from services.review.domain.outbox import Notices
from services.review.domain.policy.advice import Advice
from services.review.domain.policy.rules import Policy
from shared.definition import model
from shared.identity.principal import Principal
from shared.identity.token import ApiToken


class Experiments(Protocol):
    """Keeps experiments and their revisions; a part of a transaction."""

    def create(self, revision: Revision, key: RequestKey) -> bool:
        """Adds an experiment with its first revision and announces it.

        Returns:
            False, and nothing was added, if the experiment id or the request id is taken.
        """

    def find_creation(self, request_id: str) -> Creation | None:
        """Returns the experiment that the request created, as it was then."""

    def find(self, experiment_id: str) -> model.Experiment | None:
        """Returns the experiment as of its newest revision."""

    def lock(self, experiment_id: str) -> model.Experiment | None:
        """Returns the same, and keeps other transactions from locking the experiment until this one ends."""

    def paused_arm_ids(self, experiment_id: str) -> frozenset[str] | None:
        """Returns the arms that the bandit has paused for harm to a guardrail; None: it has published nothing."""

    def advice(self, experiment_id: str) -> Advice | None:
        """Returns what the newest analysis of the recorded data decided; None: there is none."""

    def save(self, revision: Revision) -> None:
        """Makes the revision the newest of its experiment, which must be locked, and announces it."""

    def served(self, experiment_id: str) -> Served:
        """Returns the parts of all revisions since the experiment was first started."""

    def find_revision(self, experiment_id: str, number: int) -> Revision | None:
        """Returns one revision."""

    def list_revisions(self, experiment_id: str, *, before: int | None, limit: int) -> list[Revision]:
        """Returns the newest revisions, newest first; with `before`, those below that number."""

    def list_experiments(
        self, kept: ExperimentFilter, *, after: ExperimentCursor | None, limit: int
    ) -> list[model.Experiment]:
        """Returns the newest experiments, newest first, then by id; with `after`, those that follow that place."""


class ChangeRequests(Protocol):
    """Keeps change requests; a part of a transaction."""

    def add(self, request: ChangeRequest) -> bool:
        """Adds a change request and announces it; returns False, and nothing was added, if its request id is taken."""

    def find(self, change_request_id: str) -> ChangeRequest | None:
        """Returns the change request with its verdicts and comments, oldest first."""

    def lock(self, change_request_id: str) -> ChangeRequest | None:
        """Returns the same, and keeps other transactions from locking it until this one ends."""

    def find_proposed(self, request_id: str) -> ChangeRequest | None:
        """Returns the change request that was proposed with this request id."""

    def save(self, request: ChangeRequest) -> None:
        """Writes what changed of a request, which must be locked, and announces it; not its verdicts and comments."""

    def add_verdict(self, change_request_id: str, verdict: Verdict) -> None:
        """Adds a verdict; the request must be locked."""

    def add_comment(self, change_request_id: str, comment: Comment) -> None:
        """Adds a comment; the request must be locked."""

    def find_call(self, request_id: str) -> VerbCall | None:
        """Returns the call of a verb that was made with this request id."""

    def add_call(self, call: VerbCall, now: datetime) -> bool:
        """Adds a call of a verb; returns False, and nothing was added, if its request id is taken."""

    def list_requests(
        self, kept: ChangeRequestFilter, *, after: ChangeRequestCursor | None, limit: int
    ) -> list[ChangeRequest]:
        """Returns the newest requests, newest first, then by id; with `after`, those that follow that place."""

    def list_updated(self, since: datetime, *, limit: int) -> list[ChangeRequest]:
        """Returns the requests that changed at that instant or later, in the order of their changes."""

    def list_due(self, now: datetime, *, limit: int) -> list[str]:
        """Returns the ids of open requests whose time is over, or has come to be applied, the oldest first."""

    def list_expiring(self, until: datetime, *, limit: int) -> list[ChangeRequest]:
        """Returns the requests that wait for verdicts and expire before that instant, the first to expire first."""


class AuditLog(Protocol):
    """Keeps the audit log; a part of a transaction."""

    def append(self, *entries: audit.Entry) -> None:
        """Appends to the audit log. Must come last: from then on, all other writers wait for this transaction."""

    def list_events(
        self, kept: AuditFilter, *, before: int | None, limit: int, newest_first: bool = False
    ) -> list[audit.Event]:
        """Returns the first events that are kept, by sequence, or the newest ones; with `before`, those below it."""


class Policies(Protocol):
    """Keeps the policy rules; a part of a transaction. Version 0 is not in it: it ships."""

    def newest(self) -> Policy | None:
        """Returns the policy that came last; None: none ever did."""

    def lock(self) -> Policy | None:
        """Returns the same, and keeps other transactions from locking the policy until this one ends."""

    def find(self, version: int) -> Policy | None:
        """Returns one policy."""

    def list_policies(self, *, before: int | None, limit: int) -> list[Policy]:
        """Returns the newest policies, newest first; with `before`, those below that version."""

    def add(self, policy: Policy) -> None:
        """Brings a policy, one version above the newest, into force; the policy must be locked."""


class Identities(Protocol):
    """Keeps principals and tokens; a part of a transaction. Every change is announced to all services."""

    def lock(self) -> None:
        """Keeps other transactions from locking principals until this one ends; who changes one locks first."""

    def add_principal(self, principal: Principal) -> bool:
        """Adds a principal; returns False, and the transaction must not go on, if one of its ids is taken."""

    def save_principal(self, principal: Principal) -> bool:
        """Replaces one; returns False, and the transaction must not go on, if an external id is another's."""

    def find_principal(self, principal_id: str) -> Principal | None:
        """Returns one principal."""

    def list_principals(self, *, after: str | None, limit: int) -> list[Principal]:
        """Returns the first principals, by id; with `after`, those that follow it."""

    def admins(self) -> list[Principal]:
        """Returns those with the role of an admin, disabled ones too."""

    def add_token(self, token: ApiToken) -> None:
        """Adds a token."""

    def lock_token(self, token_id: str) -> ApiToken | None:
        """Returns one token, and keeps other transactions from locking it until this one ends."""

    def save_token(self, token: ApiToken) -> None:
        """Writes what changed of a token, which must be locked."""

    def list_tokens(self, principal_id: str, *, after: TokenCursor | None, limit: int) -> list[ApiToken]:
        """Returns the newest tokens of a principal, newest first, then by id; with `after`, those that follow it."""


class Transaction(Protocol):
    """Is one unit of work on the store: all of its writes happen, or none; for use by one thread.

    Every method of its parts raises Unavailable STORE_UNAVAILABLE when the store cannot be reached.
    """

    @property
    def experiments(self) -> Experiments:
        """The experiments."""

    @property
    def requests(self) -> ChangeRequests:
        """The change requests."""

    @property
    def policies(self) -> Policies:
        """The policy rules."""

    @property
    def notices(self) -> Notices:
        """The outbox of notices."""

    @property
    def identities(self) -> Identities:
        """The principals and tokens."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


class ReviewStore(Protocol):
    """Keeps what review owns; safe for use by many threads."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Returns a new transaction, which ends with the block: by an error, nothing happened.

        Raises:
            Unavailable: STORE_UNAVAILABLE, the store cannot be reached.
        """
