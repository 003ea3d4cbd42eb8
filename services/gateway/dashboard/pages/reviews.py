"""Reviews: the queue, one request in full, and the forms by which people judge, comment and apply."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter
from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from experimentation.v1 import experiment_service_pb2 as experiments_pb2
from experimentation.v1 import review_service_pb2 as pb
from services.gateway.dashboard.answers import ask, missing
from services.gateway.dashboard.pages import proposals, reading
from services.gateway.dashboard.policy import PAGE_HEADERS
from services.gateway.dashboard.rendering import no_news
from services.gateway.dashboard.site import READS, Done, Site
from services.gateway.dashboard.views.head import experiment_head, unknown_head
from services.gateway.dashboard.views.messages import arm_names
from services.gateway.dashboard.views.reviews import news_key, request_rows, request_view
from services.gateway.dashboard.visit import Visit
from shared.errors import invalid_field
from shared.identity.permission import Permission

SHOWN = {"waiting": "Waits for me", "open": "Open", "mine": "Mine", "all": "All"}
_OPEN = (
    experiments_pb2.CHANGE_REQUEST_STATE_DRAFT,
    experiments_pb2.CHANGE_REQUEST_STATE_PENDING,
    experiments_pb2.CHANGE_REQUEST_STATE_CHANGES_REQUESTED,
    experiments_pb2.CHANGE_REQUEST_STATE_APPROVED,
    experiments_pb2.CHANGE_REQUEST_STATE_SCHEDULED,
)
_PATH = "/insights/reviews/{change_request_id}"


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/insights/reviews", site.page(_bound(site, _queue)), methods=READS)
    router.add_api_route(_PATH, site.page(_bound(site, _request)), methods=READS)
    router.add_api_route(
        "/insights/experiments/{experiment_id}/reviews", site.page(_bound(site, _of_experiment)), methods=READS
    )
    router.add_api_route("/reviews/{change_request_id}", _moved, methods=READS)
    for verb, handler in _VERBS.items():
        router.add_api_route(f"{_PATH}/{verb}", site.form(handler), methods=["POST"])
    return router


def _bound(site: Site, show: Callable[[Site, Visit], Awaitable[Response]]) -> Callable[[Visit], Awaitable[Response]]:
    async def handler(visit: Visit) -> Response:
        return await show(site, visit)

    return handler


async def _moved(request: Request) -> Response:
    """Goes where the links of notices lead."""
    return RedirectResponse(f"/insights/reviews/{request.path_params['change_request_id']}", 307, PAGE_HEADERS)


async def _queue(site: Site, visit: Visit) -> Response:
    shown = visit.chosen("show", ("open", "waiting", "mine", "all"))
    chosen = pb.ChangeRequestFilter(
        states=_OPEN if shown in {"open", "mine"} else (),
        requester=visit.session.principal_id if shown == "mine" else "",
        awaits_caller=shown == "waiting",
    )
    found = await ask(reading.change_requests(visit, chosen, page_token=visit.asked("page")))
    requests = found.value.change_requests if found.value else ()
    if found.value and not visit.is_news(news_key(requests)):
        return no_news()
    return site.renderer.page(
        visit,
        "reviews.html",
        title="Reviews",
        active="reviews",
        rows=request_rows(requests, visit.now),
        key=news_key(requests),
        shown=shown,
        choices=SHOWN,
        next_page=found.value.next_page_token if found.value else "",
        known=found.value is not None,
        head=None,
        kinds=(),
        missing=missing(change_requests=found),
    )


async def _of_experiment(site: Site, visit: Visit) -> Response:
    experiment_id = visit.named("experiment_id")
    experiment, found, caller = await asyncio.gather(
        ask(reading.experiment(visit, experiment_id)),
        ask(
            reading.change_requests(
                visit, pb.ChangeRequestFilter(experiment_id=experiment_id), page_token=visit.asked("page")
            )
        ),
        ask(reading.caller(visit)),
    )
    reading.must_exist(experiment)
    requests = found.value.change_requests if found.value else ()
    if found.value and not visit.is_news(news_key(requests)):
        return no_news()
    head = experiment_head(experiment.value, visit.now) if experiment.value else unknown_head(experiment_id)
    return site.renderer.page(
        visit,
        "reviews.html",
        title=f"Changes of {head.name}",
        active="overview",
        rows=request_rows(requests, visit.now),
        key=news_key(requests),
        shown="all",
        choices={},
        next_page=found.value.next_page_token if found.value else "",
        known=found.value is not None,
        head=head,
        kinds=proposals.kinds(experiment.value) if reading.may(Permission.CHANGES_PROPOSE, caller) else (),
        arms=list(arm_names(experiment.value).items()) if experiment.value else [],
        etag=experiment.value.etag if experiment.value else "",
        missing=missing(experiment=experiment, change_requests=found),
    )


async def _request(site: Site, visit: Visit) -> Response:
    wanted = pb.GetChangeRequestRequest(change_request_id=visit.named("change_request_id"))
    found, caller = await asyncio.gather(
        ask(visit.call(visit.upstream.reviews.GetChangeRequest, wanted, pb.GetChangeRequestResponse)),
        ask(reading.caller(visit)),
    )
    view = request_view(
        found.got().change_request,
        visit.now,
        principal_id=visit.session.principal_id,
        permissions=reading.permissions(caller),
    )
    if not visit.is_news(view.key):
        return no_news()
    return site.renderer.page(
        visit,
        "review.html",
        title=f"{view.row.title} of {view.row.target}",
        active="reviews",
        it=view,
        seen=visit.asked("seen", view.digest),
        missing=missing(what_you_may_do=caller),
    )


def _seen(visit: Visit) -> dict[str, Any]:
    """Returns what a verdict is bound to: the revision and digest that the page showed.

    Raises:
        InvalidArgument: The form does not carry them.
    """
    revision = visit.sent("request_revision")
    if not revision.isdecimal() or len(revision) > 18:
        raise invalid_field("request_revision", "must be the revision that the page showed")
    return {**_named(visit), "request_revision": int(revision), "digest": visit.sent("digest")}


def _named(visit: Visit) -> dict[str, Any]:
    return {"change_request_id": visit.named("change_request_id"), "request_id": visit.sent("request_id")[:64]}


def _without_digest(visit: Visit) -> dict[str, Any]:
    return {key: value for key, value in _seen(visit).items() if key != "digest"}


async def _sent(visit: Visit, method: Any, request: Message, said: str) -> Done:
    await visit.change(method, request)
    return Done(f"/insights/reviews/{visit.named('change_request_id')}", said)


async def _verdict(visit: Visit) -> Done:
    reviews, bound = visit.upstream.reviews, {**_seen(visit), "comment": visit.sent("comment")}
    if visit.sent("verdict") in {"reject", "request-changes"} and not bound["comment"]:
        # The field is called as the form calls it.
        raise invalid_field("Why", "is needed unless you approve")
    match visit.sent("verdict"):
        case "approve":
            return await _sent(
                visit, reviews.ApproveChangeRequest, pb.ApproveChangeRequestRequest(**bound), "Approved."
            )
        case "reject":
            return await _sent(visit, reviews.RejectChangeRequest, pb.RejectChangeRequestRequest(**bound), "Rejected.")
        case "request-changes":
            return await _sent(visit, reviews.RequestChanges, pb.RequestChangesRequest(**bound), "Sent back.")
        case _:
            raise invalid_field("verdict", "choose one: approve, reject or request changes")


async def _comment(visit: Visit) -> Done:
    request = pb.AddCommentRequest(**_named(visit), text=visit.sent("text"))
    return await _sent(visit, visit.upstream.reviews.AddComment, request, "Your comment is there.")


async def _submit(visit: Visit) -> Done:
    request = pb.SubmitChangeRequestRequest(**_without_digest(visit))
    return await _sent(visit, visit.upstream.reviews.SubmitChangeRequest, request, "Sent for review.")


async def _cancel(visit: Visit) -> Done:
    request = pb.CancelChangeRequestRequest(**_named(visit), comment=visit.sent("comment"))
    return await _sent(visit, visit.upstream.reviews.CancelChangeRequest, request, "Withdrawn.")


async def _apply(visit: Visit) -> Done:
    request = pb.ApplyChangeRequestRequest(**_seen(visit))
    answer = await visit.change(visit.upstream.reviews.ApplyChangeRequest, request)
    return _applied(visit, answer.change_request)


async def _emergency(visit: Visit) -> Done:
    request = pb.EmergencyApplyRequest(**_seen(visit), justification=visit.sent("justification"))
    answer = await visit.change(visit.upstream.reviews.EmergencyApply, request)
    return _applied(visit, answer.change_request)


async def _sign(visit: Visit) -> Done:
    request = pb.SignEmergencyRequest(**_named(visit), comment=visit.sent("comment"))
    return await _sent(visit, visit.upstream.reviews.SignEmergency, request, "Signed.")


def _applied(visit: Visit, request: experiments_pb2.ChangeRequest) -> Done:
    failed = request.state == experiments_pb2.CHANGE_REQUEST_STATE_FAILED
    said = f"It could not be applied: {request.failure}" if failed else "Applied."
    return Done(f"/insights/reviews/{visit.named('change_request_id')}", said)


_VERBS: Mapping[str, Callable[[Visit], Awaitable[Done]]] = {
    "verdict": _verdict,
    "comment": _comment,
    "submit": _submit,
    "cancel": _cancel,
    "apply": _apply,
    "emergency": _emergency,
    "sign": _sign,
}
