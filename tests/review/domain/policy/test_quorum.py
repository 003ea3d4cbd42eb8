"""Whether the approvals given are enough."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.review.domain.policy.evaluation import Requirement
from services.review.domain.policy.quorum import Approval, tally


def _requirement(count: int, roles: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Requirement:
    return Requirement("rule", (), count, roles, groups)


def _approval(principal: str, *roles: str, person: str = "", groups: tuple[str, ...] = ()) -> Approval:
    return Approval(principal, person, frozenset(roles), frozenset(groups))


ANN, BOB = _approval("ann", "reviewer"), _approval("bob", "admin", groups=("pay",))


@pytest.mark.parametrize(
    ("requirement", "approvals", "approved_by", "satisfied"),
    [
        (_requirement(1), [], (), False),
        (_requirement(1), [ANN], ("ann",), True),
        (_requirement(2), [ANN], ("ann",), False),
        (_requirement(2), [ANN, BOB], ("ann", "bob"), True),
        (_requirement(1, roles=("admin",)), [ANN], (), False),
        (_requirement(1, roles=("admin",)), [ANN, BOB], ("bob",), True),
        (_requirement(2, roles=("admin", "reviewer")), [ANN, BOB], ("ann", "bob"), True),
        (_requirement(1, groups=("pay",)), [ANN], (), False),
        (_requirement(1, groups=("pay",)), [BOB], ("bob",), True),
        # A role or a group: either will do.
        (_requirement(2, roles=("reviewer",), groups=("pay",)), [ANN, BOB], ("ann", "bob"), True),
        (_requirement(1, roles=("pay",)), [BOB], (), False),
        # One person under two names is one person.
        (
            _requirement(2),
            [_approval("ann", person="p1"), _approval("ann.admin", person="p1")],
            ("ann",),
            False,
        ),
        # Under the name that has the role.
        (
            _requirement(1, roles=("admin",)),
            [_approval("ann", "reviewer", person="p1"), _approval("ann.admin", "admin", person="p1")],
            ("ann.admin",),
            True,
        ),
        # Nobody is never enough.
        (_requirement(0), [], (), False),
        (_requirement(-1), [], (), False),
    ],
)
def test_tally_when_approvals_are_given_then_says_whose_count_and_whether_that_is_enough(
    requirement: Requirement, approvals: list[Approval], approved_by: tuple[str, ...], *, satisfied: bool
) -> None:
    (found,) = tally([requirement], approvals)

    assert (found.approved_by, found.satisfied) == (approved_by, satisfied)
    assert (found.requirement, found.rule_id) == (requirement, "rule")


def test_tally_when_several_ask_then_one_person_may_count_for_each() -> None:
    first, second = tally([_requirement(1), _requirement(1, roles=("admin",))], [BOB])

    assert first.satisfied
    assert second.satisfied
    assert tally([], [BOB]) == ()


_NAMES = st.sampled_from(["x", "y", "z"])
_SETS = st.frozensets(_NAMES, max_size=2)
_APPROVALS = st.builds(Approval, st.sampled_from("abcde"), st.sampled_from(["", "a", "p", "q"]), _SETS, _SETS)
_REQUIREMENTS = st.builds(
    _requirement,
    st.integers(1, 4),
    st.lists(_NAMES, max_size=2).map(tuple),
    st.lists(_NAMES, max_size=2).map(tuple),
)


def _could_serve(approval: Approval, requirement: Requirement) -> bool:
    if not requirement.roles and not requirement.groups:
        return True
    return any(role in approval.roles for role in requirement.roles) or any(
        group in approval.groups for group in requirement.groups
    )


def _is_enough(requirement: Requirement, approvals: list[Approval]) -> bool:
    """Tries every choice of as many approvals as are asked for."""
    for chosen in itertools.combinations(approvals, requirement.approval_count):
        people = {approval.person_id or approval.principal_id for approval in chosen}
        if len(people) == len(chosen) and all(_could_serve(approval, requirement) for approval in chosen):
            return True
    return False


@settings(deadline=None)
@given(st.lists(_REQUIREMENTS, max_size=3), st.lists(_APPROVALS, max_size=7))
def test_tally_when_all_choices_are_tried_then_agrees(
    requirements: list[Requirement], approvals: list[Approval]
) -> None:
    found = tally(requirements, approvals)

    assert [each.satisfied for each in found] == [_is_enough(each, approvals) for each in requirements]


@settings(deadline=None)
@given(_REQUIREMENTS, st.lists(_APPROVALS, max_size=5), _APPROVALS)
def test_tally_when_one_more_approves_then_nothing_is_lost(
    requirement: Requirement, approvals: list[Approval], more: Approval
) -> None:
    (less,), (greater,) = tally([requirement], approvals), tally([requirement], [*approvals, more])

    assert len(less.approved_by) <= len(greater.approved_by) <= len(less.approved_by) + 1
    assert greater.approved_by[: len(less.approved_by)] == less.approved_by
