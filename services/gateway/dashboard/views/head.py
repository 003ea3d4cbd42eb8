"""The head of an experiment's pages: its name, where it stands, and what is known at a glance."""

from dataclasses import dataclass
from datetime import datetime

from experimentation.v1 import common_pb2
from services.gateway.dashboard import formatting
from services.gateway.dashboard.views import badges
from services.gateway.dashboard.views.badges import Badge
from services.gateway.dashboard.views.messages import algorithm_of, moment


@dataclass(frozen=True, slots=True)
class ExperimentHead:
    """Is the head; only of an experiment that is kept here are there other pages."""

    experiment_id: str
    name: str
    description: str
    state: Badge
    facts: tuple[str, ...]
    kept_here: bool = True


def experiment_head(experiment: common_pb2.Experiment, now: datetime) -> ExperimentHead:
    """Returns the head of an experiment."""
    return ExperimentHead(
        experiment.experiment_id,
        experiment.display_name or experiment.experiment_id,
        experiment.description,
        badges.experiment_state(experiment.state),
        tuple(_facts(experiment, now)),
    )


def unknown_head(experiment_id: str) -> ExperimentHead:
    """Returns the head of an experiment that the services tell nothing of just now."""
    return ExperimentHead(experiment_id, experiment_id, "", Badge("state not known"), ())


def elsewhere_head(experiment_id: str) -> ExperimentHead:
    """Returns the head of an experiment that is not kept here, of which only analyses are."""
    return ExperimentHead(experiment_id, experiment_id, "", Badge("Not kept here"), (), kept_here=False)


def running_for(experiment: common_pb2.Experiment, now: datetime) -> str:
    """Returns for how long it has run, or ran."""
    started, stopped = moment(experiment, "started_at"), moment(experiment, "stopped_at")
    if started is None:
        return ""
    return f"ran {formatting.span(stopped - started)}" if stopped else f"started {formatting.ago(started, now)}"


def _facts(experiment: common_pb2.Experiment, now: datetime) -> list[str]:
    facts = [
        running_for(experiment, now),
        formatting.plural(len(experiment.arms), "arm"),
        algorithm_of(experiment),
        f"{formatting.share(experiment.traffic.share or 1.0, digits=0)} of traffic",
        f"revision {experiment.revision}",
    ]
    return [fact for fact in facts if fact]
