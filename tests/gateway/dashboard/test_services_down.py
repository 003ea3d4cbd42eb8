"""A service that is away: pages show what they can, say what is missing, and wait for nobody."""

import html
import re
import threading
from collections.abc import Iterator

import pytest

from experimentation.v1 import audit_service_pb2
from shared.config import Secret
from shared.errors import Reason, Unavailable
from tests.gateway import front as fronts
from tests.gateway.dashboard import canned as cans
from tests.gateway.dashboard import visitor as visitors
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import BANDIT, EXPERIMENT, PAGES
from tests.gateway.dashboard.visitor import Visitor

SECRET = "s" * 32

# What is all that a page shows is all that it lacks.
_ONLY_AI = {"evidence", "design", "job", "analysis"}
_ONLY_REVIEW = {"review"}


@pytest.fixture(scope="module", params=["review", "bandit", "ai"])
def away(request: pytest.FixtureRequest) -> Iterator[tuple[str, Visitor]]:
    """Is the name of a service that is away, and somebody who was signed in before."""
    canned = Canned()
    with (
        cans.served(canned) as everything,
        fronts.opened(everything, session_secret=Secret(SECRET)) as before,
        cans.served(canned, without=request.param) as upstream,
        fronts.opened(upstream, session_secret=Secret(SECRET)) as front,
    ):
        visitor = visitors.opened(before.url)
        assert visitor.sign_in("rob").status_code == 303
        visitor.client.base_url = front.url
        yield request.param, visitor
        visitor.client.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_what_it_can(away: tuple[str, Visitor], name: str) -> None:
    service, visitor = away

    answer = visitor.see(PAGES[name])

    shown = html.unescape(answer.text)
    lost = (service == "ai" and name in _ONLY_AI) or (service == "review" and name in _ONLY_REVIEW)
    assert answer.status_code == (503 if lost else 200)
    assert "</html>" in shown
    if "cannot be reached" in shown:
        assert f"the {service} service cannot be reached" in shown


def test_an_experiment_is_shown_by_what_is_known(away: tuple[str, Visitor]) -> None:
    service, visitor = away

    shown = html.unescape(visitor.see(EXPERIMENT).text)

    assert ("+9.5 %" in shown) == (service != "ai")
    assert ("Checkout button" in shown) == (service != "review")
    assert ("Some of this page is missing" in shown) == (service != "bandit")


def test_a_form_says_that_the_service_is_away(away: tuple[str, Visitor]) -> None:
    service, visitor = away
    forms = {
        "bandit": f"{BANDIT}/freeze",
        "ai": f"{EXPERIMENT}/analyze",
        "review": f"{EXPERIMENT}/propose",
    }

    answer = visitor.send(BANDIT, forms[service], reason="Orders fail", kind="pause")

    assert f"the {service} service cannot be reached (DRAINING)" in visitor.told(answer)


def test_a_service_that_hangs_is_not_waited_for(rob: Visitor, canned: Canned) -> None:
    # As long as the page's deadline: how else would it be known that it has one.
    released = threading.Event()
    canned.answers["ListAuditEvents"] = lambda _request: _after(released)

    shown = html.unescape(rob.see(EXPERIMENT).text)
    released.set()

    assert "Audit log: the review service did not answer in time" in re.sub("<[^>]+>", "", shown)
    assert "+9.5 %" in shown


def _after(released: threading.Event) -> audit_service_pb2.ListAuditEventsResponse:
    released.wait(visitors.WAIT_SECONDS)
    return audit_service_pb2.ListAuditEventsResponse()


def test_what_one_call_lacks_the_others_show(rob: Visitor, canned: Canned) -> None:
    canned.answers["ListAuditEvents"] = Unavailable(Reason.STORE_UNAVAILABLE, "the store is not available, try again")

    shown = html.unescape(rob.see(EXPERIMENT).text)

    assert "Audit log" in shown
    assert "the store is not available, try again" in shown
    assert "+9.5 %" in shown
