"""Review, a bandit and a scripted AI behind one gateway, over a store of their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation.v1.bandit_service_pb2_grpc import BanditServiceStub
from services.bandit.config import Config as BanditConfig
from services.bandit.main import Replica
from services.bandit.service.learning import Learner
from services.bandit.store.learner_session import learner_session
from services.gateway.config import UpstreamOptions
from services.review.config import Config as ReviewConfig
from services.review.main import Review
from shared.clock import now
from shared.config import Secret
from shared.rpc import client
from shared.store.engine import create_engine, transaction
from tests.fakes import identity
from tests.gateway import ai, front
from tests.gateway.ai import ScriptedAi
from tests.gateway.front import Front


@dataclass
class Stack:
    """Is everything that runs; the learner takes a step when it is told."""

    front: Front
    ai: ScriptedAi
    upstream: UpstreamOptions
    engine: Engine
    learner: Learner
    bandit: BanditServiceStub

    def serve(self, experiment_id: str) -> None:
        """Returns when the bandit serves the newest revision of the experiment."""
        self.learner.step()
        with transaction(self.engine) as connection:
            found = text("SELECT max(policy_version) FROM policy_snapshots WHERE experiment_id = :id")
            version = connection.scalar(found, {"id": experiment_id})
        stream = self.bandit.WatchPolicies(pb.WatchPoliciesRequest(experiment_ids=[experiment_id]), timeout=20)
        for message in stream:
            if any(snapshot.policy_version >= version for snapshot in message.snapshots):
                stream.cancel()
                return


@contextmanager
def opened(database_url: str, directory: Path) -> Iterator[Stack]:
    """Opens it; everything stops with the block."""
    with ExitStack() as stack:
        engine = create_engine(database_url, application_name="test")
        stack.callback(engine.dispose)
        identity.install(engine)
        session = stack.enter_context(learner_session(engine))
        assert session is not None
        review = Review(
            ReviewConfig(address="127.0.0.1:0", database_url=Secret(database_url), drain_grace=timedelta(seconds=1))
        )
        review_address = review.start()["grpc"]
        stack.callback(review.stop)
        replica = Replica(_bandit(database_url, directory))
        bandit_address = replica.start()["grpc"]
        stack.callback(replica.stop)
        scripted, ai_address = stack.enter_context(ai.served())
        upstream = UpstreamOptions(
            review_address, bandit_address, ai_address, timeout=timedelta(seconds=front.WAIT_SECONDS)
        )
        opened_front = stack.enter_context(front.opened(upstream))
        channel = stack.enter_context(client.open_channel(bandit_address, token=identity.ADA))
        yield Stack(opened_front, scripted, upstream, engine, Learner(session, now=now), BanditServiceStub(channel))


def _bandit(database_url: str, directory: Path) -> BanditConfig:
    return BanditConfig(
        address="127.0.0.1:0",
        database_url=Secret(database_url),
        token_keys=Secret("1:" + "ab" * 32),
        state_directory=directory / "bandit",
        spool_bytes=1 << 20,
        poll_interval=timedelta(milliseconds=100),
        drain_grace=timedelta(seconds=1),
    )
