import pytest

from services.ai.domain.hypotheses.linting.findings import Flaw
from shared.statistics.design.severity import Severity
from tests.ai.domain.hypotheses.linting.examples import flaws


@pytest.mark.parametrize(
    "intervention",
    [
        "Shorten the address form to its required fields",
        "Move the delivery date above the fold",
        "Replace the carousel by a static image of the bestseller",
        "Show the total, with taxes, before payment",
        "Put reviews and ratings beside the price",
        "Try a stronger variant of {{X1}}",
        "Apply the change of {{X1}} where {{M2}} is decided",
        "Ask for name and e-mail on the last page",
        "Larger photos of the product",
    ],
)
def test_one_definite_change_is_fine(intervention: str) -> None:
    assert flaws(intervention=intervention) == []


@pytest.mark.parametrize(
    "intervention",
    [
        "",
        "   ",
        "Improve the checkout",
        "Make the page better",
        "Optimise the user experience",
        "Redesign the website",
        "Boost conversion",
        "Improve {{M1}}",
        "Enhance engagement with a more modern design",
        "Do something different",
    ],
)
def test_a_vague_intervention_is_found(intervention: str) -> None:
    assert (Flaw.VAGUE_INTERVENTION, "intervention", Severity.ERROR) in flaws(intervention=intervention)


@pytest.mark.parametrize(
    "intervention",
    [
        "Shorten the form and add a progress bar",
        "Shorten the form; show reviews",
        "Remove the banner, move the button to the top",
        "Shorten the form as well as remove the banner",
        "Shorten the form. Also hide the menu",
        "Hide the menu, then enlarge the photos",
        "Change the colour of the button plus rename it",
    ],
)
def test_several_interventions_are_found(intervention: str) -> None:
    assert flaws(intervention=intervention) == [(Flaw.SEVERAL_INTERVENTIONS, "intervention", Severity.ERROR)]


@pytest.mark.parametrize(
    "intervention",
    [
        "Run an A/A test on the checkout page header",
        "Run an AA test of the header",
        "Serve identical variants of the checkout header",
        "Compare the control against the control header",
        "Show the header without any change",
        "Serve the same page to both arms and change nothing in the header",
        "Keep everything as it is on the header",
    ],
)
def test_a_test_of_a_thing_against_itself_is_found(intervention: str) -> None:
    assert (Flaw.SAME_ARMS, "intervention", Severity.ERROR) in flaws(intervention=intervention)
