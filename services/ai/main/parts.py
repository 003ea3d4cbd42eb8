"""Builds what the service and its workers are made of alike: store, provider, brokers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dramatiq import Broker
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from services.ai.actors.brokers import open_brokers
from services.ai.actors.sending import BrokerSender
from services.ai.config import Config, JobOptions
from services.ai.domain.jobs import JobQueue
from services.ai.llm.metrics import LlmMetrics
from services.ai.main.provider import ProviderPart, build_provider
from services.ai.service.attempts import RunLimits
from services.ai.store.experiments import PostgresExperiments
from services.ai.store.postgres import PostgresAiStore
from shared.store import engine

_BESIDE_CONNECTIONS: Final = 4
"""For what looks after jobs beside those that do them."""
_OVERDUE: Final = timedelta(seconds=30)
"""After which a thread that a job holds up is told to stop, though the job ought to have ended."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Is what the service and its workers are made of alike."""

    store: PostgresAiStore
    experiments: PostgresExperiments
    provider: ProviderPart
    brokers: Mapping[JobQueue, Broker]
    sender: BrokerSender


def build_engine(options: Config) -> Engine:
    """Returns connections for calls, for jobs, and for what runs beside them."""
    threads = options.waiting_thread_count + options.job.interactive_thread_count + options.job.bulk_thread_count
    return engine.create_engine(
        options.database_url.value, application_name="ai", pool_size=threads + _BESIDE_CONNECTIONS
    )


def build_parts(options: Config, connections: Engine, registry: CollectorRegistry) -> Parts:
    """Returns what the service and its workers are made of.

    Raises:
        ConfigError: The broker's URL cannot be read.
    """
    store = PostgresAiStore(connections)
    brokers = open_brokers(options.job.broker_url.value, time_limit=run_limits(options.job).longest + _OVERDUE)
    return Parts(
        store,
        PostgresExperiments(connections),
        build_provider(options.llm, store.calls, LlmMetrics(registry)),
        brokers,
        BrokerSender(brokers),
    )


def run_limits(options: JobOptions) -> RunLimits:
    """Returns how much one job may take."""
    return RunLimits(attempt_count=options.attempt_count, budget=options.wall_budget, lease=options.lease)
