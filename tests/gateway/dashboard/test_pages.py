"""Every page: it answers, says what it should, keeps to itself, and holds nothing that its policy would refuse."""

import html
import re
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from experimentation.v1 import analysis_service_pb2, bandit_service_pb2, common_pb2
from services.gateway.dashboard.policy import CONTENT_SECURITY_POLICY
from services.gateway.dashboard.views.bandit import bandit_view
from shared import clock
from shared.errors import Reason, Unavailable
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.conftest import SignIn
from tests.gateway.dashboard.paths import BANDIT, DESIGN, EXPERIMENT, JOB, PAGES, REVIEW
from tests.gateway.dashboard.visitor import Visitor

_SAID = {
    "overview": ("Checkout button", "Running", "Ship", "Worth a look", "+9.5 %", "Waits for you", "about 6 d left"),
    "experiment": (
        "Ship: ",
        "Primary metric",
        "Guardrails",
        "+3.5 % to +15.5 %",
        "p = 0.0020",
        "Sample ratio",
        "Audit",
    ),
    "report": ("Interpretation", "Next steps", "Print"),
    "bandit": (
        "Learning",
        "Gained over an equal split",
        "+34.6",
        "Probability best",
        "Freeze the weights",
        "Next update",
    ),
    "experiment-analysis": ("Interpretation", "E11", "What was sent to the provider"),
    "experiment-changes": ("Stop of", "Waits for approval"),
    "analyses": ("free-shipping", "Investigate"),
    "analysis": ("Every claim borne by evidence", "no language model is configured", "Write typed claims", "History"),
    "evidence": ("relative lift", "0.0912 share"),
    "hypotheses": ("51 % confident", "Refuted if", "How the confidence comes about", "Suggest more", "repeats"),
    "designs": ("Recommended", "Not recommended", "free-shipping"),
    "design": ("What the rules found", "D12", "What if", "31,234", "Smallest detectable lift by weeks"),
    "reviews": ("Waits for approval", "1 of 2 approvals"),
    "review": (
        "What changes",
        "shipped_arm_id",
        "Your verdict",
        "ship-revenue",
        "everyone gets another arm",
        "no longer",
    ),
    "job": ("Analyse an experiment", "Under way", "Computes"),
}


@pytest.fixture(scope="module")
def _seen() -> dict[str, httpx.Response]:
    return {}


@pytest.fixture
def pages(rob: Visitor, _seen: dict[str, httpx.Response]) -> Mapping[str, httpx.Response]:
    """Is every page as rob sees it, loaded once."""
    if not _seen:
        _seen.update({name: rob.see(path) for name, path in PAGES.items()})
    return _seen


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_is_for(pages: Mapping[str, httpx.Response], name: str) -> None:
    answer = pages[name]

    assert answer.status_code == 200, answer.text
    shown = html.unescape(answer.text)
    assert [words for words in _SAID[name] if words not in shown] == []
    assert "Some of this page is missing" not in shown


@pytest.mark.parametrize("name", PAGES)
def test_a_page_may_only_load_from_here(pages: Mapping[str, httpx.Response], name: str) -> None:
    answer = pages[name]

    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_nothing_that_its_policy_refuses(pages: Mapping[str, httpx.Response], name: str) -> None:
    text = pages[name].text

    assert re.findall(r"\sstyle=|<style|\son\w+=|javascript:|\shx-on|\shx-vals=.js", text) == []
    assert re.findall(r"<script(?![^>]* src=\"/static/)", text) == []
    assert re.findall(r"(?:src|href|action)=\"(?:https?:)?//", text) == []


@pytest.mark.parametrize("name", PAGES)
def test_the_ids_of_a_page_are_unique(pages: Mapping[str, httpx.Response], name: str) -> None:
    ids = re.findall(r"\sid=\"([^\"]+)\"", pages[name].text)

    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_has_a_title_and_every_chart_a_table(pages: Mapping[str, httpx.Response], name: str) -> None:
    text = pages[name].text

    pictures = re.findall(r"<svg[^>]*class=\"chart\".*?</svg>", text, re.DOTALL)
    assert all("<title" in picture and 'role="img"' in picture for picture in pictures)
    assert text.count("<figure") == text.count("The numbers of this chart")


def test_a_viewer_is_not_offered_what_is_not_theirs(sign_in: SignIn) -> None:
    vic = sign_in("vic")

    assert "Freeze the weights" not in vic.see(BANDIT).text
    assert "Your verdict" not in vic.see(REVIEW).text
    assert f'action="{REVIEW}/comment"' not in vic.see(REVIEW).text
    assert "Analyse now" not in vic.see(f"{EXPERIMENT}/analyses").text
    assert "End it early" not in vic.see(JOB).text
    assert "Send for review" not in vic.see(DESIGN).text
    assert "Suggest more" not in vic.see("/insights/hypotheses").text


def test_who_asked_is_not_offered_a_verdict(sign_in: SignIn) -> None:
    assert "Your verdict" not in sign_in("ann").see(REVIEW).text


@pytest.mark.parametrize(("who", "offered"), [("ann", True), ("ada", True), ("rob", False), ("bob", False)])
def test_withdrawing_is_offered_to_authors_and_admins(sign_in: SignIn, who: str, *, offered: bool) -> None:
    assert ("Withdraw the request" in sign_in(who).see(REVIEW).text) == offered


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("method=fixed", "Welch's t"),
        ("method=bayesian", "Beta-Binomial"),
        ("scale=absolute", "+0.95 pp"),
        ("method=nonsense&scale=nonsense", "asymptotic confidence sequence"),
    ],
)
def test_results_are_shown_by_method_and_scale(rob: Visitor, query: str, words: str) -> None:
    assert words in html.unescape(rob.see(f"{EXPERIMENT}?{query}").text)


def test_a_bandit_that_has_stopped_gives_no_advice_and_its_weights_end_there(rob: Visitor, canned: Canned) -> None:
    snapshot = examples.snapshot(9, state=common_pb2.EXPERIMENT_STATE_STOPPED)
    experiment = examples.experiment(state=common_pb2.EXPERIMENT_STATE_STOPPED, stopped_at=examples.at(minutes=5))
    bandit = examples.bandit(snapshot=snapshot)
    canned.answers["GetBandit"] = bandit_service_pb2.GetBanditResponse(bandit=bandit)

    text = rob.see(BANDIT).text
    soon, late = (bandit_view(bandit, experiment, clock.now() + timedelta(days=days)) for days in (1, 100))

    assert "Keep going" not in text
    assert "has the best estimate" not in text
    assert soon.weights
    assert late.weights
    assert soon.weights.svg == late.weights.svg


def test_a_bandit_that_goes_by_contexts_tells_no_gain(rob: Visitor, canned: Canned) -> None:
    assert "Gained over an equal split" in rob.see(BANDIT).text

    snapshot = examples.snapshot(9, contextual_model=bandit_service_pb2.ContextualModel())
    canned.answers["GetBandit"] = bandit_service_pb2.GetBanditResponse(bandit=examples.bandit(snapshot=snapshot))

    assert "Gained over an equal split" not in rob.see(BANDIT).text


@pytest.mark.parametrize(
    "answer",
    [
        Unavailable(Reason.DRAINING, "the ai service cannot be reached"),
        analysis_service_pb2.ListAnalysesResponse(next_page_token="more"),
    ],
)
def test_what_was_not_read_is_not_said_to_be_missing(rob: Visitor, canned: Canned, answer: examples.Answer) -> None:
    canned.answers["ListAnalyses"] = answer

    assert "not analysed yet" not in rob.see("/").text


def test_cautions_are_told_apart(rob: Visitor, canned: Canned) -> None:
    analysis = examples.analysis()
    analysis.comparisons[0].cautions[:] = ["few units", "too early"]
    canned.answers["ListAnalyses"] = analysis_service_pb2.ListAnalysesResponse(analyses=[analysis])

    assert "<bdi>few units</bdi>; <bdi>too early</bdi>" in rob.see(EXPERIMENT).text


def test_an_experiment_without_analysis_can_be_analysed(rob: Visitor, sign_in: SignIn, canned: Canned) -> None:
    canned.answers["ListAnalyses"] = lambda request: examples.listed_analyses(request).__class__()

    text = rob.see(EXPERIMENT).text

    assert "No analysis yet" in text
    assert f'action="{EXPERIMENT}/analyze"' in text
    for path in (EXPERIMENT, f"{EXPERIMENT}/analyses"):
        assert f'action="{EXPERIMENT}/analyze"' not in sign_in("vic").see(path).text


def test_a_defect_is_told_on_a_page(
    rob: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret of the defect")

    monkeypatch.setattr("services.gateway.dashboard.pages.designs.design_rows", broken)

    answer = rob.see("/insights/designs")

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert f"request id {answer.headers['x-request-id']}" in answer.text
    assert "secret of the defect" not in answer.text
    assert "secret of the defect" in caplog.text


def test_no_page_is_large(pages: Mapping[str, httpx.Response]) -> None:
    assert max(len(answer.content) for answer in pages.values()) < 100_000
