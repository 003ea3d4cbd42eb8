"""Analyses of data that are not recorded here: what is known is shown, and nothing is offered that cannot be."""

import html

import pytest

from experimentation.v1 import analysis_pb2, analysis_service_pb2
from shared.errors import NotFound, Reason
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.conftest import SignIn
from tests.gateway.dashboard.paths import EXPERIMENT, PAGES
from tests.gateway.dashboard.visitor import Visitor

_SUPPLIED = analysis_pb2.DATA_SOURCE_AGGREGATES


def _only_analysed(canned: Canned) -> None:
    one = examples.analysis(data_source=_SUPPLIED, revision=0)
    canned.answers["GetExperiment"] = NotFound(Reason.EXPERIMENT_NOT_FOUND, "there is no such experiment")
    canned.answers["GetAnalysis"] = analysis_service_pb2.GetAnalysisResponse(analysis=one)
    canned.answers["ListAnalyses"] = analysis_service_pb2.ListAnalysesResponse(analyses=[one])


@pytest.mark.parametrize("name", ["analysis", "experiment-analysis"])
def test_an_analysis_of_an_experiment_that_is_not_kept_here_is_whole_and_no_dead_end(
    rob: Visitor, canned: Canned, name: str
) -> None:
    _only_analysed(canned)

    answer = rob.see(PAGES[name])

    text = html.unescape(answer.text)
    assert answer.status_code == 200
    for words in ("Not kept here", "Primary metric", "+3.5 % to +15.5 %", "Sample ratio", "Segments"):
        assert words in text
    for dead in (f'href="{EXPERIMENT}"', "/bandit", "/reviews/", f"{EXPERIMENT}/report", "Analyse now"):
        assert dead not in text.replace(f"/insights/reviews/{examples.REQUEST_ID}", "")


def test_where_the_data_came_from_is_told_on_banner_and_analysis(rob: Visitor, canned: Canned) -> None:
    for name in ("experiment", "report", "analysis"):
        assert "sums that were supplied" not in rob.see(PAGES[name]).text
    one = examples.analysis(data_source=_SUPPLIED)
    canned.answers["GetAnalysis"] = analysis_service_pb2.GetAnalysisResponse(analysis=one)
    canned.answers["ListAnalyses"] = analysis_service_pb2.ListAnalysesResponse(analyses=[one])

    for name in ("experiment", "report", "analysis"):
        assert "Data: sums that were supplied" in rob.see(PAGES[name]).text
    assert "computed from sums that were supplied" in rob.see(PAGES["analysis"]).text


def test_the_analysis_of_an_experiment_that_is_kept_here_has_its_results_and_its_other_pages(sign_in: SignIn) -> None:
    text = html.unescape(sign_in("rob").see(PAGES["analysis"]).text)

    assert "+3.5 % to +15.5 %" in text
    assert f'href="{EXPERIMENT}/report"' in text
    assert "Analyse now" in text
