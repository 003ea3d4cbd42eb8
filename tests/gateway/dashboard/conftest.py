"""A gateway before canned services, and people at its pages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TypeAlias

import httpx
import pytest

from tests.gateway import front as fronts
from tests.gateway.dashboard import canned as cans
from tests.gateway.dashboard import visitor as visitors
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.visitor import Visitor
from tests.gateway.front import Front

SignIn: TypeAlias = Callable[[str], Visitor]


@pytest.fixture(scope="session")
def _shared() -> Iterator[tuple[Canned, Front]]:
    canned = Canned()
    with cans.served(canned) as upstream, fronts.opened(upstream) as front:
        yield canned, front


@pytest.fixture
def canned(_shared: tuple[Canned, Front]) -> Canned:
    """Is what the services answer, as it was in the beginning; put other answers there."""
    fresh = Canned()
    _shared[0].answers, _shared[0].asked = fresh.answers, fresh.asked
    return _shared[0]


@pytest.fixture
def url(canned: Canned, _shared: tuple[Canned, Front]) -> str:
    """Is where the gateway is."""
    return _shared[1].url


@pytest.fixture
def nobody(url: str) -> Iterator[Visitor]:
    """Is somebody who is not signed in."""
    visitor = visitors.opened(url)
    yield visitor
    visitor.client.close()


@pytest.fixture(scope="session")
def _cookies() -> dict[str, httpx.Cookies]:
    return {}


@pytest.fixture
def sign_in(url: str, _cookies: dict[str, httpx.Cookies]) -> Iterator[SignIn]:
    """Returns somebody who is signed in, each with a browser of their own, in one session of theirs."""
    with ExitStack() as clients:

        def call(who: str) -> Visitor:
            visitor = visitors.opened(url)
            clients.callback(visitor.client.close)
            if who not in _cookies:
                assert visitor.sign_in(who).status_code == 303
                _cookies[who] = visitor.client.cookies
            visitor.client.cookies = httpx.Cookies(_cookies[who])
            return visitor

        yield call


@pytest.fixture
def rob(sign_in: SignIn) -> Visitor:
    """Is a reviewer."""
    return sign_in("rob")


@pytest.fixture
def ada(sign_in: SignIn) -> Visitor:
    """Is an admin."""
    return sign_in("ada")
