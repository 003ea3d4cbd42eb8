"""Policy rules, and what they made of a change, as protobuf messages and as JSON documents of the store."""

from typing import Any

from google.protobuf import json_format

from experimentation.v1 import experiment_service_pb2 as pb
from experimentation.v1 import review_pb2
from services.review.domain.change_request import UNASSESSED, Assessment
from services.review.domain.policy.catalogue import FactValue
from services.review.domain.policy.evaluation import Requirement
from services.review.domain.policy.risk import RiskFactor
from services.review.domain.policy.rules import Condition, Operator, PolicyRule
from shared.definition.document import Document

_OPERATOR = "POLICY_OPERATOR_"


def rule_to_proto(rule: PolicyRule) -> review_pb2.PolicyRule:
    """Returns the rule as a message."""
    return review_pb2.PolicyRule(
        rule_id=rule.rule_id,
        description=rule.description,
        change_kinds=rule.change_kinds,
        labels=rule.labels,
        conditions=[_condition_to_proto(each) for each in rule.conditions],
        approval_count=rule.approval_count,
        roles=rule.roles,
        groups=rule.groups,
        audiences=rule.audiences,
    )


def rule_from_proto(message: review_pb2.PolicyRule) -> PolicyRule:
    """Returns the message as a rule.

    Raises:
        ValueError: A condition has no value or no operator that this release knows.
    """
    return PolicyRule(
        rule_id=message.rule_id,
        description=message.description,
        change_kinds=tuple(message.change_kinds),
        labels=dict(message.labels),
        conditions=tuple(_condition_from_proto(each) for each in message.conditions),
        approval_count=message.approval_count,
        roles=tuple(message.roles),
        groups=tuple(message.groups),
        audiences=tuple(message.audiences),
    )


def rules_to_documents(rules: tuple[PolicyRule, ...]) -> list[Document]:
    """Returns the rules as JSON documents with proto field names."""
    return [json_format.MessageToDict(rule_to_proto(rule), preserving_proto_field_name=True) for rule in rules]


def rules_from_documents(documents: list[Document]) -> tuple[PolicyRule, ...]:
    """Returns the documents as rules; fields of newer releases are passed over."""
    return tuple(
        rule_from_proto(json_format.ParseDict(document, review_pb2.PolicyRule(), ignore_unknown_fields=True))
        for document in documents
    )


def factor_to_proto(factor: RiskFactor) -> review_pb2.RiskFactor:
    """Returns the risk factor as a message."""
    return review_pb2.RiskFactor(fact=factor.fact, points=factor.points, description=factor.description)


def requirement_to_proto(requirement: Requirement) -> review_pb2.Requirement:
    """Returns the requirement as a message, without what it has got."""
    return review_pb2.Requirement(
        rule_id=requirement.rule_id,
        reasons=requirement.reasons,
        approval_count=requirement.approval_count,
        roles=requirement.roles,
        groups=requirement.groups,
        audiences=requirement.audiences,
    )


def assessment_to_document(assessment: Assessment) -> Document:
    """Returns the assessment as a JSON document."""
    message = pb.ChangeRequest(
        policy_version=assessment.policy_version,
        requirements=map(requirement_to_proto, assessment.requirements),
        risk_score=assessment.risk_score,
        risk_factors=map(factor_to_proto, assessment.risk_factors),
    )
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def assessment_from_document(document: Document | None) -> Assessment:
    """Returns the document as an assessment; requests of the first release have none."""
    if document is None:
        return UNASSESSED
    message = json_format.ParseDict(document, pb.ChangeRequest(), ignore_unknown_fields=True)
    return Assessment(
        message.policy_version,
        tuple(_requirement_from_proto(each) for each in message.requirements),
        message.risk_score,
        tuple(RiskFactor(each.fact, each.points, each.description) for each in message.risk_factors),
    )


def _requirement_from_proto(message: review_pb2.Requirement) -> Requirement:
    return Requirement(
        message.rule_id,
        tuple(message.reasons),
        message.approval_count,
        tuple(message.roles),
        tuple(message.groups),
        tuple(message.audiences),
    )


def _condition_to_proto(condition: Condition) -> review_pb2.PolicyCondition:
    value: dict[str, Any] = {_value_field(condition.value): condition.value}
    operator = review_pb2.PolicyOperator.Value(f"{_OPERATOR}{condition.operator}")
    return review_pb2.PolicyCondition(fact=condition.fact, operator=operator, **value)


def _condition_from_proto(message: review_pb2.PolicyCondition) -> Condition:
    kind = message.WhichOneof("value")
    if kind is None:
        raise ValueError(f"the condition on {message.fact!r} has no value")
    operator = review_pb2.PolicyOperator.Name(message.operator).removeprefix(_OPERATOR)
    value: FactValue = getattr(message, kind)
    return Condition(message.fact, Operator(operator), value)


def _value_field(value: FactValue) -> str:
    return "flag" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
