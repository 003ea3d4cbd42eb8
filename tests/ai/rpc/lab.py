"""The laboratory of the AI service: a server on a free port with a store of its own, and people who call it."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import grpc
import sqlalchemy
from prometheus_client import CollectorRegistry

from experimentation.v1 import analysis_pb2
from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1.analysis_service_pb2_grpc import AnalysisServiceStub
from services.ai.config import Config, JobOptions, LlmOptions
from services.ai.domain.ports import Proposer
from services.ai.main import Parts, build_parts, build_server, build_workforce
from services.ai.store.job_changes import CHANNEL
from shared import clock, telemetry
from shared.bell import Bell
from shared.identity.authentication import Authenticator
from shared.loops import ring_until_closed
from shared.rpc import client
from shared.rpc.authorization import CallAuthorizer
from shared.rpc.server import RpcServer
from shared.store.notify import Listener
from tests.fakes import identity
from tests.fakes.proposer import FakeProposer

STOP_SECONDS = 5.0
WAIT_SECONDS = 30.0
# The engine alone: no key is given.
NO_KEY = LlmOptions()
EAGER = JobOptions(sweep_interval=timedelta(seconds=0.1))


@dataclass
class Lab:
    """Is a running service; `lab["vic"]` calls it as vic."""

    address: str
    server: RpcServer
    parts: Parts
    proposer: Proposer
    bell: Bell
    registry: CollectorRegistry
    authenticator: Authenticator
    channels: ExitStack
    people: dict[str, AnalysisServiceStub] = field(default_factory=dict)

    def __getitem__(self, name: str) -> AnalysisServiceStub:
        if name not in self.people:
            channel = self.channels.enter_context(client.open_channel(self.address, token=identity.secret(name)))
            self.people[name] = AnalysisServiceStub(channel)
        return self.people[name]

    def ended(self, job: analysis_pb2.Job, who: str = "ann") -> analysis_pb2.Job:
        """Returns the job once it has ended."""
        request = pb.WatchJobRequest(job_id=job.job_id)
        *_, last = (each.job for each in self[who].WatchJob(request, timeout=WAIT_SECONDS) if each.HasField("job"))
        return last

    def samples(self, name: str) -> Mapping[tuple[tuple[str, str], ...], float]:
        """Returns what a metric counts, by labels, without what is 0."""
        return {
            tuple(sorted(sample.labels.items())): sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name and sample.value
        }


@contextmanager
def opened(
    engine: sqlalchemy.Engine,
    *,
    llm: LlmOptions = NO_KEY,
    jobs: JobOptions = EAGER,
    proposer: Proposer | None = None,
    bell: Bell | None = None,
    works: bool = False,
    news_from: str = "",
) -> Iterator[Lab]:
    """Opens a laboratory on the database; it stops with the block.

    Args:
        engine: Of the database.
        llm: Who is asked.
        jobs: How jobs are done.
        proposer: Review; None: one in memory.
        bell: Wakes streams.
        works: Whether jobs are done; otherwise they wait.
        news_from: The URL of the database, where streams are to be woken by its news.
    """
    others = frozenset(threading.enumerate())
    options = Config(address="127.0.0.1:0", llm=llm, job=jobs, drain_grace=timedelta(seconds=STOP_SECONDS))
    registry, ringing = telemetry.new_registry(), bell or Bell()
    parts, review = build_parts(options, engine, registry), proposer or FakeProposer()
    authenticator = Authenticator(clock=clock.now)
    authenticator.replace(identity.book())
    server = build_server(
        options,
        parts,
        review,
        metrics=telemetry.RpcMetrics(registry),
        authorizer=CallAuthorizer(authenticator),
        bell=ringing,
    )
    with ExitStack() as stack:
        stack.callback(parts.provider.close)
        if works:
            workforce = build_workforce(options, parts, registry)
            workforce.start()
            stack.callback(workforce.stop)
        if news_from:
            stack.enter_context(_news(ringing, news_from))
        channels = stack.enter_context(ExitStack())
        address = server.start()
        stack.callback(server.stop, STOP_SECONDS)
        yield Lab(address, server, parts, review, ringing, registry, authenticator, channels)
    # Streams whose caller has left may be at the store still.
    for thread in {thread for thread in threading.enumerate() if thread.name.startswith("rpc-stream")} - others:
        thread.join(STOP_SECONDS)


@contextmanager
def _news(bell: Bell, url: str) -> Iterator[None]:
    listener = Listener(url, [CHANNEL])
    ringing = threading.Thread(target=ring_until_closed, args=(bell, listener))
    ringing.start()
    try:
        yield
    finally:
        listener.close()
        ringing.join()


def once(lab: Lab, name: str) -> AnalysisServiceStub:
    """Returns somebody who never tries again by themselves."""
    channel = lab.channels.enter_context(grpc.insecure_channel(lab.address, [("grpc.enable_retries", 0)]))
    return AnalysisServiceStub(client.with_token(channel, identity.secret(name)))
