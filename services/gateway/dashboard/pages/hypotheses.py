"""Hypotheses: ranked, judged by people, turned into designs; and asking for more."""

import asyncio

from fastapi import APIRouter
from google.protobuf.duration_pb2 import Duration
from starlette.responses import Response

from experimentation.v1 import analysis_service_pb2 as pb
from experimentation.v1 import common_pb2, hypothesis_pb2
from experimentation.v1 import experiment_service_pb2 as experiments_pb2
from services.gateway.dashboard.answers import ask, missing
from services.gateway.dashboard.pages import metric_sources, reading
from services.gateway.dashboard.site import READS, Done, Site
from services.gateway.dashboard.views.hypotheses import hypothesis_views
from services.gateway.dashboard.visit import Visit
from shared.errors import invalid_field
from shared.identity.permission import Permission

STATES = {
    "": "All",
    "proposed": "Proposed",
    "accepted": "Accepted",
    "tested": "In test",
    "won": "Won",
    "lost": "Lost",
    "inconclusive": "Inconclusive",
    "rejected": "Rejected",
}
AIMS = {"learn": "How large the effect is", "earn": "To earn meanwhile", "pick": "To find the best arm soon"}
_PATH = "/insights/hypotheses"
_WEEK_SECONDS = 7 * 86400
_MOST_WEEKS = 520
_INT32 = 2**31 - 1


def routes(site: Site) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(include_in_schema=False)

    async def show(visit: Visit) -> Response:
        return await _show(site, visit)

    router.add_api_route(_PATH, site.page(show), methods=READS)
    router.add_api_route(f"{_PATH}/suggest", site.form(_suggest), methods=["POST"])
    router.add_api_route(f"{_PATH}/{{hypothesis_id}}/review", site.form(_review), methods=["POST"])
    router.add_api_route(f"{_PATH}/{{hypothesis_id}}/design", site.form(_design), methods=["POST"])
    return router


async def _show(site: Site, visit: Visit) -> Response:
    state = visit.chosen("state", tuple(STATES))
    found, experiments, caller = await asyncio.gather(
        ask(_listed(visit, state)), ask(_experiments(visit)), ask(reading.caller(visit))
    )
    hypotheses = found.value.hypotheses if found.value else ()
    return site.renderer.page(
        visit,
        "hypotheses.html",
        title="Hypotheses",
        active="hypotheses",
        rows=hypothesis_views(hypotheses),
        state=state,
        states=STATES,
        duplicates=visit.asked("duplicates") == "on",
        job=visit.asked("job"),
        next_page=found.value.next_page_token if found.value else "",
        sources=metric_sources.choices(hypotheses, experiments.value or ()),
        aims=AIMS,
        may_ask=reading.may(Permission.ANALYSES_REQUEST, caller),
        may_judge=reading.may(Permission.HYPOTHESES_REVIEW, caller),
        known=found.value is not None,
        missing=missing(hypotheses=found, experiments=experiments),
    )


async def _listed(visit: Visit, state: str) -> pb.ListHypothesesResponse:
    request = pb.ListHypothesesRequest(
        page_size=25,
        page_token=visit.asked("page"),
        job_id=visit.asked("job")[:63],
        without_duplicates=visit.asked("duplicates") != "on",
        order=pb.HYPOTHESIS_ORDER_BEST_FIRST,
    )
    if state:
        request.state = hypothesis_pb2.HypothesisState.Value(f"HYPOTHESIS_STATE_{state.upper()}")
    return await visit.call(visit.upstream.analysis.ListHypotheses, request, pb.ListHypothesesResponse)


async def _experiments(visit: Visit) -> list[common_pb2.Experiment]:
    request = experiments_pb2.ListExperimentsRequest(page_size=30)
    answer = await visit.call(
        visit.upstream.experiments.ListExperiments, request, experiments_pb2.ListExperimentsResponse
    )
    return list(answer.experiments)


async def _suggest(visit: Visit) -> Done:
    known = await _listed(visit, "") if visit.sent("metrics") == metric_sources.EARLIER else None
    request = pb.SuggestHypothesesRequest(
        metrics=await metric_sources.chosen(visit, known.hypotheses if known else ()),
        goal=visit.sent("goal"),
        constraints=[line.strip() for line in visit.sent("constraints").splitlines() if line.strip()],
        max_count=visit.sent_count("max_count", most=_INT32),
        traffic=metric_sources.traffic(visit),
        request_id=visit.sent("request_id")[:64],
    )
    answer = await visit.change(visit.upstream.analysis.SuggestHypotheses, request)
    return Done(f"/insights/jobs/{answer.job.job_id}", "The search was asked for.")


async def _review(visit: Visit) -> Done:
    said = visit.sent("review")
    if said not in {"accept", "reject"}:
        raise invalid_field("review", "choose one: accept or reject")
    request = pb.ReviewHypothesisRequest(
        hypothesis_id=visit.named("hypothesis_id"),
        review=pb.HYPOTHESIS_REVIEW_ACCEPT if said == "accept" else pb.HYPOTHESIS_REVIEW_REJECT,
        reason=visit.sent("reason"),
        etag=visit.sent("etag"),
        request_id=visit.sent("request_id")[:64],
    )
    await visit.change(visit.upstream.analysis.ReviewHypothesis, request)
    return Done(_PATH, "Accepted: it is to be tested." if said == "accept" else "Rejected.")


async def _design(visit: Visit) -> Done:
    aim, weeks = visit.sent("aim"), visit.sent_number("max_weeks")
    if weeks is not None and not 0 < weeks <= _MOST_WEEKS:
        raise invalid_field("max_weeks", f"must be above 0 and at most {_MOST_WEEKS}")
    request = pb.RecommendDesignRequest(
        hypothesis_id=visit.named("hypothesis_id"),
        traffic=metric_sources.traffic(visit),
        relative_mde=visit.sent_number("mde", scale=100.0),
        arm_count=visit.sent_count("arm_count", most=_INT32),
        aim=hypothesis_pb2.DesignAim.Value(f"DESIGN_AIM_{(aim if aim in AIMS else 'unspecified').upper()}"),
        max_duration=None if weeks is None else Duration(seconds=int(weeks * _WEEK_SECONDS)),
        request_id=visit.sent("request_id")[:64],
    )
    answer = await visit.change(visit.upstream.analysis.RecommendDesign, request)
    return Done(f"/insights/jobs/{answer.job.job_id}", "The design was asked for.")
