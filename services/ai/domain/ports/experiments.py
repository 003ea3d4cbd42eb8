"""What experiments are analysed from, in the store and in warehouses, and who proposes to change them."""

from datetime import datetime
from typing import Protocol

from services.ai.domain.analysis.data import Aggregates, BanditData
from services.ai.domain.jobs import WarehouseTable
from services.ai.domain.records import AnalysisRecord
from shared.definition.model import Experiment


class Experiments(Protocol):
    """Reads what other services wrote: experiments, and the data that the bandit recorded."""

    def find(self, experiment_id: str) -> Experiment | None:
        """Returns an experiment as of its newest revision."""

    def data(self, experiment: Experiment, *, now: datetime) -> BanditData | None:
        """Returns what the bandit recorded of an experiment; None: nothing yet."""

    def to_analyze(self, *, now: datetime, older_than: datetime, limit: int) -> list[str]:
        """Returns running experiments whose newest analysis is older than that, or that have none, longest first.

        An analysis counts that is of what the bandit recorded, by the plan that was declared.
        """


class Warehouse(Protocol):
    """Computes sums where the data lie."""

    def aggregates(self, table: WarehouseTable, experiment: Experiment | None, *, now: datetime) -> Aggregates:
        """Returns the sums of a table.

        Raises:
            InvalidArgument: INVALID_FIELD: no such connection, table or column, or the table contradicts itself.
            Unavailable: the warehouse cannot be reached.
        """


class Proposer(Protocol):
    """Proposes at review, as an agent; it applies nothing."""

    def create_draft(self, experiment: Experiment, *, request_id: str) -> Experiment:
        """Creates a draft experiment; the same request id gives the same.

        Raises:
            PlatformError: As review says.
        """

    def propose_start(self, experiment_id: str, *, reason: str, request_id: str, on_behalf_of: str) -> str:
        """Proposes to start an experiment; returns the change request's id."""

    def propose_decision(self, analysis: AnalysisRecord, *, request_id: str) -> str:
        """Proposes what an analysis decides: to ship an arm, to roll back, or to stop.

        Returns:
            The change request's id; empty where the decision changes nothing or the experiment has ended.
        """
