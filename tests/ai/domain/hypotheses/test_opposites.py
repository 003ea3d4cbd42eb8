import pytest

from services.ai.domain.hypotheses.opposites import are_contrary, opposite_of


@pytest.mark.parametrize(
    ("change", "opposite"),
    [
        ("Shorten the form", "Lengthen the form"),
        ("lengthen the form", "shorten the form"),
        ("Show more reviews", "Show fewer reviews"),
        ("Smaller images", "Larger images"),
        ("Hide the phone number", "Emphasise the phone number"),
        ("Ask for the address later", "Ask for the address earlier"),
        ("Add a banner", ""),
        ("Shorten the form and show more reviews", ""),
        ("", ""),
    ],
)
def test_one_degree_is_turned_around(change: str, opposite: str) -> None:
    assert opposite_of(change) == opposite


@pytest.mark.parametrize(
    ("one", "other", "contrary"),
    [
        ("Show fewer reviews", "Show more reviews", True),
        ("Remove the banner", "Add the banner", True),
        ("Ask before payment", "Ask after payment", True),
        ("Show prices", "Do not show prices", True),
        ("Show more reviews", "Show more reviews", False),
        ("Show more reviews", "Show more of the reviews at once", False),
    ],
)
def test_contraries_are_told(one: str, other: str, *, contrary: bool) -> None:
    assert are_contrary(one, other) is contrary
    assert are_contrary(other, one) is contrary
