"""Proposing to start, pause, resume or stop an experiment; what needs an approval waits for it."""

from fastapi import APIRouter

from experimentation.v1 import common_pb2
from experimentation.v1 import experiment_service_pb2 as pb
from services.gateway.dashboard.site import Done, Site
from services.gateway.dashboard.visit import Visit
from shared.errors import invalid_field

_PATH = "/insights/experiments/{experiment_id}"
_KINDS = {
    common_pb2.EXPERIMENT_STATE_DRAFT: ("start",),
    common_pb2.EXPERIMENT_STATE_RUNNING: ("pause", "stop"),
    common_pb2.EXPERIMENT_STATE_PAUSED: ("resume", "stop"),
}


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route(f"{_PATH}/propose", site.form(_propose), methods=["POST"])
    return router


def kinds(experiment: common_pb2.Experiment | None) -> tuple[str, ...]:
    """Returns what can be proposed as the experiment stands; nothing where that is not known."""
    return _KINDS.get(experiment.state, ()) if experiment else ()


async def _propose(visit: Visit) -> Done:
    experiment_id = visit.named("experiment_id")
    request = pb.ProposeChangeRequest(
        experiment_id=experiment_id,
        change=_change(visit),
        reason=visit.sent("reason"),
        etag=visit.sent("etag"),
        auto_apply=visit.sent("auto_apply") == "on",
        request_id=visit.sent("request_id")[:64],
    )
    answer = await visit.change(visit.upstream.experiments.ProposeChange, request)
    if answer.change_request.state == pb.CHANGE_REQUEST_STATE_APPLIED:
        return Done(_PATH.format(experiment_id=experiment_id), "Done: it needed no approval.")
    return Done(f"/insights/reviews/{answer.change_request.change_request_id}", "Proposed: it waits for approval.")


def _change(visit: Visit) -> pb.Change:
    match visit.sent("kind"):
        case "start":
            return pb.Change(start=pb.StartChange())
        case "pause":
            return pb.Change(pause=pb.PauseChange())
        case "resume":
            return pb.Change(resume=pb.ResumeChange())
        case "stop":
            return pb.Change(stop=pb.StopChange(shipped_arm_id=visit.sent("shipped_arm_id")))
        case _:
            raise invalid_field("kind", "choose one: start, pause, resume or stop")
