"""What the AI service needs from the world around it."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.ai.domain.analysis.data import Aggregates, BanditData
from services.ai.domain.calls import CallRecord, SpendLedger
from services.ai.domain.hypotheses.model import HypothesisState, StoredHypothesis
from services.ai.domain.jobs import Job, JobFailure, JobFilter, JobStage, RequestKey, WarehouseTable
from services.ai.domain.metrics import PastExperiment
from services.ai.domain.queries import (
    AnalysisFilter,
    Cursor,
    DesignFilter,
    HypothesisCursor,
    HypothesisFilter,
    StoredCall,
    StoredEvidence,
)
from services.ai.domain.records import AnalysisRecord, DesignRecord, HypothesisRecord, JobResult
from shared.definition.model import Experiment


class Kept(StrEnum):
    """Says what a sign of life found: the lease is kept, was lost to somebody else, or the job is to end."""

    KEPT = "KEPT"
    LOST = "LOST"
    CANCELLED = "CANCELLED"


class Jobs(Protocol):
    """Keeps jobs. Each call is a transaction of its own; safe for use by many threads.

    Raises:
        Unavailable: STORE_UNAVAILABLE, from every call.
    """

    def open(self, job: Job, key: RequestKey, *, limit: int) -> Job:
        """Stores a job, or returns the one that the same request opened, and announces it.

        Args:
            job: QUEUED.
            key: By which a retry is known.
            limit: How many jobs may wait in all.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another request.
            ResourceExhausted: LIMIT_EXCEEDED: too many jobs wait.
        """

    def find(self, job_id: str) -> Job | None:
        """Returns a job."""

    def list_jobs(self, kept: JobFilter, *, after: Cursor | None, limit: int) -> list[Job]:
        """Returns the newest jobs, newest first, then by id; with `after`, those that follow that place."""

    def claim(self, job_id: str, owner: str, *, now: datetime, lease_until: datetime) -> Job | None:
        """Takes a job up: one that is QUEUED and due, or RUNNING with a lease that has run out; counts the attempt.

        Compare-and-set: of several callers one gets the job, the others None. One whose end was asked for becomes
        CANCELLED instead, and None is returned.
        """

    def keep(self, job_id: str, owner: str, *, stage: JobStage, lease_until: datetime) -> Kept:
        """Gives a sign of life, and says what the job does now."""

    def finish(self, job_id: str, owner: str, result: JobResult, *, now: datetime) -> bool:
        """Ends a job with its answer, in one transaction with everything that the answer consists of.

        Returns:
            False, and nothing was stored, if the owner has lost the job, or its end was asked for; `keep` says which.
        """

    def fail(self, job_id: str, owner: str, failure: JobFailure, *, now: datetime) -> bool:
        """Ends a job without an answer; returns False if the owner has lost it."""

    def give_back(self, job_id: str, owner: str, *, not_before: datetime | None = None) -> bool:
        """Makes a job QUEUED again, for anybody, not before a time; returns False if the owner has lost it.

        One whose end was asked for is due at once, to be ended by who takes it up.
        """

    def end_cancelled(self, job_id: str, owner: str, *, now: datetime) -> bool:
        """Ends a job whose end was asked for; returns False if the owner has lost it."""

    def cancel(self, job_id: str, *, now: datetime) -> Job | None:
        """Ends a job that waits; asks one that runs to end; leaves one that has ended. None: there is none."""

    def due(self, *, now: datetime, sent_before: datetime, limit: int) -> list[Job]:
        """Returns jobs to be sent (again), and notes that they were; no two callers get the same.

        They are those that are QUEUED, due, and were last sent before that time, and those that are RUNNING with a
        lease that has run out.
        """

    def counts(self) -> dict[str, int]:
        """Returns how many jobs there are in each state that has not ended, by name."""

    def open_scheduled(self, jobs: list[Job]) -> list[Job]:
        """Stores those jobs whose experiment has no scheduled analysis that waits or runs, and returns them."""

    def delete_ended(self, *, before: datetime, limit: int) -> int:
        """Deletes jobs without an answer that ended before a time; returns how many."""


class Calls(SpendLedger, Protocol):
    """Keeps what was sent to providers. A call is on record before it is sent, so that a crash hides no spending."""

    def begin(self, call_id: str, job_id: str, call: CallRecord, *, system: str) -> None:
        """Records a call that is about to be sent, with its system text; its cost is the most that it can be."""

    def end(self, call_id: str, call: CallRecord) -> None:
        """Puts in what came of it; nothing once that is known."""

    def note_violations(self, call_id: str, violations: tuple[str, ...]) -> None:
        """Puts in what the check found."""

    def count_for(self, job_id: str) -> int:
        """Returns how many calls a job has made, those that nobody saw the end of included."""

    def list_calls(self, job_id: str, *, after: Cursor | None, limit: int) -> list[StoredCall]:
        """Returns a job's calls, oldest first."""


class Hypotheses(Protocol):
    """Keeps hypotheses."""

    def find(self, hypothesis_id: str) -> HypothesisRecord | None:
        """Returns a hypothesis."""

    def list_hypotheses(
        self, kept: HypothesisFilter, *, after: HypothesisCursor | None, limit: int
    ) -> list[HypothesisRecord]:
        """Returns hypotheses in the filter's order; with `after`, those that follow that place."""

    def stored(self, *, limit: int) -> list[StoredHypothesis]:
        """Returns the newest hypotheses, as far as later work needs them."""

    def change(self, record: HypothesisRecord, *, seen_version: int, key: RequestKey | None = None) -> bool:
        """Stores a changed hypothesis as the next version.

        Returns:
            False, and nothing was stored, if it has another version than was seen, or the same request was answered.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another request.
        """

    def find_reviewed(self, key: RequestKey) -> HypothesisRecord | None:
        """Returns the hypothesis as the same request left it.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another request.
        """

    def tested_by(self, experiment_id: str) -> list[HypothesisRecord]:
        """Returns the hypotheses that an experiment tests."""

    def counts(self) -> list[tuple[str, HypothesisState, float, datetime]]:
        """Returns provider, state, stated confidence and time of each."""


class Designs(Protocol):
    """Keeps designs."""

    def find(self, design_id: str) -> DesignRecord | None:
        """Returns a design."""

    def list_designs(self, kept: DesignFilter, *, after: Cursor | None, limit: int) -> list[DesignRecord]:
        """Returns the newest designs, newest first."""

    def note_adoption(self, key: RequestKey) -> None:
        """Notes that a request makes an experiment of a design; the same again changes nothing.

        Raises:
            AlreadyExists: REQUEST_ID_REUSED: the request id was used for another such request.
        """

    def adopt(
        self, design_id: str, *, experiment_id: str, change_request_id: str, now: datetime
    ) -> DesignRecord | None:
        """Notes what was made of a design; None: it became another experiment before.

        The same again changes nothing but the change request, where there was none.
        """

    def of_experiment(self, experiment_id: str) -> DesignRecord | None:
        """Returns the design that an experiment was made of."""

    def counts(self) -> list[tuple[str, datetime, datetime, datetime | None]]:
        """Returns provider, time of the request, of the design, and of its experiment, of each."""


class Analyses(Protocol):
    """Keeps analyses and the evidence of all answers."""

    def find(self, analysis_id: str) -> AnalysisRecord | None:
        """Returns an analysis."""

    def list_analyses(self, kept: AnalysisFilter, *, after: Cursor | None, limit: int) -> list[AnalysisRecord]:
        """Returns the newest analyses, newest first."""

    def latest(self, experiment_id: str) -> AnalysisRecord | None:
        """Returns an experiment's newest analysis."""

    def past_experiments(self, *, limit: int) -> list[PastExperiment]:
        """Returns the effects on primary metrics that the newest analyses of stopped experiments found."""

    def note_change_request(self, analysis_id: str, change_request_id: str) -> None:
        """Notes which change request an analysis opened; empty: that there was none to open."""

    def unproposed(self, *, limit: int) -> list[AnalysisRecord]:
        """Returns analyses whose jobs ask to propose, and of which no change request is noted yet, oldest first."""

    def find_evidence(self, sha256: str) -> StoredEvidence | None:
        """Returns what an answer rests on."""

    def counts(self) -> list[tuple[str, datetime]]:
        """Returns provider and time of each."""


class AiStore(Protocol):
    """Keeps what the AI service owns; safe for use by many threads."""

    @property
    def jobs(self) -> Jobs:
        """The jobs."""

    @property
    def calls(self) -> Calls:
        """What was sent to providers."""

    @property
    def hypotheses(self) -> Hypotheses:
        """The hypotheses."""

    @property
    def designs(self) -> Designs:
        """The designs."""

    @property
    def analyses(self) -> Analyses:
        """The analyses, and the evidence of all answers."""


class Experiments(Protocol):
    """Reads what other services wrote: experiments, and the data that the bandit recorded."""

    def find(self, experiment_id: str) -> Experiment | None:
        """Returns an experiment as of its newest revision."""

    def data(self, experiment: Experiment, *, now: datetime) -> BanditData | None:
        """Returns what the bandit recorded of an experiment; None: nothing yet."""

    def to_analyze(self, *, now: datetime, older_than: datetime, limit: int) -> list[str]:
        """Returns running experiments whose newest analysis is older than that, or that have none, longest first."""


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

    def propose_start(self, experiment_id: str, *, reason: str, request_id: str) -> str:
        """Proposes to start an experiment; returns the change request's id."""

    def propose_decision(self, analysis: AnalysisRecord, *, request_id: str) -> str:
        """Proposes what an analysis decides: to ship an arm, to roll back, or to stop.

        Returns:
            The change request's id; empty where the decision changes nothing or the experiment has ended.
        """


class Sender(Protocol):
    """Tells workers that a job waits; a message may be lost or come twice, the row is the truth."""

    def send(self, job: Job) -> None:
        """Sends the job's id; raises nothing: the sweeper sends again what got lost."""
