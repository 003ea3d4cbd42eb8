"""Schemathesis asks what the OpenAPI document allows, and what it does not: nothing breaks, nothing is undocumented."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import hypothesis
import pytest
import schemathesis
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from services.gateway.rest.openapi.document import document
from services.gateway.rest.table import ROUTES
from tests.gateway import front as fronts
from tests.gateway.front import authorization
from tests.gateway.stack import Stack

# A schema cannot say all that the services check, such as whether a page token was issued for a query. That no
# operation answers without a token is tested for all of them by itself; here every request has one.
_CONFIG: Final = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401", "403", "404", "409", "412"]},
            # An experiment that was made is a draft, of which the bandit knows nothing until it is started.
            "ensure_resource_availability": {"enabled": False},
        }
    }
)
_OPEN: Final = {name: part for name, part in document().items() if name != "security"}
_OPERATIONS: Final = sorted(
    {(route.method, route.path) for route in ROUTES if route.events is None}, key=lambda pair: pair[::-1]
)


@pytest.fixture(scope="module")
def schema() -> Any:
    return schemathesis.openapi.from_dict(_OPEN, config=_CONFIG)


def check(stack: Stack, operation: Any, example_count: int) -> None:
    """Asks so many things, sound ones and others, and holds every answer against the document by all checks."""
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(
        generation_mode=GenerationMode.NEGATIVE
    )

    @hypothesis.settings(
        max_examples=example_count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases)
    def run(case: Any) -> None:
        case.call_and_validate(base_url=stack.front.url, headers=authorization("ada"), timeout=fronts.WAIT_SECONDS)

    run()


@pytest.mark.parametrize(("method", "path"), _OPERATIONS)
def test_operation_then_every_answer_is_as_documented(stack: Stack, schema: Any, method: str, path: str) -> None:
    check(stack, schema[path][method], 5)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), _OPERATIONS)
def test_operation_when_asked_often_then_every_answer_is_as_documented(
    stack: Stack, schema: Any, method: str, path: str
) -> None:
    check(stack, schema[path][method], 150)


@pytest.fixture
def machine(stack: Stack, schema: Any) -> Iterator[Any]:
    """Follows what answers lead to, as a caller who has a token."""
    # Streams that do not end have tests of their own.
    ending = schema.exclude(path_regex="/events$")

    class Caller(ending.as_state_machine()):  # type: ignore[misc]  # it is made at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {
                "headers": authorization("ada"),
                "base_url": stack.front.url,
                "timeout": fronts.WAIT_SECONDS,
            }

    return Caller


def walk(machine: Any, *, walk_count: int, step_count: int) -> None:
    """Goes through operations, each time by other ways."""
    for number in range(walk_count):
        # The services keep what was made: what was created once cannot be again, which Hypothesis takes for chance.
        with suppress(FlakyStrategyDefinition):
            hypothesis.seed(number)(machine).run(
                settings=hypothesis.settings(
                    max_examples=3,
                    stateful_step_count=step_count,
                    database=None,
                    deadline=None,
                    phases=[hypothesis.Phase.generate],
                    suppress_health_check=list(hypothesis.HealthCheck),
                )
            )


def test_operations_one_after_another_then_every_answer_is_as_documented(machine: Any) -> None:
    walk(machine, walk_count=1, step_count=8)


@pytest.mark.slow
def test_operations_one_after_another_for_long_then_every_answer_is_as_documented(machine: Any) -> None:
    walk(machine, walk_count=20, step_count=15)
