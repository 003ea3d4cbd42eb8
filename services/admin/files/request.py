"""A request of the AI service as a file, YAML or JSON, with the field names of the contracts."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from google.protobuf.message import Message

from services.admin.files.messages import filled
from services.admin.files.places import named_by_lines
from services.admin.files.tree import FileProblems, read_tree

_Message = TypeVar("_Message", bound=Message)


@contextmanager
def read_request(
    path: Path | None, request: _Message, *, example: str, prefix: str = "", given: Collection[str] = ()
) -> Iterator[_Message]:
    """Fills a request from a file; errors on its fields, raised meanwhile, get the file's lines.

    Args:
        path: None: it stays as it is.
        request: What is filled.
        example: Of what a file begins with.
        prefix: What the service puts before the file's own paths.
        given: Fields that come from the command line, not from the file.

    Raises:
        FileProblems: INVALID_FIELD, with the lines.
        InvalidArgument: INVALID_FIELD, it cannot be read.
    """
    if path is None:
        yield request
        return
    tree = read_tree(path, example=example)
    if problems := filled(request, tree):
        raise FileProblems(path, problems)
    with named_by_lines(path, tree, *([prefix] if prefix else [""]), given=given):
        yield request
