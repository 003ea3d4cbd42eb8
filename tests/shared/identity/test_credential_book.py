"""Who is known by which credentials."""

import pytest

from shared.errors import Reason, Unauthenticated
from shared.identity.credential_book import CredentialBook
from shared.identity.permission import Permission
from shared.identity.principal import Authentication
from tests.shared.identity.examples import ANN, GOOD, NOW, SHOP, api_token, book, secret


def test_caller_when_the_secret_is_good_then_is_its_principal_with_all_permissions() -> None:
    caller = book().caller_of_secret(secret("good"), now=NOW)

    assert (caller.principal, caller.principal_id) == (ANN, "ann")
    assert (caller.authentication, caller.expires_at) == (Authentication.TOKEN, GOOD.expires_at)
    assert Permission.CHANGES_PROPOSE in caller.permissions


def test_caller_when_the_token_has_scopes_then_only_they_are_allowed() -> None:
    scoped = CredentialBook([ANN], [api_token("t", ANN, "experiments.read", "changes.review")])

    caller = scoped.caller_of_secret(secret("t"), now=NOW)

    assert caller.permissions == {Permission.EXPERIMENTS_READ, Permission.CALLER_READ}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("no secret", "malformed"),
        (secret("nobody"), "unknown"),
        (secret("good")[:-1] + "A", "unknown"),
        (secret("revoked"), "revoked"),
        (secret("expired"), "expired"),
        (secret("of_disabled"), "disabled"),
        # Who does not have the secret is not told what became of the token.
        (secret("revoked")[:-1] + "A", "unknown"),
    ],
)
def test_caller_when_the_secret_is_not_good_then_says_why(given: str, problem: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        book().caller_of_secret(given, now=NOW)

    assert (caught.value.reason, caught.value.metadata) == (Reason.UNAUTHENTICATED, {"problem": problem})
    assert given not in caught.value.message


def test_caller_when_its_principal_is_gone_then_is_unknown() -> None:
    with pytest.raises(Unauthenticated) as caught:
        CredentialBook([], [GOOD]).caller_of_secret(secret("good"), now=NOW)

    assert caught.value.metadata == {"problem": "unknown"}


def test_caller_when_vouched_for_then_is_the_principal_that_is_mapped() -> None:
    caller = book().caller_of_external_ids(["mtls:other", "mtls:spiffe://shop"], Authentication.MTLS)

    assert (caller.principal, caller.authentication, caller.expires_at) == (SHOP, Authentication.MTLS, None)


def test_caller_when_vouched_for_but_not_mapped_then_is_unknown() -> None:
    with pytest.raises(Unauthenticated) as caught:
        book().caller_of_external_ids(["oidc:https://issuer.example#eve"], Authentication.OIDC)

    assert caught.value.metadata == {"problem": "unknown"}


def test_books_when_they_hold_the_same_then_are_equal() -> None:
    assert book() == book()
    assert book() != CredentialBook([ANN], [GOOD])
