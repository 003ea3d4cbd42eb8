"""From what a call carries to its caller."""

from datetime import timedelta

import pytest

from shared.errors import Reason, Unauthenticated, Unavailable
from shared.identity.authentication import Authenticator
from shared.identity.credential_book import CredentialBook
from shared.identity.principal import Authentication
from tests.shared.identity.examples import ANN, GOOD, NOW, book, secret


class Setting:
    """Is an authenticator with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW
        self.authenticator = Authenticator(clock=lambda: self.now)
        self.authenticator.replace(book())

    def problem(self, header: str | None, *certificate_ids: str) -> str:
        with pytest.raises(Unauthenticated) as caught:
            self.authenticator.authenticate(header, certificate_ids)
        assert caught.value.reason is Reason.UNAUTHENTICATED
        return caught.value.metadata["problem"]


@pytest.fixture
def setting() -> Setting:
    return Setting()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_authenticate_when_the_token_is_good_then_returns_its_caller_again_and_again(
    setting: Setting, scheme: str
) -> None:
    callers = [setting.authenticator.authenticate(f"{scheme} {secret('good')}") for _ in range(3)]

    assert [caller.principal for caller in callers] == [ANN] * 3


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (None, "missing"),
        ("", "malformed"),
        ("Bearer", "malformed"),
        ("Bearer  ", "malformed"),
        (secret("good"), "malformed"),
        (f"Basic {secret('good')}", "malformed"),
        ("Bearer exp_x", "malformed"),
        ("Bearer a.b.c", "malformed"),
        (f"Bearer {secret('nobody')}", "unknown"),
        (f"Bearer {secret('revoked')}", "revoked"),
        (f"Bearer {secret('expired')}", "expired"),
        (f"Bearer {secret('of_disabled')}", "disabled"),
    ],
)
def test_authenticate_when_the_header_is_not_good_then_says_why(
    setting: Setting, header: str | None, problem: str
) -> None:
    assert setting.problem(header) == problem


def test_authenticate_when_the_token_expires_after_it_was_seen_then_is_refused(setting: Setting) -> None:
    header = f"Bearer {secret('good')}"
    setting.now = GOOD.expires_at - timedelta(microseconds=1)
    setting.authenticator.authenticate(header)

    setting.now = GOOD.expires_at

    assert setting.problem(header) == "expired"


def test_authenticate_when_the_token_is_revoked_after_it_was_seen_then_is_refused(setting: Setting) -> None:
    header = f"Bearer {secret('good')}"
    setting.authenticator.authenticate(header)

    assert setting.authenticator.replace(CredentialBook([ANN], []))

    assert setting.problem(header) == "unknown"


def test_authenticate_when_a_certificate_is_shown_then_a_header_goes_before_it(setting: Setting) -> None:
    by_certificate = setting.authenticator.authenticate(None, ["mtls:spiffe://shop"])
    by_token = setting.authenticator.authenticate(f"Bearer {secret('good')}", ["mtls:spiffe://shop"])

    assert (by_certificate.principal_id, by_certificate.authentication) == ("shop", Authentication.MTLS)
    assert (by_token.principal_id, by_token.authentication) == ("ann", Authentication.TOKEN)
    # A bad token is not made good by a certificate.
    assert setting.problem(f"Bearer {secret('revoked')}", "mtls:spiffe://shop") == "revoked"
    assert setting.problem(None, "mtls:spiffe://other") == "unknown"


def test_authenticate_when_nothing_was_read_yet_then_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        Authenticator(clock=lambda: NOW).authenticate(f"Bearer {secret('good')}")

    assert caught.value.reason is Reason.STORE_UNAVAILABLE
    assert caught.value.retry_after_seconds


def test_replace_when_the_book_is_the_same_then_says_so(setting: Setting) -> None:
    assert not setting.authenticator.replace(book())


def test_authenticate_when_very_many_credentials_come_then_memory_is_bounded() -> None:
    authenticator = Authenticator(clock=lambda: NOW, most_remembered=3)
    authenticator.replace(book())

    for number in range(10):
        authenticator.authenticate(f"Bearer {' ' * number}{secret('good')}")
        with pytest.raises(Unauthenticated):
            authenticator.authenticate(f"Bearer {secret(f'nobody{number}')}")

    assert len(authenticator._known.callers) <= 3
