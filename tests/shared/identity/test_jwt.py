"""Tokens of an issuer: by whose keys, for whom, until when."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from shared.errors import Reason, Unauthenticated
from shared.identity.authentication import Authenticator
from shared.identity.jwt import JwtVerifier
from shared.identity.principal import Authentication
from tests.shared.identity.examples import SHOP, book
from tests.shared.identity.issuer import AUDIENCE, URL, Issuer

LEEWAY = timedelta(seconds=30)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def verifier_of(*issuers: Issuer, **settings: Any) -> JwtVerifier:
    verifier = JwtVerifier(URL, AUDIENCE, leeway=LEEWAY, **settings)
    verifier.replace_keys({"keys": [each.key for each in issuers]})
    return verifier


def problem(verifier: JwtVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        verifier.verify(token)
    assert caught.value.reason is Reason.UNAUTHENTICATED
    return caught.value.metadata["problem"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_verify_when_the_token_is_good_then_vouches_for_its_subject(algorithm: str) -> None:
    issuer = Issuer(algorithm=algorithm)
    until = int(time.time()) + 600

    vouched = verifier_of(issuer).verify(issuer.token("shop", exp=until))

    assert vouched.external_id == f"oidc:{URL}#shop"
    assert vouched.expires_at == datetime.fromtimestamp(until, UTC) + LEEWAY


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        ({"exp": 1_700_000_000}, "expired"),
        ({"iss": "https://evil.example"}, "unknown"),
        ({"aud": "another"}, "unknown"),
        ({"nbf": 4_000_000_000}, "unknown"),
        ({"exp": None}, "unknown"),
        ({"aud": None}, "unknown"),
        ({"iss": None}, "unknown"),
        ({"sub": None}, "unknown"),
        ({"sub": 7}, "unknown"),
        ({"exp": "soon"}, "unknown"),
    ],
)
def test_verify_when_a_claim_is_not_as_it_must_be_then_is_refused(
    issuer: Issuer, claims: dict[str, Any], wanted: str
) -> None:
    assert problem(verifier_of(issuer), issuer.token(**claims)) == wanted


def test_verify_when_it_expired_within_the_leeway_then_is_still_good(issuer: Issuer) -> None:
    assert verifier_of(issuer).verify(issuer.token(exp=int(time.time()) - 10)).external_id.endswith("#shop")


def test_verify_when_it_expires_beyond_all_calendars_then_is_good(issuer: Issuer) -> None:
    assert verifier_of(issuer).verify(issuer.token(exp=10**18)).expires_at.year == 2100


def test_verify_when_signed_by_somebody_elses_key_of_that_name_then_is_refused(issuer: Issuer) -> None:
    assert problem(verifier_of(issuer), Issuer(issuer.key_id).token()) == "unknown"


def test_verify_when_the_signature_is_none_then_is_refused(issuer: Issuer) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": issuer.key_id}).encode()).decode().rstrip("=")

    assert problem(verifier_of(issuer), f"{header}.{issuer.token().split('.')[1]}.") == "unknown"


def test_verify_when_signed_with_the_public_key_as_a_password_then_is_refused(issuer: Issuer) -> None:
    secret = issuer.key["n"].encode()
    forged = jwt.encode(
        {"iss": URL, "aud": AUDIENCE, "sub": "shop", "exp": 4_000_000_000},
        secret,
        algorithm="HS256",
        headers={"kid": issuer.key_id},
    )

    assert problem(verifier_of(issuer), forged) == "unknown"


def test_verify_when_the_algorithm_is_not_allowed_then_is_refused(issuer: Issuer) -> None:
    elliptic = Issuer("k2", algorithm="ES256")
    verifier = verifier_of(issuer, elliptic, algorithms=["RS256"])

    assert problem(verifier, elliptic.token()) == "unknown"


def test_verify_when_the_key_is_not_known_then_newer_keys_are_asked_for(issuer: Issuer) -> None:
    asked: list[bool] = []
    newer = Issuer("k2")
    verifier = verifier_of(issuer, on_unknown_key=lambda: asked.append(True))

    assert problem(verifier, newer.token()) == "unknown"
    assert asked == [True]
    verifier.replace_keys(newer.key_set)

    assert verifier.verify(newer.token()).external_id.endswith("#shop")
    assert problem(verifier, issuer.token()) == "unknown"


@pytest.mark.parametrize("text", ["", "a.b.c", "a.b", "é.é.é", "." * 1000])
def test_verify_when_it_is_no_token_at_all_then_is_malformed(issuer: Issuer, text: str) -> None:
    assert problem(verifier_of(issuer), text) == "malformed"


@pytest.mark.parametrize("key_set", [{}, {"keys": []}, {"keys": "none"}, {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}])
def test_replace_keys_when_there_is_none_to_use_then_says_so_and_the_last_ones_stay(
    issuer: Issuer, key_set: dict[str, Any]
) -> None:
    verifier = verifier_of(issuer)

    with pytest.raises(ValueError, match="no "):
        verifier.replace_keys(key_set)

    assert verifier.verify(issuer.token())


def test_verifier_when_an_algorithm_is_symmetric_then_is_not_made() -> None:
    with pytest.raises(ValueError, match="HS256"):
        JwtVerifier(URL, AUDIENCE, algorithms=["HS256"])


def test_authenticate_when_the_subject_is_mapped_then_its_principal_calls_and_nobody_else(issuer: Issuer) -> None:
    authenticator = Authenticator(clock=lambda: datetime.now(UTC), jwt=verifier_of(issuer))
    authenticator.replace(book())

    caller = authenticator.authenticate(f"Bearer {issuer.token('shop')}")

    assert (caller.principal, caller.authentication) == (SHOP, Authentication.OIDC)
    with pytest.raises(Unauthenticated) as caught:
        authenticator.authenticate(f"Bearer {issuer.token('eve')}")
    assert caught.value.metadata == {"problem": "unknown"}
