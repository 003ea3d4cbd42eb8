"""Policy rules, and what they make of a change, to and from protobuf."""

from collections.abc import Iterable

from experimentation.v1 import review_pb2
from experimentation.v1 import review_service_pb2 as pb
from services.review.convert import requests
from services.review.domain.change_request import Author
from services.review.domain.model import Page, PolicyProposal
from services.review.domain.policy.catalogue import Facts
from services.review.domain.policy.evaluation import RuleResult
from services.review.domain.policy.judgement import Judgement
from services.review.domain.policy.rules import Policy, PolicyRule
from services.review.store import rule_documents
from shared import errors
from shared.definition import convert
from shared.rpc import pagination


def rules(messages: Iterable[review_pb2.PolicyRule]) -> tuple[PolicyRule, ...]:
    """Returns the rules.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    try:
        return tuple(map(rule_documents.rule_from_proto, messages))
    except ValueError as error:
        raise errors.invalid_field("rules", str(error)) from error


def proposal(request: pb.ProposePolicyRequest, *, author: Author) -> PolicyProposal:
    """Returns the proposal.

    Raises:
        InvalidArgument: INVALID_FIELD.
    """
    return PolicyProposal(
        rules(request.rules),
        author,
        request.reason,
        request.base_version if request.HasField("base_version") else None,
        validate_only=request.validate_only,
        key=requests.key(request),
    )


def cursor(request: pb.ListPoliciesRequest) -> int | None:
    """Returns the version below which the page begins; None: at the newest.

    Raises:
        InvalidArgument: INVALID_PAGE_TOKEN.
    """
    found = pagination.decode(request.page_token, requests.query(request))
    return int(found[0] or 0) if found else None


def page_to_proto(page: Page[Policy], request: pb.ListPoliciesRequest) -> pb.ListPoliciesResponse:
    """Returns the page as a response to the request."""
    response = pb.ListPoliciesResponse(policies=map(to_proto, page.items))
    if page.more:
        response.next_page_token = pagination.encode((page.items[-1].version,), requests.query(request))
    return response


def to_proto(policy: Policy) -> review_pb2.Policy:
    """Returns the policy as a message."""
    return review_pb2.Policy(
        version=policy.version,
        rules=map(rule_documents.rule_to_proto, policy.rules),
        change_request_id=policy.change_request_id,
        author=policy.author,
        created_at=convert.timestamp_to_proto(policy.created_at),
    )


def judgement_to_proto(judgement: Judgement) -> pb.TestPolicyResponse:
    """Returns what a policy says of a change as a response."""
    return pb.TestPolicyResponse(
        results=map(_result, judgement.results),
        facts=_facts(judgement.facts),
        risk_score=judgement.risk.score,
        risk_factors=map(rule_documents.factor_to_proto, judgement.risk.factors),
        never_gated=judgement.never_gated,
        requirements=map(rule_documents.requirement_to_proto, judgement.requirements),
    )


def _result(result: RuleResult) -> review_pb2.RuleResult:
    return review_pb2.RuleResult(
        rule_id=result.rule_id, matches=result.matches, reasons=result.reasons, failed=result.failed
    )


def _facts(facts: Facts) -> Iterable[review_pb2.PolicyFact]:
    for name, value in facts.items():
        match value:
            case bool():
                yield review_pb2.PolicyFact(fact=name, flag=value)
            case str():
                yield review_pb2.PolicyFact(fact=name, text=value)
            case _:
                yield review_pb2.PolicyFact(fact=name, number=value)
