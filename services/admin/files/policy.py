"""Policy rules as a file: a list `rules`, as `policy show -o yaml` writes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from experimentation.v1 import review_pb2 as pb
from services.admin.files.messages import filled
from services.admin.files.tree import FileProblems, Node, Problem, read_tree

_EXAMPLE: Final = "rules: [...]"
_SHAPE: Final = """\
rules:
  - rule_id: two-for-revenue
    approval_count: 2"""
_OUTPUT_ONLY: Final = ("change_request_id", "author", "created_at")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """Is what a file says.

    Attributes:
        path: The file.
        tree: Its content.
        rules: The rules.
        base_version: The version that it was written from. None: the file does not say.
    """

    path: Path
    tree: Node
    rules: tuple[pb.PolicyRule, ...]
    base_version: int | None


def read_policy(path: Path) -> PolicyFile:
    """Returns a file of policy rules.

    Raises:
        FileProblems: INVALID_FIELD, with the lines.
        InvalidArgument: INVALID_FIELD, it cannot be read.
    """
    tree, policy = read_tree(path, example=_EXAMPLE), pb.Policy()
    if tree.child("rule_id") is not None:
        raise FileProblems(path, [Problem(tree.line, "", f"is one rule, not a set of rules; a set is\n{_SHAPE}")])
    problems = filled(policy, tree, beside=frozenset(_OUTPUT_ONLY))
    if tree.child("rules") is None:
        problems.append(Problem(tree.line, "rules", "must be given; [] is a policy without rules"))
    if problems:
        raise FileProblems(path, problems)
    version = tree.child("version")
    has_version = version is not None and version.value is not None
    return PolicyFile(path, tree, tuple(policy.rules), policy.version if has_version else None)
