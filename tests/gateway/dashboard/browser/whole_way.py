"""All four services behind a gateway, and units that come and convert."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random

from experimentation.v1 import bandit_service_pb2 as pb
from services.ai.config import Config, ReviewOptions
from services.ai.main import Ai
from services.gateway.config import UpstreamOptions
from shared.config import Secret
from tests.fakes import identity
from tests.gateway import front as fronts
from tests.gateway.front import Front
from tests.gateway.stack import Stack


@contextmanager
def opened(stack: Stack, database_url: str) -> Iterator[Front]:
    """Opens a gateway before the stack's review and bandit, and an AI service of its own that needs no key."""
    ai = Ai(
        Config(
            address="127.0.0.1:0",
            database_url=Secret(database_url),
            review=ReviewOptions(address=stack.upstream.review_address, token=identity.secret("agent")),
            drain_grace=timedelta(seconds=1),
        )
    )
    address = ai.start()["grpc"]
    upstream = UpstreamOptions(
        review_address=stack.upstream.review_address, bandit_address=stack.upstream.bandit_address, ai_address=address
    )
    try:
        with fronts.opened(upstream) as front:
            yield front
    finally:
        ai.stop()


def units_come(stack: Stack, experiment_id: str, metric_id: str, *, count: int, rates: dict[str, float]) -> None:
    """Allocates units, shows them their arms, and records who converts."""
    units, rng = [f"unit-{place}" for place in range(count)], Random(7)
    given = stack.bandit.BatchAllocate(pb.BatchAllocateRequest(experiment_id=experiment_id, unit_ids=units), timeout=20)
    arms = [given.arm_ids[index] for index in given.arm_indexes]
    stack.bandit.RecordExposure(
        pb.RecordExposureRequest(
            exposures=[
                pb.Exposure(experiment_id=experiment_id, unit_id=unit, policy_version=given.policy_version)
                for unit in units
            ]
        ),
        timeout=20,
    )
    stack.bandit.RecordOutcomes(
        pb.RecordOutcomesRequest(
            outcomes=[
                pb.Outcome(event_id=unit, experiment_id=experiment_id, unit_id=unit, metric_id=metric_id, value=1.0)
                for unit, arm in zip(units, arms, strict=True)
                if rng.random() < rates[arm]
            ]
        ),
        timeout=20,
    )
    stack.learner.step()
