"""Puts the bandit's processes together: a replica that serves and records, and the learner."""

import gc
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count

from prometheus_client import Counter, Gauge
from sqlalchemy import Engine

from services.bandit import kernels
from services.bandit.config import PREFIX, Config
from services.bandit.domain.token import TokenKeys, TokenSigner
from services.bandit.service.evaluation import EvaluationService
from services.bandit.service.insight import InsightService
from services.bandit.service.local_switches import LocalSwitches
from services.bandit.service.loops import learn_until, refresh_until
from services.bandit.service.policy_book import PolicyBook
from services.bandit.service.recording import RecordingService
from services.bandit.service.refreshing import PolicyRefresher
from services.bandit.service.serving import AllocationService
from services.bandit.service.switching import SwitchService
from services.bandit.servicer import CHECKED, POOLS, SERVICE, BanditServicer
from services.bandit.store import policies, switches
from services.bandit.store.credential_file import LocalCredentialFile
from services.bandit.store.journal import Journal
from services.bandit.store.learner_session import learner_session
from services.bandit.store.logs import JournaledAllocationLog, JournaledOutcomeLog, PostgresCopy
from services.bandit.store.policies import PostgresPolicyStore
from services.bandit.store.snapshot_file import LocalSnapshotFile
from services.bandit.store.spool import Spool, SpoolInUseError
from services.bandit.store.statistics import PostgresStatisticsStore
from services.bandit.store.switch_file import LocalSwitchFile
from services.bandit.store.switches import PostgresSwitchStore
from shared import clock, log
from shared.bell import Bell
from shared.config import ConfigError, load
from shared.errors import PlatformError
from shared.ids import new_id
from shared.process import run_until_signalled
from shared.rpc.authorization import Authorizer, CallAuthorizer
from shared.rpc.server import RpcServer
from shared.store.engine import create_engine
from shared.store.identity_feed import IdentityFeed
from shared.store.notify import Listener
from shared.telemetry import RpcMetrics, new_registry, serve_metrics

WRITER_COUNT = 4
"""Two journals with two threads each."""

READER_COUNT = 8

EXPERIMENTS_CHANNEL = "experiments"


class Replica:
    """Is a replica of the bandit: everything it is made of, started and stopped together."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stack = ExitStack()
        self._stopping = threading.Event()
        self._journals: list[Journal] = []

    def start(self) -> Mapping[str, str]:
        """Starts everything and returns the addresses."""
        with ExitStack() as stack:
            addresses = self._start(stack)
            self._stack = stack.pop_all()
        return addresses

    def stop(self) -> None:
        """Stops everything, the server first, the spools last."""
        self._stopping.set()
        self._stack.close()

    @property
    def spooled_bytes(self) -> int:
        """Returns how much waits on this machine's disk."""
        return sum(journal.spooled_bytes for journal in self._journals)

    def _start(self, stack: ExitStack) -> Mapping[str, str]:
        config = self._config
        kernels.warm_up()
        engine = create_engine(config.database_url.value, application_name="bandit", pool_size=READER_COUNT)
        stack.callback(engine.dispose)
        # Connections of their own, so that readers can't keep acknowledgements waiting.
        writers = create_engine(
            config.database_url.value, application_name="bandit-log", pool_size=WRITER_COUNT, pre_ping=False
        )
        stack.callback(writers.dispose)

        copy, turn = PostgresCopy(writers), threading.Lock()
        timeout_seconds = config.record_timeout.total_seconds()
        allocation_log = JournaledAllocationLog(
            self._journal(stack, "allocations", copy.allocations), timeout_seconds=timeout_seconds, turn=turn
        )
        outcome_log = JournaledOutcomeLog(
            self._journal(stack, "outcomes", copy.outcomes), timeout_seconds=timeout_seconds, turn=turn
        )
        policy_store = PostgresPolicyStore(engine)
        book = PolicyBook(
            policy_store, monotonic=time.monotonic, stale_after_seconds=config.stale_after.total_seconds()
        )
        changes = Bell()
        local = LocalSwitches(book, LocalSwitchFile(config.state_directory / "switches.json"))
        switching = SwitchService(
            book,
            local,
            PostgresSwitchStore(engine),
            now=clock.now,
            new_request_id=lambda: new_id("switch"),
            announce=changes.ring,
        )
        local.restore()
        self._refresh(stack, book, policy_store, switching, changes)

        signer = TokenSigner(token_keys(config.token_keys.value), time_to_live=config.token_time_to_live)
        statistics = PostgresStatisticsStore(engine)
        servicer = BanditServicer(
            AllocationService(book, allocation_log, signer, now_ms=_now_ms, new_allocation_id=_new_allocation_ids()),
            RecordingService(book, allocation_log, outcome_log, signer, now=clock.now, turn=turn),
            InsightService(policy_store, statistics, now=clock.now),
            EvaluationService(policy_store, statistics),
            switching,
            book=book,
            changes=changes,
        )
        registry = new_registry()
        Gauge("bandit_spooled_bytes", "Bytes that wait on this machine's disk.", registry=registry).set_function(
            lambda: self.spooled_bytes
        )
        Gauge(
            "bandit_policy_stale_seconds",
            "How long ago the store last confirmed the policies; 0: fresh.",
            registry=registry,
        ).set_function(lambda: book.stale_seconds() or 0.0)
        Gauge(
            "bandit_waiting_switches", "Switches that wait on this machine for the store.", registry=registry
        ).set_function(lambda: len(local.waiting()))
        Gauge("bandit_experiments", "Experiments that this replica serves.", registry=registry).set_function(
            lambda: len(book.policies())
        )
        authorizer = self._authorize(stack, changes)
        server = self._make_server(servicer, RpcMetrics(registry), authorizer)
        server.on_drain(changes.close)
        address = server.start()
        stack.callback(server.stop, config.drain_grace.total_seconds())
        metrics = serve_metrics(registry, config.metrics_address)
        stack.callback(metrics.close)
        # What is there now stays, so the collector need not look at it again: a full collection takes 0.1 s.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        server.set_serving(serving=True)
        return {"grpc": address, "metrics": metrics.address}

    def _make_server(self, servicer: BanditServicer, metrics: RpcMetrics, authorizer: Authorizer) -> RpcServer:
        """Returns the server, not yet started; the benchmarks add empty methods to it."""
        server = RpcServer(self._config, metrics, authorizer=authorizer)
        server.add_service(SERVICE, servicer, pools=POOLS, validate=CHECKED)
        return server

    def _journal(self, stack: ExitStack, name: str, copy: Callable[[bytes], None]) -> Journal:
        directory = self._config.state_directory
        spool = Spool(directory / f"{name}.spool", capacity_bytes=self._config.spool_bytes)
        journal = Journal(spool, copy, refused=directory / f"{name}.refused")
        stack.callback(journal.close)
        self._journals.append(journal)
        return journal

    def _authorize(self, stack: ExitStack, changes: Bell) -> Authorizer:
        identities = IdentityFeed(
            self._config.database_url,
            self._config.identity,
            clock=clock.now,
            file=LocalCredentialFile(self._config.state_directory / "credentials.json"),
            # Streams that wait look again whether their callers may stay.
            on_change=changes.ring,
        )
        stack.callback(identities.close)
        identities.start()
        return CallAuthorizer(identities.authenticator, certificates=self._config.shows_certificates)

    def _refresh(
        self,
        stack: ExitStack,
        book: PolicyBook,
        policy_store: PostgresPolicyStore,
        switching: SwitchService,
        changes: Bell,
    ) -> None:
        refresher = PolicyRefresher(
            book, policy_store, LocalSnapshotFile(self._config.state_directory / "policies.json")
        )
        refresher.restore()
        news = Listener(self._config.database_url.value, [policies.CHANNEL, switches.CHANNEL])
        thread = threading.Thread(
            target=refresh_until,
            args=(self._stopping, (refresher, switching), news),
            kwargs={
                "poll_interval_seconds": self._config.poll_interval.total_seconds(),
                "announce": changes.ring,
            },
            name="refresher",
        )
        thread.start()
        stack.callback(thread.join)
        stack.callback(news.close)
        stack.callback(self._stopping.set)


class LearnerProcess:
    """Is a learner: started and stopped together."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stopping = threading.Event()
        self._stack = ExitStack()

    def start(self) -> Mapping[str, str]:
        """Starts to learn, or to stand by."""
        kernels.warm_up()
        engine: Engine = create_engine(self._config.database_url.value, application_name="learner")
        self._stack.callback(engine.dispose)
        registry = new_registry()
        steps = Counter("bandit_learner_steps", "Steps of this learner; a standby makes none.", registry=registry)
        published = Counter("bandit_snapshots_published", "Snapshots that this learner published.", registry=registry)
        metrics = serve_metrics(registry, self._config.metrics_address)
        self._stack.callback(metrics.close)

        def count_step(published_count: int) -> None:
            steps.inc()
            published.inc(published_count)

        news = Listener(self._config.database_url.value, [EXPERIMENTS_CHANNEL, switches.CHANNEL])
        thread = threading.Thread(
            target=learn_until,
            args=(self._stopping, lambda: learner_session(engine), news),
            kwargs={
                "poll_interval_seconds": self._config.poll_interval.total_seconds(),
                "now": clock.now,
                "report": count_step,
            },
            name="learner",
        )
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(news.close)
        return {"metrics": metrics.address}

    def stop(self) -> None:
        """Stops to learn after the step under way."""
        self._stopping.set()
        self._stack.close()


def token_keys(text: str) -> TokenKeys:
    """Returns the keys of a text such as `2:00ff...,1:ab01...`; the first one signs.

    Raises:
        ConfigError: It is not such a text.
    """
    try:
        pairs = [entry.strip().split(":", 1) for entry in text.split(",")]
        keys = {int(key_id): bytes.fromhex(secret) for key_id, secret in pairs}
        return TokenKeys(keys, signing=int(pairs[0][0]))
    except ValueError as error:
        raise ConfigError(
            [f"{PREFIX}TOKEN_KEYS must be id:hex pairs of 16 to 64 bytes, separated by commas"]
        ) from error


def serve() -> None:
    """Runs a replica until SIGTERM or SIGINT."""
    _run("bandit", Replica, required=frozenset({"DATABASE_URL", f"{PREFIX}TOKEN_KEYS"}))


def learn() -> None:
    """Runs a learner until SIGTERM or SIGINT."""
    _run("learner", LearnerProcess, required=frozenset({"DATABASE_URL"}))


def _run(name: str, process: Callable[[Config], Replica | LearnerProcess], *, required: frozenset[str]) -> None:
    log.configure()
    try:
        running = process(_configuration(required))
        run_until_signalled(name, running.start, running.stop)
    except (ConfigError, PlatformError, SpoolInUseError, OSError) as error:
        sys.exit(f"{name}: {error}")


def _configuration(required: frozenset[str]) -> Config:
    config = load(Config, PREFIX)
    needed = {"DATABASE_URL": config.database_url, f"{PREFIX}TOKEN_KEYS": config.token_keys}
    missing = [f"{name}: must be given" for name, secret in needed.items() if name in required and not secret.value]
    if missing:
        raise ConfigError(missing)
    return config


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _new_allocation_ids() -> Callable[[], str]:
    """Returns a source of ids that no other process makes: a random prefix and a count."""
    prefix, numbers = secrets.token_hex(8), count()
    return lambda: f"{prefix}{next(numbers):x}"
