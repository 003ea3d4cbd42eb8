"""A process that does jobs, on a store of its own."""

from collections.abc import Callable

import pytest

from tests.ai.service.job_world import Step, World
from tests.fakes.ai_store import InMemoryAiStore


@pytest.fixture
def new_world() -> Callable[..., World]:
    def build(*steps: Step) -> World:
        return World(InMemoryAiStore().jobs, *steps)

    return build
