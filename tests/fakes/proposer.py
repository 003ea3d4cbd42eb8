"""Review as the AI service sees it, in memory: drafts and proposals, each once for a request id."""

from dataclasses import dataclass, field, replace

from services.ai.domain.records import AnalysisRecord
from shared.definition.model import Experiment
from shared.errors import AlreadyExists, PlatformError, Reason


@dataclass
class FakeProposer:
    """Is a `ports.Proposer`.

    Attributes:
        fails: What the next calls raise, one each; None: nothing.
    """

    drafts: dict[str, Experiment] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    fails: list[PlatformError | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    askers: list[str] = field(default_factory=list)
    _asked: dict[str, Experiment] = field(default_factory=dict)

    def create_draft(self, experiment: Experiment, *, request_id: str) -> Experiment:
        """Creates a draft experiment."""
        self._begin("create_draft")
        if request_id in self._asked:
            if self._asked[request_id] != experiment:
                raise AlreadyExists(Reason.REQUEST_ID_REUSED, "used", metadata={"request_id": request_id})
            return self.drafts[experiment.experiment_id]
        if experiment.experiment_id in self.drafts:
            raise AlreadyExists(Reason.EXPERIMENT_ALREADY_EXISTS, "taken", metadata={})
        self._asked[request_id] = experiment
        self.drafts[experiment.experiment_id] = replace(experiment, etag="e1", creator="agent")
        return self.drafts[experiment.experiment_id]

    def propose_start(self, experiment_id: str, *, reason: str, request_id: str, on_behalf_of: str) -> str:
        """Proposes to start an experiment."""
        self._begin("propose_start")
        assert experiment_id in self.drafts
        assert reason
        self.askers.append(on_behalf_of)
        return self.starts.setdefault(request_id, f"cr_{len(self.starts) + 1}")

    def propose_decision(self, analysis: AnalysisRecord, *, request_id: str) -> str:
        """Proposes what an analysis decides."""
        raise NotImplementedError

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
