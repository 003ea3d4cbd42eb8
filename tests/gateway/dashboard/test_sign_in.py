"""Signing in and out: by token, by a one-time link, and what happens to sessions that are not good any more."""

import html
import re
from dataclasses import replace

import httpx
import pytest

from services.gateway.dashboard import sessions
from shared.errors import Reason, Unauthenticated
from tests.fakes import identity
from tests.gateway import front as fronts
from tests.gateway.dashboard import canned as cans
from tests.gateway.dashboard import visitor as visitors
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.conftest import SignIn
from tests.gateway.dashboard.paths import BANDIT, PAGES
from tests.gateway.dashboard.visitor import Visitor
from tests.gateway.front import authorization, problem

UNKNOWN = replace(identity.secret("rob"), value=identity.secret("rob").value[:-4] + "AAAA")


def test_a_token_signs_in(nobody: Visitor) -> None:
    answer = nobody.sign_in("rob")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(sessions.COOKIE))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert identity.secret("rob").value not in cookie
    assert nobody.see("/").status_code == 200


@pytest.mark.parametrize("token", [UNKNOWN.value, "", "nonsense", "x" * 9000, "exp_\u00e4", "a b\nc"])
def test_another_token_does_not(nobody: Visitor, token: str) -> None:
    answer = nobody.client.post("/sign-in", data={"csrf_token": nobody.form_token("/sign-in"), "token": token})

    assert answer.status_code == 401
    assert "This token is not good here" in answer.text
    assert nobody.see("/").headers["location"] == "/sign-in"


def test_a_token_that_no_cookie_can_hold_is_refused(nobody: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_MOST_CHARACTERS", 100)

    answer = nobody.sign_in("rob")

    assert answer.status_code == 400
    assert "This token is too long for a browser to keep" in answer.text
    assert nobody.see("/").headers["location"] == "/sign-in"


def test_a_form_from_elsewhere_does_not(nobody: Visitor) -> None:
    answer = nobody.client.post("/sign-in", data={"token": identity.secret("rob").value})

    assert answer.status_code == 403
    assert nobody.see("/").headers["location"] == "/sign-in"


@pytest.mark.parametrize("path", PAGES.values())
def test_every_page_asks_to_sign_in(nobody: Visitor, path: str) -> None:
    answer = nobody.see(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_part_of_a_page_goes_to_the_form_as_a_whole(nobody: Visitor) -> None:
    assert nobody.see("/insights/reviews", **{"HX-Request": "true"}).headers["hx-redirect"] == "/sign-in"


def test_cookies_are_for_tls_alone_where_a_proxy_ends_it(canned: Canned) -> None:
    with cans.served(canned) as upstream, fronts.opened(upstream, behind_tls=True) as front:
        visitor = visitors.opened(front.url)
        form = visitor.see("/sign-in")
        # A browser would send it back over TLS, and that is what the proxy passes on.
        visitor.client.cookies = httpx.Cookies({each.name: each.value or "" for each in form.cookies.jar})
        answer = visitor.sign_in("rob")
        visitor.client.close()

    assert "; Secure" in form.headers["set-cookie"]
    assert "; Secure" in next(each for each in answer.headers.get_list("set-cookie") if sessions.COOKIE in each)
    assert form.headers["strict-transport-security"] == "max-age=31536000"


def test_a_link_from_elsewhere_is_followed_once_more_from_here(nobody: Visitor) -> None:
    answer = nobody.see("/insights/reviews?show=all", **{"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/insights/reviews?show=all">' in answer.text


@pytest.mark.parametrize("place", [10, 60, 120])
def test_a_cookie_that_was_altered_is_nobodys(rob: Visitor, place: int) -> None:
    value = rob.client.cookies[sessions.COOKIE].strip('"')
    rob.client.cookies.clear()
    rob.client.cookies.set(sessions.COOKIE, value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :])

    assert rob.see("/").headers["location"] == "/sign-in"


def test_signing_out_ends_the_session(rob: Visitor) -> None:
    answer = rob.send("/", "/sign-out")

    assert answer.headers["location"] == "/sign-in"
    assert rob.see("/").headers["location"] == "/sign-in"


def test_nobody_else_signs_one_out(rob: Visitor) -> None:
    rob.client.post("/sign-out", data={"csrf_token": "x"})

    assert rob.see("/").status_code == 200


def test_a_token_that_was_revoked_ends_the_session(nobody: Visitor, rob: Visitor, canned: Canned) -> None:
    canned.answers["ListExperiments"] = Unauthenticated(Reason.UNAUTHENTICATED, "the token was revoked")

    answer = rob.see("/")

    assert answer.headers["location"] == "/sign-in"
    assert rob.client.cookies.get(sessions.COOKIE) is None


def _link(url: str, who: str = "rob") -> httpx.Response:
    return httpx.post(f"{url}/sign-in/codes", headers=authorization(who), trust_env=False)


def test_a_link_signs_in_once(url: str, nobody: Visitor, canned: Canned) -> None:
    path = _link(url).json()["path"]
    assert identity.secret("rob").value not in path

    first = nobody.see(path)
    nobody.client.cookies.clear()
    second = nobody.see(path)
    spelled_otherwise = nobody.see(path + "=")

    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert second.status_code == spelled_otherwise.status_code == 400
    assert "This link was used before, or is too old" in second.text


def test_a_link_is_not_used_up_by_looking_ahead(url: str, nobody: Visitor) -> None:
    path = _link(url).json()["path"]

    assert nobody.see(path, **{"Sec-Purpose": "prefetch"}).status_code == 503
    assert nobody.see(path).status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_of_another_page_signs_in_whoever_asks_for_it(url: str, nobody: Visitor, site: str) -> None:
    path = _link(url).json()["path"]

    asked = nobody.see(path, **{"Sec-Fetch-Site": site})

    assert (asked.status_code, nobody.see("/").status_code) == (200, 303)
    followed = re.search(r'href="(/sign-in[^"]+)"', asked.text)
    assert followed
    assert nobody.see(html.unescape(followed[1]), **{"Sec-Fetch-Site": "same-origin"}).headers["location"] == "/"


@pytest.mark.parametrize("code", ["x", "gAAAAAB" + "x" * 90, "\u00e4"])
def test_another_code_signs_nobody_in(nobody: Visitor, code: str) -> None:
    assert nobody.client.get("/sign-in", params={"code": code}).status_code == 400


def test_a_link_is_made_for_whoever_has_a_token(url: str) -> None:
    given = identity.secret("rob").value
    codes = {
        scheme: httpx.post(f"{url}/sign-in/codes", headers={"Authorization": scheme + given}, trust_env=False)
        for scheme in ("bearer ", "Basic ", "", "Bearer x")
    }
    without = httpx.post(f"{url}/sign-in/codes", trust_env=False)

    assert codes["bearer "].status_code == 200
    refused = [codes["Basic "], codes[""], codes["Bearer x"], without]
    assert [problem(answer) for answer in refused] == [(401, "UNAUTHENTICATED")] * 4


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_a_form_without_its_token_changes_nothing(rob: Visitor, canned: Canned, token: str) -> None:
    answer = rob.client.post(f"{BANDIT}/freeze", data={"csrf_token": token, "reason": "x"})

    assert answer.status_code == 403
    assert "the form is too old" in answer.text
    assert [type(each).__name__ for each in canned.asked if "Freeze" in type(each).__name__] == []


def test_a_form_of_another_session_changes_nothing(sign_in: SignIn, rob: Visitor, canned: Canned) -> None:
    token = sign_in("ada").form_token(BANDIT)

    answer = rob.client.post(f"{BANDIT}/freeze", data={"csrf_token": token, "reason": "x"})

    assert answer.status_code == 403


def test_colours_are_kept(rob: Visitor) -> None:
    rob.send("/insights/designs", "/theme", theme="dark")

    assert re.search(r'<html lang="en" data-theme="dark">', rob.see("/").text)


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_a_form_leads_to_pages_of_this_site_alone(rob: Visitor, back: str) -> None:
    token = rob.form_token("/")

    answer = rob.client.post("/theme", data={"csrf_token": token, "theme": "dark", "back": back})

    assert answer.headers["location"] == "/"
