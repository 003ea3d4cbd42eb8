"""An experiment as a file: what it declares, and what it plans."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from experimentation.v1 import common_pb2 as pb
from services.admin.files.messages import filled
from services.admin.files.plan import PLAN, PlanSection, read_plan
from services.admin.files.tree import FileProblems, Node, Problem, read_tree

OUTPUT_ONLY: Final = (
    "state",
    "revision",
    "etag",
    "shipped_arm_id",
    "creator",
    "created_at",
    "updated_at",
    "started_at",
    "stopped_at",
)


@dataclass(frozen=True, slots=True)
class ExperimentFile:
    """Is what a file says.

    Attributes:
        path: The file.
        tree: Its content.
        experiment: What it declares, without what only the service says.
        etag: The etag that it was written with, as `experiment show -o yaml` has it; empty: none.
        plan: What it plans. None: nothing.
    """

    path: Path
    tree: Node
    experiment: pb.Experiment
    etag: str = ""
    plan: PlanSection | None = None

    @property
    def sections(self) -> frozenset[str]:
        """Returns the fields of the experiment that the file has."""
        return frozenset(field.name for field in pb.Experiment.DESCRIPTOR.fields if self._has(field.name))

    def _has(self, name: str) -> bool:
        found = self.tree.child(name)
        return found is not None and found.value is not None


def read_experiment(path: Path) -> ExperimentFile:
    """Returns an experiment's file.

    Raises:
        FileProblems: INVALID_FIELD, with the lines.
        InvalidArgument: INVALID_FIELD, it cannot be read.
    """
    tree = read_tree(path)
    experiment = pb.Experiment()
    problems = filled(experiment, tree, beside=frozenset({PLAN}))
    if not experiment.experiment_id:
        problems.append(Problem(tree.line, "experiment_id", "must be given"))
    section = tree.child(PLAN)
    plan, wrong = (None, []) if section is None or section.value is None else read_plan(section)
    if problems or wrong:
        raise FileProblems(path, sorted([*problems, *wrong], key=lambda problem: problem.line))
    if experiment.HasField("traffic") and not _is_given(tree, "traffic", "share"):
        experiment.traffic.share = 1
    etag = experiment.etag
    for name in OUTPUT_ONLY:
        experiment.ClearField(name)
    return ExperimentFile(path, tree, experiment, etag, plan)


def _is_given(tree: Node, section: str, name: str) -> bool:
    child = tree.child(section)
    found = child.child(name) if child is not None else None
    return found is not None and found.value is not None
