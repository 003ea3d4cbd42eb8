"""What every verb refuses before it looks at anything: texts that are too long, NULs, and what is missing."""

from typing import Any

import pytest
from google.protobuf.message import Message

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as review
from tests.review import verbs
from tests.review.conftest import Refused
from tests.review.desk import Desk
from tests.review.requests import START, propose
from tests.review.rpc.calls import INVALID_FIELD

REQUEST = pb.ChangeRequest(change_request_id="cr_1", request_revision=1, digest="d")
ASKS: dict[str, Any] = {
    "EditChangeRequest": verbs.edit,
    "SubmitChangeRequest": verbs.submit,
    "ApproveChangeRequest": verbs.approve,
    "RejectChangeRequest": verbs.reject,
    "RequestChanges": verbs.request_changes,
    "AddComment": verbs.comment,
    "CancelChangeRequest": verbs.cancel,
    "ApplyChangeRequest": verbs.apply,
    "EmergencyApply": verbs.emergency_apply,
    "SignEmergency": verbs.sign,
}
BAD: dict[str, list[object]] = {
    "change_request_id": ["", "a\0"],
    "request_revision": [0, -1],
    "digest": ["", "a\0"],
    "comment": ["x" * 2001, "a\0"],
    "request_id": ["x" * 65, "a\0"],
}


@pytest.mark.parametrize("method", ASKS)
def test_verb_when_a_field_is_bad_then_it_is_named(desk: Desk, refused: Refused, method: str) -> None:
    ask = ASKS[method]
    for field, values in BAD.items():
        if field in ask(REQUEST).DESCRIPTOR.fields_by_name:
            for value in values:
                refusal = refused(getattr(desk["ada"].reviews, method), ask(REQUEST, **{field: value}))

                assert (field, refusal.reason, refusal.fields) == (field, INVALID_FIELD, [field])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"reason": "a\0"}, "reason"),
        ({"base_version": -1}, "base_version"),
        ({"request_id": "x" * 65}, "request_id"),
        ({"rules": [review_pb2.PolicyRule(rule_id="a", approval_count=11)]}, "rules[0].approval_count"),
        ({"rules": [review_pb2.PolicyRule(rule_id="a", approval_count=1, groups=["a\0"])]}, "rules[0].groups[0]"),
        (
            {"rules": [review_pb2.PolicyRule(rule_id="a", approval_count=1, description="x" * 501)]},
            "rules[0].description",
        ),
    ],
)
def test_propose_policy_when_a_field_is_bad_then_it_is_named(
    desk: Desk, refused: Refused, fields: dict[str, Any], path: str
) -> None:
    refusal = refused(desk["ada"].reviews.ProposePolicy, review.ProposePolicyRequest(**{"reason": "so", **fields}))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])


def test_propose_when_a_field_is_bad_then_it_is_named(desk: Desk, refused: Refused) -> None:
    bad: dict[str, Message] = {
        "reason": propose(START, reason="x" * 2001),
        "request_id": propose(START, request_id="a\0"),
        "change": pb.ProposeChangeRequest(experiment_id="checkout"),
        "change.kind": propose(pb.Change()),
    }

    for path, request in bad.items():
        refusal = refused(desk["ann"].experiments.ProposeChange, request)
        assert (refusal.reason, refusal.fields) == (INVALID_FIELD, [path])


def test_get_policy_when_the_version_is_negative_then_it_is_named(desk: Desk, refused: Refused) -> None:
    refusal = refused(desk["vic"].reviews.GetPolicy, review.GetPolicyRequest(version=-1))

    assert (refusal.reason, refusal.fields) == (INVALID_FIELD, ["version"])
