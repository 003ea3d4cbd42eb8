"""IdentityService through a whole review process: rights that take effect at once, and what the audit log says."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import grpc
import pytest
import sqlalchemy
from google.protobuf.duration_pb2 import Duration

from experimentation.v1 import audit_service_pb2, experiment_service_pb2
from experimentation.v1 import identity_service_pb2 as pb
from experimentation.v1.audit_service_pb2_grpc import AuditServiceStub
from experimentation.v1.experiment_service_pb2_grpc import ExperimentServiceStub
from experimentation.v1.identity_service_pb2_grpc import IdentityServiceStub
from services.review.config import Config
from services.review.main import Review
from shared.config import Secret
from shared.errors import Reason
from shared.identity import token
from shared.rpc import client
from tests.fakes import identity
from tests.review.conftest import Refusal, Refused

WAIT_SECONDS = 20.0
FIRST = token.new_secret("tok_first", lambda size: b"f" * size)

DENIED = (grpc.StatusCode.PERMISSION_DENIED, Reason.PERMISSION_DENIED)
UNKNOWN = (grpc.StatusCode.UNAUTHENTICATED, Reason.UNAUTHENTICATED)
INVALID = (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_FIELD)


class Office:
    """Is a running review, called with whatever token."""

    def __init__(self, config: Config, stack: ExitStack) -> None:
        self.review = Review(config)
        self.address = self.review.start()["grpc"]
        stack.callback(self.review.stop)
        self._stack = stack
        self._channels: dict[str, grpc.Channel] = {}

    def _channel(self, secret: str) -> grpc.Channel:
        if secret not in self._channels:
            opened = client.open_channel(self.address, token=Secret(secret))
            self._channels[secret] = self._stack.enter_context(opened)
        return self._channels[secret]

    def identities(self, secret: str = identity.ADA.value) -> IdentityServiceStub:
        return IdentityServiceStub(self._channel(secret))

    def experiments(self, secret: str) -> ExperimentServiceStub:
        return ExperimentServiceStub(self._channel(secret))

    def audited(self, prefix: str, count: int = 1) -> list[audit_service_pb2.AuditEvent]:
        """Returns the events of an action, once there are so many."""
        stub, request = AuditServiceStub(self._channel(identity.ADA.value)), audit_service_pb2.ListAuditEventsRequest
        for _ in range(2000):
            events = stub.ListAuditEvents(request(action_prefix=prefix), timeout=WAIT_SECONDS).events
            if len(events) >= count:
                return list(events)
        raise AssertionError(f"no {count} events of {prefix}")


def settings(database_url: str, **more: Any) -> Config:
    return Config(address="127.0.0.1:0", database_url=Secret(database_url), drain_grace=timedelta(seconds=1), **more)


@pytest.fixture
def office(database_url: str, engine: sqlalchemy.Engine) -> Iterator[Office]:
    identity.install(engine)
    with ExitStack() as stack:
        yield Office(settings(database_url), stack)


def person(principal_id: str, *roles: str, **fields: Any) -> pb.Principal:
    return pb.Principal(principal_id=principal_id, kind=pb.PRINCIPAL_KIND_HUMAN, roles=roles, **fields)


def secret_of(principal_id: str) -> str:
    return identity.secret(principal_id).value


def read(office: Office, secret: str) -> Any:
    request = experiment_service_pb2.ListExperimentsRequest()
    return office.experiments(secret).ListExperiments(request, timeout=WAIT_SECONDS)


def refusal_of(refused: Refused, office: Office, secret: str) -> Refusal:
    return refused(office.experiments(secret).ListExperiments, experiment_service_pb2.ListExperimentsRequest())


def test_get_caller_when_asked_then_says_who_and_what_for(office: Office) -> None:
    answer = office.identities(secret_of("agent")).GetCaller(pb.GetCallerRequest(), timeout=WAIT_SECONDS)

    assert (answer.principal.principal_id, answer.principal.kind) == ("agent", pb.PRINCIPAL_KIND_AGENT)
    assert list(answer.principal.roles) == ["agent"]
    assert "changes.propose" in answer.permissions
    assert "changes.review" not in answer.permissions
    assert (answer.authentication, answer.expires_at.ToDatetime().year) == ("token", 2100)


def test_principal_when_created_with_a_token_then_can_call_at_once(office: Office) -> None:
    ada = office.identities()
    created = ada.CreatePrincipal(
        pb.CreatePrincipalRequest(
            principal=person("cleo", "experimenter", groups=["growth"], external_ids=["mtls:cleo"], display_name="Cleo")
        )
    ).principal

    made = ada.CreateToken(pb.CreateTokenRequest(principal_id="cleo", description="laptop"))
    caller = office.identities(made.secret).GetCaller(pb.GetCallerRequest()).principal

    assert caller == created
    assert (created.person_id, list(created.groups), list(created.external_ids)) == ("cleo", ["growth"], ["mtls:cleo"])
    assert read(office, made.secret)
    assert [event.action for event in office.audited("")] == ["principal.create", "token.create"]


def test_principal_when_disabled_then_is_refused_at_once(office: Office, refused: Refused) -> None:
    assert read(office, secret_of("ann"))

    changed = office.identities().UpdatePrincipal(
        pb.UpdatePrincipalRequest(principal=person("ann", "experimenter", disabled=True))
    )

    refusal = refusal_of(refused, office, secret_of("ann"))
    assert changed.principal.disabled
    assert (refusal.reason, refusal.error.metadata) == (UNKNOWN, {"problem": "disabled"})


def test_principal_when_its_roles_change_then_so_does_what_it_may(office: Office, refused: Refused) -> None:
    allocated = office.identities(secret_of("vic"))
    assert refused(allocated.ListPrincipals, pb.ListPrincipalsRequest()).reason == DENIED

    office.identities().UpdatePrincipal(pb.UpdatePrincipalRequest(principal=person("vic", "admin")))

    assert allocated.ListPrincipals(pb.ListPrincipalsRequest()).principals


@pytest.mark.parametrize(
    ("principal", "fields"),
    [
        (person("Not An Id"), ["principal.principal_id"]),
        (pb.Principal(principal_id="x"), ["principal.kind"]),
        (person("x", "overlord", "viewer", "king"), ["principal.roles[0]", "principal.roles[2]"]),
        (person("x", "agent"), ["principal.roles"]),
        (person("x", external_ids=["ldap:x"]), ["principal.external_ids"]),
        (person("x", display_name="a\0b"), ["principal.display_name"]),
    ],
)
def test_principal_when_rules_are_broken_then_every_field_is_named(
    office: Office, refused: Refused, principal: pb.Principal, fields: list[str]
) -> None:
    refusal = refused(office.identities().CreatePrincipal, pb.CreatePrincipalRequest(principal=principal))

    assert (refusal.reason, refusal.fields) == (INVALID, fields)


def test_principal_when_taken_or_unknown_then_says_so(office: Office, refused: Refused) -> None:
    ada = office.identities()

    taken = refused(ada.CreatePrincipal, pb.CreatePrincipalRequest(principal=person("ann")))
    unknown = refused(ada.UpdatePrincipal, pb.UpdatePrincipalRequest(principal=person("eve")))
    last = refused(ada.UpdatePrincipal, pb.UpdatePrincipalRequest(principal=person("ada", "viewer")))

    assert taken.reason == (grpc.StatusCode.ALREADY_EXISTS, Reason.PRINCIPAL_ALREADY_EXISTS)
    assert unknown.reason == (grpc.StatusCode.NOT_FOUND, Reason.PRINCIPAL_NOT_FOUND)
    assert last.reason == (grpc.StatusCode.FAILED_PRECONDITION, Reason.INVALID_STATE)


def test_principals_when_paged_then_each_is_listed_once(office: Office, refused: Refused) -> None:
    names, page_token = [], ""
    while True:
        page = office.identities().ListPrincipals(pb.ListPrincipalsRequest(page_size=3, page_token=page_token))
        names += [each.principal_id for each in page.principals]
        page_token = page.next_page_token
        if not page_token:
            break
    other = refused(office.identities().ListPrincipals, pb.ListPrincipalsRequest(page_token="AAAA"))

    assert names == sorted(one.principal_id for one in identity.PRINCIPALS)
    assert other.reason == (grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN)


def test_token_when_it_has_scopes_then_it_is_good_for_no_more(office: Office, refused: Refused) -> None:
    made = office.identities(secret_of("ann")).CreateToken(
        pb.CreateTokenRequest(scopes=["audit.read", "changes.review"], time_to_live=Duration(seconds=60))
    )

    caller = office.identities(made.secret).GetCaller(pb.GetCallerRequest())
    assert list(caller.permissions) == ["audit.read", "caller.read"]
    assert caller.expires_at == made.token.expires_at
    assert refusal_of(refused, office, made.secret).reason == DENIED
    assert refused(office.identities(made.secret).CreateToken, pb.CreateTokenRequest()).reason == DENIED


@pytest.mark.parametrize("seconds", [0, -1, 366 * 24 * 3600 + 1])
def test_token_when_its_time_to_live_is_out_of_range_then_is_refused(
    office: Office, refused: Refused, seconds: int
) -> None:
    request = pb.CreateTokenRequest(time_to_live=Duration(seconds=seconds))

    refusal = refused(office.identities().CreateToken, request)

    assert (refusal.reason, refusal.fields) == (INVALID, ["time_to_live"])


def test_token_when_rotated_then_both_are_good_until_the_overlap_is_over(office: Office, refused: Refused) -> None:
    ann = office.identities(secret_of("ann"))
    old = ann.CreateToken(pb.CreateTokenRequest(description="ci"))

    new = ann.RotateToken(pb.RotateTokenRequest(token_id=old.token.token_id))
    assert (new.token.description, new.token.principal_id) == ("ci", "ann")
    assert read(office, old.secret)
    assert read(office, new.secret)
    again = ann.RotateToken(pb.RotateTokenRequest(token_id=new.token.token_id, overlap=Duration()))

    assert refusal_of(refused, office, new.secret).error.metadata == {"problem": "expired"}
    assert read(office, again.secret)


def test_token_when_revoked_then_is_refused_at_once_and_others_are_not(office: Office, refused: Refused) -> None:
    ann = office.identities(secret_of("ann"))
    made = ann.CreateToken(pb.CreateTokenRequest())
    assert read(office, made.secret)

    first = ann.RevokeToken(pb.RevokeTokenRequest(token_id=made.token.token_id)).token
    second = ann.RevokeToken(pb.RevokeTokenRequest(token_id=made.token.token_id)).token

    assert first.HasField("revoked_at")
    assert first == second
    assert refusal_of(refused, office, made.secret).error.metadata == {"problem": "revoked"}
    assert read(office, secret_of("ann"))


def test_tokens_when_listed_then_there_are_no_secrets_and_the_newest_comes_first(office: Office) -> None:
    ann = office.identities(secret_of("ann"))
    made = [ann.CreateToken(pb.CreateTokenRequest(description=f"{number}")).token for number in range(3)]

    first = ann.ListTokens(pb.ListTokensRequest(page_size=2))
    second = ann.ListTokens(pb.ListTokensRequest(page_size=2, page_token=first.next_page_token))

    assert [each.token_id for each in (*first.tokens, *second.tokens)] == [
        *(each.token_id for each in reversed(made)),
        "tok_ann",
    ]
    assert first.tokens[0] == made[2]


def test_token_when_it_is_anothers_then_nothing_is_told_of_it(office: Office, refused: Refused) -> None:
    bob = office.identities(secret_of("bob"))
    for token_id in ("tok_ann", "tok_nobody"):
        assert refused(bob.RevokeToken, pb.RevokeTokenRequest(token_id=token_id)).reason == DENIED
        assert refused(bob.RotateToken, pb.RotateTokenRequest(token_id=token_id)).reason == DENIED
    for principal_id in ("ann", "eve"):
        assert refused(bob.ListTokens, pb.ListTokensRequest(principal_id=principal_id)).reason == DENIED
        assert refused(bob.CreateToken, pb.CreateTokenRequest(principal_id=principal_id)).reason == DENIED
    unknown = refused(office.identities().RevokeToken, pb.RevokeTokenRequest(token_id="tok_nobody"))

    assert unknown.reason == (grpc.StatusCode.NOT_FOUND, Reason.TOKEN_NOT_FOUND)
    assert {event.action for event in office.audited("token.", 4)} == {
        "token.revoke.denied",
        "token.rotate.denied",
        "token.list.denied",
        "token.create.denied",
    }


def test_denied_calls_when_repeated_then_the_audit_log_has_one_row(office: Office, refused: Refused) -> None:
    for _ in range(20):
        assert refused(office.identities(secret_of("vic")).ListPrincipals, pb.ListPrincipalsRequest()).reason == DENIED
    office.identities().CreateToken(pb.CreateTokenRequest())
    (event,) = office.audited("principals.list")

    assert (event.actor, event.action, event.target) == ("vic", "principals.list.denied", "principals/vic")
    assert dict(event.details) == {"authentication": "token"}


def test_bootstrap_when_there_is_nobody_then_the_token_is_an_admins(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as stack:
        office = Office(
            settings(database_url, bootstrap_admin_token=Secret(f"{FIRST}\n"), bootstrap_admin_id="root-admin"), stack
        )
        answer = office.identities(FIRST).GetCaller(pb.GetCallerRequest(), timeout=WAIT_SECONDS)

    assert (answer.principal.principal_id, list(answer.principal.roles)) == ("root-admin", ["admin"])
    assert FIRST not in caplog.text


def test_bootstrap_when_the_store_has_admins_then_the_token_is_good_for_nothing(
    database_url: str, engine: sqlalchemy.Engine, refused: Refused, caplog: pytest.LogCaptureFixture
) -> None:
    identity.install(engine)
    with ExitStack() as stack:
        office = Office(settings(database_url, bootstrap_admin_token=Secret(FIRST)), stack)
        refusal = refused(office.identities(FIRST).GetCaller, pb.GetCallerRequest())

    assert (refusal.reason, refusal.error.metadata) == (UNKNOWN, {"problem": "unknown"})
    assert "the bootstrap token is not taken" in caplog.text
