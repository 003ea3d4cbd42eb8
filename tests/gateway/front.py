"""A gateway on a free port, in front of services that the test names, and clients of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import httpx

from services.gateway.config import Config, UpstreamOptions
from services.gateway.main import Gateway
from tests.fakes import identity

# Nobody listens there.
NOWHERE = "127.0.0.1:1"
# Other tests may have the processors for a while.
WAIT_SECONDS = 60.0

QUICK = Config(
    address="127.0.0.1:0",
    metrics_address="127.0.0.1:0",
    rate_limit=1e6,
    rate_burst=1_000_000,
    drain_grace=timedelta(seconds=2),
    upstream=UpstreamOptions(review_address=NOWHERE, bandit_address=NOWHERE, ai_address=NOWHERE),
)


@dataclass
class Front:
    """Is a running gateway; `front.get("/caller", "ann")` asks as ann."""

    gateway: Gateway
    addresses: Mapping[str, str]
    client: httpx.Client
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.addresses['http']}"

    def get(self, path: str, who: str = "ada", **options: Any) -> httpx.Response:
        return self.ask("GET", path, who, **options)

    def post(self, path: str, body: Any = None, who: str = "ada", **options: Any) -> httpx.Response:
        content = {} if body is None else {"json": body}
        return self.ask("POST", path, who, **content, **options)

    def ask(
        self,
        method: str,
        path: str,
        who: str = "ada",
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        **options: Any,
    ) -> httpx.Response:
        return self.client.request(method, path, headers={**authorization(who), **headers}, **options)

    def metrics(self) -> str:
        return httpx.get(f"http://{self.addresses['metrics']}/metrics", trust_env=False).text


def authorization(who: str) -> dict[str, str]:
    """Returns what somebody sends; nothing for nobody."""
    return {"Authorization": f"Bearer {identity.secret(who).value}"} if who else {}


@contextmanager
def opened(upstream: UpstreamOptions = QUICK.upstream, **options: Any) -> Iterator[Front]:
    """Opens a gateway before these services; it stops with the block."""
    gateway = Gateway(replace(QUICK, upstream=upstream, **options))
    addresses = gateway.start()
    try:
        with httpx.Client(base_url=f"http://{addresses['http']}", trust_env=False, timeout=WAIT_SECONDS) as client:
            yield Front(gateway, addresses, client)
    finally:
        gateway.stop()


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Returns the status and the reason of a problem, which has all that a problem has."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["request_id"] == answer.headers["x-request-id"]
    assert found["detail"]
    assert found["title"]
    assert found["type"] == f"urn:experimentation:problem:{found['reason'].lower().replace('_', '-')}"
    assert (answer.status_code == 401) == ("www-authenticate" in answer.headers)
    return answer.status_code, found["reason"]


def fields(answer: httpx.Response) -> list[str]:
    """Returns the fields that a problem names."""
    return [each["field"] for each in answer.json()["violations"]]
