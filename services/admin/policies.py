"""Policies, for people: the rules of one, and a list of all there were."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as pb
from experimentation.v1.review_service_pb2_grpc import ReviewServiceStub
from services.admin import tables
from services.admin.clients import CALL_SECONDS
from services.admin.words import NOTHING, enum_name, instant, plural
from shared.rpc import client

PAGE_SIZE: Final = 200
_SHIPPED: Final = "the set that ships"
_OPERATORS: Final = {
    review_pb2.POLICY_OPERATOR_EQUALS: "is",
    review_pb2.POLICY_OPERATOR_DIFFERS: "is not",
    review_pb2.POLICY_OPERATOR_AT_LEAST: ">=",
    review_pb2.POLICY_OPERATOR_AT_MOST: "<=",
    review_pb2.POLICY_OPERATOR_ABOVE: ">",
    review_pb2.POLICY_OPERATOR_BELOW: "<",
}


def get(stub: ReviewServiceStub, version: int | None = None) -> review_pb2.Policy:
    """Returns a version of the policy, or the one in force.

    Raises:
        NotFound: POLICY_NOT_FOUND.
    """
    return client.call(stub.GetPolicy, pb.GetPolicyRequest(version=version), timeout_seconds=CALL_SECONDS).policy


def pages(stub: ReviewServiceStub) -> Iterator[review_pb2.Policy]:
    """Yields all policies there were, newest first, from all pages."""
    request = pb.ListPoliciesRequest(page_size=PAGE_SIZE)
    while True:
        response = client.call(stub.ListPolicies, request, timeout_seconds=CALL_SECONDS)
        yield from response.policies
        if not response.next_page_token:
            return
        request.page_token = response.next_page_token


def table(found: Sequence[review_pb2.Policy]) -> RenderableType:
    """Returns a row per policy."""
    rows = tables.rows("version", "rules", "in force since (UTC)", "by", "request", right=("version", "rules"))
    for each in found:
        since = instant(each.created_at) if each.HasField("created_at") else _SHIPPED
        request = Text(each.change_request_id or NOTHING)
        rows.add_row(str(each.version), str(len(each.rules)), since, Text(each.author or NOTHING), request)
    return rows


def drawing(policy: review_pb2.Policy) -> RenderableType:
    """Returns the rules of a policy."""
    where = f"by {policy.author}, request {policy.change_request_id}" if policy.change_request_id else _SHIPPED
    head = Text.assemble(
        (f"Policy version {policy.version}", "bold"), f": {plural(len(policy.rules), 'rule')}, {where}"
    )
    return Group(head, *(part for rule in policy.rules for part in _rule(rule)))


def _rule(rule: review_pb2.PolicyRule) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble((rule.rule_id, "cyan"), f": {_asks(rule)}")
    facts = tables.facts()
    for name, text in _parts(rule):
        facts.add_row(f"  {name}", Text(text))
    yield facts


def _asks(rule: review_pb2.PolicyRule) -> str:
    roles = [f"role {name}" for name in rule.roles]
    groups = [f"group {name}" for name in rule.groups]
    return f"{plural(rule.approval_count, 'approval')} by {' or '.join([*roles, *groups]) or 'any reviewer'}"


def _parts(rule: review_pb2.PolicyRule) -> Iterator[tuple[str, str]]:
    if rule.description:
        yield "", rule.description
    yield "kinds", ", ".join(rule.change_kinds) or "all"
    if rule.labels:
        yield "labels", ", ".join(f"{key}={value}" for key, value in sorted(rule.labels.items()))
    for condition in rule.conditions:
        yield "where", f"{condition.fact} {_operator(condition)} {_value(condition)}"
    if rule.audiences:
        yield "tells", ", ".join(rule.audiences)


def _operator(condition: review_pb2.PolicyCondition) -> str:
    known = _OPERATORS.get(condition.operator)
    return known or enum_name(review_pb2.PolicyOperator.DESCRIPTOR, condition.operator)


def _value(condition: review_pb2.PolicyCondition) -> str:
    match condition.WhichOneof("value"):
        case "number":
            return f"{condition.number:.6g}"
        case "flag":
            return "true" if condition.flag else "false"
        case _:
            return condition.text
