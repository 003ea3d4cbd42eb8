"""Addresses: HEAD is answered as GET without the body, and a mistyped one with a page."""

import re

import pytest

from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import PAGES
from tests.gateway.dashboard.visitor import Visitor
from tests.gateway.front import authorization, problem

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.mark.parametrize("path", [*PAGES.values(), "/insights/nowhere"])
def test_head_is_answered_as_get_is_without_the_body(rob: Visitor, path: str) -> None:
    got, head = rob.see(path), rob.client.head(path)

    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "content-security-policy", "cache-control"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("path", ["/insights", "/insights/", "/insights/experimentz", "/insights/analyses/a/b"])
def test_a_mistyped_address_is_answered_with_a_page(rob: Visitor, canned: Canned, path: str) -> None:
    answer = rob.see(path, **BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "nothing answers at this path" in answer.text
    assert "ROUTE_NOT_FOUND" in answer.text
    assert re.search(r'href="/">To the overview', answer.text)
    assert canned.asked == []


def test_a_program_is_told_of_a_mistyped_address_as_of_any_other(rob: Visitor) -> None:
    assert problem(rob.see("/insights/nowhere")) == (404, "ROUTE_NOT_FOUND")


def test_whoever_is_not_signed_in_is_asked_to_wherever_they_go(nobody: Visitor) -> None:
    answer = nobody.see("/insights/nowhere", **BROWSER)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_head_does_not_use_a_link_up(nobody: Visitor) -> None:
    link = nobody.client.post("/sign-in/codes", headers=authorization("rob")).json()["path"]

    assert nobody.client.head(link).status_code == 200
    assert nobody.see(link).status_code == 303


def test_head_of_a_file_is_answered(rob: Visitor) -> None:
    found = re.search(r'src="(/static/[^"]+)"', rob.see("/").text)
    assert found

    answer = rob.client.head(found[1])

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/javascript")
