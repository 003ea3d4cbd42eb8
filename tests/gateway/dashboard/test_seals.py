"""Sessions, forms, codes and notices: good where they were made, for as long as they should be, and nowhere else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.gateway.dashboard.csrf import FormTokens
from services.gateway.dashboard.notices import Notice, Notices
from services.gateway.dashboard.sessions import SessionSeal, new_session
from services.gateway.dashboard.sign_in_codes import LIFETIME, SignInCodes
from shared.errors import PermissionDenied
from tests.gateway.dashboard.examples import instant

SECRET, OTHER = "a" * 32, "b" * 32
HOUR = timedelta(hours=1)
SESSION = new_session("exp_token", "rob", "Rob")


def test_a_session_is_opened_where_it_was_sealed_until_it_is_over() -> None:
    seal = SessionSeal(SECRET, lifetime=HOUR)

    value = seal.seal(SESSION, instant())

    assert "exp_token" not in value
    assert "exp_token" not in repr(SESSION)
    assert SessionSeal(SECRET, lifetime=HOUR).open(value, instant() + HOUR) == SESSION
    assert seal.open(value, instant() + HOUR + timedelta(seconds=1)) is None
    assert SessionSeal(OTHER, lifetime=HOUR).open(value, instant()) is None
    assert SignInCodes().take(value, instant()) is None


@pytest.mark.parametrize("value", ["", "x", "\u00e4", "gAAAAA=="])
def test_what_was_not_sealed_is_no_session(value: str) -> None:
    assert SessionSeal(SECRET, lifetime=HOUR).open(value, instant()) is None


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        SessionSeal("short", lifetime=HOUR)


def test_a_form_is_bound_to_its_session() -> None:
    forms = FormTokens(SECRET, lifetime=HOUR)
    token = forms.token_for("s1")

    forms.check(token, "s1")

    for wrong, session_id in (
        (token, "s2"),
        (token + "x", "s1"),
        ("", ""),
        (FormTokens(OTHER, lifetime=HOUR).token_for("s1"), "s1"),
    ):
        with pytest.raises(PermissionDenied):
            forms.check(wrong, session_id)


def test_a_code_is_good_once_for_a_while_where_it_was_made() -> None:
    codes = SignInCodes()
    code = codes.make("exp_token", instant())

    assert "exp_token" not in code
    assert codes.take(code, instant() + LIFETIME) == "exp_token"
    assert codes.take(code, instant() + LIFETIME) is None
    late = codes.make("exp_token", instant())
    assert codes.take(late, instant() + LIFETIME + timedelta(seconds=1)) is None
    assert SignInCodes().take(codes.make("exp_token", instant()), instant()) is None


def test_a_code_stays_used_up_for_as_long_as_it_would_be_good() -> None:
    codes = SignInCodes()
    code = codes.make("exp_token", instant())
    codes.take(code, instant())

    assert [codes.take(code, instant() + LIFETIME * part / 4) for part in range(6)] == [None] * 6


def test_a_notice_is_its_sessions_alone() -> None:
    notices = Notices(SECRET)
    value = notices.sealed(Notice("Done.", bad=True), "s1")

    assert notices.opened(value, "s1") == Notice("Done.", bad=True)
    assert notices.opened(value, "s2") is None
    assert Notices(OTHER).opened(value, "s1") is None
    assert notices.opened("x", "s1") is None


def test_sessions_are_told_apart() -> None:
    again = new_session("exp_token", "rob", "Rob")

    assert again.session_id != SESSION.session_id
    assert replace(again, session_id=SESSION.session_id) == SESSION
