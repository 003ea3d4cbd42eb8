"""Makes an experiment of a design: a draft, the proposal to start it, and what that does to design and hypothesis.

Each step can be done again: what review is asked for is named by the design, so that a call that ended halfway is gone
on with by the next one, and a design becomes one experiment at most.
"""

from dataclasses import dataclass, replace
from typing import Final

from services.ai.domain.design.experiment import experiment_of
from services.ai.domain.hypotheses.states import Event, moved
from services.ai.domain.jobs import RequestKey
from services.ai.domain.ports import Designs, Experiments, Hypotheses, Proposer
from services.ai.domain.records import DesignRecord, HypothesisRecord
from services.ai.service import refusals
from shared.clock import Clock
from shared.definition.model import Arm, Experiment
from shared.errors import (
    AlreadyExists,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    PermissionDenied,
    Reason,
    Unauthenticated,
    experiment_not_found,
    invalid_fields,
)

_ATTEMPTS: Final = 5
_OF_EXPERIMENT: Final = "experiment."
_MOST_REASON: Final = 2000


@dataclass(frozen=True, slots=True)
class Adoption:
    """Is what is to be made of a design.

    Attributes:
        display_name: Empty: the experiment id.
        arms: The control first; empty: "control", "variant-1" and so on.
        draft_only: Whether nobody is asked to start it.
    """

    design_id: str
    experiment_id: str
    display_name: str = ""
    arms: tuple[Arm, ...] = ()
    draft_only: bool = False


@dataclass(frozen=True, slots=True)
class Adopted:
    """Is what was made of a design, and the design after that."""

    experiment: Experiment
    design: DesignRecord


class Adopting:
    """Makes experiments of designs; safe for use by many threads."""

    def __init__(
        self, designs: Designs, hypotheses: Hypotheses, experiments: Experiments, proposer: Proposer, *, clock: Clock
    ) -> None:
        self._designs = designs
        self._hypotheses = hypotheses
        self._experiments = experiments
        self._proposer = proposer
        self._clock = clock

    def adopt(self, asked: Adoption, *, key: RequestKey) -> Adopted:
        """Returns the experiment, and the design with it; the same again returns the same.

        Raises:
            NotFound: DESIGN_NOT_FOUND.
            FailedPrecondition: INVALID_STATE: the design is not recommended or became another experiment, its
                hypothesis is rejected or decided, or review takes no token of this service.
            InvalidArgument: INVALID_FIELD.
            AlreadyExists: EXPERIMENT_ALREADY_EXISTS, REQUEST_ID_REUSED.
            Unavailable: STORE_UNAVAILABLE, or review cannot be reached; once they are back, the same call goes on.
        """
        design = self._adoptable(asked)
        if key.request_id:
            self._designs.note_adoption(key)
        try:
            return self._made(design, asked, asker=key.creator)
        except (Unauthenticated, PermissionDenied) as error:
            # They are about the service, not about who calls it.
            raise _misfit(design, "NO_AGENT", "cannot be proposed: review takes no token of this service") from error

    def _made(self, design: DesignRecord, asked: Adoption, *, asker: str) -> Adopted:
        experiment = self._draft(design, asked)
        if not asked.draft_only and not design.change_request_id:
            design = self._adopted(design, asked, self._start(design, asked.experiment_id, asker))
        else:
            design = self._adopted(design, asked, design.change_request_id)
        self._start_test(design)
        return Adopted(experiment, design)

    def _adoptable(self, asked: Adoption) -> DesignRecord:
        design = self._designs.find(asked.design_id)
        if design is None:
            raise refusals.design_not_found(asked.design_id)
        if design.experiment_id not in ("", asked.experiment_id):
            raise _misfit(design, "ADOPTED", f"became experiment {design.experiment_id!r}")
        if not design.design.recommended:
            raise _misfit(design, "NOT_RECOMMENDED", "is not recommended: a rule blocks it")
        record = self._hypothesis_of(design)
        if record is not None and record.experiment_id != asked.experiment_id:
            moved(record.state, Event.START_TEST)
        return design

    def _draft(self, design: DesignRecord, asked: Adoption) -> Experiment:
        """Returns the draft, made if it is not there yet."""
        if design.experiment_id:
            found = self._experiments.find(design.experiment_id)
            if found is None:
                raise experiment_not_found(design.experiment_id)
            return found
        wanted = experiment_of(
            design.design,
            experiment_id=asked.experiment_id,
            display_name=asked.display_name,
            arms=asked.arms,
            labels=_labels(design),
        )
        try:
            return self._proposer.create_draft(wanted, request_id=f"{design.design_id}-draft")
        except InvalidArgument as error:
            raise _as_here(error) from error
        except AlreadyExists as error:
            if error.reason is Reason.REQUEST_ID_REUSED:
                raise _misfit(design, "ADOPTED", "is being made into another experiment") from error
            raise

    def _start(self, design: DesignRecord, experiment_id: str, asker: str) -> str:
        weeks = design.design.weeks
        reason = f"Design {design.design_id}: {weeks} weeks. {design.design.wishes.description}"
        return self._proposer.propose_start(
            experiment_id,
            reason=reason[:_MOST_REASON],
            request_id=f"{design.design_id}-start",
            on_behalf_of=asker,
        )

    def _adopted(self, design: DesignRecord, asked: Adoption, change_request_id: str) -> DesignRecord:
        found = self._designs.adopt(
            design.design_id,
            experiment_id=asked.experiment_id,
            change_request_id=change_request_id,
            now=self._clock(),
        )
        if found is None:
            raise _misfit(design, "ADOPTED", "became another experiment")
        return found

    def _start_test(self, design: DesignRecord) -> None:
        """Moves the hypothesis to its test; one that is there is left as it is."""
        for _ in range(_ATTEMPTS):
            record = self._hypothesis_of(design)
            if record is None or record.experiment_id == design.experiment_id:
                return
            tested = replace(
                record,
                state=moved(record.state, Event.START_TEST),
                experiment_id=design.experiment_id,
                updated_at=self._clock(),
                version=record.version + 1,
            )
            if self._hypotheses.change(tested, seen_version=record.version):
                return

    def _hypothesis_of(self, design: DesignRecord) -> HypothesisRecord | None:
        return self._hypotheses.find(design.hypothesis_id) if design.hypothesis_id else None


def _labels(design: DesignRecord) -> dict[str, str]:
    found = {"design_id": design.design_id, "hypothesis_id": design.hypothesis_id}
    return {name: value for name, value in found.items() if value}


def _misfit(design: DesignRecord, state: str, why: str) -> FailedPrecondition:
    return FailedPrecondition(
        Reason.INVALID_STATE,
        f"design {design.design_id!r} {why}",
        metadata={"state": state, "design_id": design.design_id},
    )


def _as_here(error: InvalidArgument) -> InvalidArgument:
    """Returns review's error with the fields at fault by their names in this call."""
    if error.reason is not Reason.INVALID_FIELD or not error.violations:
        return error
    return invalid_fields(
        [FieldViolation(each.field.removeprefix(_OF_EXPERIMENT), each.description) for each in error.violations]
    )
