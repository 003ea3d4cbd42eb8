"""What tests of providers share."""

import pytest

from services.ai.domain.asking import Operation, Question
from services.ai.domain.grounding.questions import SCHEMAS
from services.ai.domain.grounding.systems import SYSTEMS


@pytest.fixture
def every_question() -> list[Question]:
    """A question of each operation."""
    return [Question(one, SYSTEMS[one], "{}", SCHEMAS[one], "{}") for one in Operation]
