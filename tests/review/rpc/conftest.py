"""A desk of review with the policy that ships, and a change request that waits at it."""

from collections.abc import Iterator

import pytest
import sqlalchemy

from experimentation.v1 import experiment_service_pb2 as pb
from tests.review import desk as desks
from tests.review.desk import Desk
from tests.review.verbs import drafted, proposed


@pytest.fixture
def desk(engine: sqlalchemy.Engine) -> Iterator[Desk]:
    with desks.opened(engine) as opened:
        yield opened


@pytest.fixture
def pending(desk: Desk) -> pb.ChangeRequest:
    """Is ann's request to start her experiment, which needs one approval."""
    drafted(desk)
    return proposed(desk)
