"""Allocates in the caller's process from the bandit's own policies, and delivers exposures and outcomes.

Floors, imports go down only: client, async_client > in_process_bandit > delivery, policy_book, snapshot_file, forks >
authorization, buffer, field_rules, policy, rows, rpc_failure > allocation, backoff, channel, counts, errors, settings,
unique_ids.
"""

from experimentation_client.allocation import Allocation, AllocationReason, ExposureState, Freshness
from experimentation_client.async_client import AsyncClient
from experimentation_client.client import Client
from experimentation_client.counts import Counts, RowCounts, Undelivered
from experimentation_client.errors import (
    BufferFullError,
    ClientError,
    ClosedError,
    ContextNeededError,
    ExperimentNotFoundError,
    InvalidFieldError,
)
from experimentation_client.rows import ExposureRow, OutcomeRow, RejectedRow, RowKind
from experimentation_client.settings import Settings

__all__ = [
    "Allocation",
    "AllocationReason",
    "AsyncClient",
    "BufferFullError",
    "Client",
    "ClientError",
    "ClosedError",
    "ContextNeededError",
    "Counts",
    "ExperimentNotFoundError",
    "ExposureRow",
    "ExposureState",
    "Freshness",
    "InvalidFieldError",
    "OutcomeRow",
    "RejectedRow",
    "RowCounts",
    "RowKind",
    "Settings",
    "Undelivered",
]
