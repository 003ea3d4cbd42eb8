"""What a person does in a real browser: switches that renew a part of a page, tips, downloads, keyboard, verdicts."""

from playwright.sync_api import expect

from experimentation.v1 import analysis_pb2, analysis_service_pb2, experiment_service_pb2, review_service_pb2
from shared.errors import Aborted, Reason
from tests.gateway.dashboard import examples
from tests.gateway.dashboard.browser.conftest import Open
from tests.gateway.dashboard.canned import Canned
from tests.gateway.dashboard.paths import BANDIT, DESIGN, EXPERIMENT, JOB, REVIEW


def test_results_change_in_place(open_as: Open) -> None:
    page = open_as("rob")
    page.goto(EXPERIMENT)
    page.evaluate("window.loaded_once = true")

    page.get_by_role("link", name="Bayesian").click()

    expect(page.locator("#results")).to_contain_text("Beta-Binomial")
    expect(page).to_have_url(f"{EXPERIMENT}?method=bayesian")
    assert page.evaluate("window.loaded_once")


def test_a_chart_tells_its_values_where_one_points(open_as: Open) -> None:
    page = open_as("rob")
    page.goto(BANDIT)
    tip = page.locator("#chart-weights .tip").last

    expect(tip).to_be_hidden()
    page.locator("#chart-weights .hit").last.hover()

    expect(tip).to_be_visible()


def test_a_chart_is_downloaded_as_a_picture(open_as: Open) -> None:
    page = open_as("rob")
    page.goto(BANDIT)

    with page.expect_download() as saved:
        page.locator("#chart-weights a", has_text="PNG").click()

    assert saved.value.suggested_filename == "weights.png"
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


def test_other_numbers_are_computed_as_they_are_typed(open_as: Open) -> None:
    page = open_as("rob")
    page.goto(DESIGN)

    page.fill("#mde", "6")
    page.keyboard.press("Tab")

    expect(page.locator("#tried")).to_contain_text("With these numbers")


def test_a_long_name_leaves_the_rest_of_a_table_in_sight(open_as: Open, canned: Canned) -> None:
    long = examples.experiment(display_name="W" * 200)
    canned.answers["ListExperiments"] = experiment_service_pb2.ListExperimentsResponse(experiments=[long])
    page = open_as("rob")

    assert (
        page.evaluate(
            "(() => { const it = document.querySelector('.scroll'); return it.scrollWidth - it.clientWidth })()"
        )
        < 2
    )


def test_a_form_that_is_refused_keeps_what_was_typed(open_as: Open, canned: Canned) -> None:
    taken = canned.answers["RejectChangeRequest"]
    canned.answers["RejectChangeRequest"] = Aborted(Reason.STALE_REVISION, "the request was edited since")
    page = open_as("rob")
    page.goto(REVIEW)

    page.get_by_label("Reject, for good").check()
    page.get_by_label("Why", exact=True).first.fill("Nobody\nmeasured it.")
    page.get_by_role("button", name="Send the verdict").click()

    expect(page.get_by_role("alert")).to_contain_text("the request was edited since")
    expect(page.get_by_label("Why", exact=True).first).to_have_value("Nobody\nmeasured it.")
    expect(page.get_by_label("Reject, for good")).not_to_be_checked()

    canned.answers["RejectChangeRequest"] = taken
    page.get_by_label("Reject, for good").check()
    page.get_by_role("button", name="Send the verdict").click()

    expect(page.get_by_role("status").first).to_contain_text("Rejected.")
    expect(page.get_by_label("Why", exact=True).first).to_have_value("")
    page.goto(REVIEW)
    expect(page.get_by_label("Why", exact=True).first).to_have_value("")


def test_a_rejection_without_a_reason_is_held_back_with_its_verdict(open_as: Open, canned: Canned) -> None:
    page = open_as("rob")
    page.goto(REVIEW)
    why = page.get_by_label("Why", exact=True).first

    page.get_by_label("Reject, for good").check()
    page.get_by_role("button", name="Send the verdict").click()

    assert why.evaluate("each => each.validity.valueMissing")
    expect(page.get_by_label("Reject, for good")).to_be_checked()
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Send the verdict").click()
    expect(page.get_by_role("status").first).to_contain_text("Approved.")
    assert not canned.of(review_service_pb2.RejectChangeRequestRequest)


def test_a_verdict_is_given_by_keyboard_alone(open_as: Open, canned: Canned) -> None:
    page = open_as("rob")
    page.goto(REVIEW)

    page.get_by_label("Approve", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Looks right")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("Approved.")
    (sent,) = canned.of(review_service_pb2.ApproveChangeRequestRequest)
    assert sent.comment == "Looks right"


def test_the_first_tab_leads_past_the_navigation(open_as: Open) -> None:
    page = open_as("rob")
    page.goto("/insights/reviews")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


def test_a_job_is_followed_until_it_has_ended(open_as: Open, canned: Canned) -> None:
    page = open_as("rob")
    page.goto(JOB)
    expect(page.locator("#job")).to_contain_text("Under way")

    ended = examples.job(state=analysis_pb2.JOB_STATE_SUCCEEDED, analysis_id=examples.ANALYSIS_ID, version=9)
    canned.answers["GetJob"] = analysis_service_pb2.GetJobResponse(job=ended)

    expect(page.get_by_role("link", name="See the analysis")).to_be_visible()


def test_colours_are_chosen(open_as: Open) -> None:
    page = open_as("rob")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Colours are auto").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_a_claim_leads_to_its_evidence(open_as: Open) -> None:
    page = open_as("rob")
    page.goto(EXPERIMENT)

    page.get_by_role("link", name="Evidence E4").first.click()

    expect(page.locator("#E4:target")).to_contain_text("lift low")


def test_a_report_fits_on_paper(open_as: Open) -> None:
    # The width of A4 between its margins.
    page = open_as("rob", scheme="dark", width=690)
    page.goto(f"{EXPERIMENT}/report")
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert (
        page.evaluate("[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length")
        == 0
    )
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
