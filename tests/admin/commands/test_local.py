"""The command that writes the dashboard's link, against a real review and a real gateway."""

from collections.abc import Iterator

import httpx
import pytest

from services.gateway.config import UpstreamOptions
from tests.admin.conftest import Expctl
from tests.gateway import front
from tests.gateway.front import NOWHERE, Front


@pytest.fixture
def gateway(review_address: str) -> Iterator[Front]:
    upstream = UpstreamOptions(review_address=review_address, bandit_address=NOWHERE, ai_address=NOWHERE)
    with front.opened(upstream) as opened:
        yield opened


def test_dashboard_when_asked_then_the_link_signs_in_once(expctl: Expctl, gateway: Front) -> None:
    ended = expctl("-o", "json", "dashboard", "--gateway-address", gateway.addresses["http"], who="rob")

    link = ended.json["link"]
    assert (ended.code, ended.err) == (0, "")
    assert link.startswith(f"{gateway.url}/")
    with httpx.Client(trust_env=False) as browser:
        assert browser.get(link).is_redirect
        assert browser.cookies
    with httpx.Client(trust_env=False) as another:
        assert another.get(link).is_client_error


def test_dashboard_when_there_is_no_browser_then_says_so_beside_the_link(
    expctl: Expctl, gateway: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _link: False)

    ended = expctl("dashboard", "--open", "--gateway-address", gateway.addresses["http"])

    assert (ended.code, ended.out.startswith(gateway.url), ended.out.count("\n")) == (0, True, 1)
    assert "There is no browser to open it in." in ended.err


def test_dashboard_when_the_token_is_bad_then_4(expctl: Expctl, gateway: Front) -> None:
    (expctl.directory / "secrets" / "tokens" / "ann").write_text("exp_none_" + "x" * 43)

    ended = expctl("-o", "json", "dashboard", "--gateway-address", gateway.addresses["http"])

    assert (ended.code, ended.out) == (4, "")
    assert '"reason": "UNAUTHENTICATED"' in ended.err


def test_dashboard_when_nobody_or_another_service_answers_then_says_so(expctl: Expctl) -> None:
    nobody = expctl("dashboard", "--gateway-address", NOWHERE)
    review = expctl("dashboard", "--gateway-address", expctl.address)

    assert (nobody.code, nobody.out, review.code, review.out) == (7, "", 7, "")
    assert f"no gateway answers at http://{NOWHERE}" in nobody.err
    assert f"no gateway answers at http://{expctl.address}" in review.err
