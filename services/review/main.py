"""Builds the review process: configuration, store, service, servicer, server."""

import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from random import Random

from sqlalchemy import Engine

from experimentation.v1 import audit_service_pb2, experiment_service_pb2, identity_service_pb2, review_service_pb2
from services.review.config import PREFIX, Config
from services.review.domain.ports import ReviewStore
from services.review.service.audit import AuditService
from services.review.service.bootstrap import take_token
from services.review.service.change_requests import ChangeRequestService
from services.review.service.delivery import NoticeDelivery, deliver_until
from services.review.service.denials import DeniedAttempts
from services.review.service.experiments import ExperimentService
from services.review.service.notice_metrics import NoticeMetrics
from services.review.service.policies import PolicyService
from services.review.service.principals import PrincipalService
from services.review.service.proposals import ProposalService
from services.review.service.sweeping import Sweeper
from services.review.service.switch_audit import SwitchAudit
from services.review.service.tokens import TokenService
from services.review.service.watching import Follower
from services.review.servicer import halting
from services.review.servicer.audit import AuditServicer
from services.review.servicer.experiments import ExperimentServicer
from services.review.servicer.identity import IdentityServicer
from services.review.servicer.review import ReviewServicer
from services.review.store import change_requests, notices
from services.review.store.notices import PostgresOutbox
from services.review.store.postgres import PostgresReviewStore
from services.review.store.switches import PostgresSwitchStore
from services.review.webhooks import hooks_file
from services.review.webhooks.sender import HttpWebhooks
from shared import clock, config, errors, ids, log, process, telemetry
from shared.bell import Bell
from shared.identity.principal import Caller
from shared.loops import ring_until_closed, sweep_until
from shared.rpc.authorization import Authorizer, CallAuthorizer
from shared.rpc.server import RpcServer
from shared.store import engine, migrate
from shared.store.identity_feed import IdentityFeed
from shared.store.notify import Listener

_POLL_SECONDS = 1.0


class Review:
    """Is the review process: start it, stop it, once each."""

    def __init__(self, options: Config) -> None:
        self._options = options
        self._registry = telemetry.new_registry()
        self._engine = engine.create_engine(
            options.database_url.value, application_name="review", pool_size=options.waiting_thread_count
        )
        self._store = PostgresReviewStore(self._engine)
        self._delivery = build_delivery(options, self._engine)
        self._notice_metrics = NoticeMetrics(self._registry)
        self._bell = Bell()
        self._denials = DeniedAttempts(self._store, clock=clock.now)
        # Streams that wait look again whether their callers may stay.
        self._identities = IdentityFeed(
            options.database_url, options.identity, clock=clock.now, on_change=self._bell.ring
        )
        authorizer = CallAuthorizer(
            self._identities.authenticator,
            certificates=options.shows_certificates,
            on_denied=self._denials.denied_call,
        )
        metrics = telemetry.RpcMetrics(self._registry)
        self._server = build_server(
            options, self._store, metrics, authorizer, self._bell, on_denied=self._denials.denied
        )
        add_identity_service(
            self._server, self._store, refresh=self._identities.refresh, on_denied=self._denials.denied
        )
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
            bootstrap(self._options, self._store)
            self._identities.start()
            _run(stack, "denials", self._denials.write_until_closed, end=self._denials.close)
            self._ring(stack)
            self._sweep(stack)
            self._deliver(stack)
            address = self._server.start()
            stack.callback(self._server.stop, self._options.drain_grace.total_seconds())
            self._server.set_serving(serving=True)
            self._running = stack.pop_all()
        return {"grpc": address, "metrics": metrics.address}

    def stop(self) -> None:
        """Drains and stops; returns when that is done."""
        self._running.close()

    def _ring(self, stack: ExitStack) -> None:
        news = Listener(self._options.database_url.value, [change_requests.CHANNEL])
        _run(stack, "bell", lambda: ring_until_closed(self._bell, news), end=news.close)

    def _sweep(self, stack: ExitStack) -> None:
        stopping = threading.Event()
        pause = self._options.sweep_interval.total_seconds()
        sweeps = {
            "change requests": Sweeper(self._store, clock=clock.now).sweep,
            "switches of the bandit": SwitchAudit(PostgresSwitchStore(self._engine)).sweep,
        }
        _run(stack, "sweeper", lambda: sweep_until(stopping, sweeps, interval_seconds=pause), end=stopping.set)

    def _deliver(self, stack: ExitStack) -> None:
        stopping = threading.Event()
        news = Listener(self._options.database_url.value, [notices.CHANNEL])
        # What it has taken is sent later, by whomever, should it not end in time.
        thread = threading.Thread(
            target=deliver_until,
            args=(stopping, self._delivery, news),
            kwargs={"poll_interval_seconds": _POLL_SECONDS, "report": self._notice_metrics.count},
            name="delivery",
            daemon=True,
        )
        thread.start()
        stack.callback(thread.join, self._options.drain_grace.total_seconds())
        stack.callback(news.close)
        stack.callback(stopping.set)


def _run(stack: ExitStack, name: str, work: Callable[[], None], *, end: Callable[[], None]) -> None:
    """Does the work on a thread of its own until the stack unwinds."""
    thread = threading.Thread(target=work, name=name)
    thread.start()
    stack.callback(thread.join)
    stack.callback(end)


def build_delivery(options: Config, store: Engine) -> NoticeDelivery:
    """Returns what tells people.

    Raises:
        ConfigError: The file of webhooks is not usable.
    """
    webhooks = HttpWebhooks(
        hooks_file.read(options.webhooks_file) if options.webhooks_file else {},
        link_template=options.link_template,
        timeout=options.webhook_timeout,
        clock=clock.now,
    )
    # The spread of attempts need not be unforeseeable.
    return NoticeDelivery(PostgresOutbox(store), webhooks, clock=clock.now, rng=Random())  # noqa: S311


def build_server(
    options: Config,
    store: ReviewStore,
    metrics: telemetry.RpcMetrics,
    authorizer: Authorizer,
    bell: Bell,
    *,
    on_denied: halting.OnDenied = halting.to_nobody,
) -> RpcServer:
    """Returns the server with its services, not yet started."""
    server = RpcServer(options, metrics, authorizer=authorizer)
    proposals = ProposalService(store, clock=clock.now, new_id=ids.new_id)
    experiments = ExperimentServicer(ExperimentService(store, clock=clock.now), proposals, on_denied=on_denied)
    server.add_service(experiment_service_pb2.DESCRIPTOR.services_by_name["ExperimentService"], experiments)
    reviews = ReviewServicer(
        ChangeRequestService(store, clock=clock.now, new_id=ids.new_id),
        PolicyService(store, clock=clock.now),
        proposals,
        follow=lambda kept, change_request_id: Follower(store, kept, change_request_id, clock=clock.now),
        bell=bell,
        on_denied=on_denied,
    )
    server.add_service(review_service_pb2.DESCRIPTOR.services_by_name["ReviewService"], reviews)
    server.add_service(
        audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"], AuditServicer(AuditService(store))
    )
    server.on_drain(bell.close)
    return server


def add_identity_service(
    server: RpcServer,
    store: ReviewStore,
    *,
    refresh: Callable[[], None],
    on_denied: Callable[[Caller, str], None],
) -> None:
    """Adds who may call to the server, which must not have started yet."""
    principals = PrincipalService(store, clock=clock.now, refresh=refresh)
    tokens = TokenService(
        store,
        clock=clock.now,
        new_id=ids.new_id,
        random_bytes=secrets.token_bytes,
        refresh=refresh,
        on_denied=on_denied,
    )
    server.add_service(
        identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"], IdentityServicer(principals, tokens)
    )


def bootstrap(options: Config, store: ReviewStore) -> None:
    """Makes the first admin, where the configuration has a token for one."""
    secret = options.bootstrap_admin_token.value
    if secret:
        take_token(store, principal_id=options.bootstrap_admin_id, secret=secret.strip(), clock=clock.now)


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
