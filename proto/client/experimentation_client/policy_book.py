"""The newest policies, in memory; swapped whole, read without locks."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from experimentation.v1 import bandit_service_pb2 as pb
from experimentation_client.allocation import Freshness
from experimentation_client.policy import Policy

_logger = logging.getLogger("experimentation_client")

_NEVER: Final = -float("inf")


class PolicyBook:
    """Holds the newest policy of every experiment. One thread writes, any number read.

    Attributes:
        policies: Those that need no context, by experiment.
        fresh_until: Until when they are known to be the newest, on the monotonic clock.
    """

    def __init__(
        self, experiment_ids: Iterable[str], *, monotonic: Callable[[], float], stale_after_seconds: float
    ) -> None:
        self._wanted = frozenset(experiment_ids)
        self._monotonic = monotonic
        self._stale_after_seconds = stale_after_seconds
        self._began_at = monotonic()
        self._heard_at = _NEVER
        self._complete = False
        self._restored = False
        self._lost = False
        self._newest: Mapping[str, Policy] = {}
        self.policies: Mapping[str, Policy] = {}
        self.fresh_until = _NEVER

    def restore(self, snapshots: Iterable[pb.PolicySnapshot]) -> None:
        """Takes what an earlier process kept; it serves until the server says more."""
        self._replace(snapshots)
        self._restored = bool(self._newest) and self._wanted <= self._newest.keys()

    def hear(self, message: pb.WatchPoliciesResponse) -> bool:
        """Takes a message of the stream; returns whether there was a newer policy in it."""
        has_newer = self._replace(message.snapshots)
        # Only now: nobody must get an old policy that claims to be fresh.
        self._heard_at = self._monotonic()
        self.fresh_until = self._heard_at + self._stale_after_seconds
        self._lost = False
        self._complete = self._complete or message.initial_state_complete
        return has_newer

    def lose(self) -> bool:
        """Notes that the server cannot be heard: there may be newer policies. Returns whether that is news."""
        is_news, self._lost = not self._lost, True
        self.fresh_until = _NEVER
        return is_news

    @property
    def is_ready(self) -> bool:
        """Returns whether the server told all, or cannot be heard while the file has what is wanted."""
        told = self._complete and self._wanted <= self._newest.keys()
        return told or (self._restored and self._lost)

    @property
    def can_serve(self) -> bool:
        """Returns whether there are policies of all that is wanted, from wherever."""
        return self.is_ready or self._restored

    @property
    def freshness(self) -> Freshness:
        """Returns whether the policies are known to be the newest."""
        return Freshness.FRESH if self._monotonic() <= self.fresh_until else Freshness.STALE

    @property
    def age_seconds(self) -> float:
        """Returns how long ago the server last confirmed the policies; since the start where it never did."""
        return self._monotonic() - max(self._heard_at, self._began_at)

    def knows(self, experiment_id: str) -> bool:
        """Returns whether there is a policy of an experiment, be it one that only the server can use."""
        return experiment_id in self._newest

    def snapshots(self) -> list[pb.PolicySnapshot]:
        """Returns the newest snapshots."""
        return [policy.snapshot for policy in self._newest.values()]

    def _replace(self, snapshots: Iterable[pb.PolicySnapshot]) -> bool:
        newer = {
            policy.experiment_id: policy
            for snapshot in snapshots
            if (policy := _policy(snapshot)) and policy.is_newer_than(self._newest.get(policy.experiment_id))
        }
        if newer:
            self._newest = {**self._newest, **newer}
            self.policies = {one: policy for one, policy in self._newest.items() if not policy.needs_context}
        return bool(newer)


def _policy(snapshot: pb.PolicySnapshot) -> Policy | None:
    try:
        return Policy(snapshot)
    except ValueError as error:
        named = f"version {snapshot.policy_version} of {snapshot.experiment_id!r}"
        _logger.error("policy %s cannot serve here, the one before goes on: %s", named, error)  # noqa: TRY400
        return None
