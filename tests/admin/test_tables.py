"""Tables and lists on a narrow screen."""

import io

from rich.cells import cell_len
from rich.console import Console, RenderableType

from services.admin import tables

NAME = "design_" + "0123456789abcdef" * 2


def drawn(thing: RenderableType, width: int = 60) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=width).print(thing)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_entries_when_the_screen_is_narrow_then_ids_are_whole_and_words_below() -> None:
    rows = tables.entries([NAME], "design", "stands", "decides")
    rows.add_row(
        tables.entry(NAME, "A shorter form makes more visitors sign up, [b]soon[/b]"), "recommended", "sign_up"
    )

    title, first, *below = drawn(rows)

    assert title.split() == ["design", "stands", "decides"]
    assert first.startswith(f"{NAME}  ")
    assert "[b]soon[/b]" in " ".join(" ".join(below).split())
    assert max(map(cell_len, [title, first, *below])) <= 60


def test_entries_when_there_are_no_words_then_a_line_each() -> None:
    rows = tables.entries(["a", "b"], "job", "state")
    for name in ("a", "b"):
        rows.add_row(tables.entry(name, ""), "queued")

    assert [line.split() for line in drawn(rows)] == [["job", "state"], ["a", "queued"], ["b", "queued"]]


def test_bullets_when_a_sentence_is_too_long_then_it_is_indented_below() -> None:
    lines = drawn(tables.bullets(["Short.", "One two three four five."]), width=20)

    assert lines == ["  - Short.", "  - One two three", "    four five."]
