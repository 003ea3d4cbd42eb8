"""Finds the line of a file that a service complains of."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.admin.files.tree import FileProblems, Node, Problem
from shared.errors import InvalidArgument

_STEPS: Final = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


@contextmanager
def named_by_lines(path: Path, tree: Node, *prefixes: str, given: Collection[str] = ()) -> Iterator[None]:
    """Lets errors through, those of fields with the lines of the file that they came from.

    Args:
        path: The file.
        tree: Its content.
        prefixes: What the service puts before the file's own paths, such as `experiment.`.
        given: Fields that come from the command line: an error on one of them is let through as it is.

    Raises:
        FileProblems: INVALID_FIELD.
    """
    try:
        yield
    except FileProblems:
        raise
    except InvalidArgument as error:
        if not error.violations or any(each.field in given for each in error.violations):
            raise
        problems = []
        for each in error.violations:
            own = next((each.field.removeprefix(prefix) for prefix in prefixes if each.field.startswith(prefix)), "")
            place = own or each.field
            problems.append(Problem(line_of(tree, place), place, each.description))
        raise FileProblems(path, problems) from error


def line_of(tree: Node, path: str) -> int:
    """Returns the line of a path such as `arms[1].arm_id`; of what holds it, where it is not in the file."""
    node = tree
    for step in _STEPS.findall(path):
        found = _step(node, step.strip("[]"))
        if found is None:
            break
        node = found
    return node.line


def _step(node: Node, step: str) -> Node | None:
    if isinstance(node.value, Mapping):
        return node.value.get(step)
    if isinstance(node.value, Sequence) and not isinstance(node.value, str) and step.isdecimal():
        place = int(step)
        return node.value[place] if place < len(node.value) else None
    return None
