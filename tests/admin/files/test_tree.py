"""YAML as a tree: lines, YAML 1.2, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.admin.files.tree import FileProblems, Node, read_tree
from shared.errors import Reason


def tree(tmp_path: Path, content: str | bytes) -> Node:
    path = tmp_path / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_tree(path)


def complaint(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(FileProblems) as caught:
        tree(tmp_path, content)
    assert caught.value.reason is Reason.INVALID_FIELD
    return caught.value.message.removeprefix(f"{tmp_path / 'file.yaml'}:")


def test_tree_when_read_then_values_know_their_lines(tmp_path: Path) -> None:
    found = tree(tmp_path, "a: 1\nb:\n  - x: yes\n  - {y: 1.5, z: null}\n")

    assert found.line == 1
    assert found.child("a") == Node(1, 1)
    items = found.child("b")
    assert items is not None
    assert isinstance(items.value, list)
    assert items.line == 2
    assert [item.line for item in items.value] == [3, 4]
    # YAML 1.2: yes is a text.
    assert items.value[0].child("x") == Node("yes", 3)
    assert items.value[1].child("y") == Node(1.5, 4)
    assert items.value[1].child("z") == Node(None, 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("1e3", 1000.0),
        ("-2", -2),
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("12:30", "12:30"),
        ("'1'", "1"),
        ("7d", "7d"),
        ("~", None),
        ("", None),
    ],
)
def test_scalar_when_read_then_as_yaml_1_2_has_it(tmp_path: Path, text: str, value: object) -> None:
    found = tree(tmp_path, f"a: {text}\n").child("a")

    assert found is not None
    assert found.value == value
    assert type(found.value) is type(value)


def test_tree_when_json_then_read_too(tmp_path: Path) -> None:
    assert tree(tmp_path, '{"a": [1, true, null, "x"]}').child("a") == Node(
        [Node(1, 1), Node(True, 1), Node(None, 1), Node("x", 1)], 1
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: 1\na: 2\n", "2: a: stands there twice; first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", "3: a.b: stands there twice; first in line 2"),
        ("a: &x 1\nb: *x\n", "1: a: anchors and aliases are not taken"),
        ("a: *x\n", "1: no YAML: found undefined alias"),
        ("a: !!python/object:os.system ls\n", "1: a: "),
        ("a: !mine {b: 1}\n", "1: a: the tag !mine is not taken"),
        ("? [a]\n: 1\n", "1: a name must be a plain text"),
        ("<<: {a: 1}\n", "1: a name must be a plain text"),
        ("a: [1\n", "no YAML: "),
        ("a: b: c\n", "1: no YAML: "),
        ("\ta: 1\n", "1: no YAML: "),
        ("- 1\n", "1: must be a mapping"),
        ("", "1: must be a mapping"),
        ("--- {}\n--- {}\n", "no YAML: "),
        ("a: .nan\n", "1: a: '.nan' is no value that is taken here"),
        ("a: " + "9" * 5000 + "\n", "1: a: "),
        (b"a: \xff\n", "1: is not UTF-8"),
        ("a: \x1b\n", "no YAML: "),
        ("[" * 2000, ""),
        ("a" * 1_000_001, "1: has more than 1,000,000 bytes"),
    ],
)
def test_tree_when_something_is_refused_then_says_where(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in complaint(tmp_path, content)


def test_tree_when_aliases_would_grow_without_end_then_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    assert "anchors and aliases" in complaint(tmp_path, "\n".join(lines))


@given(st.text(alphabet=st.sampled_from(list("ab01:-{}[],&*!|>'\"%@`#? \n\t~.<=\\")), max_size=60))
def test_tree_when_any_text_then_a_tree_or_a_problem(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(content, encoding="utf-8")

    try:
        found = read_tree(path).value
    except FileProblems:
        found = {}

    assert isinstance(found, dict)
