"""Characters that hide or mislead are marked; those that a script needs are not."""

import pytest

from services.gateway.dashboard.plain_text import MARK, plain


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two\nlines\tand a tab",
        "żółć",
        "日本語",
        "שלום",
        "नमस्ते",
        "👩\u200d🔬",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ],
)
def test_what_is_seen_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    "character",
    [
        "\x00",
        "\x1b",
        "\x7f",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2066",
        "\u2028",
        "\ufeff",
        "\u00ad",
        "\ue000",
        "\u3164",
        "\U000e0041",
    ],
)
def test_what_hides_or_turns_is_marked(character: str) -> None:
    assert plain(f"ab{character}cd") == f"ab{MARK}cd"


def test_a_joiner_between_latin_letters_only_hides() -> None:
    assert plain("pay\u200dpal") == f"pay{MARK}pal"
