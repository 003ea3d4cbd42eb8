"""A laboratory in which jobs are done, with a real review on the same store, at which it proposes as an agent."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import sqlalchemy

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import hypothesis_pb2
from services.ai.proposing.proposer import ReviewProposer
from shared.rpc import client
from tests.ai.rpc import lab as labs
from tests.ai.rpc.lab import Lab
from tests.ai.rpc.requests import design
from tests.fakes import identity
from tests.review import desk as desks
from tests.review.desk import Desk
from tests.review.verbs import registered


@dataclass
class Place:
    """Is a laboratory with the review that it proposes at."""

    lab: Lab
    desk: Desk

    def design(self, **fields: object) -> hypothesis_pb2.Design:
        """Returns a design that was made just now."""
        job = self.lab.ended(self.lab["ann"].RecommendDesign(design(**fields)).job)
        return self.lab["ann"].GetDesign(pb.GetDesignRequest(design_id=job.design_id)).design

    def create(self, design_id: str, experiment_id: str, **fields: object) -> pb.CreateExperimentFromDesignResponse:
        request = pb.CreateExperimentFromDesignRequest(
            design_id=design_id,
            experiment_id=experiment_id,
            **fields,  # type: ignore[arg-type]
        )
        return self.lab["ann"].CreateExperimentFromDesign(request)


@contextmanager
def opened(engine: sqlalchemy.Engine, url: str) -> Iterator[Place]:
    """Opens a place on the database at a URL; it stops with the block."""
    with ExitStack() as stack:
        desk = stack.enter_context(desks.opened(engine))
        registered(desk, "ann")
        channel = stack.enter_context(client.open_channel(desk.address, token=identity.secret("agent")))
        proposer = ReviewProposer(channel, timeout_seconds=10.0)
        lab = stack.enter_context(labs.opened(engine, proposer=proposer, works=True, news_from=url))
        yield Place(lab, desk)
