"""Somebody at the pages of a gateway: signs in, looks, and sends the forms that pages have."""

import html
import re
from dataclasses import dataclass

import httpx

from tests.fakes import identity

WAIT_SECONDS = 20.0
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """Keeps cookies as a browser does, and follows nothing by itself."""

    client: httpx.Client

    def sign_in(self, who: str) -> httpx.Response:
        token = self.form_token("/sign-in")
        return self.client.post("/sign-in", data={"csrf_token": token, "token": identity.secret(who).value})

    def see(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def form_token(self, path: str) -> str:
        found = _TOKEN.search(self.see(path).text)
        assert found, f"{path} has no form"
        return html.unescape(found[1])

    def send(self, page: str, form: str, **fields: str) -> httpx.Response:
        """Sends a form of a page to where the form goes."""
        return self.client.post(form, data={"csrf_token": self.form_token(page), "back": page, **fields})

    def told(self, answer: httpx.Response) -> str:
        """Follows the answer of a form, and returns the page that it leads to."""
        assert answer.status_code == 303, answer.text
        return html.unescape(self.see(answer.headers["location"]).text)


def opened(url: str) -> Visitor:
    """Returns somebody who is not signed in; close their client."""
    return Visitor(httpx.Client(base_url=url, trust_env=False, timeout=WAIT_SECONDS))
