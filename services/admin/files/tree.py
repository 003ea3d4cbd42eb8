"""Reads YAML 1.2 (and hence JSON) as a tree of values that know their lines; nothing in it is ever run."""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from shared.errors import FieldViolation, InvalidArgument, Reason

Scalar: TypeAlias = str | int | float | bool | None

STANDARD_INPUT: Final = Path("-")
MAX_BYTES: Final = 1_000_000
_MAX_DIGITS: Final = 40
_TAGS: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Node:
    """Is a value and the line that it begins on, from 1."""

    value: "Scalar | Sequence[Node] | Mapping[str, Node]"
    line: int

    def child(self, name: str) -> "Node | None":
        """Returns a mapping's value; None where there is none, or this is no mapping."""
        return self.value.get(name) if isinstance(self.value, Mapping) else None


@dataclass(frozen=True, slots=True)
class Problem:
    """Is what is wrong at a place in a file."""

    line: int
    path: str
    text: str


class FileProblems(InvalidArgument):
    """Says what is wrong with a file, a problem a line."""

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        lines = [f"{path}:{each.line}: {f'{each.path}: ' if each.path else ''}{each.text}" for each in problems]
        super().__init__(
            Reason.INVALID_FIELD,
            "\n".join(lines),
            violations=[FieldViolation(each.path, f"line {each.line}: {each.text}") for each in problems],
        )


def read_tree(path: Path, *, example: str = "experiment_id: checkout") -> Node:
    """Returns a file's content, a mapping; of the path `-`, that of standard input.

    Args:
        path: The file.
        example: Shows how such a file may begin.

    Raises:
        FileProblems: INVALID_FIELD, it is not YAML, or says something twice.
        InvalidArgument: INVALID_FIELD, it cannot be read.
    """
    content = _content(path)
    if len(content) > MAX_BYTES:
        raise FileProblems(path, [Problem(1, "", f"has more than {MAX_BYTES:,} bytes")])
    try:
        found = YAML(typ="safe", pure=True).compose(content.decode())
        tree = _Reader(path).node(found, "")
    except UnicodeDecodeError:
        raise FileProblems(path, [Problem(1, "", "is not UTF-8")]) from None
    except YAMLError as error:
        raise FileProblems(path, [_syntax(error)]) from error
    except RecursionError:
        raise FileProblems(path, [Problem(1, "", "is nested too deeply")]) from None
    if not isinstance(tree.value, Mapping):
        raise FileProblems(path, [Problem(tree.line, "", f"must be a mapping, such as `{example}`")])
    return tree


def _content(path: Path) -> bytes:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InvalidArgument(Reason.INVALID_FIELD, f"there is no file {path}") from None
    except OSError as error:
        raise InvalidArgument(Reason.INVALID_FIELD, f"the file {path} cannot be read: {error.strerror}") from error


def _syntax(error: YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    text = getattr(error, "problem", None) or str(error).splitlines()[0]
    return Problem(mark.line + 1 if mark else 1, "", f"no YAML: {text}")


class _Reader:
    """Turns what the parser found into nodes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def node(self, found: Any, where: str) -> Node:
        if found is None:
            return Node(None, 1)
        line = found.start_mark.line + 1
        if found.anchor:
            raise self._refused(line, where, "anchors and aliases are not taken: write the value out")
        match found:
            case MappingNode():
                return Node(self._mapping(found, where), line)
            case SequenceNode() if found.tag == f"{_TAGS}seq":
                return Node([self.node(each, f"{where}[{place}]") for place, each in enumerate(found.value)], line)
            case ScalarNode():
                return Node(self._scalar(found, where, line), line)
            case _:
                raise self._refused(line, where, f"the tag {found.tag} is not taken")

    def _mapping(self, found: Any, where: str) -> Mapping[str, Node]:
        if found.tag != f"{_TAGS}map":
            raise self._refused(found.start_mark.line + 1, where, f"the tag {found.tag} is not taken")
        children: dict[str, Node] = {}
        for key, value in found.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or key.anchor or key.tag == f"{_TAGS}merge":
                raise self._refused(line, where, "a name must be a plain text")
            path = f"{where}.{key.value}" if where else str(key.value)
            if key.value in children:
                raise self._refused(line, path, f"stands there twice; first in line {children[key.value].line}")
            children[key.value] = Node(self.node(value, path).value, line)
        return children

    def _scalar(self, found: Any, where: str, line: int) -> Scalar:
        text: str = found.value
        match found.tag.removeprefix(_TAGS):
            case "str" | "timestamp":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float" as kind if len(text) <= _MAX_DIGITS:
                number = _number(kind, text)
                if number is not None:
                    return number
        raise self._refused(line, where, f"{text[:_MAX_DIGITS]!r} is no value that is taken here")

    def _refused(self, line: int, where: str, text: str) -> FileProblems:
        return FileProblems(self._path, [Problem(line, where, text)])


def _number(kind: str, text: str) -> int | float | None:
    plain = text.replace("_", "")
    try:
        if kind == "int":
            return int(plain, 0 if plain.lstrip("+-").startswith(("0x", "0o")) else 10)
        number = float(plain.replace(".inf", "inf").replace(".Inf", "inf"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
