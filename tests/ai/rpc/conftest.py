"""A laboratory in which jobs wait, one in which they are done, and how refusals are met."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import pytest
import sqlalchemy

from shared import errors
from shared.rpc import status
from tests.ai.rpc import lab as labs
from tests.ai.rpc.lab import STOP_SECONDS, Lab


@dataclass(frozen=True)
class Refusal:
    """Is an error as the client sees it."""

    code: grpc.StatusCode
    error: errors.PlatformError

    @property
    def reason(self) -> tuple[grpc.StatusCode, errors.Reason]:
        return self.code, self.error.reason

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.error.violations]


# The methods of a stub differ in their messages.
Refused: TypeAlias = Callable[[Any, Any], Refusal]


@pytest.fixture
def lab(engine: sqlalchemy.Engine) -> Iterator[Lab]:
    """Jobs wait."""
    with labs.opened(engine) as opened:
        yield opened


@pytest.fixture
def busy_lab(engine: sqlalchemy.Engine, database_url: str) -> Iterator[Lab]:
    """Jobs are done, without a key."""
    with labs.opened(engine, works=True, news_from=database_url) as opened:
        yield opened


@pytest.fixture
def refused() -> Refused:
    def call(method: Any, request: Any) -> Refusal:
        with pytest.raises(grpc.RpcError) as caught:
            answer = method(request, timeout=STOP_SECONDS)
            list(answer) if hasattr(answer, "cancel") else answer  # a stream fails when it is read
        return Refusal(caught.value.code(), status.from_rpc_error(caught.value))

    return call
