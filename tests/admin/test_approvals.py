"""Whose approvals are missing, in people: the strictest first, and whether one's own counts."""

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from services.admin.approvals import approved_already, distinct, missing, people

ANYBODY = review_pb2.Requirement(rule_id="any", approval_count=1)
TWO = review_pb2.Requirement(rule_id="two", approval_count=2)
ADMIN = review_pb2.Requirement(rule_id="admin", approval_count=1, roles=["admin"])


def approved(requirement: review_pb2.Requirement, *names: str) -> review_pb2.Requirement:
    found = review_pb2.Requirement()
    found.CopyFrom(requirement)
    found.approved_by.extend(names)
    found.satisfied = len(names) >= found.approval_count
    return found


def test_people_when_asked_then_counts_people() -> None:
    assert [people(each) for each in (TWO, ADMIN)] == ["2 people, any reviewer", "1 person with role admin"]


def test_distinct_when_several_ask_the_same_then_the_strictest_alone_and_first() -> None:
    assert [each.rule_id for each in distinct([ANYBODY, TWO, ADMIN])] == ["admin", "two"]


def test_missing_when_an_approval_does_not_suffice_then_says_whose_would() -> None:
    request = pb.ChangeRequest(
        requirements=[approved(ANYBODY, "rob"), approved(TWO, "rob"), approved(ADMIN)],
    )

    assert missing(request, "rob") == (
        "needs 1 more: somebody with role admin (yours does not count for it); needs 1 more: any reviewer"
    )


def test_missing_when_all_are_there_then_nothing() -> None:
    assert missing(pb.ChangeRequest(requirements=[approved(ANYBODY, "rob")]), "rob") == ""


def test_approved_already_when_the_last_verdict_is_another_or_stale_then_not() -> None:
    approve = review_pb2.Verdict(reviewer="rob", kind=review_pb2.VERDICT_KIND_APPROVE)
    stale = review_pb2.Verdict(reviewer="rob", kind=review_pb2.VERDICT_KIND_APPROVE, stale=True)
    changes = review_pb2.Verdict(reviewer="rob", kind=review_pb2.VERDICT_KIND_REQUEST_CHANGES)

    assert approved_already(pb.ChangeRequest(verdicts=[approve]), "rob")
    assert not approved_already(pb.ChangeRequest(verdicts=[approve]), "ada")
    assert not approved_already(pb.ChangeRequest(verdicts=[stale]), "rob")
    assert not approved_already(pb.ChangeRequest(verdicts=[approve, changes]), "rob")
