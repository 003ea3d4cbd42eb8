"""Builds the review process: configuration, store, service, servicer, server."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack

from sqlalchemy import Engine

from experimentation.v1 import experiment_service_pb2 as pb
from services.review.config import PREFIX, Config
from services.review.domain.policy import OpenGate
from services.review.service.experiments import ExperimentService
from services.review.servicer.experiments import ExperimentServicer
from services.review.store.postgres import PostgresReviewStore
from shared import clock, config, errors, ids, log, process, telemetry
from shared.rpc.authorization import Authorizer, CallAuthorizer
from shared.rpc.server import RpcServer
from shared.store import engine, migrate
from shared.store.identity_feed import IdentityFeed


class Review:
    """Is the review process: start it, stop it, once each."""

    def __init__(self, options: Config) -> None:
        self._options = options
        self._registry = telemetry.new_registry()
        self._engine = engine.create_engine(
            options.database_url.value, application_name="review", pool_size=options.waiting_thread_count
        )
        self._identities = IdentityFeed(options.database_url, options.identity, clock=clock.now)
        authorizer = CallAuthorizer(self._identities.authenticator, certificates=options.shows_certificates)
        metrics = telemetry.RpcMetrics(self._registry)
        self._server = build_server(options, self._engine, metrics, authorizer)
        self._running = ExitStack()

    def start(self) -> Mapping[str, str]:
        """Returns the addresses that it answers on.

        Raises:
            PlatformError: The store cannot be reached, or its schema is not this release's.
            OSError: An address cannot be listened on.
        """
        with ExitStack() as stack:
            stack.callback(self._engine.dispose)
            stack.callback(self._identities.close)
            migrate.check_current(self._engine)
            metrics = telemetry.serve_metrics(self._registry, self._options.metrics_address)
            stack.callback(metrics.close)
            self._identities.start()
            address = self._server.start()
            stack.callback(self._server.stop, self._options.drain_grace.total_seconds())
            self._server.set_serving(serving=True)
            self._running = stack.pop_all()
        return {"grpc": address, "metrics": metrics.address}

    def stop(self) -> None:
        """Drains and stops; returns when that is done."""
        self._running.close()


def build_server(options: Config, store: Engine, metrics: telemetry.RpcMetrics, authorizer: Authorizer) -> RpcServer:
    """Returns the server with its services, not yet started."""
    service = ExperimentService(PostgresReviewStore(store), OpenGate(), clock=clock.now, new_id=ids.new_id)
    server = RpcServer(options, metrics, authorizer=authorizer)
    server.add_service(pb.DESCRIPTOR.services_by_name["ExperimentService"], ExperimentServicer(service))
    return server


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    log.configure()
    try:
        review = Review(_options())
        process.run_until_signalled("review", review.start, review.stop)
    except (config.ConfigError, errors.PlatformError, OSError) as error:
        sys.exit(f"review: {error}")


def _options() -> Config:
    options = config.load(Config, PREFIX)
    if not options.database_url.value:
        raise config.ConfigError(["DATABASE_URL: must be given"])
    return options
