"""The desk of review: a server on a free port with a store of its own, and people who call it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import grpc
import sqlalchemy

from experimentation.v1.audit_service_pb2_grpc import AuditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.review import main
from services.review.config import Config
from services.review.domain.policy.rules import Policy, PolicyRule
from services.review.servicer.halting import OnDenied, to_nobody
from services.review.store.postgres import PostgresReviewStore
from shared import clock, telemetry
from shared.bell import Bell
from shared.identity.authentication import Authenticator
from shared.rpc import client
from shared.rpc.authorization import Authorizer, CallAuthorizer
from shared.rpc.server import RpcServer
from tests.fakes import identity
from tests.review import people

STOP_SECONDS = 5.0


class Person(NamedTuple):
    """Is somebody who calls, by services."""

    experiments: ExperimentServiceStub
    reviews: ReviewServiceStub
    audits: AuditServiceStub


@dataclass
class Desk:
    """Is a running server; `desk["rob"].reviews` calls it as rob."""

    address: str
    server: RpcServer
    store: PostgresReviewStore
    bell: Bell
    authenticator: Authenticator
    channels: ExitStack
    people: dict[str, Person] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = self._person(client.open_channel(self.address, token=identity.secret(name)))
        return self.people[name]

    def once(self, name: str) -> Person:
        """Returns somebody who never tries again by themselves."""
        channel = grpc.insecure_channel(self.address, [("grpc.enable_retries", 0)])
        return self._person(client.with_token(channel, identity.secret(name)))

    def _person(self, channel: grpc.Channel) -> Person:
        self.channels.enter_context(channel)
        return Person(ExperimentServiceStub(channel), ReviewServiceStub(channel), AuditServiceStub(channel))


@contextmanager
def opened(
    engine: sqlalchemy.Engine,
    *,
    bell: Bell | None = None,
    authorizer: Authorizer | None = None,
    on_denied: OnDenied = to_nobody,
) -> Iterator[Desk]:
    """Opens a desk on the database; it stops with the block."""
    store, ringing = PostgresReviewStore(engine), bell or Bell()
    authenticator = people.authenticator()
    server = main.build_server(
        Config(address="127.0.0.1:0"),
        store,
        telemetry.RpcMetrics(telemetry.new_registry()),
        authorizer or CallAuthorizer(authenticator),
        ringing,
        on_denied=on_denied,
    )
    others = set(threading.enumerate())
    with ExitStack() as channels:
        yield Desk(server.start(), server, store, ringing, authenticator, channels)
    server.stop(STOP_SECONDS)
    # Streams whose caller has left may be at the store still.
    for thread in [thread for thread in threading.enumerate() if thread.name.startswith("rpc-")]:
        if thread not in others:
            thread.join(STOP_SECONDS)


def bring_policy(store: PostgresReviewStore, *rules: PolicyRule) -> None:
    """Brings a policy of these rules into force, the first after the one that ships."""
    with store.transaction() as transaction:
        transaction.policies.add(Policy(1, rules, "cr_0", "ada", clock.now()))


def approvals(count: int, *change_kinds: str, rule_id: str = "all") -> PolicyRule:
    """Returns a rule by which changes of these kinds, or all, need so many approvals."""
    return PolicyRule(rule_id, "", change_kinds, approval_count=count)
